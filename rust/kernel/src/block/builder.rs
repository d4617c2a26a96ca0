//! Building the contents of a block.

use crate::varint;

/// An entry is too large for a block: sizes and offsets in it are 32 bits wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

/// Builds the contents of a block, byte for byte as LevelDB does.
#[derive(Debug)]
pub struct BlockBuilder {
    buffer: Vec<u8>,
    restarts: Vec<u32>,
    restart_interval: usize,
    since_restart: usize,
    last_key: Vec<u8>,
}

impl BlockBuilder {
    /// A builder of an empty block with a restart point every `restart_interval` entries (at least 1).
    #[must_use]
    pub fn new(restart_interval: usize) -> Self {
        Self {
            buffer: Vec::new(),
            restarts: vec![0],
            restart_interval: restart_interval.max(1),
            since_restart: 0,
            last_key: Vec::new(),
        }
    }

    /// Append an entry. The caller sees to the order of keys.
    ///
    /// # Errors
    /// [`TooLarge`] where the block would pass 4 GiB; nothing is appended then.
    pub fn add(&mut self, key: &[u8], value: &[u8]) -> Result<(), TooLarge> {
        let offset = u32::try_from(self.buffer.len()).map_err(|_| TooLarge)?;
        let value_size = u32::try_from(value.len()).map_err(|_| TooLarge)?;
        let restart = self.since_restart >= self.restart_interval;
        let shared = if restart { 0 } else { shared_prefix(&self.last_key, key) };
        let delta = key.get(shared..).unwrap_or_default();
        let non_shared = u32::try_from(delta.len()).map_err(|_| TooLarge)?;
        let shared_size = u32::try_from(shared).map_err(|_| TooLarge)?;
        if restart {
            self.restarts.push(offset);
            self.since_restart = 0;
        }
        varint::append_u32(&mut self.buffer, shared_size);
        varint::append_u32(&mut self.buffer, non_shared);
        varint::append_u32(&mut self.buffer, value_size);
        self.buffer.extend_from_slice(delta);
        self.buffer.extend_from_slice(value);
        self.last_key.truncate(shared);
        self.last_key.extend_from_slice(delta);
        self.since_restart += 1;
        Ok(())
    }

    /// The size of the contents if finished now.
    #[must_use]
    pub fn size(&self) -> usize {
        self.buffer.len() + 4 * self.restarts.len() + 4
    }

    /// Whether nothing was added yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Append the restart array and give the contents; to be followed by [`clear`](Self::clear).
    pub fn finish(&mut self) -> &[u8] {
        for restart in &self.restarts {
            self.buffer.extend_from_slice(&restart.to_le_bytes());
        }
        let count = u32::try_from(self.restarts.len()).unwrap_or(u32::MAX);
        self.buffer.extend_from_slice(&count.to_le_bytes());
        &self.buffer
    }

    /// Start an empty block.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.restarts.truncate(1);
        self.since_restart = 0;
        self.last_key.clear();
    }
}

/// How many bytes two keys share from their start; eight at a time first.
fn shared_prefix(a: &[u8], b: &[u8]) -> usize {
    let words = a.chunks_exact(8).zip(b.chunks_exact(8));
    let shared = 8 * words.take_while(|(a, b)| a == b).count();
    let rest = a.get(shared..).unwrap_or_default().iter().zip(b.get(shared..).unwrap_or_default());
    shared + rest.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where its arrangement fails")]
mod tests {
    use super::*;

    #[test]
    fn an_empty_block_is_one_restart_point_at_zero() {
        assert_eq!(BlockBuilder::new(16).finish(), [0, 0, 0, 0, 1, 0, 0, 0]);
    }

    #[test]
    fn a_block_is_laid_out_as_the_format_says() {
        let mut builder = BlockBuilder::new(2);
        builder.add(b"ab", b"1").unwrap();
        builder.add(b"ac", b"").unwrap();
        builder.add(b"ad", b"22").unwrap();

        let entries = b"\x00\x02\x01ab1\x01\x01\x00c\x00\x02\x02ad22";
        let expected = [&entries[..], &[0, 0, 0, 0, 10, 0, 0, 0, 2, 0, 0, 0]].concat();
        assert_eq!(builder.size(), expected.len());
        assert_eq!(builder.finish(), expected);
    }

    #[test]
    fn a_cleared_builder_keeps_nothing() {
        let mut builder = BlockBuilder::new(1);
        builder.add(b"a", b"1").unwrap();
        builder.add(b"b", b"2").unwrap();
        builder.finish();
        builder.clear();

        assert!(builder.is_empty());
        assert_eq!(builder.finish(), BlockBuilder::new(1).finish());
    }
}
