//! Every claim, of the inputs that broke one once, of some hundred that are made up, and of what writers make, changed a little.

use relevel_hostile::CLAIMS;
use relevel_kernel::block::BlockBuilder;
use relevel_kernel::log::append_record;
use relevel_kernel::table::{BuildOptions, TableBuilder};
use relevel_kernel::{Comparator, batch, internal_key};
use std::path::Path;

/// Bytes from a seed, the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Mostly small bytes, so that sizes and types are often such as are written.
    fn bytes(&mut self) -> Vec<u8> {
        let size = self.next() % 300;
        (0..size).map(|_| if self.next() % 3 == 0 { self.next() as u8 } else { (self.next() % 8) as u8 }).collect()
    }
}

#[test]
fn what_broke_a_claim_once_does_not_break_it() {
    for (name, claim) in CLAIMS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("inputs").join(name);
        for file in folder.read_dir().into_iter().flatten() {
            let path = file.expect("a folder that can be read").path();
            let _ = claim(&std::fs::read(&path).expect("a file that can be read"));
        }
    }
}

#[test]
fn claims_hold_for_bytes_that_are_made_up() {
    for (seed, (_, claim)) in (1..).zip(CLAIMS) {
        let mut random = Random(seed);
        for _ in 0..500 {
            let _ = claim(&random.bytes());
        }
    }
}

#[test]
fn claims_hold_for_what_was_written_and_changed_a_little() {
    for (seed, (name, claim)) in (1..).zip(CLAIMS) {
        let mut random = Random(seed);
        let mut reached = 0;
        for _ in 0..500 {
            let mut bytes = written(name, &mut random);
            for _ in 0..random.next() % 3 {
                let at = random.next() as usize % bytes.len();
                bytes[at] ^= random.next() as u8;
            }
            reached += usize::from(claim(&bytes));
        }
        assert!(reached >= 50, "{name} has come to what it asserts {reached} times");
    }
}

/// An input of that claim as the kernel's own writers make it; any bytes, where the claim writes everything itself.
fn written(name: &str, random: &mut Random) -> Vec<u8> {
    let how = (random.next() % 2) as u8;
    let (head, body) = match name {
        "batches" => (vec![], batch(random, 1)),
        "blocks" => (vec![0], block(random)),
        "carve" => (vec![2, 0, 8], table(random)),
        "logs" => (vec![how, 255, 255], log(random)),
        "lookups" if how == 0 => (vec![0, 1], table(random)),
        "merging" => (vec![124, 0, 0, 0, 3], random.bytes()),
        "replays" => (vec![how, 1, 3, 255, 255, 0], log(random)),
        "salvage" => (vec![how, 40, 0, 16, 0, 0], random.bytes()),
        "tables" => (vec![how], table(random)),
        _ => (vec![how], random.bytes()),
    };
    [head, body].concat()
}

/// Internal keys that ascend, and values.
fn entries(random: &mut Random) -> Vec<(Vec<u8>, Vec<u8>)> {
    let entry = |number: u64, value: Vec<u8>| {
        let mut key = Vec::new();
        internal_key::append(&mut key, format!("k{number:03}").as_bytes(), number + 1, internal_key::TYPE_VALUE);
        (key, value)
    };
    (0..=random.next() % 20).map(|number| entry(number, random.bytes())).collect()
}

fn block(random: &mut Random) -> Vec<u8> {
    let mut builder = BlockBuilder::new(4);
    for (key, value) in entries(random) {
        builder.add(&key, &value).expect("a small block");
    }
    builder.finish().to_vec()
}

fn table(random: &mut Random) -> Vec<u8> {
    let options = BuildOptions { block_size: 512, ..BuildOptions::default() };
    let mut builder = TableBuilder::new(Vec::new(), Comparator::Bytewise, options);
    for (key, value) in entries(random) {
        builder.add(&key, &value).expect("in order");
    }
    builder.finish().expect("memory can be written").0
}

fn batch(random: &mut Random, sequence: u64) -> Vec<u8> {
    let (mut payload, entries) = (Vec::new(), entries(random));
    batch::append_header(&mut payload, sequence, entries.len() as u32);
    for (number, (key, value)) in entries.iter().enumerate() {
        if number % 4 == 3 {
            batch::append_deletion(&mut payload, key);
        } else {
            batch::append_put(&mut payload, key, value);
        }
    }
    payload
}

fn log(random: &mut Random) -> Vec<u8> {
    let mut log = Vec::new();
    let mut at = 0;
    for number in 0..1 + random.next() % 3 {
        let payload = batch(random, 1 + 20 * number);
        at = append_record(&mut log, &payload, at);
    }
    log
}

#[test]
fn every_target_is_a_claim() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    let mut targets: Vec<String> = folder
        .read_dir()
        .expect("the targets")
        .map(|file| {
            file.expect("a folder that can be read").path().file_stem().expect("a name").to_string_lossy().into()
        })
        .collect();
    targets.sort();

    assert_eq!(targets, CLAIMS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}
