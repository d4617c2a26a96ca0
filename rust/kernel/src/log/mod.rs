//! Logs: physical records, what is wrong with them, and the write batches in them. A manifest is framed the same way.
//!
//! ```text
//! format -> writer            payloads to physical records
//! format -> resync -> reader  physical records to payloads, tolerant, in file order
//! reader -> batches -> scan   records to write batches; totals and faults of a whole log
//! torn                        what is cut by the end of a log of batches, and what is hurt before it
//! ```
//! | code | span | expected, got |
//! |---|---|---|
//! | `log.record.checksum-mismatch` | the record, or up to the next sound one that continues the log where its size cannot be trusted | masked checksum stored, computed |
//! | `log.record.bad-length` | as above: the size reaches past the block or the file | bytes there are, size claimed |
//! | `log.record.unknown-type` | the record, whose checksum is sound | -, type |
//! | `log.record.zero-header` | zeroes, and what follows them up to the next sound record | |
//! | `log.record.orphan-fragment` | Middle and Last records without their First | |
//! | `log.record.unfinished` | First and Middle records without their Last, with more of the log after them | |
//! | `log.record.too-large` | a record of more bytes than are to be looked at ([`ReadAt::most`](crate::ReadAt::most)) | that number, its size |
//! | `log.read-error` | a block that the system cannot read | |
//! | `log.tail.torn` | the last record, cut by the end of the file | bytes it needs, bytes there are, where the header is whole |
//! | `log.batch.too-small` | a record of fewer bytes than a batch's header | 12, its size |
//! | `log.batch.bad-operation` | a record whose operations cannot all be decoded | -, position of the first that cannot, in the payload |
//! | `log.batch.wrong-count` | a record with more or fewer operations than it says | count stored, count found |
//! | `log.batch.bad-sequence` | a record whose operations pass the largest sequence number | that number, the last operation's |
//! | `log.sequence.lost`, `log.sequence.old` | as below, where a log is replayed that has a place among others | as below |
//! | `log.sequence.gap`, `log.sequence.back` | size 0, at the batch that does not continue the one before | sequence number due, found |
//!
//! The spans of the `log.record` and `log.tail` faults do not overlap, and their sizes add up to the bytes that could not be used:
//! unless there are so many of one code that the last one reaches over the rest ([`FaultLog`](crate::fault_log::FaultLog)).

pub mod batches;
mod blocks;
pub mod format;
#[cfg(test)]
mod limit_tests;
#[cfg(test)]
mod nested_tests;
pub mod reader;
mod resync;
#[cfg(test)]
mod samples;
pub mod scan;
mod taken_over;
#[cfg(test)]
mod tests;
mod torn;
pub mod writer;

pub use batches::BatchReader;
pub use reader::{LogReader, Record};
pub use scan::{LogScan, scan_log};
pub use taken_over::{Doubtful, write_again};
pub use writer::{append_parts, append_record};

/// Every fault code of logs and batches.
pub const CODES: &[&str] = &[
    CHECKSUM_MISMATCH,
    BAD_LENGTH,
    UNKNOWN_TYPE,
    ZERO_HEADER,
    ORPHAN_FRAGMENT,
    UNFINISHED,
    TOO_LARGE,
    READ_ERROR,
    TORN_TAIL,
    crate::batch::TOO_SMALL,
    crate::batch::BAD_OPERATION,
    crate::batch::WRONG_COUNT,
    crate::batch::BAD_SEQUENCE,
    SEQUENCE_GAP,
    SEQUENCE_BACK,
    SEQUENCE_LOST,
    SEQUENCE_OLD,
];

/// The fault codes of batches that are whole but do not continue the one before.
pub const SEQUENCE_CODES: &[&str] = &[SEQUENCE_GAP, SEQUENCE_BACK];

const CHECKSUM_MISMATCH: &str = "log.record.checksum-mismatch";
const BAD_LENGTH: &str = "log.record.bad-length";
const UNKNOWN_TYPE: &str = "log.record.unknown-type";
const ZERO_HEADER: &str = "log.record.zero-header";
const ORPHAN_FRAGMENT: &str = "log.record.orphan-fragment";
const UNFINISHED: &str = "log.record.unfinished";
const TOO_LARGE: &str = "log.record.too-large";
const READ_ERROR: &str = "log.read-error";
const TORN_TAIL: &str = "log.tail.torn";
const SEQUENCE_GAP: &str = "log.sequence.gap";
const SEQUENCE_BACK: &str = "log.sequence.back";
/// The first batch of a log, where changes before it are in no log and in no table.
pub const SEQUENCE_LOST: &str = "log.sequence.lost";
/// A batch that is not newer than what its place says is older.
pub const SEQUENCE_OLD: &str = "log.sequence.old";
