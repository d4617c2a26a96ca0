//! A memtable written out.

use super::Memtable;
use crate::engine::cursor::BidirectionalCursor;
use crate::engine::error::{EngineError, Result};
use crate::table::{BuildError, BuildOptions, TableFile, TableMeta};
use std::io;
use std::path::Path;
use std::sync::Arc;

impl Memtable {
    /// Write all entries, every version, to a new, synced table.
    ///
    /// # Errors
    /// What the operating system says; a file that exists is an error. [`EngineError::Refused`] where an entry is too large
    /// for a table, or an order that failed gave the entries out of order. The file is left as far as it was written.
    pub fn write_table(self: &Arc<Self>, path: &Path, options: BuildOptions) -> Result<TableMeta> {
        let mut table = TableFile::create(path, self.comparator().clone(), options)
            .map_err(|error: io::Error| EngineError::io(path, error))?;
        let mut cursor = self.cursor();
        cursor.seek_to_first()?;
        while cursor.valid() {
            table.add(cursor.key(), cursor.value()).map_err(refused)?;
            cursor.next()?;
        }
        table.finish(true).map_err(refused)
    }
}

fn refused(error: BuildError) -> EngineError {
    match error {
        BuildError::Io(error) => EngineError::Io(error),
        BuildError::TooLarge => EngineError::Refused("an entry is too large for a table"),
        BuildError::KeyOrder | BuildError::NoInternalKey => {
            EngineError::Refused("the memtable is not in the order of its comparator")
        }
    }
}
