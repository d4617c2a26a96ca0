//! Which inputs share versions.

use crate::convert::Order;
use crate::inputs::{Input, Sources};
use pyo3::prelude::*;
use pyo3::types::PyString;
use relevel_kernel::merge::kinship;

type Shared = (Py<PyString>, Py<PyString>, u64);

/// How many versions each two inputs share.
#[pyfunction]
#[pyo3(signature = (inputs, comparator=Order::default()), text_signature = "(inputs, comparator='bytewise')")]
#[expect(clippy::needless_pass_by_value, reason = "arguments of a Python function are owned")]
fn shared_versions(py: Python<'_>, inputs: Vec<Input>, comparator: Order) -> PyResult<Vec<Shared>> {
    let Sources { sources, names } = Sources::of(py, &inputs, &comparator, &(None, None));
    let Order { comparator, callbacks } = comparator;
    let cursors = sources.into_iter().map(|source| source.cursor).collect();
    let result = py.detach(|| kinship::shared_versions(comparator, cursors, &mut Vec::new()));
    let name = |input: u32| Some(names.get(usize::try_from(input).ok()?)?.clone_ref(py));
    let shared = callbacks.finish(result)?.into_iter();
    Ok(shared.filter_map(|((one, other), count)| Some((name(one)?, name(other)?, count))).collect())
}

/// Add the function.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(shared_versions, module)?)
}
