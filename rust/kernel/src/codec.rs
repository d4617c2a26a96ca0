//! The codecs of blocks, told by the type byte that follows a block on disk.
//!
//! | type | codec | who writes it |
//! |---|---|---|
//! | 0 | none | everyone |
//! | 1 | snappy | everyone |
//! | 2 | zstd, or zlib | LevelDB since 1.24; Mojang's before: told apart by zstd's magic |
//! | 4 | raw deflate | Mojang |
//!
//! Decompression is bounded by what an honest writer could have compressed. Snappy cannot make more than 64 bytes of 3; the others can
//! make nearly anything of nearly nothing, so they are given what snappy could have made of as many bytes, or 128 MiB where that is
//! more: thirty-two times LevelDB's largest block. The environment variable `RELEVEL_BLOCK_LIMIT` (bytes) puts another number in the
//! place of these 128 MiB. What a block claims is never allocated before it is there. Whoever has little memory gives a limit for all
//! codecs ([`Decompressor::within`]).

use crate::varint;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use std::sync::OnceLock;

/// The type byte of a block stored as it is. Part of the file format.
pub const TYPE_NONE: u8 = 0;
/// The type byte of a snappy block. Part of the file format.
pub const TYPE_SNAPPY: u8 = 1;
/// The type byte of a zstd block, and of Mojang's zlib block. Part of the file format.
pub const TYPE_ZSTD_OR_ZLIB: u8 = 2;
/// The type byte of Mojang's raw deflate block. Part of their file format.
pub const TYPE_DEFLATE: u8 = 4;

/// Blocks never decompress to more than this; a block's offsets are 32 bits wide, and honest ones are far smaller.
pub const MAX_CONTENTS_SIZE: usize = 1 << 31;

const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// LevelDB asks for level 1, but by a way that zstd answers with 3: measured on tables that it wrote.
const ZSTD_LEVEL: i32 = 3;
/// What a block of a codec without a largest ratio may grow to, however small it is stored.
pub const DEFAULT_BLOCK_LIMIT: usize = 128 << 20;
/// The environment variable that replaces it: bytes.
const BLOCK_LIMIT_VARIABLE: &str = "RELEVEL_BLOCK_LIMIT";
/// The longest copy element of snappy makes 64 bytes of 3.
const SNAPPY_BEST_RATIO: (u64, u64) = (64, 3);
/// The first guess of a size nobody states, and of stated sizes that are not believed yet.
const FIRST_GUESS: usize = 64 << 10;

/// What the user allows, else the default.
fn block_limit() -> usize {
    static LIMIT: OnceLock<usize> = OnceLock::new();
    *LIMIT.get_or_init(|| {
        let given = std::env::var(BLOCK_LIMIT_VARIABLE).ok().and_then(|text| text.trim().parse().ok());
        given.unwrap_or(DEFAULT_BLOCK_LIMIT).min(MAX_CONTENTS_SIZE)
    })
}

/// How a block is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// Stored as it is.
    None,
    /// Snappy.
    Snappy,
    /// A zstd frame.
    Zstd,
    /// Deflate in a zlib wrapper.
    Zlib,
    /// Deflate alone.
    Deflate,
}

impl Codec {
    /// Every codec.
    pub const ALL: [Self; 5] = [Self::None, Self::Snappy, Self::Zstd, Self::Zlib, Self::Deflate];

