//! A sorted run in a temporary file that has no name: it is gone when it is closed, however the program ends.
//!
//! ```text
//! frame:  stored size LE64 | raw size LE64 | CRC-32C of the stored bytes LE32 | stored bytes
//! raw:    (varint64 size, record)*
//! ```
//! The stored bytes are snappy, or the raw ones where the sizes are equal. The checksum is for disks that forget: a run
//! that does not come back as it was written is an I/O error, never silence.

use crate::crc;
use crate::path_error::at_path;
use crate::varint;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;

const FRAME_HEADER_SIZE: usize = 20;
/// Frames larger than this are not compressed.
const LARGEST_COMPRESSED: usize = 64 << 20;

/// Writes a run.
pub struct RunWriter<'a> {
    directory: &'a Path,
    file: File,
    frame_size: usize,
    raw: Vec<u8>,
    stored: Vec<u8>,
    encoder: snap::raw::Encoder,
}

/// A run that is written.
pub struct Run {
    file: File,
    directory: Arc<Path>,
}

/// Reads a run from its beginning.
pub struct RunReader {
    file: BufReader<File>,
    directory: Arc<Path>,
    raw: Vec<u8>,
    stored: Vec<u8>,
    /// Where the present record stands in `raw`.
    start: usize,
    end: usize,
    valid: bool,
}

impl<'a> RunWriter<'a> {
    /// Begin a run in `directory`, in frames of about `frame_size` bytes.
    ///
    /// # Errors
    /// What the operating system says, with the directory.
    pub fn create(directory: &'a Path, frame_size: usize) -> io::Result<Self> {
        let file = tempfile::tempfile_in(directory).map_err(|error| at_path(error, directory))?;
        let encoder = snap::raw::Encoder::new();
        Ok(Self { directory, file, frame_size, raw: Vec::new(), stored: Vec::new(), encoder })
    }

    /// Append a record.
    ///
    /// # Errors
    /// What the operating system says, with the directory; a full disk for one.
    pub fn push(&mut self, record: &[u8]) -> io::Result<()> {
        varint::append_u64(&mut self.raw, record.len() as u64);
        self.raw.extend_from_slice(record);
        if self.raw.len() >= self.frame_size { self.write_frame() } else { Ok(()) }
    }

    /// End the run.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn finish(mut self) -> io::Result<Run> {
        if !self.raw.is_empty() {
            self.write_frame()?;
        }
        Ok(Run { file: self.file, directory: self.directory.into() })
    }

    fn write_frame(&mut self) -> io::Result<()> {
        let room = if self.raw.len() > LARGEST_COMPRESSED { 0 } else { snap::raw::max_compress_len(self.raw.len()) };
        self.stored.resize(room, 0);
        let stored = match self.encoder.compress(&self.raw, &mut self.stored) {
            Ok(size) if size < self.raw.len() => self.stored.get(..size).unwrap_or(&self.raw),
            _ => &self.raw,
        };
        let mut header = [0; FRAME_HEADER_SIZE];
        let fields = [stored.len() as u64, self.raw.len() as u64].map(u64::to_le_bytes);
        for (to, from) in header.chunks_mut(8).zip(fields.iter().map(<[u8; 8]>::as_slice)) {
            to.copy_from_slice(from);
        }
        if let Some(field) = header.last_chunk_mut() {
            *field = crc::value(stored).to_le_bytes();
        }
        let written = self.file.write_all(&header).and_then(|()| self.file.write_all(stored));
        self.raw.clear();
        written.map_err(|error| at_path(error, self.directory))
    }
}

impl Run {
    /// Read the run from its beginning. One reader at a time: readers share their place in the file.
    ///
    /// # Errors
    /// What the operating system says, with the directory.
    pub fn reader(&self) -> io::Result<RunReader> {
        let file = self.rewound().map_err(|error| at_path(error, &self.directory))?;
        let file = BufReader::with_capacity(FRAME_HEADER_SIZE, file);
        let directory = self.directory.clone();
        let mut reader =
            RunReader { file, directory, raw: Vec::new(), stored: Vec::new(), start: 0, end: 0, valid: false };
        reader.advance()?;
        Ok(reader)
    }

    fn rewound(&self) -> io::Result<File> {
        let mut file = self.file.try_clone()?;
        file.rewind()?;
        Ok(file)
    }
}

