//! Which of many inputs comes next.
//!
//! A binary heap of input numbers with its winner held apart. As long as one input keeps winning, which is how the levels of
//! a database merge, each step costs one comparison; otherwise about two for each halving of the number of inputs.

/// The inputs that still have something, the winner first. Comparisons are given with each call: `before(a, b)` says whether
/// input `a` comes before input `b`, and must be an order of the inputs' present entries. An order that contradicts itself
/// gives an undefined winner and loses no input.
#[derive(Debug, Default, Clone)]
pub struct Contest {
    winner: Option<usize>,
    /// The others, each before its children at 2i + 1 and 2i + 2.
    others: Vec<usize>,
}

impl Contest {
    /// Begin anew with these inputs.
    pub fn start(&mut self, inputs: impl Iterator<Item = usize>, before: impl Fn(usize, usize) -> bool) {
        self.others.clear();
        self.others.extend(inputs);
        for parent in (0..self.others.len() / 2).rev() {
            self.sift_down(parent, &before);
        }
        self.winner = None;
        self.promote(&before);
    }

    /// The input that comes next; `None` where all are spent.
    #[inline]
    pub const fn winner(&self) -> Option<usize> {
        self.winner
    }

    /// The winner has moved to its next entry.
    #[inline]
    pub fn moved(&mut self, before: impl Fn(usize, usize) -> bool) {
        let (Some(winner), Some(rival)) = (self.winner, self.others.first_mut()) else { return };
        if before(*rival, winner) {
            self.winner = Some(std::mem::replace(rival, winner));
            self.sift_down(0, &before);
        }
    }

    /// The winner has no more entries.
    pub fn spent(&mut self, before: impl Fn(usize, usize) -> bool) {
        self.promote(&before);
    }

    fn promote(&mut self, before: &impl Fn(usize, usize) -> bool) {
        self.winner = (!self.others.is_empty()).then(|| self.others.swap_remove(0));
        self.sift_down(0, before);
    }

    fn sift_down(&mut self, mut parent: usize, before: &impl Fn(usize, usize) -> bool) {
        while let Some(&moving) = self.others.get(parent) {
            let left = 2 * parent + 1;
            let child = match (self.others.get(left), self.others.get(left + 1)) {
                (Some(&a), Some(&b)) if before(b, a) => left + 1,
                (Some(_), _) => left,
                (None, _) => return,
            };
            if !self.others.get(child).is_some_and(|&child| before(child, moving)) {
                return;
            }
            self.others.swap(parent, child);
            parent = child;
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn inputs_come_out_in_order() {
        for count in 0..20_usize {
            let mut inputs: Vec<Vec<usize>> =
                (0..count).map(|i| (0..i * 7 % 11).map(|j| j * (i + 3)).collect()).collect();
            inputs.iter_mut().for_each(|input| input.reverse());
            let mut expected: Vec<usize> = inputs.concat();
            expected.sort_unstable();

            let mut contest = Contest::default();
            let mut merged = Vec::new();
            contest.start((0..count).filter(|&i| !inputs[i].is_empty()), |a, b| inputs[a].last() < inputs[b].last());
            while let Some(winner) = contest.winner() {
                merged.extend(inputs[winner].pop());
                let before = |a: usize, b: usize| inputs[a].last() < inputs[b].last();
                if inputs[winner].is_empty() { contest.spent(before) } else { contest.moved(before) }
            }

            assert_eq!(merged, expected);
        }
    }
}
