//! Finding blocks of which neither beginning nor end is known, in one pass.
//!
//! Trying every beginning against every end would be quadratic. But a CRC is linear: with the bytes as coefficients of a
//! polynomial over GF(2), let `R(i)` be the CRC register after the first `i` bytes, begun at 0, and divide by what position
//! does: `Q(i) = R(i) * x^(-8i)`. The bytes from `s` to `e` have the checksum stored after `e` if and only if
//!
//! ```text
//! Q(s) ^ ones * x^(-8s)  ==  Q(e) ^ !stored(e) * x^(-8e)
//! ```
//! where the left side knows only the beginning and the right side only the end. So the right sides of all places where a
//! trailer can stand go into an index, and each beginning is one look-up. What is found is a true match of 32 bits; whether it
//! is a block, its contents tell.
//!
//! Pages of zeroes, which a crash or a bad copy leaves by the gigabyte, are passed over: no checksum is four zeroes but one in
//! four billion, and no block begins with a page of them.

use super::end_search::is_known_type;
use super::walk::LEAST_SIZE;
use super::window::Window;
use crate::crc;
use crate::read_at::ReadAt;
use std::collections::VecDeque;
use std::io;

const POLYNOMIAL: u32 = 0x82f6_3b78;
/// `x^0` in the reflected order of bits.
const ONE: u32 = 1 << 31;
/// How many bytes are taken from the source at a time.
const CHUNK: usize = 64 << 10;
const AHEAD: usize = 1 << 20;
/// How many bytes one part of the index covers: as many as the largest block, so that two parts serve, but no fewer.
const LEAST_SEGMENT: u64 = 256 << 10;
/// Zeroes are passed over by as many bytes.
const PAGE: usize = 4096;
/// How many ends are offered for one beginning: more share a checksum only where somebody made them so.
const MOST_CANDIDATES: usize = 8;

/// `x^(-8 * PAGE)`.
const PAGE_POWER: u32 = {
    let mut power = ONE;
    let mut bit = 0;
    while bit < 8 * PAGE {
        power = divide_by_x(power);
        bit += 1;
    }
    power
};

/// What dividing by `x^8` does, by the register's highest byte.
const BACK_STEPS: [u32; 256] = back_steps();

#[expect(clippy::indexing_slicing, reason = "evaluated when compiled, where a wrong index is an error")]
const fn back_steps() -> [u32; 256] {
    let mut steps = [0; 256];
    let mut high = 0;
    while high < 256 {
        let mut bit = 0;
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let mut register = (high as u32) << 24;
        while bit < 8 {
            register = divide_by_x(register);
            bit += 1;
        }
        steps[high] = register;
        high += 1;
    }
    steps
}

const fn divide_by_x(register: u32) -> u32 {
    if register & ONE == 0 { register << 1 } else { ((register ^ POLYNOMIAL) << 1) | 1 }
}

#[inline]
fn divide_by_x8(register: u32) -> u32 {
    let [.., high] = register.to_le_bytes();
    (register << 8) ^ BACK_STEPS.get(usize::from(high)).copied().unwrap_or(0)
}

/// The product of two polynomials.
fn multiply(a: u32, mut b: u32) -> u32 {
    let mut product = 0;
    for bit in (0..32).rev() {
        if a & (1 << bit) != 0 {
            product ^= b;
        }
        b = (b >> 1) ^ if b & 1 == 1 { POLYNOMIAL } else { 0 };
    }
    product
}

/// `Q` and the powers of `x` at one position, moved along byte by byte.
#[derive(Debug, Clone)]
struct Position {
    offset: u64,
    quotient: u32,
    /// `ones * x^(-8i)`.
    ones: u32,
    /// `x^(31 - bit - 8i)`: what each bit of the next byte adds.
    bits: [u32; 8],
}

impl Position {
    fn new(offset: u64) -> Self {
        let mut bits = [0; 8];
        let mut weight = 1;
        for bit in &mut bits {
            *bit = weight;
            weight = divide_by_x(weight);
        }
        Self { offset, quotient: 0, ones: u32::MAX, bits }
    }

    /// Take the next byte; gives the quotient after it.
    #[inline]
    fn advance(&mut self, byte: u8) {
        let mut rest = u32::from(byte);
        for weight in &mut self.bits {
            self.quotient ^= *weight & (rest & 1).wrapping_neg();
            *weight = divide_by_x8(*weight);
            rest >>= 1;
        }
        self.ones = divide_by_x8(self.ones);
        self.offset += 1;
    }

