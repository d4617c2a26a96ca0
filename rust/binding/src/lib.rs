//! The Python face of the kernel. Thin: conversion, the interpreter lock, one error mapper.
//!
//! ```text
//! errors      Fault, FaultError, and the one way from kernel errors to Python's
//! callbacks   what callbacks into Python raise while the kernel runs without the interpreter lock
//! convert     sources and comparators as Python gives them
//! watch       reads that stop when a callback or a signal handler has raised
//! file_scan   what the scans of tables and logs have in common, and how they are pickled
//! turn        who has the interpreter lock when work in the background is done
//! file_work   new files, synced; names made durable; files removed
//! files       files that are held open, and the switch that ends reads
//! logs        log readers, scans, the framing of a record
//! inputs, listener, prefetch -> reading -> cursors -> rows, columns, rebuild   many sources in one order
//! blocks      checksums, codecs, blocks
//! tables      scanning and writing tables; table_meta: one finished table
//! past        which keys are looked back at; sets of sequence numbers
//! carve       tables and logs found in an image
//! ```
//! engine      a living database
//! The other modules each have a `register` that adds their functions and classes, documented in `_kernel/`.
//! Nothing here is shared between threads without a lock, so the module does without the global one.

pub mod blocks;
pub mod callbacks;
pub mod carve;
pub mod columns;
pub mod convert;
mod counting;
pub mod cursors;
pub mod engine;
pub mod errors;
pub mod file_scan;
pub mod file_work;
pub mod files;
pub mod inputs;
pub mod kinship;
pub mod listener;
pub mod logs;
pub mod past;
pub mod prefetch;
pub mod reading;
pub mod rebuild;
pub mod rows;
pub mod table_meta;
pub mod tables;
pub mod turn;
pub mod watch;

use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// Every code a fault can carry, by the kernel module that gives it.
const FAULT_CODES: &[&[&str]] = &[
    relevel_kernel::table::FAULT_CODES,
    relevel_kernel::log::CODES,
    relevel_kernel::level::CODES,
    relevel_kernel::merge::CODES,
    relevel_kernel::rebuild::CODES,
];

#[pymodule(name = "_kernel", gil_used = false)]
fn kernel(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("FAULT_CODES", PyTuple::new(py, FAULT_CODES.concat())?)?;
    module.add("MAX_SEQUENCE", relevel_kernel::internal_key::MAX_SEQUENCE)?;
    errors::register(module)?;
    convert::register(module)?;
    file_scan::register(module)?;
    file_work::register(module)?;
    files::register(module)?;
    logs::register(module)?;
    cursors::register(module)?;
    columns::register(module)?;
    past::register(module)?;
    blocks::register(module)?;
    tables::register(module)?;
    carve::register(module)?;
    turn::register(module)?;
    engine::register(module)
}
