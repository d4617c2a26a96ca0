#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where its arrangement fails")]
use super::*;
use crate::engine::cursor::BidirectionalCursor;
use crate::internal_key::{self, TYPE_DELETION, TYPE_VALUE};
use crate::merge::model::Random;

fn put(memtable: &Memtable, sequence: u64, operations: &[(&[u8], Option<&[u8]>)]) {
    let mut body = Vec::new();
    for (key, value) in operations {
        match value {
            Some(value) => batch::append_put(&mut body, key, value),
            None => batch::append_deletion(&mut body, key),
        }
    }
    let mut draft = Draft::default();
    memtable.place(&mut draft, body.into(), sequence);
    memtable.insert(draft);
}

fn found(memtable: &Memtable, key: &[u8], sequence: u64) -> Option<(u8, Vec<u8>, u64)> {
    memtable.get(key, sequence).map(|found| (found.value_type(), found.value().to_vec(), found.sequence()))
}

fn orders() -> [Comparator; 4] {
    let backwards = Comparator::Custom(Arc::new(|a, b| b.cmp(a)));
    [Comparator::Bytewise, Comparator::ReverseBytewise, Comparator::Idb, backwards]
}

#[test]
fn a_read_sees_the_newest_version_at_or_below_its_sequence_number() {
    for comparator in orders() {
        let memtable = Memtable::new(comparator);
        put(&memtable, 5, &[(b"k", Some(b"old")), (b"other", Some(b""))]);
        put(&memtable, 7, &[(b"k", None)]);
        put(&memtable, 8, &[(b"k", Some(b"new"))]);

        assert_eq!(found(&memtable, b"k", 4), None);
        assert_eq!(found(&memtable, b"k", 6), Some((TYPE_VALUE, b"old".to_vec(), 5)));
        assert_eq!(found(&memtable, b"k", 7), Some((TYPE_DELETION, Vec::new(), 7)));
        assert_eq!(found(&memtable, b"k", u64::MAX), Some((TYPE_VALUE, b"new".to_vec(), 8)));
        assert_eq!(found(&memtable, b"kk", u64::MAX), None);
        assert_eq!(memtable.look_up(b"k", 6, |value_type, value, _| (value_type, value.len())), Some((TYPE_VALUE, 3)));
    }
}

#[test]
fn of_one_sequence_number_written_twice_the_later_write_is_kept() {
    for comparator in orders() {
        let memtable = Memtable::new(comparator);
        put(&memtable, 5, &[(b"k", Some(b"first"))]);
        put(&memtable, 5, &[(b"k", Some(b"later"))]);

        assert_eq!(found(&memtable, b"k", 5).unwrap().1, b"later");
    }
}

type Model = Vec<Vec<u8>>;

/// Random entries, keys of all sizes around the rank's, in internal key order.
fn model(comparator: &Comparator, count: u64) -> Model {
    let mut random = Random(7);
    let mut model = Model::new();
    for sequence in 1..=count {
        let key = format!("{:0width$}", random.below(300), width = random.below(20)).into_bytes();
        let mut internal = Vec::new();
        internal_key::append(&mut internal, &key, sequence, TYPE_VALUE);
        model.push(internal);
    }
    model.sort_by(|a, b| internal_key::compare(comparator, a, b));
    model
}

/// A memtable into which entries were put one after another; each has its user key as its value.
fn filled<'a>(comparator: &Comparator, entries: impl IntoIterator<Item = &'a Vec<u8>>) -> Arc<Memtable> {
    let memtable = Memtable::new(comparator.clone());
    for entry in entries {
        let (key, trailer) = internal_key::split(entry).unwrap();
        put(&memtable, trailer >> 8, &[(key, Some(key))]);
    }
    Arc::new(memtable)
}

/// The same entries put as they were written, each after all others, and so but for one that comes late.
fn fillings(comparator: &Comparator, model: &Model) -> [Arc<Memtable>; 3] {
    let mut written: Vec<_> = model.iter().collect();
    written.sort_by_key(|entry| internal_key::split(entry).map(|(_, trailer)| trailer));
    let (late, others) = model.split_at(model.len() / 2).1.split_first().unwrap();
    let but_one = model[..model.len() / 2].iter().chain(others).chain(Some(late));
    [filled(comparator, written), filled(comparator, model), filled(comparator, but_one)]
}

