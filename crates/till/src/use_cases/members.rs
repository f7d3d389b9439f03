//! Finding members, and their files.

use std::collections::BTreeMap;

use punchcard_domain::{
    cards::other_spellings,
    decide::{self, Neighbours},
    ledger::ValueKind,
    member::MemberPrivate,
    refusal::Refusal,
    staff::Permission,
    time::Day,
};
use punchcard_protocol::{MemberId, RecordId};

use super::{actor::Actor, day, details, passes, points::known_member, vouchers};
use crate::{
    error::{Error, Result},
    import::cells,
    phone, random,
    store::{
        held::Held,
        keys_of_members::fold,
        merged,
        read::{self, MemberFile},
        records,
    },
    till::Till,
    views::{MemberBrief, MemberFormView, MemberInput, MemberView},
    work::Work,
};

/// The most that a search answers with.
const MOST_FOUND: usize = 100;
const HISTORY: i64 = 50;

impl Till {
    /// Finds members by phone ending, card, name, pinyin or initials. Reads only.
    ///
    /// # Errors
    /// `approval_needed`; those of the store.
    pub fn find(&self, actor: &Actor, query: &str, limit: usize) -> Result<Vec<MemberBrief>> {
        actor.require(Permission::ViewMember)?;
        let role = actor.role;
        let limit = limit.min(MOST_FOUND);
        self.read(|db| {
            let tiers: BTreeMap<RecordId, String> =
                records::tiers(db)?.into_iter().map(|tier| (tier.id, tier.name)).collect();
            let mut briefs = Vec::new();
            for number in read::find(db, query, limit)? {
                let Some(file) = read::member_by_number(db, number)? else { continue };
                briefs.push(MemberBrief {
                    id: file.id.to_string(),
                    phone: file.phone.as_deref().map(|phone| {
                        let full = role.may(Permission::ViewContact);
                        if full { phone::shown(phone) } else { phone::masked(phone) }
                    }),
                    card: file.cards.first().cloned(),
                    tier: file.tier.and_then(|tier| tiers.get(&tier).cloned()),
                    photo: file.photo.map(|photo| photo.to_string()),
                    name: file.name,
                });
            }
            Ok(briefs)
        })
    }

    /// A member's file.
    ///
    /// # Errors
    /// `not_found`, `approval_needed`.
    pub fn member(&self, actor: &Actor, member: MemberId) -> Result<MemberView> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::ViewMember)?;
            let file = known_member(work, member)?;
            view(work, &actor, &file)
        })
    }

    /// Opens a file.
    ///
    /// # Errors
    /// `name_missing`, `bad_phone`, `phone_taken`, `card_taken`, `bad_birthday`, `too_long`.
    pub fn register_member(&self, actor: &Actor, input: MemberInput) -> Result<MemberView> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::EditMember)?;
            let private = private(work, &input)?;
            let neighbours = neighbours(work, &private, None)?;
            let member = MemberId(random::uuid_at(work.now_ms())?);
            let blank = MemberFile::blank(member);
            let private = with_details(work, &actor, &blank, &input, private)?;
            let tier = tier(work, input.tier.as_deref())?;
            let decided = work.decide(None, |desk| {
                Ok(decide::register_member(desk, member, tier, private, &neighbours)?)
            })?;
            work.append(&actor, decided)?;
            let file = known_member(work, member)?;
            view(work, &actor, &file)
        })
    }

    /// Changes a file: what is as it was stays unwritten.
    ///
    /// # Errors
    /// As [`Till::register_member`], and `not_found`.
    pub fn change_member(
        &self,
        actor: &Actor,
        member: MemberId,
        input: MemberInput,
    ) -> Result<MemberView> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::EditMember)?;
            let file = known_member(work, member)?;
            if file.id != member {
                // Merged into another meanwhile: what the form holds is not what is shown of them now.
                return Err(Refusal::NotFound("member").into());
            }
            let wanted = private(work, &unmasked(work, &actor, &file, input.clone()))?;
            let neighbours = neighbours(work, &wanted, Some(file.number))?;
            let changed = difference(wanted, &file);
            let changed = with_details(work, &actor, &file, &input, changed)?;
            let new_tier = tier(work, input.tier.as_deref())?;
            let new_tier = (new_tier != file.tier).then_some(new_tier);
            let decided = work.decide(None, |desk| {
                Ok(decide::change_member(
                    desk,
                    member,
                    new_tier,
                    changed,
                    &neighbours,
                    &file.cards,
                )?)
            })?;
            if let Some(decided) = decided {
                work.append(&actor, decided)?;
            }
            let file = known_member(work, member)?;
            view(work, &actor, &file)
        })
    }

    /// What a form about a member is made of.
    ///
    /// # Errors
    /// `approval_needed`.
    pub fn member_form(&self, actor: &Actor) -> Result<MemberFormView> {
        actor.require(Permission::ViewMember)?;
        self.write(|work| {
            let rules = &work.house.rules;
            let fields = rules.custom_fields.iter().filter(|field| !field.retired);
            let numbered = rules.card_numbers.is_some();
            Ok(MemberFormView { custom: fields.cloned().collect(), numbered })
        })
    }

    /// Bans a member, or lifts a ban.
    ///
    /// # Errors
    /// `approval_needed`, `bad_input` without a reason, `not_found`.
    pub fn ban_member(
        &self,
        actor: &Actor,
        member: MemberId,
        banned: bool,
        reason: &str,
    ) -> Result<MemberView> {
        let (actor, reason) = (actor.clone(), reason.trim().to_owned());
        self.write(move |work| {
            actor.require(Permission::BanMember)?;
            if banned && reason.is_empty() {
                return Err(Error::bad_input("reason", "say why"));
            }
            let file = known_member(work, member)?;
            let text = if banned { reason } else { String::new() };
            let unchanged = file.banned.clone().unwrap_or_default() == text;
            let private =
                MemberPrivate { banned: (!unchanged).then_some(text), ..MemberPrivate::default() };
            let decided = work.decide(None, |desk| {
                let nobody = Neighbours::default();
                Ok(decide::change_member(desk, file.id, None, private, &nobody, &[])?)
            })?;
            if let Some(decided) = decided {
                work.append(&actor, decided)?;
            }
            let file = known_member(work, member)?;
            view(work, &actor, &file)
        })
    }
}

