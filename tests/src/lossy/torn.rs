//! What a power cut leaves of one file: any of its unsynced sectors, in any order.

use super::{disk::Edit, image::overlay};
use crate::processes::Dice;

/// What a disk writes whole.
const SECTOR: u64 = 512;

/// One file after the cut: `before` is what was synced, `edits` what was not.
pub fn torn(before: &[u8], edits: &[&Edit], dice: &mut Dice) -> Vec<u8> {
    // How far the file's length had come; its bytes may be ahead of it or behind.
    let kept = usize::try_from(dice.below(edits.len() as u64 + 1)).unwrap_or(0);
    let length = edits[..kept].iter().fold(before.len() as u64, |length, edit| edit.length(length));
    let mut after = before.to_vec();
    after.resize(usize::try_from(length).expect("files here are small"), 0);
    for sector in 0..length.div_ceil(SECTOR) {
        let upto = chosen(sector, edits, kept, dice);
        let bytes = sector_after(before, &edits[..upto], sector);
        let end = length.min((sector + 1) * SECTOR) - sector * SECTOR;
        overlay(&mut after, sector * SECTOR, &bytes[..usize::try_from(end).expect("a sector")]);
    }
    after
}

/// How many of the edits one sector has seen. Those around a cut to a shorter length are held to what
/// was kept of the length: freed blocks do not come back, and new ones are not there before that.
fn chosen(sector: u64, edits: &[&Edit], kept: usize, dice: &mut Dice) -> usize {
    let cuts = |edit: &&Edit| matches!(edit, Edit::Length(to) if *to < (sector + 1) * SECTOR);
    let least = edits[..kept].iter().rposition(cuts).map_or(0, |at| at + 1);
    let most = edits[kept..].iter().position(cuts).map_or(edits.len(), |at| kept + at);
    // Only edits of this very sector are thrown for: the others change nothing in it.
    let touching: Vec<usize> = (least..most)
        .filter(|at| edits[*at].touches(sector * SECTOR, (sector + 1) * SECTOR))
        .collect();
    let pick = usize::try_from(dice.below(touching.len() as u64 + 1)).unwrap_or(0);
    match pick.checked_sub(1).and_then(|at| touching.get(at)) {
        Some(at) => at + 1,
        None => least,
    }
}

/// One sector as it was after some edits; beyond the file's end it is zeros.
fn sector_after(before: &[u8], edits: &[&Edit], sector: u64) -> Vec<u8> {
    let (start, end) = (sector * SECTOR, (sector + 1) * SECTOR);
    let mut bytes = part(before, start, end);
    for edit in edits {
        match edit {
            Edit::Length(to) if *to < end => {
                let from = usize::try_from(to.saturating_sub(start)).expect("a sector");
                bytes[from..].fill(0);
            }
            Edit::Write(at, new) => {
                let (from, to) = ((*at).max(start), (at + new.len() as u64).min(end));
                if from < to {
                    overlay(&mut bytes, from - start, &part(new, from - at, to - at));
                }
            }
            Edit::Length(_) => {}
        }
    }
    bytes
}

/// A piece of some bytes, with zeros where they end before it does.
fn part(of: &[u8], from: u64, to: u64) -> Vec<u8> {
    let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(of.len());
    let mut piece = of[at(from)..at(to)].to_vec();
    piece.resize(usize::try_from(to - from).expect("a piece"), 0);
    piece
}
