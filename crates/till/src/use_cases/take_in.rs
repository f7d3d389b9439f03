//! Entries of other machines come in: kept, folded, and what this till owes to them done, all in
//! the transaction that also moves the cursor.

use std::collections::BTreeSet;

use punchcard_domain::{
    effects::{Effect, Private, effects},
    fact::Fact,
};
use punchcard_protocol::{
    Entry, FactId, Header, MemberId, PrivatePart,
    sync::{Packet, PacketError},
};

use crate::{
    error::{Error, Result},
    store::{hubs, journal, marks, read, snapshot, streams},
    use_cases::notices,
    work::Work,
};

/// What came in.
#[derive(Debug, Default)]
pub(crate) struct TakenIn {
    /// Entries that were new here.
    pub(crate) new: usize,
    /// Entries of a kind that this build does not know: kept, and not understood.
    pub(crate) unknown: usize,
    /// Entries of this till itself that its store had lost.
    pub(crate) recovered: usize,
    /// Whose value or file changed.
    pub(crate) members: BTreeSet<MemberId>,
    /// Voids of this till's own that another one, of the same fact, goes before.
    pub(crate) lost_voids: Vec<FactId>,
    /// Entries were set aside: the tables are to be made anew.
    pub(crate) refold: bool,
    /// Who was erased, or is one person with somebody else.
    pub(crate) persons: BTreeSet<MemberId>,
    /// Whose file was opened or given another phone.
    pub(crate) phones: BTreeSet<MemberId>,
}

impl Work<'_> {
    /// Takes entries in; those that are here already are passed over. The clock does not stand
    /// before what it has seen.
    pub(crate) fn take_in(&mut self, packets: Vec<Packet>) -> Result<TakenIn> {
        let mut taken = TakenIn::default();
        for packet in packets {
            let odd = |error: PacketError| Error::HubUnreachable(error.to_string());
            let signature = packet.signature().map_err(odd)?;
            let (entry, private) = packet.open().map_err(odd)?;
            let id = self.take_one(&entry, private.as_ref(), &mut taken)?;
            if let (Some(id), Some(signature)) = (id, signature) {
                journal::keep_signature(self.db, id, &signature)?;
            }
        }
        if taken.refold {
            self.rebuild()?;
        }
        Ok(taken)
    }

    fn take_one(
        &mut self,
        entry: &Entry,
        private: Option<&PrivatePart>,
        taken: &mut TakenIn,
    ) -> Result<Option<i64>> {
        let header = entry.check().map_err(|error| changed(&error.to_string()))?;
        let number = streams::number(self.db, header.stream)?;
        let me = self.stream();
        let earlier = header.stream.till == me.till && header.stream.incarnation < me.incarnation;
        if earlier {
            marks::known_there(self.db, number, header.seq)?;
        }
        if let Some(here) = journal::link_at(self.db, number, header.seq)? {
            if here.hash == entry.hash() {
                return Ok(None);
            }
            let (seq, stream) = (header.seq, header.stream);
            let of_hub = hubs::all(self.db)?.contains(&stream.till);
            let earlier = stream.till == self.stream().till && stream != self.stream();
            if !of_hub && !earlier {
                return Err(changed(&format!("there are two entries {seq} of {stream}")));
            }
            // An earlier life of this till has two histories, and the hub counts the other one; or
            // the hub itself has: it went on for a while before it noticed that it was restored.
            // What stands here is kept aside, as at the hub.
            journal::set_aside(self.db, number, seq)?;
            taken.refold = true;
        }
        if header.stream == self.stream() {
            // The hub has more of our own journal than we: the store is not the newest.
            return Err(Error::Behind(header.seq));
        }
        let fact = journal::fact_of(&header, &entry.payload)?;
        if let (Some(fact), Some(part)) = (&fact, private)
            && fact.private() != Some(part.commitment())
        {
            return Err(changed(&format!("another private part of {}", header.stream)));
        }
        let id = journal::insert(self.db, number, &header, entry, private)?;
        self.observe(header.hlc);
        taken.new += 1;
        taken.recovered += usize::from(earlier);
        match fact {
            // The hub folded it before this till began from its snapshot: once is enough.
            Some(fact) if snapshot::holds(self.db, fact.id().as_bytes(), id)? => {}
            Some(fact) => {
                self.note_void(&fact, &mut taken.lost_voids)?;
                // Where everything is folded anew afterwards, this comes with it.
                journal::fold_fact(self.db, &self.numbers, id, &header, &fact, private)?;
                if let Fact::MembersMerged(body) = &fact {
                    notices::forget_duplicate(self, body.kept, body.gone)?;
                }
                self.note(&fact);
                touched(&header, &fact, taken);
            }
            None => taken.unknown += 1,
        }
        Ok(Some(id))
    }
}

impl Work<'_> {
    /// Two desks took the same thing back, and could not see one another. The void with the smaller
    /// id counts everywhere; whoever wrote the other one undoes it.
    fn note_void(&self, fact: &Fact, lost: &mut Vec<FactId>) -> Result<()> {
        let Fact::FactVoided(body) = fact else { return Ok(()) };
        let Some(known) = read::voided_by(self.db, body.target)? else { return Ok(()) };
        if known <= body.id {
            return Ok(());
        }
        let place = read::fact(self.db, known)?;
        let number = place.map(|place| streams::split_entry_id(place.entry).0);
        if number.is_some_and(|number| self.owned.all().iter().any(|(own, _)| *own == number)) {
            lost.push(known);
        }
        Ok(())
    }
}

/// What came is not what its writer wrote.
fn changed(what: &str) -> Error {
    tracing::error!(what, "AN ENTRY FROM THE HUB IS NOT AS IT WAS WRITTEN");
    Error::LogChanged
}

/// Whom an entry is about.
fn touched(header: &Header, fact: &Fact, taken: &mut TakenIn) {
    for effect in effects(fact, &Private::default(), header.stream) {
        match effect {
            Effect::InsertFact(row) => taken.members.extend(row.member),
            Effect::Post { member, .. } => taken.members.extend(member),
            Effect::TakeBack { member, .. } => {
                taken.members.insert(member);
            }
            _ => {}
        }
    }
    match fact {
        Fact::MemberRegistered(body) => {
            taken.phones.insert(body.member);
        }
        Fact::MemberChanged(body) if body.private.is_some() => {
            taken.phones.insert(body.member);
        }
        Fact::MembersMerged(body) => {
            taken.persons.insert(body.kept);
        }
        Fact::MemberErased(body) => {
            taken.persons.insert(body.member);
        }
        _ => {}
    }
}
