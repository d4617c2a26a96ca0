//! Tables: sorted, immutable files of blocks.
//!
//! ```text
//! data block*  | filter block?  | metaindex block | index block | footer (48 bytes)
//! block = contents, perhaps compressed | type (1) | LE32 masked CRC-32C of both (4)
//! ```
//! Blocks follow one another from offset 0. Part of the file format.
//!
//! ```text
//! faults          every code a table's fault can carry
//! handle, footer  where blocks are
//! window, reader  stored bytes to contents
//! route           the way to the data blocks
//! cursor          entries in order, tolerant
//! scan            every byte verified
//! block_list      what a scan says of every block, in few bytes
//! end_search, resync, tolerant, walk  blocks found by their checksums, without the index
//! separator, builder, file  writing
//! ```

pub mod block_list;
pub mod builder;
pub mod cursor;
pub mod end_search;
pub mod faults;
pub mod file;
pub mod footer;
pub mod handle;
pub mod reader;
pub mod resync;
pub mod route;
pub mod scan;
pub mod separator;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where its arrangement fails")]
pub(crate) mod testing;
pub mod tolerant;
pub mod walk;
pub mod window;

pub use block_list::BlockList;
pub use builder::{BuildError, BuildOptions, TableBuilder, TableMeta};
pub use cursor::{Opener, TableCursor};
pub use faults::{FAULT_CODES, Part};
pub use file::TableFile;
pub use footer::Footer;
pub use handle::Handle;
pub use scan::{BlockReport, ScanOptions, TableScan, scan_table};
pub use walk::{Walk, walk};

/// Bytes after every block: type (1) and masked checksum (4). Part of the file format.
pub const TRAILER_SIZE: usize = 5;
/// Bytes of the footer. Part of the file format.
pub const FOOTER_SIZE: usize = 48;
/// Larger blocks are taken for damaged handles: offsets inside a block are 32 bits wide, and honest blocks are far smaller.
pub const MAX_BLOCK_SIZE: u64 = 1 << 31;
