//! Faults in bounded number: a file can be wrong in more places than there is memory to name one by one.

use crate::fault::Fault;

/// How many faults of one code are kept apart.
pub const MOST_OF_A_CODE: usize = 4096;

/// Collects the faults of one file, however many there are: past [`MOST_OF_A_CODE`] of a code, the last one of it is made to
/// reach over all that follow, so that every place is named and memory is bounded.
#[derive(Debug, Default)]
pub struct FaultLog {
    faults: Vec<Fault>,
    /// For each code met: how many, and where the last one is.
    codes: Vec<(&'static str, usize, usize)>,
}

impl FaultLog {
    /// Add a fault.
    pub fn push(&mut self, fault: Fault) {
        let next = self.faults.len();
        let known = self.codes.iter_mut().find(|(code, ..)| *code == fault.code);
        match known {
            None => self.codes.push((fault.code, 1, next)),
            Some((_, count, last)) if *count < MOST_OF_A_CODE => (*count, *last) = (*count + 1, next),
            Some((_, _, last)) => {
                if let Some(last) = self.faults.get_mut(*last) {
                    reach_over(last, fault);
                }
                return;
            }
        }
        self.faults.push(fault);
    }

    /// Add faults.
    pub fn extend(&mut self, faults: impl IntoIterator<Item = Fault>) {
        faults.into_iter().for_each(|fault| self.push(fault));
    }

    /// The faults kept, in the order they came.
    #[must_use]
    pub fn as_slice(&self) -> &[Fault] {
        &self.faults
    }

    /// The fault that came last.
    pub fn last_mut(&mut self) -> Option<&mut Fault> {
        self.faults.last_mut()
    }

    /// Hand over the faults kept, in the order they came, and begin anew.
    pub fn take(&mut self) -> Vec<Fault> {
        self.codes.clear();
        std::mem::take(&mut self.faults)
    }

    /// Change every fault kept.
    pub fn update(&mut self, change: impl FnMut(&mut Fault)) {
        self.faults.iter_mut().for_each(change);
    }

    /// The faults, in order of offsets.
    #[must_use]
    pub fn finish(mut self) -> Vec<Fault> {
        self.faults.sort_by_key(|fault| fault.offset);
        self.faults
    }
}

/// Make a fault cover another one too; what only one of them knows is not known any more.
fn reach_over(fault: &mut Fault, other: Fault) {
    let end = fault.offset.saturating_add(fault.size).max(other.offset.saturating_add(other.size));
    fault.offset = fault.offset.min(other.offset);
    fault.size = end - fault.offset;
    (fault.expected, fault.got) = (None, None);
    fault.upper = other.upper;
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "table.gap";
    const THERE: &str = "table.overlap";

    #[test]
    fn faults_without_number_are_kept_in_bounds_and_every_place_is_named() {
        let mut log = FaultLog::default();
        for offset in 0..100_000 {
            log.push(Fault::new(HERE, offset * 10, 5));
            log.push(Fault::new(THERE, offset * 10 + 5, 5));
        }
        log.push(Fault::new("table.empty", 3, 0));

        let faults = log.finish();

        assert_eq!(faults.len(), 2 * MOST_OF_A_CODE + 1);
        assert!(faults.is_sorted_by_key(|fault| fault.offset));
        let gaps: Vec<_> = faults.iter().filter(|fault| fault.code == HERE).collect();
        assert_eq!(gaps.last().map(|fault| fault.offset + fault.size), Some(999_995));
    }
}
