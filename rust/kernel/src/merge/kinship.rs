//! Which inputs share versions: a compaction copies what it keeps, so the same user key and sequence number in two tables say that
//! one was made from the other, or both from a third.

use super::merging::MergingCursor;
use crate::comparator::Comparator;
use crate::cursor::{EntryCursor, Events};
use crate::fault::Result;
use std::collections::BTreeMap;

/// How many versions two inputs share that no input between them has, the lower number first.
pub type Shared = BTreeMap<(u32, u32), u64>;

/// Read everything and count.
///
/// # Errors
/// What the operating system says.
pub fn shared_versions(
    comparator: Comparator,
    cursors: Vec<Box<dyn EntryCursor>>,
    events: &mut dyn Events,
) -> Result<Shared> {
    let mut merged = MergingCursor::new(comparator, cursors);
    let mut shared = Shared::new();
    let mut key: Vec<u8> = Vec::new();
    let mut holder = None;
    merged.seek_to_first(events)?;
    while merged.valid() {
        let input = merged.origin().input;
        if merged.key() != key {
            key.clear();
            key.extend_from_slice(merged.key());
            holder = None;
        }
        if let Some(other) = holder
            && other != input
        {
            *shared.entry((other, input)).or_default() += 1;
        }
        holder = Some(input);
        merged.next(events)?;
    }
    Ok(shared)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::cursor::Origin;
    use crate::internal_key;

    struct Numbers {
        input: u32,
        keys: Vec<Vec<u8>>,
        at: usize,
    }

    impl EntryCursor for Numbers {
        fn valid(&self) -> bool {
            self.at < self.keys.len()
        }
        fn key(&self) -> &[u8] {
            self.keys.get(self.at).map_or(&[], Vec::as_slice)
        }
        fn value(&self) -> &[u8] {
            &[]
        }
        fn origin(&self) -> Origin {
            Origin { input: self.input, offset: 0, intact: true }
        }
        fn seek_to_first(&mut self, _: &mut dyn Events) -> Result<()> {
            self.at = 0;
            Ok(())
        }
        fn seek(&mut self, _: &[u8], events: &mut dyn Events) -> Result<()> {
            self.seek_to_first(events)
        }
        fn next(&mut self, _: &mut dyn Events) -> Result<()> {
            self.at += 1;
            Ok(())
        }
    }

    fn input(input: u32, versions: &[(&str, u64)]) -> Box<dyn EntryCursor> {
        let keys = versions.iter().map(|(key, sequence)| {
            let mut internal = Vec::new();
            internal_key::append(&mut internal, key.as_bytes(), *sequence, 1);
            internal
        });
        Box::new(Numbers { input, keys: keys.collect(), at: 0 })
    }

    #[test]
    fn the_same_key_and_sequence_number_are_shared_and_nothing_else() {
        let cursors = vec![
            input(0, &[("a", 1), ("b", 2), ("c", 3)]),
            input(1, &[("a", 1), ("b", 5), ("c", 3)]),
            input(2, &[("c", 3), ("d", 1)]),
        ];

        let shared = shared_versions(Comparator::Bytewise, cursors, &mut Vec::new()).unwrap();

        assert_eq!(shared, Shared::from([((0, 1), 2), ((1, 2), 1)]));
    }
}
