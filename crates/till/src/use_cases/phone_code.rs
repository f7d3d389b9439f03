//! The code on a member's own phone: setting one up, and looking at what they say.

use punchcard_domain::{
    decide::{self, Neighbours},
    fact::Fact,
    member::MemberPrivate,
    phone_code::{CodeGiven, SECRET_BYTES, for_phone, spelled, step_of},
    staff::Permission,
};
use punchcard_protocol::MemberId;
use qrcode::{EcLevel, QrCode, render::svg};

use super::{actor::Actor, points::known_member};
use crate::{
    code_try,
    error::{Error, Result},
    random,
    store::read::{self, MemberFile},
    till::Till,
    views::PhoneCodeView,
    work::Work,
};

/// The picture is at least so many pixels wide.
const PICTURE: u32 = 240;

/// What a member says when they are asked for their code.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum CodeInput {
    /// Nothing.
    #[default]
    None,
    /// Six digits.
    Digits(String),
    /// Nothing; somebody with [`Permission::ApproveReward`] lets it through.
    LetThrough,
}

impl CodeInput {
    /// Without the spaces that phones show between digits. Nothing typed is nothing said.
    pub(crate) fn tidy(self) -> Self {
        let Self::Digits(typed) = self else { return self };
        let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        if digits.is_empty() { Self::None } else { Self::Digits(digits) }
    }
}

impl Till {
    /// Sets a member's phone up for codes; one that was set up before shows wrong ones from now on. The
    /// answer is shown once: nothing tells it again.
    ///
    /// # Errors
    /// `approval_needed`, `not_found`, `erased`.
    pub fn set_up_phone(&self, actor: &Actor, member: MemberId) -> Result<PhoneCodeView> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::ApproveReward)?;
            let file = known_member(work, member)?;
            let secret = spelled(random::bytes::<SECRET_BYTES>()?);
            let private =
                MemberPrivate { phone_code: Some(secret.clone()), ..MemberPrivate::default() };
            let decided = work.decide(None, |desk| {
                Ok(decide::change_member(
                    desk,
                    file.id,
                    None,
                    private,
                    &Neighbours::default(),
                    &[],
                )?)
            })?;
            if let Some(mut decided) = decided {
                if let Fact::MemberChanged(body) = &mut decided.fact {
                    body.approved_by = actor.approved_by(Permission::ApproveReward);
                }
                work.append(&actor, decided)?;
            }
            code_try::forget(work.db, file.id)?;
            let uri = for_phone(&secret, &work.house.business.name, &file.name);
            Ok(PhoneCodeView { svg: picture(&uri)?, secret, uri })
        })
    }
}

/// Shown on a screen, where nothing is scratched: the fewer squares, the larger each of them.
fn picture(uri: &str) -> Result<String> {
    let code = QrCode::with_error_correction_level(uri, EcLevel::L)
        .map_err(|error| Error::Internal(format!("the QR code: {error}")))?;
    Ok(code.render::<svg::Color<'_>>().min_dimensions(PICTURE, PICTURE).build())
}

/// Counts a try, where there is a phone whose code could be guessed. Commit this, then [`looked_at`].
pub(super) fn count_try(work: &Work<'_>, file: &MemberFile) -> Result<()> {
    if file.has_phone_code { code_try::count(work.db, file.id, work.now_ms()) } else { Ok(()) }
}

/// What came of what a member said. Phones go by the machine's clock, not by the one that never goes
/// back: a used code is refused whatever that says.
pub(super) fn looked_at(work: &Work<'_>, file: &MemberFile, code: &CodeInput) -> Result<CodeGiven> {
    let digits = match code {
        CodeInput::None => return Ok(CodeGiven::None),
        CodeInput::LetThrough => return Ok(CodeGiven::LetThrough),
        CodeInput::Digits(digits) => digits,
    };
    let secret = read::phone_code(work.db, file.number)?;
    let step = secret.and_then(|secret| step_of(&secret, digits, work.wall_ms));
    Ok(step.map_or(CodeGiven::Wrong, CodeGiven::Right))
}