    /// Take a page of zeroes.
    fn advance_by_blank_page(&mut self) {
        for weight in &mut self.bits {
            *weight = multiply(*weight, PAGE_POWER);
        }
        self.ones = multiply(self.ones, PAGE_POWER);
        self.offset += PAGE as u64;
    }

    /// What a block that begins here has to meet.
    #[inline]
    const fn beginning(&self) -> u32 {
        self.quotient ^ self.ones
    }

    /// What a block that ends here, its type byte included, offers, with that checksum stored after it.
    fn end(&self, stored: u32) -> u32 {
        // The last weight is x^(24 - 8i).
        let [.., weight] = self.bits;
        let power = divide_by_x8(divide_by_x8(divide_by_x8(weight)));
        self.quotient ^ multiply(!crc::unmask(stored), power)
    }
}

/// The ends of a stretch of the file: sorted by what they offer, with a table of where each range of offers begins, behind a
/// bitmap that answers most look-ups.
struct Segment {
    start: u64,
    stop: u64,
    ends: Vec<(u32, u32)>,
    /// Where the offers with each value of their highest bits begin, and after the last the count of all.
    begins: Vec<u32>,
    /// 32 less the number of bits that `begins` goes by.
    shift: u32,
    bitmap: Vec<u64>,
}

impl Segment {
    fn new(start: u64, stop: u64, mut ends: Vec<(u32, u32)>) -> Self {
        ends.sort_unstable();
        let bits = (ends.len() / 4).max(2).ilog2().min(20);
        let shift = 32 - bits;
        let begin = |high: u32| ends.partition_point(|&(offered, _)| offered >> shift < high);
        let begins = (0..=1 << bits).map(|high| u32::try_from(begin(high)).unwrap_or(u32::MAX)).collect();
        let mut bitmap = vec![0; (ends.len() / 4).next_power_of_two().clamp(16, 1 << 18)];
        for &(offered, _) in &ends {
            let at = offered as usize / 64 % bitmap.len();
            if let Some(word) = bitmap.get_mut(at) {
                *word |= 1 << (offered % 64);
            }
        }
        Self { start, stop, ends, begins, shift, bitmap }
    }

    /// The ends, in order, that a block can have whose beginning is `wanted`.
    #[inline]
    fn find(&self, wanted: u32) -> &[(u32, u32)] {
        let at = (wanted as usize / 64) & self.bitmap.len().wrapping_sub(1);
        let is_there = self.bitmap.get(at).is_some_and(|word| word & (1 << (wanted % 64)) != 0);
        if is_there { self.find_among(wanted).unwrap_or_default() } else { &[] }
    }

    fn find_among(&self, wanted: u32) -> Option<&[(u32, u32)]> {
        let high = usize::try_from(wanted >> self.shift).ok()?;
        let (begin, end) = (*self.begins.get(high)?, *self.begins.get(high + 1)?);
        let near = self.ends.get(usize::try_from(begin).ok()?..usize::try_from(end).ok()?)?;
        let first = near.partition_point(|&(offered, _)| offered < wanted);
        let rest = near.get(first..)?;
        let count = rest.iter().take(MOST_CANDIDATES).take_while(|(offered, _)| *offered == wanted).count();
        rest.get(..count)
    }
}

/// Offers every place where a block may lie, in the order of their beginnings.
pub struct Resync<'a> {
    source: &'a dyn ReadAt,
    stop: u64,
    limit: u64,
    beginnings: Position,
    beginning_bytes: Window,
    ends: Position,
    end_bytes: Window,
    segments: VecDeque<Segment>,
}

impl<'a> Resync<'a> {
    /// Begin at `start`; nothing at or past `stop` belongs to a block. `limit` is the largest size looked for.
    #[must_use]
    pub fn new(source: &'a dyn ReadAt, start: u64, stop: u64, limit: u64) -> Self {
        Self {
            source,
            stop: stop.min(source.size()),
            limit,
            beginnings: Position::new(start),
            beginning_bytes: Window::eager(AHEAD),
            ends: Position::new(start),
            end_bytes: Window::eager(AHEAD),
            segments: VecDeque::new(),
        }
    }

