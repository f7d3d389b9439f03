//! Erasing a person, and what each till owes to that: it forfeits what it holds of theirs, and erases
//! the files that turn out to be theirs too.

use punchcard_domain::{
    decide::{self, Erase, MOST_ERASED, forfeited},
    fact::{Fact, MemberErased, ValueExpired},
    ledger::{Holding, ValueKind},
    staff::{Permission, Role},
};
use punchcard_protocol::{FactId, MemberId};

use super::{actor::Actor, duties::nobody, notices, points::known_member};
use crate::{
    error::{Error, Result},
    random,
    store::{erased, local, merged, read},
    till::Till,
    work::Work,
};

/// Postings in one entry, well below the longest payload.
const POSTINGS: usize = 60;
/// A store of so many bytes takes seconds to be written anew.
const LARGE_BYTES: u64 = 256 * 1024 * 1024;
/// Nobody is at a desk at which nothing was done for so long: ms.
const QUIET_MS: i64 = 10 * 60 * 1000;
/// Whoever was erased within so long counts together: a week, ms.
const WEEK_MS: i64 = 7 * 24 * 60 * 60 * 1000;

impl Till {
    /// Erases a person for good: each of their files, here now and everywhere else when it is heard
    /// of. `forfeit`: what they have on file is lost, and whoever asks knows it.
    ///
    /// # Errors
    /// `approval_needed`, `not_found`, `erased`, `value_on_file`.
    pub fn erase_member(&self, actor: &Actor, member: MemberId, forfeit: bool) -> Result<()> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::EraseMember)?;
            let file = known_member(work, member)?;
            let files = not_erased(work, file.number)?;
            let eye = work.eye(Role::Owner);
            let mut purses = Vec::new();
            for kind in ValueKind::ALL {
                purses.push((kind, eye.purse(file.number, kind)?));
            }
            let known = Erase { files, purses, forfeit };
            for mut fact in work.decide(None, |desk| Ok(decide::erase_member(desk, &known)?))? {
                if let Fact::MemberErased(body) = &mut fact {
                    body.approved_by = actor.approved_by(Permission::EraseMember);
                }
                work.append_with(actor.staff, fact, None)?;
            }
            Ok(())
        })?;
        // What was recorded is not called refused, whatever comes of this: [`Till::scrub`] does it again,
        // and the rest, when nobody waits.
        let done = self.note_erased().and_then(|()| self.with_writer(|writer| writer.empty_log()));
        if let Err(error) = done {
            tracing::warn!(code = error.code(), "what was erased is not cleared yet");
        }
        Ok(())
    }

    /// Where somebody was erased: writes the database anew, so that nothing of theirs is left in free
    /// space, and makes new backups in the place of older ones. Returns whether there was anything to do.
    ///
    /// # Errors
    /// Those of the disk; it is still to be done then.
    pub fn scrub(&self) -> Result<bool> {
        let (space, copies) = self.read(|db| {
            let is_set = |key| Ok::<_, Error>(local::get::<bool>(db, key)?.is_some());
            Ok((is_set(local::SCRUB)?, is_set(local::OLD_COPIES)?))
        })?;
        if !space && !copies {
            return Ok(false);
        }
        self.note_erased()?;
        if space {
            self.with_writer(|writer| {
                writer.write_anew()?;
                if !writer.empty_log()? {
                    return Err(Error::Internal("somebody reads: it is tried again".into()));
                }
                local::remove(&writer.db, local::SCRUB)
            })?;
        }
        if copies {
            if !self.many_were_erased()? {
                self.replace_copies()?;
            }
            self.with_writer(|writer| local::remove(&writer.db, local::OLD_COPIES))?;
        }
        Ok(true)
    }

    /// As [`Till::scrub`], but a large store is written anew only where nothing was done for a while: whoever
    /// came to the desk would wait.
    ///
    /// # Errors
    /// As [`Till::scrub`].
    pub fn scrub_when_quiet(&self) -> Result<bool> {
        let large = std::fs::metadata(self.folder.db())?.len() > LARGE_BYTES;
        let now_ms = self.write(|work| Ok(work.now_ms()))?;
        let last_ms = self.read(read::newest_ms)?;
        let quiet = last_ms.is_none_or(|last_ms| now_ms - last_ms > QUIET_MS);
        if large && !quiet { Ok(false) } else { self.scrub() }
    }

    /// So many that it may not be what the owner wants: then older copies stay, for as long as they are
    /// kept anyway, and it is told.
    fn many_were_erased(&self) -> Result<bool> {
        self.write(|work| {
            let many = erased::since(work.db, work.now_ms() - WEEK_MS)?;
            if many > MOST_ERASED {
                notices::tell(work, "many_erased", &[])?;
            }
            Ok(many > MOST_ERASED)
        })
    }

    /// Writes down who was erased, outside the database: random ids, for whoever puts an older copy in
    /// its place.
    fn note_erased(&self) -> Result<()> {
        let all = self.read(erased::all)?;
        list::add(&self.folder.erased(), &all)
    }
}

