//! Sums and bounds of what was read from one file.

/// Sums and bounds of the versions that were read from one table or log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many are puts.
    pub put_count: u64,
    /// How many are deletions.
    pub deletion_count: u64,
    /// Sum of the sizes of the keys: internal keys of a table, user keys of a log.
    pub key_size: u64,
    /// Sum of the sizes of the values.
    pub value_size: u64,
    /// The smallest of these keys.
    pub smallest: Option<Vec<u8>>,
    /// The largest of these keys.
    pub largest: Option<Vec<u8>>,
    /// The smallest sequence number.
    pub min_sequence: Option<u64>,
    /// The largest sequence number.
    pub max_sequence: Option<u64>,
}

impl Totals {
    /// Count one version.
    #[inline]
    pub const fn count(&mut self, is_put: bool, key: &[u8], value: &[u8]) {
        self.put_count += is_put as u64;
        self.deletion_count += !is_put as u64;
        self.key_size += key.len() as u64;
        self.value_size += value.len() as u64;
    }

    /// How many versions were counted.
    #[must_use]
    pub const fn version_count(&self) -> u64 {
        self.put_count + self.deletion_count
    }

    /// Make room for sequence numbers from `first` to `last`.
    pub fn widen_sequences(&mut self, first: u64, last: u64) {
        self.min_sequence = Some(self.min_sequence.map_or(first, |least| least.min(first)));
        self.max_sequence = Some(self.max_sequence.map_or(last, |most| most.max(last)));
    }
}

/// Put a key in the place of a bound, without a new allocation where there is one.
pub fn replace_bound(bound: &mut Option<Vec<u8>>, key: &[u8]) {
    let buffer = bound.get_or_insert_default();
    buffer.clear();
    buffer.extend_from_slice(key);
}
