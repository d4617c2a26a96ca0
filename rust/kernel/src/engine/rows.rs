//! Keys and values of some entries, one after another in one piece of memory.

/// Live entries, in the order they were met.
#[derive(Debug, Default)]
pub struct Rows {
    bytes: Vec<u8>,
    /// Where each key ends, and each value.
    ends: Vec<(usize, usize)>,
}

impl Rows {
    /// How many there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of all keys and values.
    #[inline]
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The user key and the value of entry `index`; empty past the last.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> (&[u8], &[u8]) {
        let Some(&(key_end, value_end)) = self.ends.get(index) else { return (&[], &[]) };
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |ends| ends.1);
        let key = self.bytes.get(start..key_end).unwrap_or_default();
        (key, self.bytes.get(key_end..value_end).unwrap_or_default())
    }

    /// The user key of the last entry.
    #[inline]
    #[must_use]
    pub fn last_key(&self) -> Option<&[u8]> {
        self.len().checked_sub(1).map(|last| self.get(last).0)
    }

    /// Forget them, and memory that is more than `most` bytes.
    pub fn clear(&mut self, most: usize) {
        self.bytes.clear();
        self.bytes.shrink_to(most);
        self.ends.clear();
    }

    /// Add an entry.
    #[inline]
    pub fn push(&mut self, user_key: &[u8], value: &[u8]) {
        self.bytes.extend_from_slice(user_key);
        let key_end = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.ends.push((key_end, self.bytes.len()));
    }

    /// Remove the last entry.
    pub fn pop(&mut self) {
        self.ends.pop();
        self.bytes.truncate(self.ends.last().map_or(0, |ends| ends.1));
    }
}
