//! The Python face of a living database: `relevel._kernel.engine`.
//!
//! ```text
//! order            comparators, and what they raise
//! arguments        keys, values and flags as Python gives them
//! batch, memtable, replay
//! store            one open database: what all calls share;  writing: its writing half
//! reader, writer   get (lookup) and put, as bases of the public classes
//! table, reading, compaction                       the reading half of the store, and merging tables
//! walking -> entries, raw_entries                  iterators, as bases of the public classes
//! gate             calls that closing waits for
//! ```
//! The interpreter lock is never held while a lock of the kernel is waited for that a thread may hold which needs the
//! interpreter: short work in orders that the kernel knows keeps it, and only tries; all else releases it first.

pub mod arguments;
pub mod batch;
pub mod compaction;
pub mod entries;
pub mod gate;
pub mod lookup;
pub mod memtable;
pub mod order;
pub mod raw_entries;
pub mod reader;
pub mod reading;
pub mod replay;
pub mod store;
pub mod table;
pub mod walking;
pub mod writer;
pub mod writing;

use pyo3::prelude::*;

/// Add the submodule.
pub fn register(parent: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = parent.py();
    let module = PyModule::new(py, "engine")?;
    module.add_class::<batch::Batch>()?;
    module.add_class::<entries::EntryIterator>()?;
    module.add_class::<raw_entries::RawEntryIterator>()?;
    module.add_class::<table::Table>()?;
    module.add_class::<memtable::Memtable>()?;
    module.add_class::<replay::LogReplay>()?;
    module.add_class::<store::Store>()?;
    module.add_class::<reader::Reader>()?;
    module.add_class::<writer::Writer>()?;
    module.add_function(wrap_pyfunction!(order::swap_comparing, &module)?)?;
    parent.add_submodule(&module)?;
    module.setattr("__name__", "relevel._kernel.engine")?;
    py.import("sys")?.getattr("modules")?.set_item("relevel._kernel.engine", module)
}
