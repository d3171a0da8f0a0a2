//! The branch predictor.
//!
//! Documented is that there is a branch target address cache (BTAC) "for the single-cycle turn-around of
//! branch predictor state and target address", and that flags are forwarded "for early resolution of direct
//! branches in the decoder and first execution stages" (DDI 0489, the prefetch unit). Its size, its
//! organisation, and what happens to a branch it does not know are not published: rules B3 to B6 in
//! `rules.rs` are assumptions. No return stack is documented, so a return is predicted to go where
//! it went last, like any other indirect branch.

use super::rules;
use crate::core::block::Branch;

/// The branch target address cache.
#[derive(Clone, Debug)]
pub(super) struct Predictor {
    entries: Box<[Entry; rules::TARGETS]>,
}

/// What is known of a branch.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Where it is; [`NOWHERE`] if nothing is known.
    branch: u32,
    /// Where it went when it was last taken.
    target: u32,
    /// 0 to 3: taken is what is expected from 2 on.
    taken: u8,
}

/// No branch is at an odd address.
const NOWHERE: u32 = 1;

impl Default for Predictor {
    fn default() -> Self {
        let nothing = Entry {
            branch: NOWHERE,
            target: 0,
            taken: 0,
        };
        Self {
            entries: Box::new([nothing; rules::TARGETS]),
        }
    }
}

impl Predictor {
    /// Learns where `branch` went, if it was taken; the cycles lost since that was not expected.
    pub(super) fn resolve(&mut self, branch: Branch, target: Option<u32>) -> u32 {
        let entry = &mut self.entries[branch.address as usize / 2 % rules::TARGETS];
        if entry.branch != branch.address {
            if let Some(target) = target {
                *entry = Entry {
                    branch: branch.address,
                    target,
                    taken: 2,
                };
            }
            return match (branch.expected, target) {
                (false, None) => 0,
                (true, Some(_)) => rules::DECODED,
                _ => branch.penalty.into(),
            };
        }
        let expected = (entry.taken >= 2).then_some(entry.target);
        match target {
            Some(target) => {
                entry.target = target;
                entry.taken = (entry.taken + 1).min(3);
            }
            None => entry.taken = entry.taken.saturating_sub(1),
        }
        if expected == target {
            0
        } else {
            branch.penalty.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Predictor;
    use crate::{core::block::Branch, timing::m7::rules};

    const AT: u32 = 0x0800_0010;
    const LOST: u32 = rules::MISPREDICTED;

    /// Outcomes of a branch one after the other, with the cycles that each loses.
    fn check(what: &str, expected: bool, outcomes: &[(Option<u32>, u32)]) {
        let mut predictor = Predictor::default();
        let branch = Branch {
            address: AT,
            expected,
            penalty: LOST as u8,
        };
        for (turn, &(target, lost)) in outcomes.iter().enumerate() {
            assert_eq!(predictor.resolve(branch, target), lost, "{what}, {turn}");
        }
    }

    #[test]
    fn a_branch_is_expected_to_do_what_it_did() {
        let (there, elsewhere) = (Some(AT - 8), Some(AT + 8));
        check(
            "a loop, twice",
            true,
            &[
                (there, rules::DECODED),
                (there, 0),
                (there, 0),
                (None, LOST),
                (there, 0),
                (there, 0),
                (None, LOST),
            ],
        );
        check(
            "a loop of one passage",
            true,
            &[(None, LOST), (None, LOST), (None, LOST)],
        );
        check("never taken", false, &[(None, 0), (None, 0)]);
        check(
            "by turns",
            false,
            &[
                (elsewhere, LOST),
                (None, LOST),
                (elsewhere, LOST),
                (None, LOST),
            ],
        );
        check(
            "taken, and then no more",
            false,
            &[
                (elsewhere, LOST),
                (elsewhere, 0),
                (None, LOST),
                (None, LOST),
                (None, 0),
            ],
        );
        check(
            "returns to two callers",
            false,
            &[(there, LOST), (there, 0), (elsewhere, LOST), (there, LOST)],
        );
    }

    #[test]
    fn branches_that_share_an_entry_forget_each_other() {
        let mut predictor = Predictor::default();
        let near = Branch {
            address: AT,
            expected: false,
            penalty: LOST as u8,
        };
        let far = Branch {
            address: AT + 2 * rules::TARGETS as u32,
            ..near
        };
        for (turn, (branch, lost)) in [(near, LOST), (near, 0), (far, LOST), (near, LOST)]
            .into_iter()
            .enumerate()
        {
            assert_eq!(predictor.resolve(branch, Some(AT)), lost, "{turn}");
        }
    }
}
