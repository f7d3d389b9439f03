//! What is said of whoever stands before the desk, and how gravely: the owner's choice.

use super::known::{CheckIn, How, KnownMember};
use crate::{
    decide::Desk,
    member::CardState,
    verdict::{Reason, Verdict},
};

const HOUR_MS: i64 = 60 * 60 * 1000;
const MINUTE_MS: i64 = 60 * 1000;

/// What is said by the owner's choice, the gravest first, and the verdict: the gravest of all.
pub(super) fn said(
    desk: &Desk<'_>,
    entry: &[Reason],
    about: Vec<Reason>,
) -> (Verdict, Vec<Reason>) {
    let alerts = &desk.rules.alerts;
    let mut said: Vec<(Verdict, Reason)> = entry
        .iter()
        .cloned()
        .chain(about)
        .filter_map(|reason| Some((reason.verdict(alerts)?, reason)))
        .collect();
    said.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
    let verdict = said.first().map_or(Verdict::Admit, |(verdict, _)| *verdict);
    (verdict, said.into_iter().map(|(_, reason)| reason).collect())
}

/// What there is to say besides the pass.
pub(super) fn about(
    desk: &Desk<'_>,
    known: &CheckIn,
    file: &KnownMember,
    seen: Option<&Reason>,
) -> Vec<Reason> {
    let alerts = &desk.rules.alerts;
    let dead = file.card.and_then(|card| match card {
        CardState::Lost => Some(Reason::CardLost),
        CardState::Replaced => Some(Reason::CardReplaced),
        CardState::Moved => None,
    });
    let banned = file.banned.then_some(Reason::Banned);
    let behind = desk.clock_behind.then_some(Reason::ClockBehind);
    if let How::Guest { .. } = known.how {
        return [banned, dead, behind].into_iter().flatten().collect();
    }
    let owed = known.points.debt;
    let minor = desk.rules.is_minor(file.birthday, desk.today());
    let guardian = minor && desk.rules.guardian_signs;
    let signed = file.waiver >= alerts.waiver_version && (file.waiver_by_guardian || !guardian);
    let birthday = file.birthday.is_some_and(|born| born.is_birthday_on(desk.today()));
    [
        seen.cloned(),
        seen_elsewhere(desk, known),
        banned,
        dead,
        // A house that asks for no waiver asks nobody's guardian for one.
        (!signed && alerts.waiver_version > 0).then_some(Reason::Waiver { guardian }),
        (owed > alerts.debt_above).then_some(Reason::Debt { points: owed }),
        (!file.has_photo).then_some(Reason::MissingPhoto),
        (!file.has_contact).then_some(Reason::EmergencyContact),
        (minor && !file.has_guardian).then_some(Reason::NoGuardian),
        behind,
        file.has_note.then_some(Reason::StaffNote),
        birthday.then_some(Reason::Birthday),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A second scan within the window counts nothing twice; a mend is meant, so it counts.
pub(super) fn seen_again(desk: &Desk<'_>, known: &CheckIn) -> Option<Reason> {
    let since = since_last(desk, known)?;
    let window = i64::from(desk.rules.seen_again_hours) * HOUR_MS;
    let again = known.how == How::Scan && since < window;
    again.then_some(Reason::SeenAgain { minutes: since / MINUTE_MS })
}

/// Nobody is at two stores within minutes: a card that was lent.
fn seen_elsewhere(desk: &Desk<'_>, known: &CheckIn) -> Option<Reason> {
    let since = since_last(desk, known)?;
    let window = desk.rules.alerts.elsewhere_ms();
    let elsewhere = known.last_visit?.store.is_some_and(|store| store != desk.store.id);
    let said = known.how == How::Scan && elsewhere && since < window;
    said.then_some(Reason::SeenElsewhere { minutes: since / MINUTE_MS })
}

fn since_last(desk: &Desk<'_>, known: &CheckIn) -> Option<i64> {
    Some(desk.now_ms.saturating_sub(known.last_visit?.at_ms).max(0))
}
