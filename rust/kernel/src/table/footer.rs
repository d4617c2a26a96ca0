//! The footer: the last 48 bytes of a table.
//!
//! ```text
//! metaindex handle | index handle | zeroes to 40 bytes | LE64 magic
//! ```

use super::{FOOTER_SIZE, Handle, faults};
use crate::fault::Fault;

/// The last eight bytes of every table. Part of the file format.
pub const MAGIC: u64 = 0xdb47_7524_8b80_fb57;

/// What a footer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footer {
    /// The metaindex block.
    pub metaindex: Handle,
    /// The index block.
    pub index: Handle,
}

impl Footer {
    /// Decode the footer that begins at `offset`. Whether its handles fit the file is the reader's to check.
    ///
    /// # Errors
    /// `table.footer.bad-magic`, and `table.footer.bad-handle` where a handle is no pair of varints.
    pub fn decode(bytes: &[u8; FOOTER_SIZE], offset: u64) -> Result<Self, Fault> {
        let fault = |code| Fault::new(code, offset, FOOTER_SIZE as u64);
        let (handles, magic) = bytes.split_last_chunk::<8>().ok_or_else(|| fault(faults::FOOTER_BAD_MAGIC))?;
        let magic = u64::from_le_bytes(*magic);
        if magic != MAGIC {
            return Err(fault(faults::FOOTER_BAD_MAGIC).with_values(MAGIC, magic));
        }
        let decoded = Handle::decode(handles, 0)
            .and_then(|(metaindex, at)| Some(Self { metaindex, index: Handle::decode(handles, at)?.0 }));
        decoded.ok_or_else(|| fault(faults::FOOTER_BAD_HANDLE))
    }

    /// What a footer that begins at `offset` holds besides its handles in their shortest form, zeroes and the magic number.
    #[must_use]
    pub fn excess_fault(&self, bytes: &[u8; FOOTER_SIZE], offset: u64) -> Option<Fault> {
        let plain = self.encode();
        let differ = |(byte, other): (&u8, &u8)| byte != other;
        let first = bytes.iter().zip(&plain).position(differ)?;
        let last = bytes.iter().zip(&plain).rposition(differ)?;
        Some(Fault::new(faults::FOOTER_EXCESS, offset + first as u64, (last - first + 1) as u64))
    }

    /// The bytes of the footer.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FOOTER_SIZE);
        self.metaindex.append(&mut out);
        self.index.append(&mut out);
        out.resize(FOOTER_SIZE - 8, 0);
        out.extend_from_slice(&MAGIC.to_le_bytes());
        out
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where its arrangement fails")]
mod tests {
    use super::*;

    const FOOTER: Footer =
        Footer { metaindex: Handle { offset: 1 << 40, size: 8 }, index: Handle { offset: (1 << 40) + 13, size: 700 } };

    fn encoded() -> [u8; FOOTER_SIZE] {
        FOOTER.encode().try_into().unwrap()
    }

    #[test]
    fn a_footer_comes_back() {
        assert_eq!(Footer::decode(&encoded(), 0), Ok(FOOTER));
    }

    #[test]
    fn a_footer_with_another_magic_is_refused_with_both_numbers() {
        let mut bytes = encoded();
        *bytes.last_mut().unwrap() ^= 1;

        let fault = Footer::decode(&bytes, 100).unwrap_err();

        assert_eq!((fault.code, fault.offset, fault.size), (faults::FOOTER_BAD_MAGIC, 100, 48));
        assert_eq!((fault.expected, fault.got), (Some(MAGIC), Some(MAGIC ^ 1 << 56)));
    }

    #[test]
    fn what_is_not_zero_behind_the_handles_is_told() {
        let mut bytes = encoded();
        assert_eq!(FOOTER.excess_fault(&bytes, 100), None);

        for at in [20, 39] {
            *bytes.get_mut(at).unwrap() = 1;
        }

        let fault = Fault::new(faults::FOOTER_EXCESS, 120, 20);
        assert_eq!(FOOTER.excess_fault(&bytes, 100), Some(fault));
        assert_eq!(Footer::decode(&bytes, 100), Ok(FOOTER));
    }

    #[test]
    fn a_handle_in_a_needlessly_long_form_is_told() {
        let mut bytes = encoded();
        let handles_end = bytes.iter().take(40).rposition(|byte| *byte != 0).unwrap();
        *bytes.get_mut(handles_end).unwrap() |= 0x80;

        let fault = Fault::new(faults::FOOTER_EXCESS, handles_end as u64, 1);
        assert_eq!(Footer::decode(&bytes, 0), Ok(FOOTER));
        assert_eq!(FOOTER.excess_fault(&bytes, 0), Some(fault));
    }

    #[test]
    fn a_footer_whose_handles_do_not_end_is_refused() {
        let mut bytes = encoded();
        bytes.get_mut(..40).unwrap().fill(0xff);

        assert_eq!(Footer::decode(&bytes, 0).unwrap_err().code, faults::FOOTER_BAD_HANDLE);
    }
}