    /// The name in the Python face.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Snappy => "snappy",
            Self::Zstd => "zstd",
            Self::Zlib => "zlib",
            Self::Deflate => "deflate",
        }
    }

    /// The codec of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.name() == name)
    }

    /// The codec of a block, from its type byte and its first bytes; `None` for a type that nobody uses.
    #[must_use]
    pub fn of_block(block_type: u8, stored: &[u8]) -> Option<Self> {
        match block_type {
            TYPE_NONE => Some(Self::None),
            TYPE_SNAPPY => Some(Self::Snappy),
            TYPE_ZSTD_OR_ZLIB if stored.starts_with(&ZSTD_MAGIC) => Some(Self::Zstd),
            TYPE_ZSTD_OR_ZLIB => Some(Self::Zlib),
            TYPE_DEFLATE => Some(Self::Deflate),
            _ => None,
        }
    }

    /// The type byte of a block of this codec.
    #[must_use]
    pub const fn block_type(self) -> u8 {
        match self {
            Self::None => TYPE_NONE,
            Self::Snappy => TYPE_SNAPPY,
            Self::Zstd | Self::Zlib => TYPE_ZSTD_OR_ZLIB,
            Self::Deflate => TYPE_DEFLATE,
        }
    }
}

/// The bytes are not what the codec could have made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// Why bytes were not decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// They are not what the codec could have made.
    Malformed,
    /// They would be more than was asked for.
    TooLarge,
}

impl From<Malformed> for Refusal {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Decompresses block after block, keeping the codecs' working memory.
pub struct Decompressor {
    limit: usize,
    most: usize,
    snappy: snap::raw::Decoder,
    zstd: Option<zstd::bulk::Decompressor<'static>>,
    deflate: Option<Decompress>,
}

impl Default for Decompressor {
    fn default() -> Self {
        Self::with_limit(block_limit())
    }
}

impl std::fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Decompressor")
    }
}

impl Decompressor {
    fn with_limit(limit: usize) -> Self {
        Self { limit, most: usize::MAX, snappy: snap::raw::Decoder::new(), zstd: None, deflate: None }
    }

    /// One that makes no more than `most` bytes of a block, whatever its codec.
    #[must_use]
    pub fn within(most: u64) -> Self {
        Self { most: usize::try_from(most).unwrap_or(usize::MAX), ..Self::default() }
    }

    /// What a block may grow to that is stored in that many bytes and whose codec knows no largest ratio, and why no further.
    fn allowed_size(&self, stored_size: usize) -> (usize, Refusal) {
        let (made, of) = SNAPPY_BEST_RATIO;
        let as_snappy = usize::try_from(stored_size as u64 / of * made).unwrap_or(MAX_CONTENTS_SIZE);
        let allowed = as_snappy.clamp(self.limit, MAX_CONTENTS_SIZE);
        if self.most < allowed { (self.most, Refusal::TooLarge) } else { (allowed, Refusal::Malformed) }
    }

    /// Decompress `stored` into `contents`, which is overwritten; its memory is used again.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] where `stored` is not of that codec, or grows beyond what an honest writer could have made of it;
    /// [`Refusal::TooLarge`] where it grows beyond what was asked for. `contents` is then undefined.
    pub fn decompress(&mut self, codec: Codec, stored: &[u8], contents: &mut Vec<u8>) -> Result<(), Refusal> {
        match codec {
            Codec::None if stored.len() > self.most => Err(Refusal::TooLarge),
            Codec::None => {
                contents.clear();
                contents.extend_from_slice(stored);
                Ok(())
            }
            Codec::Snappy => self.decompress_snappy(stored, contents),
            Codec::Zstd => self.decompress_zstd(stored, contents),
            Codec::Zlib => self.inflate(true, stored, contents),
            Codec::Deflate => self.inflate(false, stored, contents),
        }
    }

    fn decompress_snappy(&mut self, stored: &[u8], contents: &mut Vec<u8>) -> Result<(), Refusal> {
        let claimed = snap::raw::decompress_len(stored).map_err(|_| Malformed)?;
        let (made, of) = SNAPPY_BEST_RATIO;
        if claimed > MAX_CONTENTS_SIZE
            || (claimed as u64).saturating_mul(of) > (stored.len() as u64).saturating_mul(made)
        {
            return Err(Refusal::Malformed);
        }
        if claimed > self.most {
            return Err(Refusal::TooLarge);
        }
        resize(contents, claimed)?;
        let size = self.snappy.decompress(stored, contents).map_err(|_| Malformed)?;
        if size == claimed { Ok(()) } else { Err(Refusal::Malformed) }
    }

