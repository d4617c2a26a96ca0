//! The Python face of the kernel. Thin: conversion, the interpreter lock, one error mapper.
//!
//! ```text
//! errors      Fault, FaultError, and the one way from kernel errors to Python's
//! callbacks   what callbacks into Python raise while the kernel runs without the interpreter lock
//! convert     sources and comparators as Python gives them
//! watch       reads that stop when a callback or a signal handler has raised
//! ```
//! The other modules each have a `register` that adds their functions and classes, documented in `_kernel.pyi`.
//! Nothing here is shared between threads without a lock, so the module does without the global one.

pub mod callbacks;
pub mod convert;
pub mod errors;
pub mod logs;
pub mod watch;

use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// Every code a fault can carry, by the kernel module that gives it.
const FAULT_CODES: &[&[&str]] = &[relevel_kernel::log::CODES];

#[pymodule(name = "_kernel", gil_used = false)]
fn kernel(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("FAULT_CODES", PyTuple::new(py, FAULT_CODES.concat())?)?;
    module.add("MAX_SEQUENCE", relevel_kernel::internal_key::MAX_SEQUENCE)?;
    errors::register(module)?;
    convert::register(module)?;
    logs::register(module)
}
