//! Which of several files that are one person's stands for them.

use punchcard_protocol::MemberId;

/// The file that a member's file is shown as: where the way of its merges ends. `kept` says which file
/// one was merged into, if any.
///
/// Desks that could not see one another may have merged files in a circle. Then it is the smallest id
/// in it, wherever one comes from: whoever asks twice, or at another desk, gets the same answer.
///
/// # Errors
/// Those of `kept`.
pub fn shown_as<E>(
    file: MemberId,
    mut kept: impl FnMut(MemberId) -> Result<Option<MemberId>, E>,
) -> Result<MemberId, E> {
    let mut way = vec![file];
    let mut last = file;
    while let Some(next) = kept(last)? {
        if let Some(at) = way.iter().position(|known| *known == next) {
            let circle = way.get(at..).unwrap_or_default();
            return Ok(circle.iter().copied().min().unwrap_or(next));
        }
        way.push(next);
        last = next;
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, convert::Infallible};

    use proptest::{collection::btree_map, prelude::*};

    use super::*;

    fn id(n: u8) -> MemberId {
        MemberId::from_bytes([n; 16])
    }

    fn shown(merges: &BTreeMap<u8, u8>, n: u8) -> MemberId {
        let merges: BTreeMap<_, _> =
            merges.iter().map(|(gone, kept)| (id(*gone), id(*kept))).collect();
        let kept = |file| Ok::<_, Infallible>(merges.get(&file).copied());
        shown_as(id(n), kept).unwrap_or_else(|never| match never {})
    }

    #[test]
    fn a_file_that_is_not_merged_is_shown_as_itself() {
        assert_eq!(shown(&BTreeMap::new(), 3), id(3));
    }

    /// Nine merges one after the other, and a circle of three that one comes into from outside.
    #[test]
    fn long_ways_and_circles_end_at_one_file() {
        let long: BTreeMap<u8, u8> = (1..10).map(|n| (n, n + 1)).collect();
        let circle = BTreeMap::from([(7, 3), (3, 5), (5, 2), (2, 3)]);
        assert!((1..=10).all(|n| shown(&long, n) == id(10)));
        assert!([7, 3, 5, 2].iter().all(|n| shown(&circle, *n) == id(2)));
    }

    proptest! {
        /// Whoever was merged into somebody is shown as that one is, and that one as itself.
        #[test]
        fn all_files_of_one_person_are_shown_as_one(merges in btree_map(0u8..12, 0u8..12, 0..12)) {
            for (gone, kept) in &merges {
                let one = shown(&merges, *gone);
                prop_assert_eq!(one, shown(&merges, *kept));
                prop_assert_eq!(one, shown(&merges, one.as_bytes()[0]));
            }
        }
    }
}
