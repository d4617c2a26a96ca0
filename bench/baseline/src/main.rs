//! How fast can the tables of a LevelDB be read at all?
//!
//! A plain loop on one thread: read each table, verify the checksum of each data block, decompress it, decode each entry.
//! It shares no code with relevel, trusts the index, checks nothing else, and stops at the first thing wrong.
//!
//! ```text
//! baseline DIRECTORY  ->  tables, blocks, entries, key and value bytes, seconds
//! ```

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

const FOOTER_SIZE: usize = 48;
const TRAILER_SIZE: usize = 5;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What was read so far.
#[derive(Default)]
struct Totals {
    tables: u64,
    blocks: u64,
    entries: u64,
    key_size: usize,
    value_size: usize,
}

fn main() -> ExitCode {
    let Some(directory) = std::env::args_os().nth(1) else {
        eprintln!("usage: baseline DIRECTORY");
        return ExitCode::from(2);
    };
    match read_directory(Path::new(&directory)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("baseline: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read_directory(directory: &Path) -> Result<()> {
    let start = Instant::now();
    let mut totals = Totals::default();
    for path in tables(directory)? {
        read_table(&path, &mut totals).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    println!(
        "tables {} blocks {} entries {} key-bytes {} value-bytes {} seconds {:.4}",
        totals.tables,
        totals.blocks,
        totals.entries,
        totals.key_size,
        totals.value_size,
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

fn tables(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == OsStr::new("ldb") || extension == OsStr::new("sst")) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn read_table(path: &Path, totals: &mut Totals) -> Result<()> {
    let file = fs::read(path)?;
    let mut footer = file.len().checked_sub(FOOTER_SIZE).and_then(|at| file.get(at..)).ok_or("no footer")?;
    varint(&mut footer)?;
    varint(&mut footer)?;
    let (offset, size) = (varint(&mut footer)?, varint(&mut footer)?);
    let (mut index, mut contents, mut handles) = (Vec::new(), Vec::new(), Vec::new());
    each_entry(read_block(&file, offset, size, &mut index)?, |_, mut handle| {
        handles.push((varint(&mut handle)?, varint(&mut handle)?));
        Ok(())
    })?;
    for (offset, size) in handles {
        totals.blocks += 1;
        each_entry(read_block(&file, offset, size, &mut contents)?, |key, value| {
            totals.entries += 1;
            totals.key_size += key.len();
            totals.value_size += value.len();
            Ok(())
        })?;
    }
    totals.tables += 1;
    Ok(())
}

/// Verify one block and give its contents, decompressed into `buffer` where it is compressed.
fn read_block<'a>(file: &'a [u8], offset: usize, size: usize, buffer: &'a mut Vec<u8>) -> Result<&'a [u8]> {
    let block = file.get(offset..).and_then(|rest| rest.get(..size + TRAILER_SIZE)).ok_or("block outside the file")?;
    let (checked, stored) = block.split_last_chunk().ok_or("no checksum")?;
    let crc = crc32c::crc32c(checked).rotate_right(15).wrapping_add(0xa282_ead8);
    if crc != u32::from_le_bytes(*stored) {
        return Err(format!("checksum mismatch at {offset}").into());
    }
    match checked.split_last() {
        Some((0, contents)) => Ok(contents),
        Some((1, compressed)) => {
            buffer.resize(snap::raw::decompress_len(compressed)?, 0);
            let size = snap::raw::Decoder::new().decompress(compressed, buffer)?;
            Ok(buffer.get(..size).ok_or("short block")?)
        }
        _ => Err(format!("block type of {offset} is neither none nor snappy").into()),
    }
}

/// Decode the entries of a block, with whole keys.
fn each_entry(contents: &[u8], mut visit: impl FnMut(&[u8], &[u8]) -> Result<()>) -> Result<()> {
    let (rest, count) = contents.split_last_chunk().ok_or("no restart count")?;
    let restarts_size = usize::try_from(u32::from_le_bytes(*count))?.checked_mul(4).ok_or("bad restart count")?;
    let mut rest = rest.len().checked_sub(restarts_size).and_then(|end| rest.get(..end)).ok_or("bad restart count")?;
    let mut key = Vec::new();
    while !rest.is_empty() {
        let (shared, unshared, value_size) = (varint(&mut rest)?, varint(&mut rest)?, varint(&mut rest)?);
        let (delta, after) = rest.split_at_checked(unshared).ok_or("bad entry")?;
        let (value, after) = after.split_at_checked(value_size).ok_or("bad entry")?;
        key.truncate(shared);
        key.extend_from_slice(delta);
        visit(&key, value)?;
        rest = after;
    }
    Ok(())
}

fn varint(from: &mut &[u8]) -> Result<usize> {
    if let Some((&byte, rest)) = from.split_first().filter(|(byte, _)| **byte < 0x80) {
        *from = rest;
        return Ok(usize::from(byte));
    }
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = from.split_first().ok_or("varint cut")?;
        *from = rest;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("varint too long".into())
}
