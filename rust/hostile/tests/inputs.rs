//! Every claim, of the inputs that broke one once, and of some hundred that are made up.

use relevel_hostile::{CLAIMS, Claim};
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
            claim(&std::fs::read(&path).expect("a file that can be read"));
        }
    }
}

fn try_some(claim: Claim, seed: u64) {
    let mut random = Random(seed);
    for _ in 0..500 {
        claim(&random.bytes());
    }
}

#[test]
fn claims_hold_for_bytes_that_are_made_up() {
    for (seed, (_, claim)) in (1..).zip(CLAIMS) {
        try_some(*claim, seed);
    }
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
