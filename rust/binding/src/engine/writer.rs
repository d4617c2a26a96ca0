//! `Writer`: a reader that writes too.

use super::arguments::{self, check_size};
use super::reader::Reader;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use relevel_kernel::engine::write::Single;

/// A reader that writes too.
#[pyclass(frozen, subclass, extends = Reader, module = "relevel._kernel.engine")]
pub struct Writer;

#[pymethods]
impl Writer {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(*args, **kwargs)")]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> PyClassInitializer<Self> {
        PyClassInitializer::from(Reader::default()).add_subclass(Self)
    }

    #[pyo3(signature = (key, value, *, sync=None), text_signature = "($self, key, value, *, sync=False)")]
    fn put(
        slf: &Bound<'_, Self>,
        key: &Bound<'_, PyAny>,
        value: &Bound<'_, PyAny>,
        sync: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let key = arguments::key(key)?;
        let value = arguments::value(value)?;
        write(slf, key, Some(&value), sync)
    }

    #[pyo3(signature = (key, *, sync=None), text_signature = "($self, key, *, sync=False)")]
    fn delete(slf: &Bound<'_, Self>, key: &Bound<'_, PyAny>, sync: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        write(slf, arguments::key(key)?, None, sync)
    }
}

#[inline]
fn write(
    writer: &Bound<'_, Writer>,
    key: &[u8],
    value: Option<&[u8]>,
    sync: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let sync = arguments::flag("sync", sync)?;
    let attached = writer.as_super().get().attached()?;
    check_size(&attached.prefix, key, value.unwrap_or_default())?;
    let single = Single { prefix: &attached.prefix, key, value };
    attached.store.get().write_single(writer.py(), &single, sync)
}