    /// The whole output in one go, as large as the frame says; where it says more than is believed at sight, or nothing,
    /// with a growing buffer.
    fn decompress_zstd(&mut self, stored: &[u8], contents: &mut Vec<u8>) -> Result<(), Refusal> {
        let (allowed, beyond) = self.allowed_size(stored.len());
        let claimed = zstd::zstd_safe::get_frame_content_size(stored).map_err(|_| Malformed)?;
        let claimed = claimed.map(usize::try_from).transpose().map_err(|_| Malformed)?;
        let most = claimed.unwrap_or(allowed);
        if most > allowed {
            return Err(beyond);
        }
        let decoder = match &mut self.zstd {
            Some(decoder) => decoder,
            empty => empty.insert(zstd::bulk::Decompressor::new().map_err(|_| Malformed)?),
        };
        let mut room = most.min(stored.len().saturating_mul(64).max(FIRST_GUESS));
        loop {
            contents.clear();
            contents.try_reserve_exact(room).map_err(|_| Malformed)?;
            match decoder.decompress_to_buffer(stored, contents) {
                Ok(size) if claimed.is_none_or(|claimed| claimed == size) => return Ok(()),
                Err(_) if room < most => room = room.saturating_mul(8).min(most),
                Err(_) if claimed.is_none() => return Err(beyond),
                _ => return Err(Refusal::Malformed),
            }
        }
    }

    /// Into a buffer that grows as it fills, up to one byte more than is allowed.
    fn inflate(&mut self, zlib_header: bool, stored: &[u8], contents: &mut Vec<u8>) -> Result<(), Refusal> {
        let (allowed, beyond) = self.allowed_size(stored.len());
        let most = allowed.saturating_add(1);
        let inflate = self.deflate.get_or_insert_with(|| Decompress::new(zlib_header));
        inflate.reset(zlib_header);
        contents.clear();
        let mut room = stored.len().saturating_mul(4).max(4096);
        loop {
            contents.try_reserve_exact(room.min(most.saturating_sub(contents.len()))).map_err(|_| Malformed)?;
            let (consumed, made) = (inflate.total_in(), inflate.total_out());
            let rest = usize::try_from(consumed).ok().and_then(|consumed| stored.get(consumed..)).ok_or(Malformed)?;
            let status = inflate.decompress_vec(rest, contents, FlushDecompress::None).map_err(|_| Malformed)?;
            if contents.len() >= most {
                return Err(beyond);
            }
            match status {
                Status::StreamEnd => return Ok(()),
                _ if inflate.total_in() == consumed && inflate.total_out() == made => return Err(Refusal::Malformed),
                _ => room = contents.len().max(room),
            }
        }
    }
}

/// Whether a raw deflate stream can begin with `head`, as far as it goes.
#[must_use]
pub fn is_deflate_head(head: &[u8]) -> bool {
    let mut made = [0; 4096];
    let mut inflate = Decompress::new(false);
    inflate.decompress(head, &mut made, FlushDecompress::None).is_ok()
}

/// Whether snappy bytes, `size` of them, can begin with `head`: the size it claims is possible, and its elements copy only
/// what is there. See snappy's format_description.txt.
#[must_use]
pub fn is_snappy_head(head: &[u8], size: u64) -> bool {
    let Some((claimed, mut at)) = varint::read_u32(head, 0) else { return false };
    let (claimed, (made, of)) = (u64::from(claimed), SNAPPY_BEST_RATIO);
    // Snappy adds at most 32 bytes and a sixth.
    if claimed.saturating_mul(of) > size.saturating_mul(made) || claimed + claimed / 6 + 32 < size {
        return false;
    }
    let mut produced = 0u64;
    while let Some(element) = snappy_element(head, at) {
        if element.back.is_some_and(|back| back == 0 || back > produced) {
            return false;
        }
        produced += element.produces;
        at = element.end;
    }
    produced <= claimed
}