#[test]
fn a_cursor_goes_through_all_versions_in_internal_key_order_both_ways() {
    for comparator in orders() {
        let model = model(&comparator, 2000);
        for memtable in fillings(&comparator, &model) {
            let mut cursor = memtable.cursor();

            cursor.seek_to_first().unwrap();
            for key in &model {
                assert_eq!(cursor.key(), key);
                assert_eq!(cursor.value(), internal_key::user_key(key));
                cursor.next().unwrap();
            }
            assert!(!cursor.valid());
            cursor.seek_to_last().unwrap();
            for key in model.iter().rev() {
                assert_eq!(cursor.key(), key);
                cursor.prev().unwrap();
            }
            assert!(!cursor.valid() && cursor.key().is_empty() && cursor.value().is_empty());
            assert_eq!(memtable.entry_count(), 2000);
        }
    }
}

#[test]
fn entries_in_order_are_all_there_however_many_they_are() {
    const COUNT: u64 = 150_000;
    let memtable = Arc::new(Memtable::new(Comparator::Bytewise));
    for number in 1..=COUNT {
        put(&memtable, number, &[(&number.to_be_bytes(), Some(b""))]);
    }

    let mut cursor = memtable.cursor();
    cursor.seek_to_first().unwrap();
    for number in 1..=COUNT {
        assert_eq!(internal_key::user_key(cursor.key()), number.to_be_bytes());
        assert!(memtable.get(&number.to_be_bytes(), COUNT).is_some());
        cursor.next().unwrap();
    }
    assert!(!cursor.valid());
}

#[test]
fn a_cursor_that_wanders_stands_where_the_model_does() {
    for comparator in orders() {
        let model = model(&comparator, 500);
        for memtable in fillings(&comparator, &model) {
            wander(&comparator, &memtable, &model);
        }
    }
}

fn wander(comparator: &Comparator, memtable: &Arc<Memtable>, model: &Model) {
    let mut cursor = memtable.cursor();
    let mut random = Random(3);
    let mut at = model.len();
    for _ in 0..20_000 {
        match random.below(8) {
            before @ 0..=1 => {
                let mut target = model[random.below(model.len())].clone();
                if random.below(2) == 0 {
                    target.truncate(target.len() - 8);
                    internal_key::append(&mut target, b"", random.below(600) as u64, TYPE_VALUE);
                }
                at = model.partition_point(|key| internal_key::compare(comparator, key, &target).is_lt());
                if before == 1 {
                    cursor.seek_before(&target).unwrap();
                    at = at.checked_sub(1).unwrap_or(model.len());
                } else {
                    cursor.seek(&target).unwrap();
                }
            }
            2..5 => {
                cursor.next().unwrap();
                at = (at + 1).min(model.len());
            }
            _ => {
                cursor.prev().unwrap();
                at = if at == model.len() { at } else { at.checked_sub(1).unwrap_or(model.len()) };
            }
        }
        assert_eq!(cursor.key(), model.get(at).map_or(&[][..], Vec::as_slice), "{comparator:?}");
    }
}

#[test]
fn a_draft_that_is_dropped_leaves_nothing() {
    for comparator in orders() {
        let memtable = Memtable::new(comparator);
        let mut body = Vec::new();
        batch::append_put(&mut body, b"k", b"v");

        memtable.place(&mut Draft::default(), body.into(), 1);

        assert_eq!((memtable.get(b"k", 9).is_none(), memtable.entry_count(), memtable.size()), (true, 0, 0));
    }
}

#[test]
fn readers_see_whole_what_was_inserted_before_a_sequence_number_was_published() {
    for comparator in orders() {
        let memtable = Memtable::new(comparator);
        let published = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut last = 0;
                    while last < 4000 {
                        last = published.load(Ordering::Acquire);
                        let key = (last / 2).to_be_bytes();
                        assert_eq!(memtable.get(&key, last).is_some(), last > 0, "{last}");
                        assert!(memtable.get(&(last / 2 + 1).to_be_bytes(), last).is_none());
                    }
                });
            }
            for number in 1..=2000u64 {
                let key = number.to_be_bytes();
                put(&memtable, number * 2 - 1, &[(&key, None), (&key, Some(b"v"))]);
                published.store(number * 2, Ordering::Release);
            }
        });
    }
}

#[test]
fn a_memtable_written_out_is_a_table_of_all_its_versions() {
    let directory = tempfile::tempdir().unwrap();
    for (number, comparator) in orders().into_iter().enumerate() {
        let model = model(&comparator, 500);
        let memtable = filled(&comparator, &model);
        let path = directory.path().join(format!("{number:06}.ldb"));

        let meta = memtable.write_table(&path, crate::table::BuildOptions::default()).unwrap();

        assert_eq!((meta.entry_count, meta.file_size), (500, std::fs::metadata(&path).unwrap().len()));
        assert_eq!((Some(&meta.smallest), Some(&meta.largest)), (model.first(), model.last()));
        assert!(memtable.write_table(&path, crate::table::BuildOptions::default()).is_err());
    }
}