impl RunReader {
    /// The present record; `None` at the end.
    #[inline]
    pub fn record(&self) -> Option<&[u8]> {
        if self.valid { self.raw.get(self.start..self.end) } else { None }
    }

    /// Go to the next record.
    ///
    /// # Errors
    /// What the operating system says, with the directory; bytes that are not as they were written.
    pub fn advance(&mut self) -> io::Result<()> {
        self.go_on().map_err(|error| at_path(error, &self.directory))
    }

    fn go_on(&mut self) -> io::Result<()> {
        while self.end >= self.raw.len() {
            if !self.read_frame()? {
                self.valid = false;
                return Ok(());
            }
        }
        let (size, start) = varint::read_u64(&self.raw, self.end).ok_or_else(changed)?;
        self.start = start;
        self.end = usize::try_from(size).ok().and_then(|size| start.checked_add(size)).ok_or_else(changed)?;
        self.valid = self.end <= self.raw.len();
        if self.valid { Ok(()) } else { Err(changed()) }
    }

    /// Read the next frame; false at the end.
    fn read_frame(&mut self) -> io::Result<bool> {
        (self.start, self.end) = (0, 0);
        self.raw.clear();
        if self.file.fill_buf()?.is_empty() {
            return Ok(false);
        }
        let mut header = [0; FRAME_HEADER_SIZE];
        self.file.read_exact(&mut header)?;
        let [stored, raw] = [0, 8].map(|at| field_at(&header, at));
        let checksum = header.last_chunk().map(|field| u32::from_le_bytes(*field));
        self.stored.clear();
        if self.file.by_ref().take(stored).read_to_end(&mut self.stored)? as u64 != stored {
            return Err(changed());
        }
        if checksum != Some(crc::value(&self.stored)) {
            return Err(changed());
        }
        if stored == raw {
            std::mem::swap(&mut self.raw, &mut self.stored);
            return Ok(true);
        }
        self.raw.resize(usize::try_from(raw).map_err(|_| changed())?, 0);
        let size = snap::raw::Decoder::new().decompress(&self.stored, &mut self.raw).map_err(|_| changed())?;
        if size as u64 == raw { Ok(true) } else { Err(changed()) }
    }
}

fn field_at(header: &[u8], at: usize) -> u64 {
    header.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |field| u64::from_le_bytes(*field))
}

fn changed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a temporary file does not read back as it was written")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::path_error::PathError;

    fn written(records: &[Vec<u8>]) -> Run {
        let directory = std::env::temp_dir();
        let mut writer = RunWriter::create(&directory, 4096).unwrap();
        for record in records {
            writer.push(record).unwrap();
        }
        writer.finish().unwrap()
    }

    fn read(run: &Run) -> io::Result<Vec<Vec<u8>>> {
        let mut reader = run.reader()?;
        let mut records = Vec::new();
        while let Some(record) = reader.record() {
            records.push(record.to_vec());
            reader.advance()?;
        }
        Ok(records)
    }

    fn flip(run: &Run, at: u64) {
        let mut file = run.file.try_clone().unwrap();
        let mut byte = [0];
        file.seek(io::SeekFrom::Start(at)).unwrap();
        file.read_exact(&mut byte).unwrap();
        file.seek(io::SeekFrom::Start(at)).unwrap();
        file.write_all(&byte.map(|byte| byte ^ 1)).unwrap();
    }

    #[test]
    fn records_of_any_size_come_back_as_often_as_they_are_asked_for() {
        let records: Vec<Vec<u8>> = (0..200_u8).map(|i| vec![i; usize::from(i).pow(2)]).chain([vec![]]).collect();
        let run = written(&records);

        assert_eq!(read(&run).unwrap(), records);
        assert_eq!(read(&run).unwrap(), records);
        assert!(read(&written(&[])).unwrap().is_empty());
    }

    #[test]
    fn a_run_that_changed_on_disk_is_an_error() {
        let run = written(&(0..100_u8).map(|i| vec![i; 100]).collect::<Vec<_>>());
        for at in [0, 8, 16, 21, 300] {
            flip(&run, at);

            let error = read(&run).unwrap_err();

            assert_eq!(PathError::of(&error).unwrap().path, std::env::temp_dir(), "byte {at}");
            flip(&run, at);
        }
        assert!(read(&run).is_ok());
    }
}
