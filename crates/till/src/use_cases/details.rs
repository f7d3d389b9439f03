//! What else is on a member's file: whom to call, what they signed, who belongs to them.

use punchcard_domain::{
    custom::check_values,
    decide::{self, Neighbours},
    member::{MemberPrivate, Waiver},
    refusal::Refusal,
    staff::Permission,
    time::Day,
};
use punchcard_protocol::MemberId;

use super::{actor::Actor, members, points::known_member};
use crate::{
    error::{Error, Result},
    random,
    store::{
        erased,
        read::{self, MemberFile},
    },
    till::Till,
    views::{DetailsInput, DetailsView, MemberView, OwnFieldView, RelativeView},
    work::Work,
};

impl Till {
    /// Changes the rest of a member's file; what is absent stays as it was.
    ///
    /// # Errors
    /// `approval_needed`, `not_found`, `bad_input`, `too_long`.
    pub fn change_details(
        &self,
        actor: &Actor,
        member: MemberId,
        input: DetailsInput,
    ) -> Result<MemberView> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::EditMember)?;
            let file = known_member(work, member)?;
            let private = wanted(work, &actor, &file, input)?;
            write(work, &actor, file.id, private)?;
            let file = known_member(work, member)?;
            members::view(work, &actor, &file)
        })
    }
}

impl Till {
    /// The waiver that the house asks for now was signed. `by`: the id of who answers for them;
    /// empty: they signed themselves; none: whoever has to.
    ///
    /// # Errors
    /// `approval_needed`, `not_found`; `bad_input` (`waiver_by`) where somebody else signed than who
    /// answers for them, or where nobody does who has to.
    pub fn sign_waiver(
        &self,
        actor: &Actor,
        member: MemberId,
        by: Option<String>,
    ) -> Result<MemberView> {
        let role = actor.role;
        let (version, by) = self.write(move |work| {
            let rules = work.house.rules.clone();
            let by = if let Some(by) = by {
                by
            } else {
                let file = known_member(work, member)?;
                let minor = rules.is_minor(file.birthday, work.eye(role).today());
                match (minor && rules.guardian_signs, file.guardian) {
                    (false, _) => String::new(),
                    (true, Some(guardian)) => guardian.to_string(),
                    (true, None) => return Err(Refusal::BadInput("waiver_by").into()),
                }
            };
            Ok((rules.alerts.waiver_version, by))
        })?;
        let (waiver, waiver_by) = (Some(version), Some(by));
        self.change_details(actor, member, DetailsInput { waiver, waiver_by, ..Default::default() })
    }
}

/// Somebody that a member has to do with, as they are shown.
pub(crate) fn relative(work: &Work<'_>, id: MemberId) -> Result<Option<RelativeView>> {
    let Some(file) = read::member(work.db, id)? else { return Ok(None) };
    let shown = !erased::is_erased(work.db, file.id)?;
    Ok(shown.then(|| RelativeView { id: file.id.to_string(), name: file.name }))
}

/// Everybody else of somebody's family, as they are shown.
pub(crate) fn family(work: &Work<'_>, file: &MemberFile) -> Result<Vec<RelativeView>> {
    let Some(theirs) = &file.family else { return Ok(Vec::new()) };
    let mut family = Vec::new();
    for other in read::family(work.db, theirs)? {
        family.extend(if other == file.id { None } else { relative(work, other)? });
    }
    Ok(family)
}

/// What a file shows besides.
pub(crate) fn view(work: &Work<'_>, file: &MemberFile) -> Result<DetailsView> {
    let known = |id: Option<MemberId>| -> Result<Option<RelativeView>> {
        Ok(id.map(|id| relative(work, id)).transpose()?.flatten())
    };
    Ok(DetailsView {
        contact: file.contact.clone(),
        waiver: file.waiver.clone(),
        waiver_by: known(file.waiver.as_ref().and_then(|waiver| waiver.by))?,
        guardian: known(file.guardian)?,
        family: family(work, file)?,
        consent: file.consent.clone(),
        referred_by: known(file.referred_by)?,
        custom: file.custom.clone(),
        own: own_fields(work, file),
        dead_cards: file.dead_cards.clone(),
    })
}

