//! What is compressed comes back, and what an honest writer made is not taken for damaged.

use crate::shaped;
use relevel_kernel::codec::{Codec, Compressor, Decompressor, is_deflate_head, is_snappy_head};
use std::cell::RefCell;

thread_local! {
    static CODECS: RefCell<(Compressor, Decompressor)> = RefCell::default();
}

/// Zstd, zlib and deflate are slow to begin: they are one of these numbers each.
const SLOW_FROM: u8 = 251;
/// Bytes in which snappy's size is.
const LEAST_HEAD: usize = 5;

/// Which codec, how much of its output is looked at, whether the bytes come twice, and the bytes.
pub fn hold(bytes: &[u8]) -> bool {
    let Some((which, looked_at, twice, given)) = shaped::<(u8, u16, bool, &[u8])>(bytes) else { return false };
    let codec = Codec::ALL[usize::from(which.saturating_sub(SLOW_FROM)).max(usize::from(which % 2))];
    let contents = if twice { [given, given].concat() } else { given.to_vec() };
    let (mut stored, mut back) = (Vec::new(), Vec::new());
    CODECS.with_borrow_mut(|(compressor, decompressor)| {
        compressor.compress(codec, &contents, &mut stored).expect("small enough");
        decompressor.decompress(codec, &stored, &mut back).expect("what was compressed is whole");
        assert_eq!(back, contents);
        assert_eq!(Codec::of_block(codec.block_type(), &stored), Some(codec));
        let head = &stored[..usize::from(looked_at).max(LEAST_HEAD).min(stored.len())];
        match codec {
            Codec::Snappy => assert!(is_snappy_head(head, stored.len() as u64), "an honest head"),
            Codec::Deflate => assert!(is_deflate_head(head), "an honest head"),
            _ => {}
        }
        let _ = is_snappy_head(given, u64::from(looked_at));
        let _ = is_deflate_head(given);
    });
    !contents.is_empty()
}