/// The rest of the file, where the form had it too.
fn with_details(
    work: &mut Work<'_>,
    actor: &Actor,
    file: &MemberFile,
    input: &MemberInput,
    private: MemberPrivate,
) -> Result<MemberPrivate> {
    let Some(details) = &input.details else { return Ok(private) };
    let rest = details::wanted(work, actor, file, details.clone())?;
    Ok(MemberPrivate {
        contact: rest.contact,
        waiver: rest.waiver,
        guardian: rest.guardian,
        family: rest.family,
        consent: rest.consent,
        referred_by: rest.referred_by,
        custom: rest.custom,
        ..private
    })
}

/// Everything about a member that the desk shows.
pub(crate) fn view(work: &Work<'_>, actor: &Actor, file: &MemberFile) -> Result<MemberView> {
    let eye = work.eye(actor.role);
    let files = merged::files_of(work.db, file)?;
    let Held { accounts, passes } = Held::of(work.db, &files)?;
    let purse = eye.purse_of(&accounts, ValueKind::Points);
    let month = eye.days.start_of(eye.today().first_of_month());
    let visits = read::visits_so_far(work.db, &files, i64::MAX, month, i64::MAX)?;
    let mut passes = eye.passes(&accounts, &passes);
    for (id, acts) in passes::acts(work, file)? {
        let id = id.to_string();
        passes.iter_mut().filter(|pass| pass.id == id).for_each(|pass| pass.acts.clone_from(&acts));
    }
    Ok(MemberView {
        brief: eye.brief(file)?,
        email: eye.email(file),
        birthday: file.birthday,
        gender: file.gender.clone(),
        note: file.note.clone(),
        tags: file.tags.clone(),
        cards: file.cards.clone(),
        set_tier: file.tier.map(|tier| tier.to_string()),
        multiplier_percent: work.multiplier(file)?,
        banned: file.banned.is_some(),
        banned_reason: file.banned.clone(),
        has_phone_code: file.has_phone_code,
        joined_ms: file.joined_ms,
        passes,
        points: eye.points(&purse)?,
        lots: if work.trusted() { eye.lots(&purse) } else { Vec::new() },
        vouchers: vouchers::views(work, file)?,
        stored_minor: eye.purse_of(&accounts, ValueKind::Money).on_file(eye.now_ms),
        visits_total: read::visits_since(work.db, file.number, i64::MIN)?,
        visits_this_month: visits.since,
        last_visit_ms: visits.last.map(|last| last.at_ms),
        history: day::rows_of_member(work, file.number, HISTORY)?,
        details: details::view(work, file)?,
    })
}

