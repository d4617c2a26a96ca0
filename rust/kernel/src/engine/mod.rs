//! A living database: what is done once per read, per write, or per entry of a compaction.
//!
//! ```text
//! cursor, error                        shared words
//! memtable                             entries in memory
//! table_source, ahead -> open_table    one table file: bytes, index, filter, data blocks (block, key_index)
//! table, cache                         the tables of a store: so many open, so many bytes of blocks cached
//! table_cursor, run -> merging         sources of entries, both ways
//! view -> get                          what reads see, and looking one key up in it
//! view -> visible -> walk              the live entries of a range, both ways (rows)
//! syncing -> compact                   runs of tables into new ones
//! ```

pub mod ahead;
pub mod block;
pub mod cache;
pub mod compact;
pub mod cursor;
pub mod error;
pub mod get;
pub mod key_index;
pub mod memtable;
pub mod merging;
pub mod open_table;
pub mod replay;
pub mod rows;
pub mod run;
pub mod syncing;
pub mod table;
pub mod table_cursor;
pub mod table_source;
pub mod view;
pub mod visible;
pub mod walk;
pub mod write;

#[cfg(all(test, shuttle))]
mod schedules;
#[cfg(test)]
mod tests;

pub use compact::{Compaction, compact};
pub use cursor::BidirectionalCursor;
pub use error::{EngineError, Result};
pub use get::{GetOptions, Got};
pub use memtable::{Memtable, MemtableCursor};
pub use merging::MergingCursor;
pub use replay::{LogReplay, Place};
pub use run::Run;
pub use table::{Table, Tables};
pub use table_cursor::CursorOptions;
pub use table_source::Waiting;
pub use view::{Levels, View, Views};
pub use visible::{Gap, Range};
pub use walk::{Direction, Walk};
pub use write::WritePath;
