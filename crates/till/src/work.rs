//! One use case at work: what it may read, and how it appends.

use punchcard_domain::{
    decide::{Decided, Desk},
    fact::{Fact, KIND_VERSION},
};
use punchcard_protocol::{
    Draft, FactId, Hlc, HybridClock, Link, MAX_PRIVATE_BYTES, PrivatePart, StaffId, StreamId,
    has_nul, seal,
};
use rusqlite::Connection;

use crate::{
    error::{Error, Result},
    keys::Secrets,
    random,
    store::{fold::Numbers, journal, purse::Owned, records::House},
    use_cases::{actor::Actor, verify},
    views::Distrust,
};

/// A clock this far behind the last entry is said on screen; less is the machine setting itself.
const BEHIND_MS: i64 = 5_000;

/// Where the journal stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) stream: StreamId,
    /// The stream's local number.
    pub(crate) number: i64,
    pub(crate) link: Link,
    pub(crate) clock: HybridClock,
}

/// What is to be remembered once the commit has returned.
pub(crate) struct Done {
    pub(crate) head: Head,
    pub(crate) house_changed: bool,
    pub(crate) distrust: Option<Option<Distrust>>,
}

/// One transaction's view of the till.
pub(crate) struct Work<'a> {
    pub(crate) db: &'a Connection,
    pub(crate) house: &'a House,
    pub(crate) owned: &'a Owned,
    pub(crate) secrets: &'a Secrets,
    /// The machine's clock when the use case began.
    pub(crate) wall_ms: i64,
    head: Head,
    distrust: Option<Distrust>,
    house_changed: bool,
    distrust_changed: bool,
    /// Local numbers that were looked up already.
    pub(crate) numbers: Numbers,
}

impl<'a> Work<'a> {
    pub(crate) fn new(
        db: &'a Connection,
        head: Head,
        house: &'a House,
        owned: &'a Owned,
        distrust: Option<Distrust>,
        secrets: &'a Secrets,
        wall_ms: i64,
    ) -> Self {
        Self {
            db,
            house,
            owned,
            secrets,
            wall_ms,
            head,
            distrust,
            house_changed: false,
            distrust_changed: false,
            numbers: Numbers::of_writer(head.stream, head.number),
        }
    }

    pub(crate) fn finish(self) -> Done {
        Done {
            head: self.head,
            house_changed: self.house_changed,
            distrust: self.distrust_changed.then_some(self.distrust),
        }
    }

    /// The journal that is being written.
    pub(crate) fn stream(&self) -> StreamId {
        self.head.stream
    }

    /// Sees a stamp of another machine: later entries here come after it.
    pub(crate) fn observe(&mut self, seen: Hlc) {
        if !self.head.clock.observe(seen, self.wall_ms) {
            tracing::warn!("another machine's clock is more than a day ahead");
        }
    }

    /// Makes the tables anew from the journal. Members get other local numbers by it: what was looked up
    /// before would name somebody else.
    ///
    /// # Errors
    /// As [`verify::rebuild`].
    pub(crate) fn rebuild(&mut self) -> Result<()> {
        verify::rebuild(self.db)?;
        self.numbers = Numbers::default();
        self.read_house_anew();
        Ok(())
    }

    /// Something of this desk's own was set that is kept in memory.
    pub(crate) fn read_house_anew(&mut self) {
        self.house_changed = true;
    }

    /// A fact was folded: what is kept in memory is to be read anew where it is about that.
    pub(crate) fn note(&mut self, fact: &Fact) {
        self.house_changed |= matches!(
            fact,
            Fact::BusinessSet(_)
                | Fact::StoreSet(_)
                | Fact::RulesSet(_)
                | Fact::EarnRuleSet(_)
                | Fact::TierSet(_)
        );
    }

    /// The journal's local number.
    pub(crate) fn stream_number(&self) -> i64 {
        self.head.number
    }

    /// Now, by the time that never goes back.
    pub(crate) fn now_ms(&self) -> i64 {
        self.head.clock.effective_ms(self.wall_ms)
    }