    /// The first place at or after `from` that `accept` takes. It is offered `(offset, size)` of true checksum matches of
    /// known types, in order of offsets, and the smallest size at an offset first.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn find(&mut self, from: u64, mut accept: impl FnMut(u64, u64) -> bool) -> io::Result<Option<(u64, u64)>> {
        while self.beginnings.offset < self.stop {
            let at = self.beginnings.offset;
            self.index_to(at.saturating_add(CHUNK as u64 + self.limit + 1))?;
            let left = usize::try_from(self.stop - at).unwrap_or(usize::MAX);
            let bytes = self.beginning_bytes.bytes(self.source, at, left.min(CHUNK + PAGE))?;
            if bytes.is_empty() {
                break;
            }
            for (start, page) in (0..).step_by(PAGE).zip(bytes.get(..CHUNK).unwrap_or(bytes).chunks(PAGE)) {
                if is_blank(bytes, start, 2 * PAGE) {
                    self.beginnings.advance_by_blank_page();
                    continue;
                }
                for &byte in page {
                    let offset = self.beginnings.offset;
                    if offset >= from {
                        let mut sizes = sizes(&self.segments, self.beginnings.beginning(), offset, self.limit);
                        if let Some(size) = sizes.find(|size| accept(offset, *size)) {
                            return Ok(Some((offset, size)));
                        }
                    }
                    self.beginnings.advance(byte);
                }
            }
        }
        Ok(None)
    }

    /// Index the ends up to `offset`, and forget those that no beginning can reach any more.
    fn index_to(&mut self, offset: u64) -> io::Result<()> {
        while self.segments.front().is_some_and(|segment| segment.stop <= self.beginnings.offset) {
            self.segments.pop_front();
        }
        while self.ends.offset < offset.min(self.stop) {
            let start = self.ends.offset;
            let mut ends = Vec::new();
            while self.ends.offset < self.stop.min(start + self.limit.max(LEAST_SEGMENT)) {
                self.index_chunk(start, &mut ends)?;
            }
            self.segments.push_back(Segment::new(start, self.ends.offset, ends));
        }
        Ok(())
    }

    /// Index the ends of one chunk, as `(offered, end - start)`.
    fn index_chunk(&mut self, start: u64, ends: &mut Vec<(u32, u32)>) -> io::Result<()> {
        let at = self.ends.offset;
        let count = usize::try_from(self.stop - at).unwrap_or(usize::MAX).min(CHUNK);
        let with_checksum = usize::try_from(self.stop - at).unwrap_or(usize::MAX).min(count + 4);
        let bytes = self.end_bytes.bytes(self.source, at, with_checksum)?;
        if bytes.len() < with_checksum {
            self.stop = at + bytes.len() as u64;
        }
        for (page_start, page) in (0..).step_by(PAGE).zip(bytes.get(..count).unwrap_or(bytes).chunks(PAGE)) {
            if is_blank(bytes, page_start, PAGE + 4) {
                self.ends.advance_by_blank_page();
                continue;
            }
            for (index, &byte) in (page_start..).zip(page) {
                self.ends.advance(byte);
                let checksum = bytes.get(index + 1..).and_then(<[u8]>::first_chunk::<4>);
                let Some(checksum) = checksum.filter(|checksum| is_known_type(byte) && is_likely(**checksum)) else {
                    continue;
                };
                let end = u32::try_from(self.ends.offset - start).unwrap_or(u32::MAX);
                ends.push((self.ends.end(u32::from_le_bytes(*checksum)), end));
            }
        }
        Ok(())
    }
}

/// Whether `size` bytes from `start` on are there and zeroes.
fn is_blank(bytes: &[u8], start: usize, size: usize) -> bool {
    bytes.get(start..start.saturating_add(size)).is_some_and(|bytes| bytes.iter().fold(0, |sum, byte| sum | byte) == 0)
}

/// Whether four bytes are taken for a checksum. Of true ones, one in four million is not; in a stretch of zeroes or of any
/// other byte, none is.
fn is_likely(checksum: [u8; 4]) -> bool {
    let [first, ..] = checksum;
    checksum != [first; 4] && checksum.iter().filter(|byte| **byte == 0).count() < 3
}

