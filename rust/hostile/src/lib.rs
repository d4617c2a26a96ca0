//! Claims about the kernel that hold for any bytes. Each takes bytes and panics where it does not hold.
//!
//! `fuzz/` looks for bytes that break one; what it found is kept in `inputs/`, and tried by the tests.
//!
//! ```text
//! blocks, codecs, filters, batches        one decoder each
//! tables, logs, carve, salvage, explain   recovery: whatever can be had of a file
//! lookups, replays                        the engine: right values or an error
//! comparators, merging                    orders, and many sources in one
//! ```
#![forbid(unsafe_code)]

mod batches;
mod blocks;
mod carve;
mod codecs;
mod comparators;
mod explain;
mod filters;
mod forged;
mod logs;
mod lookups;
mod merging;
mod replays;
mod salvage;
mod tables;

use arbitrary::{Arbitrary, Unstructured};

/// A claim that holds for any bytes. It says whether it came to assert something of what is in them.
pub type Claim = fn(&[u8]) -> bool;

/// Every claim, by the name of its fuzz target.
pub const CLAIMS: &[(&str, Claim)] = &[
    ("batches", batches::hold),
    ("blocks", blocks::hold),
    ("carve", carve::hold),
    ("codecs", codecs::hold),
    ("comparators", comparators::hold),
    ("explain", explain::hold),
    ("filters", filters::hold),
    ("logs", logs::hold),
    ("lookups", lookups::hold),
    ("merging", merging::hold),
    ("replays", replays::hold),
    ("salvage", salvage::hold),
    ("tables", tables::hold),
];

/// Try the claim of that name.
///
/// # Panics
/// Where it does not hold, or there is none of that name.
pub fn hold(name: &str, bytes: &[u8]) {
    let (_, claim) = CLAIMS.iter().find(|(known, _)| *known == name).expect("a name of CLAIMS");
    let _ = claim(bytes);
}

/// Bytes as an input of that shape; `None` where there are too few.
fn shaped<'a, T: Arbitrary<'a>>(bytes: &'a [u8]) -> Option<T> {
    T::arbitrary_take_rest(Unstructured::new(bytes)).ok()
}