    /// The machine's clock stands before the last entry.
    pub(crate) fn clock_behind(&self) -> bool {
        self.wall_ms < self.head.clock.last().unix_ms() - BEHIND_MS
    }

    /// Value may be spent.
    pub(crate) fn trusted(&self) -> bool {
        self.distrust.is_none()
    }

    /// Why the store is not trusted.
    pub(crate) fn distrust(&self) -> Option<Distrust> {
        self.distrust
    }

    /// From this commit on the store is trusted, or is not.
    pub(crate) fn set_distrust(&mut self, distrust: Option<Distrust>) {
        self.distrust = distrust;
        self.distrust_changed = true;
    }

    /// Lets the rules decide something that happens at `at_ms`, or now.
    pub(crate) fn decide<T>(
        &self,
        at_ms: Option<i64>,
        decide: impl FnOnce(&mut Desk<'_>) -> Result<T>,
    ) -> Result<T> {
        let now_ms = self.now_ms();
        let mut starved = None;
        // Ids sort by when it happened: a day is one stretch of the table.
        let happened_ms = at_ms.unwrap_or(now_ms);
        let mut ids = || {
            random::uuid_at(happened_ms).unwrap_or_else(|error| {
                starved = Some(error);
                uuid::Uuid::nil()
            })
        };
        let decided = decide(&mut Desk {
            now_ms: at_ms.unwrap_or(now_ms),
            spend_ms: at_ms.unwrap_or(now_ms).max(now_ms),
            clock_behind: self.clock_behind(),
            me: self.head.stream,
            trusted: self.trusted(),
            business: &self.house.business,
            store: &self.house.store,
            rules: &self.house.rules,
            ids: &mut ids,
        });
        match starved {
            Some(error) => Err(error),
            None => decided,
        }
    }

    /// Appends what was decided, by whoever acts.
    pub(crate) fn append(&mut self, actor: &Actor, decided: Decided) -> Result<FactId> {
        let private = decided.private.as_ref().map(serde_json::to_vec).transpose()?;
        self.append_with(actor.staff, decided.fact, private)
    }

    /// Appends a fact, with the bytes of its private part.
    pub(crate) fn append_with(
        &mut self,
        staff: StaffId,
        mut fact: Fact,
        private: Option<Vec<u8>>,
    ) -> Result<FactId> {
        let part = private.map(private_part).transpose()?;
        if let (Some(part), Some(named)) = (&part, fact.private_mut()) {
            *named = Some(part.commitment());
        }
        let payload = fact.to_payload()?;
        let text = part.as_ref().filter(|_| !matches!(fact, Fact::MemberPhotoSet(_)));
        if has_nul(&payload) || text.is_some_and(|part| has_nul(&part.bytes)) {
            // No hub takes it in.
            return Err(Error::bad_input("text", "a zero character cannot be kept"));
        }
        let draft = Draft {
            kind: fact.kind(),
            kind_version: KIND_VERSION,
            staff,
            wall_ms: self.wall_ms,
            payload,
            salt: random::bytes()?,
        };
        let hlc = self.head.clock.tick(self.wall_ms);
        let Link { seq, hash } = self.head.link;
        let entry = seal(self.head.stream, seq + 1, hash, hlc, draft)
            .map_err(|error| Error::bad_input("payload", error.to_string()))?;
        let header = journal::read_header(&entry.header)?;
        let part = part.as_ref();
        let id = journal::insert(self.db, self.head.number, &header, &entry, part)?;
        if !self.owned.weak().many_writers {
            journal::check_debits(self.db, &[], &header, &fact)?;
        }
        journal::fold_fact(self.db, &self.numbers, id, &header, &fact, part)?;
        self.head.link = Link { seq: seq + 1, hash: entry.hash() };
        self.note(&fact);
        Ok(fact.id())
    }
}

fn private_part(bytes: Vec<u8>) -> Result<PrivatePart> {
    if bytes.len() > MAX_PRIVATE_BYTES {
        let limit = MAX_PRIVATE_BYTES / 1024;
        return Err(Error::bad_input("image", format!("at most {limit} KiB can be kept")));
    }
    Ok(PrivatePart { salt: random::bytes()?, bytes })
}