/// The sizes that a block can have which begins at `offset` and has that beginning.
fn sizes(segments: &VecDeque<Segment>, beginning: u32, offset: u64, limit: u64) -> impl Iterator<Item = u64> {
    let ends = segments
        .iter()
        .flat_map(move |segment| segment.find(beginning).iter().map(move |(_, end)| segment.start + u64::from(*end)));
    ends.filter_map(move |end| end.checked_sub(offset + 1)).filter(move |size| (LEAST_SIZE..=limit).contains(size))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where its arrangement fails")]
mod tests {
    use super::super::testing::on_disk;
    use super::*;

    /// Bytes that repeat nowhere.
    fn noise(size: u32) -> Vec<u8> {
        (0..size).map(|n| n.wrapping_add(77).wrapping_mul(2_654_435_761).to_be_bytes()).map(|[byte, ..]| byte).collect()
    }

    /// Which of the planted blocks are found, one after the end of another. In so much noise, checksums also fit by chance.
    fn found(data: &[u8], limit: u64, planted: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let source = data.to_vec();
        let mut resync = Resync::new(&source, 0, u64::MAX, limit);
        let (mut from, mut all) = (0, Vec::new());
        while let Some((offset, size)) = resync.find(from, |offset, size| planted.contains(&(offset, size))).unwrap() {
            all.push((offset, size));
            from = offset + size + 5;
        }
        all
    }

    #[test]
    fn multiplying_by_the_inverse_of_x_undoes_multiplying_by_x() {
        let x = ONE >> 1;
        for value in [1, ONE, 0xdead_beef, u32::MAX] {
            assert_eq!(divide_by_x(multiply(value, x)), value);
            assert_eq!(multiply(value, ONE), value);
            assert_eq!((0..8).fold(value, |value, _| divide_by_x(value)), divide_by_x8(value));
        }
    }

    #[test]
    fn blocks_are_found_among_other_bytes() {
        let (a, b) = (noise(5000), noise(300));
        for before in [0, 1, 1000, 70_000] {
            let data = [
                &noise(before)[..],
                &on_disk(&a, 1),
                &on_disk(&b, 0),
                &[0; 100],
                &on_disk(&b, 4),
                &noise(200_000),
                &on_disk(&a, 2),
                b"x",
            ]
            .concat();
            let first = u64::from(before);
            let last = data.len() as u64 - 5006;

            let planted = [(first, 5000), (first + 5005, 300), (first + 5410, 300), (last, 5000)];
            assert_eq!(found(&data, 1 << 20, &planted), planted);
        }
    }

    #[test]
    fn blocks_larger_than_the_limit_are_not_found() {
        let data = [noise(100), on_disk(&noise(5000), 1)].concat();

        assert_eq!(found(&data, 4999, &[(100, 5000)]), []);
        assert_eq!(found(&data, 5000, &[(100, 5000)]), [(100, 5000)]);
    }

    #[test]
    fn a_block_across_the_parts_of_the_index_is_found() {
        let before = (1 << 20) - 1000;
        let data = [noise(before), on_disk(&noise(3000), 1), noise(100)].concat();

        let planted = [(u64::from(before), 3000)];
        assert_eq!(found(&data, 1 << 20, &planted), planted);
    }

    #[test]
    fn zeroes_offer_nothing_and_noise_little() {
        for (data, most) in [(vec![0; 1 << 20], 0), (noise(1 << 20), 40)] {
            let mut offered = 0;
            let mut resync = Resync::new(&data, 0, u64::MAX, 1 << 20);
            let found = resync.find(0, |_, _| {
                offered += 1;
                false
            });

            assert_eq!(found.unwrap(), None);
            assert!(offered <= most, "{offered}");
        }
    }

    #[test]
    fn blank_pages_are_passed_over_as_if_byte_by_byte() {
        let mut one_by_one = Position::new(7);
        let mut at_once = Position::new(7);
        for byte in noise(100) {
            one_by_one.advance(byte);
            at_once.advance(byte);
        }

        (0..PAGE).for_each(|_| one_by_one.advance(0));
        at_once.advance_by_blank_page();

        assert_eq!((at_once.offset, at_once.beginning()), (one_by_one.offset, one_by_one.beginning()));
        assert_eq!(at_once.end(0x1234_5678), one_by_one.end(0x1234_5678));
    }

    #[test]
    fn blocks_between_and_around_blank_pages_are_found() {
        let holed = [noise(100), vec![0; 50_000], noise(100)].concat();
        for before in [PAGE - 1, PAGE, 3 * PAGE, 70_000, 300_001] {
            let data = [vec![0; before], on_disk(&noise(500), 1), vec![0; before], on_disk(&holed, 0), vec![0; before]];
            let first = before as u64;
            let second = first + 505 + before as u64;

            let planted = [(first, 500), (second, 50_200)];
            assert_eq!(found(&data.concat(), 1 << 20, &planted), planted, "{before}");
        }
    }

    #[test]
    fn what_is_not_accepted_is_passed_over() {
        let data = [on_disk(&noise(50), 0), on_disk(&noise(60), 0)].concat();
        let mut resync = Resync::new(&data, 0, u64::MAX, 1 << 20);

        assert_eq!(resync.find(0, |_, size| size == 60).unwrap(), Some((55, 60)));
        assert_eq!(resync.find(56, |_, _| true).unwrap(), None);
    }
}
