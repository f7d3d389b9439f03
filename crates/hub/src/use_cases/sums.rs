//! What one journal adds up to: no account and no debt comes near the largest number there is, or
//! every machine that folds the entry would stop at it. A till that is honest is never near.

use std::collections::BTreeMap;

use punchcard_domain::{effects::Effect, ledger::Account};
use punchcard_protocol::{LotId, MemberId, StreamId};

use super::work::Work;
use crate::{error::Result, store::ledger};

/// Below this nothing is looked up: eight million entries of it would be needed.
const LARGE: u64 = 1 << 40;
/// What an account may come to, a quarter of what a number holds: of a lot there are few accounts,
/// and their sum must be one too.
const MOST: u64 = 1 << 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Account(Option<MemberId>, LotId, Account),
    Debt(MemberId, StreamId),
}

/// What a batch has added so far.
#[derive(Default)]
pub(crate) struct Sums(BTreeMap<Place, i64>);

impl Sums {
    /// Adds what a fact changes; false where a sum would become too large.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn hold(&mut self, work: &mut Work<'_>, changes: &[Effect]) -> Result<bool> {
        for effect in changes {
            let fits = match effect {
                Effect::Issue { member, lot } => {
                    self.add(work, Place::Account(*member, lot.id, lot.to), lot.amount)?
                }
                Effect::Post { member, posting } => {
                    let from = Place::Account(*member, posting.lot, posting.from);
                    let to = Place::Account(*member, posting.lot, posting.to);
                    self.add(work, from, posting.amount.saturating_neg())?
                        && self.add(work, to, posting.amount)?
                }
                Effect::Owe { member, stream, amount, .. } => {
                    self.add(work, Place::Debt(*member, *stream), *amount)?
                }
                _ => true,
            };
            if !fits {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn add(&mut self, work: &mut Work<'_>, place: Place, amount: i64) -> Result<bool> {
        let sum = self.0.entry(place).or_insert(0);
        *sum = sum.saturating_add(amount);
        let sum = *sum;
        if amount.unsigned_abs() < LARGE && sum.unsigned_abs() < LARGE {
            return Ok(true);
        }
        let known = match place {
            Place::Account(member, lot, account) => {
                ledger::held(&mut *work.session, (member, lot, account))?
            }
            Place::Debt(member, stream) => owed(work, member, stream)?,
        };
        Ok(known.saturating_add(sum).unsigned_abs() <= MOST)
    }
}

fn owed(work: &mut Work<'_>, member: MemberId, stream: StreamId) -> Result<i64> {
    let sql = "SELECT amount FROM debt WHERE member = $1 AND kind = 1 AND stream = $2";
    let row = work.session.row(sql, &[member.as_bytes().into(), stream.into()])?;
    row.map_or(Ok(0), |row| row[0].int())
}
