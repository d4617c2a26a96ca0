//! Many sources in one order, and what of it is wanted.
//!
//! ```text
//! contest, rank -> merging     entries of many cursors, by internal key
//! merging -> kinship           which inputs share versions
//! place                        how an entry follows the one before
//! timeline, view -> selection  versions of user keys: which come out, and in what state
//! look_back                    which keys are looked back at
//! batch                        versions handed over many at a time
//! by_sequence                  the same in the order of their sequence numbers
//! sequences                    a set of sequence numbers, and what is missing in it
//! ```

pub mod batch;
pub mod by_sequence;
pub mod contest;
pub mod kinship;
pub mod look_back;
pub mod merging;
mod place;
mod rank;
pub mod selection;
pub mod sequences;
mod timeline;
mod view;

#[cfg(test)]
pub(crate) mod model;

pub use batch::{State, StateCounts, Version, VersionBatch};
pub use by_sequence::SequenceCursor;
pub use look_back::LookBack;
pub use merging::MergingCursor;
pub use rank::rank;
pub use selection::{Mode, Selection, Source, Standing, Wanted};
pub use sequences::Sequences;

/// An entry came after larger ones, and was passed over or has an unknown state.
pub const OUT_OF_ORDER: &str = "merge.out-of-order";
/// Every fault code of this module.
pub const CODES: &[&str] = &[OUT_OF_ORDER];
