//! One block at a time: from stored bytes, through checksum and codec, to contents.

use super::faults::{self, Flaw, Part};
use super::window::Window;
use super::{FOOTER_SIZE, Footer, Handle, MAX_BLOCK_SIZE, TRAILER_SIZE};
use crate::codec::{Codec, Decompressor, Refusal};
use crate::crc;
use crate::fault::{Error, Fault};
use crate::read_at::ReadAt;
use std::io;
use std::sync::Arc;

/// The parts of a block as it lies on disk.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    /// The stored bytes, perhaps compressed.
    pub bytes: &'a [u8],
    /// The type byte.
    pub block_type: u8,
}

/// Take a block as it lies on disk apart and hold it against its checksum. `handle` is where it is, for the fault.
///
/// # Errors
/// A [`Fault`]: truncated, or a checksum that does not fit (expected: stored, got: computed; both masked).
pub fn verify<'a>(part: Part, handle: Handle, stored_with_trailer: &'a [u8]) -> Result<Stored<'a>, Fault> {
    let parts = stored_with_trailer.split_last_chunk::<4>();
    let Some((covered, checksum)) = parts.filter(|(covered, _)| !covered.is_empty()) else {
        let got = stored_with_trailer.len() as u64;
        return Err(faults::of_block(part, Flaw::Truncated, handle).with_values(TRAILER_SIZE as u64, got));
    };
    let expected = u32::from_le_bytes(*checksum);
    let got = crc::mask(crc::value(covered));
    if got != expected {
        let fault = faults::of_block(part, Flaw::Checksum, handle);
        return Err(fault.with_values(u64::from(expected), u64::from(got)));
    }
    let (block_type, bytes) = covered.split_last().map_or((0, covered), |(last, rest)| (*last, rest));
    Ok(Stored { bytes, block_type })
}

/// Decompress a verified block into `contents`.
///
/// # Errors
/// A [`Fault`]: an unknown type (got: the type), bytes that do not decompress, or more than the decompressor is to make.
pub fn decode(
    part: Part,
    handle: Handle,
    stored: Stored<'_>,
    decompressor: &mut Decompressor,
    contents: &mut Vec<u8>,
) -> Result<Codec, Fault> {
    let Some(codec) = Codec::of_block(stored.block_type, stored.bytes) else {
        let mut fault = faults::of_block(part, Flaw::UnknownType, handle);
        fault.got = Some(u64::from(stored.block_type));
        return Err(fault);
    };
    let outcome = decompressor.decompress(codec, stored.bytes, contents);
    outcome.map_err(|refusal| match refusal {
        Refusal::Malformed => faults::of_block(part, Flaw::Decompression, handle),
        Refusal::TooLarge => faults::of_block(part, Flaw::TooLarge, handle),
    })?;
    Ok(codec)
}

/// Reads the blocks of one table.
pub struct BlockReader {
    source: Arc<dyn ReadAt>,
    file_size: u64,
    window: Window,
    decompressor: Decompressor,
    stopped: bool,
    excess: Option<Fault>,
}

impl std::fmt::Debug for BlockReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlockReader").field("file_size", &self.file_size).finish_non_exhaustive()
    }
}

impl BlockReader {
    /// A reader that reads ahead at most that many bytes.
    #[must_use]
    pub fn new(source: Arc<dyn ReadAt>, most_ahead: usize) -> Self {
        let (file_size, decompressor) = (source.size(), Decompressor::within(source.most()));
        Self { source, file_size, window: Window::new(most_ahead), decompressor, stopped: false, excess: None }
    }

    /// The size of the file.
    #[must_use]
    pub const fn file_size(&self) -> u64 {
        self.file_size
    }

    /// Whether a read was interrupted: the caller wants the work to stop. What was told as a fault then is none.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// [`Error::Stopped`] where the caller wants the work to stop.
    ///
    /// # Errors
    /// That one.
    pub const fn check(&self) -> Result<(), Error> {
        if self.stopped { Err(Error::Stopped) } else { Ok(()) }
    }