/// What a form says, in the spelling that is kept. Every field is there: empty means taken out.
fn private(work: &Work<'_>, input: &MemberInput) -> Result<MemberPrivate> {
    let text = |text: &str| Some(text.trim().to_owned());
    let phone = match input.phone.trim() {
        "" => String::new(),
        typed => phone::parse(typed, &work.house.business.country)
            .ok_or_else(|| Error::bad_input("phone", format!("{typed} cannot be a phone")))?,
    };
    let birthday = match input.birthday.trim() {
        "" => String::new(),
        typed => birthday(typed, work.eye(punchcard_domain::staff::Role::Receptionist).today())
            .ok_or_else(|| Error::bad_input("birthday", format!("{typed} is not a day of birth")))?
            .to_string(),
    };
    let email = input.email.trim();
    if !email.is_empty() && !looks_like_email(email) {
        return Err(Error::bad_input("email", format!("{email} cannot be an e-mail address")));
    }
    if !["", "female", "male", "other"].contains(&input.gender.as_str()) {
        return Err(Error::bad_input("gender", "female, male, other or nothing"));
    }
    let words = |list: &[String]| {
        let mut words: Vec<String> = list
            .iter()
            .map(|word| word.trim().to_owned())
            .filter(|word| !word.is_empty())
            .collect();
        let mut seen = std::collections::BTreeSet::new();
        words.retain(|word| seen.insert(word.clone()));
        Some(words)
    };
    Ok(MemberPrivate {
        name: text(&input.name),
        phone: Some(phone),
        email: text(email),
        birthday: Some(birthday),
        gender: text(&input.gender),
        note: text(&input.note),
        tags: words(&input.tags),
        cards: words(&input.cards),
        ..MemberPrivate::default()
    })
}

/// A day that somebody alive was born on.
fn birthday(typed: &str, today: Day) -> Option<Day> {
    cells::day(typed).filter(|day| *day <= today && day.days_until(today) < 366 * 130)
}

fn looks_like_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    !name.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !text
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ','))
}

/// A form shows contact data masked to who may not see it; sent back masked, it is unchanged.
fn unmasked(
    work: &Work<'_>,
    actor: &Actor,
    file: &MemberFile,
    mut input: MemberInput,
) -> MemberInput {
    let eye = work.eye(actor.role);
    if Some(&input.phone) == eye.phone(file).as_ref() {
        input.phone = file.phone.clone().unwrap_or_default();
    }
    if Some(&input.email) == eye.email(file).as_ref() {
        input.email = file.email.clone().unwrap_or_default();
    }
    input
}

/// Only what is not so already.
fn difference(wanted: MemberPrivate, file: &MemberFile) -> MemberPrivate {
    let text = |new: Option<String>, old: &Option<String>| {
        new.filter(|new| *new != old.clone().unwrap_or_default())
    };
    let old_birthday = file.birthday.map(|day| day.to_string());
    MemberPrivate {
        name: text(wanted.name, &Some(file.name.clone())),
        phone: text(wanted.phone, &file.phone),
        email: text(wanted.email, &file.email),
        birthday: text(wanted.birthday, &old_birthday),
        gender: text(wanted.gender, &file.gender),
        note: text(wanted.note, &file.note),
        tags: wanted.tags.filter(|tags| *tags != file.tags),
        cards: wanted.cards.filter(|cards| *cards != file.cards),
        ..MemberPrivate::default()
    }
}

/// Whoever else has this phone or one of these cards.
pub(super) fn neighbours(
    work: &Work<'_>,
    private: &MemberPrivate,
    own: Option<i64>,
) -> Result<Neighbours> {
    let holder = |key: String| -> Result<Option<String>> {
        for number in read::members_with_key(work.db, &key)? {
            if Some(number) != own {
                let file = read::member_by_number(work.db, number)?;
                return Ok(file.map(|file| file.name));
            }
        }
        Ok(None)
    };
    let mut found = Neighbours::default();
    if let Some(phone) = private.phone.as_deref().filter(|phone| !phone.is_empty()) {
        let digits: String = phone.chars().rev().filter(char::is_ascii_digit).collect();
        found.phone = holder(format!("p{digits}"))?;
    }
    for card in private.cards.iter().flatten() {
        let spellings = std::iter::once(fold(card)).chain(other_spellings(card));
        for spelling in spellings {
            if found.card.is_none() {
                found.card = holder(format!("c{spelling}"))?;
            }
        }
    }
    Ok(found)
}

fn tier(work: &Work<'_>, typed: Option<&str>) -> Result<Option<RecordId>> {
    let Some(typed) = typed.filter(|typed| !typed.is_empty()) else { return Ok(None) };
    let gone = || Error::bad_input("tier", "there is no such tier");
    let id: RecordId = typed.parse().map_err(|_| gone())?;
    records::tier(work.db, id)?.map(|tier| Some(tier.id)).ok_or_else(gone)
}
