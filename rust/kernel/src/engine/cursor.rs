//! The one face of everything a living database reads entries from, both ways and strict.

use super::error::Result;

/// A position in a sequence of entries in internal key order, or on none.
///
/// Not positioned until it is sought. `key` and `value` are defined only while `valid`; otherwise they are empty. A move from
/// no position goes nowhere. After an error the cursor stands on no entry, and may be sought again.
///
/// # Errors
/// Every move: any fault of content, with the file's path, and what the operating system says. Nothing is passed over.
pub trait BidirectionalCursor: Send {
    /// Whether the cursor stands on an entry.
    fn valid(&self) -> bool;
    /// The internal key, of at least 8 bytes.
    fn key(&self) -> &[u8];
    /// The value; empty for a deletion.
    fn value(&self) -> &[u8];
    /// Stand on the first entry.
    ///
    /// # Errors
    /// As the trait says.
    fn seek_to_first(&mut self) -> Result<()>;
    /// Stand on the last entry.
    ///
    /// # Errors
    /// As the trait says.
    fn seek_to_last(&mut self) -> Result<()>;
    /// Stand on the first entry whose internal key is at or after `target`.
    ///
    /// # Errors
    /// As the trait says.
    fn seek(&mut self, target: &[u8]) -> Result<()>;
    /// Stand on the last entry whose internal key is before `target`. What reads files looks at nothing behind it.
    ///
    /// # Errors
    /// As the trait says.
    fn seek_before(&mut self, target: &[u8]) -> Result<()> {
        self.seek(target)?;
        if self.valid() { self.prev() } else { self.seek_to_last() }
    }
    /// Go to the next entry.
    ///
    /// # Errors
    /// As the trait says.
    fn next(&mut self) -> Result<()>;
    /// Go to the entry before.
    ///
    /// # Errors
    /// As the trait says.
    fn prev(&mut self) -> Result<()>;
}