/// The list of ids, in a file of its own.
pub(crate) mod list {
    use std::{collections::BTreeSet, path::Path};

    use punchcard_protocol::MemberId;

    use crate::{error::Result, files};

    /// Who is on it; what cannot be read is nobody.
    pub(crate) fn read(path: &Path) -> BTreeSet<MemberId> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines().filter_map(|line| line.trim().parse().ok()).collect()
    }

    /// Adds to it.
    pub(crate) fn add(path: &Path, more: &[MemberId]) -> Result<()> {
        let known = read(path);
        let mut all = known.clone();
        all.extend(more);
        if all == known {
            return Ok(());
        }
        let text: String = all.iter().map(|member| format!("{member}\n")).collect();
        files::write_atomic(path, text.as_bytes())
    }
}

/// A person's files that are not erased yet, the one they are shown as first.
fn not_erased(work: &Work<'_>, number: i64) -> Result<Vec<MemberId>> {
    let mut files = Vec::new();
    for (number, _) in merged::files(work.db, number)? {
        let Some(file) = read::member_by_number(work.db, number)? else { continue };
        if !erased::is_erased(work.db, file.id)? {
            files.push(file.id);
        }
    }
    Ok(files)
}

/// Two files turned out to be one person's, and one of them was erased, at desks that could not see one
/// another: the other one goes too, whichever was heard of first.
pub(crate) fn the_rest(work: &mut Work<'_>, member: MemberId) -> Result<()> {
    let Some(shown) = read::member(work.db, member)? else { return Ok(()) };
    let files = merged::files_of(work.db, &shown)?;
    let rest = not_erased(work, shown.number)?;
    if rest.len() == files.len() {
        return Ok(());
    }
    for file in rest {
        let now_ms = work.now_ms();
        let fact = MemberErased {
            id: FactId(random::uuid_at(now_ms)?),
            member: file,
            at_ms: now_ms,
            approved_by: None,
        };
        work.append_with(nobody(), Fact::MemberErased(fact), None)?;
        forfeit(work, file)?;
    }
    Ok(())
}

/// Somebody was erased by an entry that does not count: written by an older copy of this till, say. What was
/// theirs is gone here all the same, and was promised to be gone everywhere, so it is said again.
pub(crate) fn again(work: &mut Work<'_>) -> Result<()> {
    for (staff, aside) in erased::only_aside(work.db)? {
        let now_ms = work.now_ms();
        let id = FactId(random::uuid_at(now_ms)?);
        let member = aside.member;
        let fact = MemberErased { id, at_ms: now_ms, ..aside };
        work.append_with(staff, Fact::MemberErased(fact), None)?;
        forfeit(work, member)?;
    }
    Ok(())
}

/// What this till holds of a file that was erased counts for nothing.
pub(crate) fn forfeit(work: &mut Work<'_>, member: MemberId) -> Result<()> {
    if !work.trusted() || !erased::is_erased(work.db, member)? {
        return Ok(());
    }
    let Some(shown) = read::member(work.db, member)? else { return Ok(()) };
    let mut here: Vec<Holding> = Vec::new();
    for kind in ValueKind::ALL {
        let purse = work.eye(Role::Owner).purse(shown.number, kind)?;
        // Of this file alone: another one of the person's may not be erased yet.
        here.extend(purse.here.into_iter().filter(|held| held.owner.unwrap_or(shown.id) == member));
    }
    let now_ms = work.now_ms();
    for part in forfeited(&here).chunks(POSTINGS) {
        let fact = ValueExpired {
            id: FactId(random::uuid_at(now_ms)?),
            member: shown.id,
            at_ms: now_ms,
            postings: part.to_vec(),
        };
        work.append_with(nobody(), Fact::ValueExpired(fact), None)?;
    }
    Ok(())
}
