//! Tables whose checksums are right and whose blocks are anything.

use relevel_kernel::block::{BlockBuilder, BlockCursor, Step};
use relevel_kernel::table::footer::Footer;
use relevel_kernel::table::{FOOTER_SIZE, Handle, TRAILER_SIZE};
use relevel_kernel::{crc, internal_key};

/// Whether an index is built, and blocks with their type bytes.
pub type Parts<'a> = (bool, Vec<(u8, &'a [u8])>);

/// A table of hostile bytes.
///
/// The first byte says whether the others are a table as they are, one to be given right checksums as far as its handles lead, or
/// parts of one.
pub fn table(bytes: &[u8]) -> Option<Vec<u8>> {
    let (how, rest) = bytes.split_first()?;
    match how % 3 {
        0 => Some(rest.to_vec()),
        1 => {
            let mut file = rest.to_vec();
            stamp(&mut file);
            Some(file)
        }
        _ => crate::shaped::<Parts>(rest).map(|(index_is_good, blocks)| of_parts(&blocks, index_is_good)),
    }
}

/// Blocks with good trailers; the last one is metaindex too, and the index as well where none is built.
fn of_parts(blocks: &[(u8, &[u8])], index_is_good: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let mut handles = Vec::new();
    for (block_type, contents) in blocks {
        handles.push(append_block(&mut file, contents, block_type & 7));
    }
    let last = handles.last().copied().unwrap_or_default();
    let index = if index_is_good { append_block(&mut file, &index_of(&handles), 0) } else { last };
    file.extend_from_slice(&Footer { metaindex: last, index }.encode());
    file
}

fn append_block(file: &mut Vec<u8>, contents: &[u8], block_type: u8) -> Handle {
    let handle = Handle { offset: file.len() as u64, size: contents.len() as u64 };
    file.extend_from_slice(contents);
    file.push(block_type);
    let checksum = crc::mask(crc::extend(crc::value(contents), &[block_type]));
    file.extend_from_slice(&checksum.to_le_bytes());
    handle
}

fn index_of(handles: &[Handle]) -> Vec<u8> {
    let mut builder = BlockBuilder::new(1);
    for (number, handle) in handles.iter().enumerate() {
        let (mut key, mut value) = (Vec::new(), Vec::new());
        internal_key::append(&mut key, &[number as u8], 1, 1);
        handle.append(&mut value);
        builder.add(&key, &value).expect("a small index");
    }
    builder.finish().to_vec()
}

/// Put the right checksum behind each block that the footer, and what is not compressed of its index and metaindex, lead to.
fn stamp(file: &mut [u8]) {
    let Some(size) = file.len().checked_sub(FOOTER_SIZE) else { return };
    let Some(Ok(footer)) = file.last_chunk().map(|last| Footer::decode(last, size as u64)) else { return };
    for handle in [footer.index, footer.metaindex] {
        for block in handles_in(contents(file, handle).unwrap_or_default()) {
            stamp_block(file, block);
        }
        stamp_block(file, handle);
    }
}

fn handles_in(contents: &[u8]) -> Vec<Handle> {
    let mut cursor = BlockCursor::default();
    let mut handles = Vec::new();
    if cursor.enter(contents) {
        while handles.len() < 64 && matches!(cursor.next(contents), Step::Entry) {
            handles.extend(Handle::decode_value(cursor.value(contents)));
        }
    }
    handles
}

fn contents(file: &[u8], handle: Handle) -> Option<&[u8]> {
    let start = usize::try_from(handle.offset).ok()?;
    file.get(start..start.checked_add(usize::try_from(handle.size).ok()?)?)
}

fn stamp_block(file: &mut [u8], handle: Handle) {
    let Some(end) = handle.end().and_then(|end| usize::try_from(end).ok()) else { return };
    let Some(start) = end.checked_sub(TRAILER_SIZE - 1) else { return };
    let (Ok(first), true) = (usize::try_from(handle.offset), end <= file.len()) else { return };
    let checksum = crc::mask(crc::value(&file[first..start]));
    file[start..end].copy_from_slice(&checksum.to_le_bytes());
}
