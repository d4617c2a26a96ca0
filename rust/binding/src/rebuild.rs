//! What Python is asked while tables are written without the interpreter lock: paths, and whether to go on.

use crate::callbacks::Callbacks;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use relevel_kernel::codec::Codec;
use relevel_kernel::rebuild::Customer;
use relevel_kernel::table::builder::BuildOptions;
use relevel_kernel::{Error, Result};
use std::path::PathBuf;

/// Entries written between two calls of `progress`.
const ENTRIES_BETWEEN_PROGRESS: u64 = 1 << 16;

/// Asks the callables that Python gave.
pub struct PythonCustomer {
    /// Names the next table.
    pub next_path: Py<PyAny>,
    /// Is told how many entries have been written.
    pub progress: Option<Py<PyAny>>,
    /// Keeps what they raise.
    pub callbacks: Callbacks,
    /// When to tell the next time.
    pub next_progress: u64,
}

impl Customer for PythonCustomer {
    fn next_path(&mut self) -> Result<PathBuf> {
        self.callbacks.call(|py| self.next_path.bind(py).call0()?.extract()).ok_or(Error::Stopped)
    }

    fn progress(&mut self, entry_count: u64) -> Result<()> {
        self.callbacks.check()?;
        if entry_count < self.next_progress {
            return Ok(());
        }
        self.next_progress = entry_count + ENTRIES_BETWEEN_PROGRESS;
        self.callbacks.check_signals()?;
        if let Some(progress) = &self.progress {
            self.callbacks.call(|py| progress.bind(py).call1((entry_count,)).map(drop));
        }
        self.callbacks.check()
    }
}

/// The options of a builder, from Python's arguments.
///
/// # Errors
/// `ValueError` for what no table can have.
pub fn build_options(
    codec: &str,
    block_size: usize,
    restart_interval: usize,
    bloom_bits_per_key: usize,
    filter_name: Vec<u8>,
    shorten_index_keys: bool,
) -> PyResult<BuildOptions> {
    let codec = Codec::from_name(codec).ok_or_else(|| {
        let known = Codec::ALL.map(Codec::name).join(", ");
        PyValueError::new_err(format!("unknown codec {codec:?}: known are {known}"))
    })?;
    if block_size == 0 || restart_interval == 0 {
        return Err(PyValueError::new_err("block_size and restart_interval are at least 1"));
    }
    Ok(BuildOptions { codec, block_size, restart_interval, bloom_bits_per_key, filter_name, shorten_index_keys })
}
