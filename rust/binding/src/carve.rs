//! `relevel._kernel.images`: tables and logs in an image, and samples that tell databases apart.

use crate::callbacks::Callbacks;
use crate::convert::Source;
use crate::errors::{self, Fault};
use crate::tables::handle;
use crate::watch::Watched;
use pyo3::prelude::*;
use relevel_kernel::Result;
use relevel_kernel::carve::{self, Chain, Content, Find, Run, sample};
use std::sync::Arc;

type PyHandle = (u64, u64);
type PyFooter = (u64, PyHandle, PyHandle);
type PyRun = (u64, u64, u64);
type PyChain = (u64, u64, bool, Option<u64>, u64, u64, u64);
type Found = (Vec<PyFooter>, Vec<PyRun>, Vec<PyChain>);

/// Goes through an image once and finds footers, blocks and logs.
#[pyclass(module = "relevel._kernel.images")]
pub struct Carver {
    carver: carve::Carver,
    callbacks: Callbacks,
}

#[pymethods]
impl Carver {
    #[new]
    fn new(py: Python<'_>, source: Source) -> PyResult<Self> {
        let callbacks = Callbacks::default();
        let opened = py.detach(|| source.open()).map_err(|error| errors::to_python(error.into()))?;
        Ok(Self { carver: carve::Carver::new(Arc::new(Watched::new(opened, callbacks.clone()))), callbacks })
    }

    fn read(&mut self, py: Python<'_>, size: u64) -> PyResult<Option<Found>> {
        let result = py.detach(|| self.advance(size));
        Ok(self.callbacks.finish(result)?.map(|finds| found(&finds)))
    }

    #[getter]
    fn offset(&self) -> u64 {
        self.carver.offset()
    }

    #[getter]
    fn faults(&mut self) -> Vec<Fault> {
        self.carver.take_faults().into_iter().map(Fault::from).collect()
    }
}

impl Carver {
    fn advance(&mut self, size: u64) -> Result<Option<Vec<Find>>> {
        let stop = self.carver.offset().saturating_add(size);
        let Some(mut finds) = self.carver.next_chunk()? else { return Ok(None) };
        while self.carver.offset() < stop {
            let Some(more) = self.carver.next_chunk()? else { break };
            finds.extend(more);
        }
        Ok(Some(finds))
    }
}

fn found(finds: &[Find]) -> Found {
    let (mut footers, mut runs, mut chains) = (Vec::new(), Vec::new(), Vec::new());
    for find in finds {
        match *find {
            Find::Footer { offset, footer } => {
                let pair = |handle: relevel_kernel::table::Handle| (handle.offset, handle.size);
                footers.push((offset, pair(footer.metaindex), pair(footer.index)));
            }
            Find::Blocks(Run { start, end, block_count }) => runs.push((start, end, block_count)),
            Find::Log(Chain { start, end, content, boundary, record_count, first_sequence, next_sequence }) => {
                let is_manifest = content == Content::Edits;
                chains.push((start, end, is_manifest, boundary, record_count, first_sequence, next_sequence));
            }
        }
    }
    (footers, runs, chains)
}

type Sampled = Vec<(u64, u32)>;

/// Sequence numbers of a table, and what tells the operation of each from others.
#[pyfunction]
#[pyo3(signature = (source, most, *, blocks=None))]
#[expect(clippy::needless_pass_by_value, reason = "arguments of a Python function are owned")]
fn sample_table(py: Python<'_>, source: Source, most: usize, blocks: Option<Vec<PyHandle>>) -> PyResult<Sampled> {
    let callbacks = Callbacks::default();
    let blocks = blocks.map(|blocks| blocks.into_iter().map(handle).collect());
    let result = py.detach(|| {
        let watched = Watched::new(source.open()?, callbacks.clone());
        sample::of_table(Arc::new(watched), blocks, most)
    });
    callbacks.finish(result)
}

/// Sequence numbers of a log of batches, and what tells the operation of each from others.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "arguments of a Python function are owned")]
fn sample_log(py: Python<'_>, source: Source, most: usize) -> PyResult<Sampled> {
    let callbacks = Callbacks::default();
    let result = py.detach(|| {
        let watched = Watched::new(source.open()?, callbacks.clone());
        sample::of_log(Arc::new(watched), most)
    });
    callbacks.finish(result)
}

/// Add the submodule.
pub fn register(parent: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = parent.py();
    let module = PyModule::new(py, "images")?;
    module.add_class::<Carver>()?;
    module.add_function(wrap_pyfunction!(sample_table, &module)?)?;
    module.add_function(wrap_pyfunction!(sample_log, &module)?)?;
    parent.add_submodule(&module)?;
    module.setattr("__name__", "relevel._kernel.images")?;
    py.import("sys")?.getattr("modules")?.set_item("relevel._kernel.images", module)
}