/// What stands in the owner's own fields, in their order; what no field is known for comes last.
fn own_fields(work: &Work<'_>, file: &MemberFile) -> Vec<OwnFieldView> {
    let fields = &work.house.rules.custom_fields;
    let view = |name: &str, value: &str| OwnFieldView { name: name.into(), value: value.into() };
    let known =
        fields.iter().filter_map(|field| Some(view(&field.name, file.custom.get(&field.key)?)));
    let others = file.custom.iter().filter(|(key, _)| fields.iter().all(|one| one.key != **key));
    known.chain(others.map(|(key, value)| view(key, value))).collect()
}

/// Only what is not so already.
pub(super) fn wanted(
    work: &mut Work<'_>,
    actor: &Actor,
    file: &MemberFile,
    input: DetailsInput,
) -> Result<MemberPrivate> {
    let today = work.eye(actor.role).today();
    let waiver = signed(file, &input, today)?;
    let fields = work.house.rules.custom_fields.clone();
    let custom = input.custom.map(|wanted| check_values(&fields, &file.custom, &wanted));
    let family = input.family_of.map(|of| join(work, actor, file, &of)).transpose()?.flatten();
    Ok(MemberPrivate {
        contact: input.contact.filter(|new| file.contact.clone().unwrap_or_default() != *new),
        waiver,
        guardian: other(work, file, input.guardian, file.guardian)?,
        family,
        consent: input
            .consent
            .map(|list| list.into_iter().collect())
            .filter(|new| *new != file.consent),
        referred_by: other(work, file, input.referred_by, file.referred_by)?,
        custom: custom.transpose()?.filter(|new| *new != file.custom),
        ..MemberPrivate::default()
    })
}

/// The waiver, where another version of it was signed than stands on the file, or by somebody else.
/// Only who answers for them, from before or from now on, signs in their place.
fn signed(file: &MemberFile, input: &DetailsInput, today: Day) -> Result<Option<Waiver>> {
    let Some(version) = input.waiver else { return Ok(None) };
    let typed = input.waiver_by.as_deref().map_or("", str::trim);
    let by = if typed.is_empty() || version == 0 {
        None
    } else {
        let before = file.guardian.map(|id| id.to_string()).unwrap_or_default();
        let guardian = input.guardian.as_deref().map_or(before.as_str(), str::trim);
        let id = typed.parse().ok().filter(|_| typed == guardian);
        Some(id.ok_or(Refusal::BadInput("waiver_by"))?)
    };
    let before = file.waiver.as_ref().map_or((0, None), |old| (old.version, old.by));
    Ok((before != (version, by)).then_some(Waiver { version, on: today, by }))
}

/// Somebody else's id, where it is another one than before; empty: nobody's.
fn other(
    work: &Work<'_>,
    file: &MemberFile,
    typed: Option<String>,
    before: Option<MemberId>,
) -> Result<Option<String>> {
    let Some(typed) = typed else { return Ok(None) };
    let new = match typed.trim() {
        "" => None,
        typed => Some(somebody_else(work, file, typed)?.id),
    };
    Ok((new != before).then(|| new.map(|id| id.to_string()).unwrap_or_default()))
}

fn somebody_else(work: &Work<'_>, file: &MemberFile, typed: &str) -> Result<MemberFile> {
    let id: MemberId = typed.parse().map_err(|_| Refusal::NotFound("member"))?;
    let other = known_member(work, id)?;
    if other.id == file.id {
        return Err(Error::bad_input("member", "somebody else"));
    }
    Ok(other)
}

/// Somebody joins the family of somebody else, who gets one where they had none; or leaves theirs.
fn join(work: &mut Work<'_>, actor: &Actor, file: &MemberFile, of: &str) -> Result<Option<String>> {
    if of.trim().is_empty() {
        return Ok(file.family.as_ref().map(|_| String::new()));
    }
    let other = somebody_else(work, file, of.trim())?;
    let family = if let Some(family) = other.family {
        family
    } else {
        let family = random::uuid_at(work.now_ms())?.to_string();
        let private = MemberPrivate { family: Some(family.clone()), ..MemberPrivate::default() };
        write(work, actor, other.id, private)?;
        family
    };
    Ok((file.family.as_ref() != Some(&family)).then_some(family))
}

fn write(
    work: &mut Work<'_>,
    actor: &Actor,
    member: MemberId,
    private: MemberPrivate,
) -> Result<()> {
    let decided = work.decide(None, |desk| {
        Ok(decide::change_member(desk, member, None, private, &Neighbours::default(), &[])?)
    })?;
    if let Some(decided) = decided {
        work.append(actor, decided)?;
    }
    Ok(())
}
