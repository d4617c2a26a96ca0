//! LevelDB's bytes: the part of relevel that runs once per byte or once per entry.
//!
//! This crate has no policy. It names no files of its own accord, never logs and never decides about damage:
//! it returns values and [`Fault`]s `(offset, size, code)` and goes on. Decisions are Python's.
//!
//! ```text
//! fault, read_at, comparator, internal_key, varint, crc     shared words (path_error: I/O errors that know their file;
//!                                                           totals: what scans of tables and logs count)
//! codec -> block, filter -> table                           tables: read, scan, walk, build
//! explain                                                   what small errors make a checksum fit
//! prefixes                                                  the checksum of any stretch of many bytes
//! batch -> log                                              logs: read, scan, write
//! cursor <- table, memory_run (a log, sorted), level        sources of entries (file_pool: with few files open)
//! cursor -> merge -> rebuild;  sort                         many sources in one order, and into new tables
//! table, log -> carve                                        tables and logs found in bytes without names
//! table, merge -> engine                                     a living database: reads, writes, compactions
//! ```
#![forbid(unsafe_code)]

pub mod batch;
pub mod block;
pub mod carve;
pub mod codec;
pub mod comparator;
pub mod crc;
pub mod cursor;
pub mod engine;
pub mod explain;
pub mod fault;
pub mod fault_log;
pub mod file_pool;
pub mod filter;
pub mod internal_key;
pub mod level;
pub mod log;
pub mod memory_run;
pub mod merge;
pub mod path_error;
pub mod prefixes;
pub mod read_at;
pub mod rebuild;
pub mod sort;
mod sync;
pub mod table;
pub mod totals;
pub mod varint;

pub use comparator::Comparator;
pub use cursor::{EntryCursor, Events, Origin};
pub use fault::{Error, Fault, Result};
pub use path_error::{PathError, at_path};
pub use read_at::ReadAt;
