//! The one face of everything that has entries in internal key order: a table, a sorted log, a level, a merge of these.

use crate::fault::{Fault, Result};

/// Where an entry lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The number the caller gave the input (one per file).
    pub input: u32,
    /// In a table: the offset of the entry's data block. In a log: the offset of the first physical record of its batch.
    pub offset: u64,
    /// Whether a checksum vouches for every byte of the entry; false for healed, salvaged or unchecked bytes.
    pub intact: bool,
}

/// What a cursor tells its caller while it moves. Policy lives behind this trait.
pub trait Events {
    /// Something is wrong with the bytes of `input`. The cursor goes on after it.
    fn fault(&mut self, input: u32, fault: Fault);

    /// The block at `fault.offset` cannot be used as `stored` (contents, type byte and checksum as they are on disk;
    /// shorter where the file ends). Return the block's decoded contents if they can be had all the same; the cursor
    /// then uses them, with every entry marked not intact, and reports no fault of its own.
    fn repair(&mut self, input: u32, fault: &Fault, stored: &[u8]) -> Option<Vec<u8>>;
}

/// Events of a caller that wants the faults and repairs nothing.
impl Events for Vec<(u32, Fault)> {
    fn fault(&mut self, input: u32, fault: Fault) {
        self.push((input, fault));
    }

    fn repair(&mut self, _input: u32, _fault: &Fault, _stored: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

/// A position in a sequence of entries in internal key order. Forward only.
///
/// Not positioned until [`seek_to_first`](Self::seek_to_first) or [`seek`](Self::seek) is called.
/// `key`, `value` and `origin` are defined only while `valid`; otherwise they are empty. Damage is told to `events` and
/// passed over; only I/O errors and a caller that stops end a move.
pub trait EntryCursor: Send {
    /// Whether the cursor stands on an entry.
    fn valid(&self) -> bool;
    /// The internal key. At least 8 bytes long: cursors report shorter ones as faults and pass over them.
    fn key(&self) -> &[u8];
    /// The value; empty for a deletion.
    fn value(&self) -> &[u8];
    /// Where the entry lies.
    fn origin(&self) -> Origin;
    /// Stand on the first entry.
    ///
    /// # Errors
    /// What the operating system says.
    fn seek_to_first(&mut self, events: &mut dyn Events) -> Result<()>;
    /// Stand on the first entry whose internal key is at or after `target`.
    ///
    /// # Errors
    /// What the operating system says.
    fn seek(&mut self, target: &[u8], events: &mut dyn Events) -> Result<()>;
    /// Go to the next entry.
    ///
    /// # Errors
    /// What the operating system says.
    fn next(&mut self, events: &mut dyn Events) -> Result<()>;
}