    /// The footer.
    ///
    /// # Errors
    /// A [`Fault`]: the file is empty or too short, cannot be read, or the footer is bad.
    pub fn footer(&mut self) -> Result<Footer, Fault> {
        let size = FOOTER_SIZE as u64;
        let Some(offset) = self.file_size.checked_sub(size) else {
            let code = if self.file_size == 0 { faults::EMPTY } else { faults::TOO_SHORT };
            return Err(Fault::new(code, 0, self.file_size).with_values(size, self.file_size));
        };
        let mut bytes = [0; FOOTER_SIZE];
        match self.source.read_at(&mut bytes, offset) {
            Ok(FOOTER_SIZE) => {
                let footer = Footer::decode(&bytes, offset)?;
                self.excess = footer.excess_fault(&bytes, offset);
                Ok(footer)
            }
            Ok(got) => Err(Fault::new(faults::TOO_SHORT, 0, self.file_size).with_values(size, got as u64)),
            Err(error) => {
                self.stopped |= is_stop(&error);
                Err(faults::read_error(&error, offset, size))
            }
        }
    }

    /// What was wrong with the footer that was read, though it can be used.
    pub const fn take_excess_fault(&mut self) -> Option<Fault> {
        self.excess.take()
    }

    /// The index and metaindex handles of the footer, which must lie before it.
    ///
    /// # Errors
    /// As [`footer`](Self::footer), and `table.footer.bad-handle` where the index lies outside the file.
    pub fn checked_footer(&mut self) -> Result<Footer, Fault> {
        let footer = self.footer()?;
        let offset = self.file_size.saturating_sub(FOOTER_SIZE as u64);
        match footer.index.end().filter(|end| *end <= offset) {
            Some(_) => Ok(footer),
            None => Err(Fault::new(faults::FOOTER_BAD_HANDLE, offset, FOOTER_SIZE as u64)
                .with_values(offset, footer.index.end().unwrap_or(u64::MAX))),
        }
    }

    /// The block at `handle` as it lies on disk, trailer included; shorter where the file ends.
    ///
    /// # Errors
    /// A [`Fault`]: the handle is impossible, the block larger than is to be looked at (expected: that; got: its size), or the
    /// bytes cannot be read.
    pub fn stored(&mut self, part: Part, handle: Handle) -> Result<&[u8], Fault> {
        fetch(&*self.source, &mut self.window, &mut self.stopped, part, handle)
    }

    /// Read, verify and decompress the block at `handle` into `contents`, which is overwritten.
    ///
    /// # Errors
    /// A [`Fault`] that says why it cannot be used; `contents` is then undefined.
    pub fn load(&mut self, part: Part, handle: Handle, contents: &mut Vec<u8>) -> Result<Codec, Fault> {
        let stored = fetch(&*self.source, &mut self.window, &mut self.stopped, part, handle)?;
        let got = stored.len() as u64;
        let expected = handle.size.saturating_add(TRAILER_SIZE as u64);
        if got < expected {
            return Err(Fault::new(faults::code(part, Flaw::Truncated), handle.offset, got).with_values(expected, got));
        }
        let verified = verify(part, handle, stored)?;
        let codec = decode(part, handle, verified, &mut self.decompressor, contents)?;
        self.window.give_back();
        Ok(codec)
    }
}

fn fetch<'a>(
    source: &dyn ReadAt,
    window: &'a mut Window,
    stopped: &mut bool,
    part: Part,
    handle: Handle,
) -> Result<&'a [u8], Fault> {
    let file_size = source.size();
    let end = handle.end().filter(|_| handle.size <= MAX_BLOCK_SIZE && handle.offset < file_size);
    let Some(size) = end.and_then(|end| usize::try_from(end.min(file_size) - handle.offset).ok()) else {
        let fault = faults::of_block(part, Flaw::BadHandle, handle);
        return Err(fault.with_values(file_size, handle.end().unwrap_or(u64::MAX)));
    };
    if handle.size > source.most() {
        return Err(faults::of_block(part, Flaw::TooLarge, handle).with_values(source.most(), handle.size));
    }
    window.bytes(source, handle.offset, size).map_err(|error| {
        *stopped |= is_stop(&error);
        faults::read_error(&error, handle.offset, size as u64)
    })
}

/// Whether a source failed because the caller wants the work to stop.
#[must_use]
pub fn is_stop(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Interrupted
}