/// One element of a snappy stream.
struct SnappyElement {
    produces: u64,
    /// How far back it copies from; `None` for a literal.
    back: Option<u64>,
    end: usize,
}

fn snappy_element(bytes: &[u8], at: usize) -> Option<SnappyElement> {
    let tag = *bytes.get(at)?;
    let little_endian = |from: usize, count: usize| -> Option<u64> {
        let bytes = bytes.get(from..from.checked_add(count)?)?;
        Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    let (produces, back, end) = match (tag & 3, tag >> 2) {
        (0, length @ 0..60) => (u64::from(length) + 1, None, at + 1),
        (0, length) => {
            let count = usize::from(length) - 59;
            (little_endian(at + 1, count)? + 1, None, at + 1 + count)
        }
        (1, _) => (u64::from(tag >> 2 & 7) + 4, Some(u64::from(tag >> 5) << 8 | little_endian(at + 1, 1)?), at + 2),
        (2, length) => (u64::from(length) + 1, Some(little_endian(at + 1, 2)?), at + 3),
        (_, length) => (u64::from(length) + 1, Some(little_endian(at + 1, 4)?), at + 5),
    };
    let literal = if back.is_none() { usize::try_from(produces).ok()? } else { 0 };
    Some(SnappyElement { produces, back, end: end.checked_add(literal)? })
}

/// Compresses block after block, keeping the codecs' working memory.
pub struct Compressor {
    snappy: snap::raw::Encoder,
    zstd: Option<zstd::bulk::Compressor<'static>>,
}

impl Default for Compressor {
    fn default() -> Self {
        Self { snappy: snap::raw::Encoder::new(), zstd: None }
    }
}

impl std::fmt::Debug for Compressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Compressor")
    }
}

impl Compressor {
    /// Compress `contents` into `stored`, which is overwritten; its memory is used again.
    ///
    /// # Errors
    /// [`Malformed`] where the contents are too large for the codec (2 GiB), or memory is not to be had.
    pub fn compress(&mut self, codec: Codec, contents: &[u8], stored: &mut Vec<u8>) -> Result<(), Malformed> {
        stored.clear();
        match codec {
            Codec::None => stored.extend_from_slice(contents),
            Codec::Snappy => {
                let most = snap::raw::max_compress_len(contents.len());
                if most == 0 {
                    return Err(Malformed);
                }
                resize(stored, most)?;
                let size = self.snappy.compress(contents, stored).map_err(|_| Malformed)?;
                stored.truncate(size);
            }
            Codec::Zstd => {
                let encoder = match &mut self.zstd {
                    Some(encoder) => encoder,
                    empty => empty.insert(zstd::bulk::Compressor::new(ZSTD_LEVEL).map_err(|_| Malformed)?),
                };
                stored.reserve(zstd::zstd_safe::compress_bound(contents.len()));
                encoder.compress_to_buffer(contents, stored).map_err(|_| Malformed)?;
            }
            Codec::Zlib => deflate(true, contents, stored)?,
            Codec::Deflate => deflate(false, contents, stored)?,
        }
        Ok(())
    }
}

fn deflate(zlib_header: bool, contents: &[u8], stored: &mut Vec<u8>) -> Result<(), Malformed> {
    let mut deflate = Compress::new(Compression::default(), zlib_header);
    loop {
        stored.reserve(contents.len() / 2 + 128);
        let consumed = usize::try_from(deflate.total_in()).map_err(|_| Malformed)?;
        let rest = contents.get(consumed..).ok_or(Malformed)?;
        if deflate.compress_vec(rest, stored, FlushCompress::Finish).map_err(|_| Malformed)? == Status::StreamEnd {
            return Ok(());
        }
    }
}

/// Make `bytes` of that size, with whatever is in them.
fn resize(bytes: &mut Vec<u8>, size: usize) -> Result<(), Malformed> {
    bytes.try_reserve(size.saturating_sub(bytes.len())).map_err(|_| Malformed)?;
    bytes.resize(size, 0);
    Ok(())
}

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;
