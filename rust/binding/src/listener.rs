//! What a cursor tells while it moves: faults are kept, repairs are asked of Python.

use crate::callbacks::Callbacks;
use crate::errors::Fault;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use relevel_kernel::{self as kernel, Events};
use std::sync::Arc;

/// The files' names, by input number.
pub type Names = Arc<[Arc<Py<PyString>>]>;
/// A fault and the name of its file.
pub type NamedFault<'py> = (Bound<'py, PyString>, Fault);

/// Hears of faults and asks Python for repairs.
pub struct Listener {
    /// Faults that Python has not taken yet.
    pub faults: Vec<(u32, kernel::Fault)>,
    /// Gives the contents of damaged blocks, where it can.
    pub repair: Option<Py<PyAny>>,
    /// For faults and repairs.
    pub names: Names,
    /// Keeps what `repair` raises.
    pub callbacks: Callbacks,
}

impl Events for Listener {
    fn fault(&mut self, input: u32, fault: kernel::Fault) {
        self.faults.push((input, fault));
    }

    fn repair(&mut self, input: u32, fault: &kernel::Fault, stored: &[u8]) -> Option<Vec<u8>> {
        let repair = self.repair.as_ref()?;
        let answer = self.callbacks.call(|py| {
            let name = name_of(py, &self.names, input);
            let answer = repair.bind(py).call1((name, Fault::from(fault.clone()), PyBytes::new(py, stored)))?;
            answer.extract::<Option<Vec<u8>>>()
        });
        answer.flatten()
    }
}

impl Listener {
    /// Hand over the faults met since the last time, with the names of their files.
    pub fn take_faults<'py>(&mut self, py: Python<'py>) -> Vec<NamedFault<'py>> {
        let faults = std::mem::take(&mut self.faults).into_iter();
        faults.map(|(input, fault)| (name_of(py, &self.names, input), Fault::from(fault))).collect()
    }
}

fn name_of<'py>(py: Python<'py>, names: &Names, input: u32) -> Bound<'py, PyString> {
    let name = usize::try_from(input).ok().and_then(|input| names.get(input));
    name.map_or_else(|| PyString::new(py, ""), |name| name.bind(py).clone())
}
