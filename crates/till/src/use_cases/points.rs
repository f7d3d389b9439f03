//! Points: giving, redeeming, and what either would do.

use punchcard_domain::{
    decide::{self, Earn, Redeem},
    earning::event::What,
    fact::{Fact, gained, gains},
    ledger::{Posting, ValueKind},
    phone_code::{CodeGiven, MembersCode},
    records::Reward,
    refusal::Refusal,
    staff::Permission,
};
use punchcard_protocol::{MemberId, RecordId};

use super::{
    actor::Actor,
    check_in::undo_until,
    earning::{self, LineInput},
    phone_code::{self, CodeInput},
    referral,
    show::Eye,
    stock, undo,
};
use crate::{
    code_try,
    error::{Error, Result},
    store::{
        earned, erased,
        read::{self, MemberFile},
        records,
    },
    till::Till,
    views::{Affordable, DoneView, EarnPreview, LotView, RedeemPreview, RewardView, StockView},
    work::Work,
};

/// What a redemption asks for.
#[derive(Debug, Clone, Copy)]
pub struct RedeemInput {
    /// Whose points.
    pub member: MemberId,
    /// For what.
    pub reward: RecordId,
    /// How many, where the reward lets the cashier choose.
    pub points: Option<i64>,
    /// What is short may go on trust.
    pub on_trust: bool,
}

impl Till {
    /// What an amount, as it was typed, would earn. Changes nothing.
    ///
    /// # Errors
    /// `bad_amount`, `not_found`.
    pub fn earn_preview(
        &self,
        actor: &Actor,
        member: MemberId,
        amount: &str,
    ) -> Result<EarnPreview> {
        let (actor, amount) = (actor.clone(), amount.to_owned());
        self.write(move |work| {
            actor.require(Permission::ViewMember)?;
            let (file, amount_minor, fact) = an_earning(work, &actor, member, &amount, &[])?;
            let Fact::PointsEarned(body) = &fact.fact else { return Err(unexpected()) };
            let eye = work.eye(actor.role);
            let gain = body.earned.as_ref();
            let by_rules = body.by_rules.as_ref();
            let points = gained(gain, by_rules);
            let rules = &work.house.rules;
            let digits = work.house.business.currency_digits;
            let base = match by_rules {
                // The owner's rules say themselves what a tier adds.
                Some(_) => points,
                None => {
                    punchcard_domain::points::for_amount(amount_minor, digits, 100, rules)?.base
                }
            };
            Ok(EarnPreview {
                amount_minor,
                points,
                base,
                multiplier_percent: if by_rules.is_some() { 100 } else { work.multiplier(&file)? },
                expires: gain
                    .and_then(|gain| gain.lot.expires_ms)
                    .and_then(|expires| eye.last_day(expires)),
                repays_debt: gains(gain, by_rules)
                    .filter_map(|gain| gain.repaid)
                    .map(|posting| posting.amount)
                    .sum(),
            })
        })
    }

    /// Gives points for an amount, as it was typed.
    ///
    /// # Errors
    /// `bad_amount`, `approval_needed`, `not_found`.
    pub fn earn(&self, actor: &Actor, member: MemberId, amount: &str) -> Result<DoneView> {
        self.earn_for(actor, member, amount, Vec::new())
    }

    /// Gives points for an amount, as it was typed, and what was sold for it.
    ///
    /// # Errors
    /// As [`Till::earn`]; `bad_input` for lines that cannot be.
    pub fn earn_for(
        &self,
        actor: &Actor,
        member: MemberId,
        amount: &str,
        lines: Vec<LineInput>,
    ) -> Result<DoneView> {
        let (actor, amount) = (actor.clone(), amount.to_owned());
        self.write(move |work| {
            actor.require(Permission::EarnPoints)?;
            let (file, _, mut decided) = an_earning(work, &actor, member, &amount, &lines)?;
            let Fact::PointsEarned(body) = &mut decided.fact else { return Err(unexpected()) };
            body.approved_by = actor.approved_by(Permission::EarnPoints);
            let points = gained(body.earned.as_ref(), body.by_rules.as_ref());
            let sent = referral::of(work, &file, &mut decided.fact, None)?;
            let done = done(work, &actor, decided, &file, points)?;
            referral::append(work, &actor, sent)?;
            Ok(done)
        })
    }

    /// Rewards on offer, and whether a member can have each here and now.
    ///
    /// # Errors
    /// `not_found`.
    pub fn rewards(&self, actor: &Actor, member: MemberId) -> Result<Vec<RewardView>> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::ViewMember)?;
            let file = known_member(work, member)?;
            let eye = work.eye(actor.role);
            let points = eye.points(&eye.purse(file.number, ValueKind::Points)?)?;
            let on_offer = records::rewards(work.db)?.into_iter().filter(|reward| reward.active);
            on_offer
                .map(|reward| {
                    let stock = stock::view(work, &reward)?;
                    Ok(reward_view(&reward, points.spendable_here, points.on_file, stock))
                })
                .collect()
        })
    }

    /// What a redemption would do. Changes nothing.
    ///
    /// # Errors
    /// As [`Till::redeem`].
    pub fn redeem_preview(&self, actor: &Actor, input: RedeemInput) -> Result<RedeemPreview> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::ViewMember)?;
            // The code is asked for once the cashier has seen what it is for.
            let (file, reward, decided) =
                redemption(work, &actor, input, (false, CodeGiven::LetThrough))?;
            let Fact::PointsRedeemed(body) = &decided.fact else { return Err(unexpected()) };
            let eye = work.eye(actor.role);
            let purse = eye.purse(file.number, ValueKind::Points)?;
            let spent: i64 = points_of(&body.postings).map(|posting| posting.amount).sum();
            Ok(RedeemPreview {
                points: body.points,
                lots: spent_lots(&eye, &purse, &body.postings),
                left_here: purse.spendable(eye.now_ms) - spent,
                left_on_file: purse.on_file(eye.now_ms) - spent,
                on_trust: body.on_trust,
                money_off_minor: body.money_off_minor,
                money_minor: body.money_minor,
                needs_code: work.house.rules.asks_for_code(body.points),
                needs_leave: !actor.role.may(reward.leave(&work.house.rules, body.points, false)),
            })
        })
    }

    /// Redeems points.
    ///
    /// # Errors
    /// `points_short`, `trust_limit`, `wrong_points`, `banned`, `not_vouched`,
    /// `approval_needed`, `not_found`, `reward_not_yet`, `reward_over`, `reward_not_here`,
    /// `reward_not_for_tier`, `reward_again`, `reward_no_more`, `out_of_stock`,
    /// `stock_elsewhere`, `code_needed`, `no_code_set`.
    pub fn redeem(&self, actor: &Actor, input: RedeemInput) -> Result<DoneView> {
        self.redeem_with(actor, input, false, CodeInput::None)
    }

    /// Redeems points, to be handed over now or later, with what the member's phone shows.
    ///
    /// # Errors
    /// As [`Till::redeem`]; `reward_not_later`, `code_wrong`, `code_used`, `code_locked`.
    pub fn redeem_with(
        &self,
        actor: &Actor,
        input: RedeemInput,
        later: bool,
        code: CodeInput,
    ) -> Result<DoneView> {
        let code = code.tidy();
        if let CodeInput::Digits(_) = code {
            let actor = actor.clone();
            // Counted and kept before anybody looks whether it is right.
            self.write(move |work| {
                let without = (later, CodeGiven::LetThrough);
                let (file, decided) = a_redemption(work, &actor, input, without, &CodeInput::None)?;
                let Fact::PointsRedeemed(body) = &decided.fact else { return Err(unexpected()) };
                let asked = work.house.rules.asks_for_code(body.points);
                if asked { phone_code::count_try(work, &file) } else { Ok(()) }
            })?;
        }
        let actor = actor.clone();
        self.write(move |work| {
            let file = known_member(work, input.member)?;
            let given = phone_code::looked_at(work, &file, &code)?;
            let (file, decided) = a_redemption(work, &actor, input, (later, given), &code)?;
            let Fact::PointsRedeemed(body) = &decided.fact else { return Err(unexpected()) };
            if body.code_step.is_some() {
                code_try::forget(work.db, file.id)?;
            }
            let points = -body.points;
            done(work, &actor, decided, &file, points)
        })
    }
}

fn unexpected() -> Error {
    Error::Internal("a rule decided something else than it was asked".into())
}

pub(crate) fn known_member(work: &Work<'_>, member: MemberId) -> Result<MemberFile> {
    let file = read::member(work.db, member)?.ok_or(Refusal::NotFound("member"))?;
    if erased::is_erased(work.db, file.id)? {
        return Err(Refusal::Erased.into());
    }
    work.numbers.remember(file.id, file.number);
    Ok(file)
}

fn an_earning(
    work: &Work<'_>,
    actor: &Actor,
    member: MemberId,
    amount: &str,
    lines: &[LineInput],
) -> Result<(MemberFile, i64, decide::Decided)> {
    let file = known_member(work, member)?;
    let amount_minor = earning::money(work, amount)?;
    let lines = earning::sale_lines(work, lines)?;
    let what = What::Sale { amount_minor, lines: lines.clone() };
    let known = Earn {
        member: file.id,
        amount_minor,
        multiplier_percent: work.multiplier(&file)?,
        points: work.eye(actor.role).purse(file.number, ValueKind::Points)?,
        by_rules: earning::by_rules(work, &file, what, None)?,
        lines,
    };
    let decided = work.decide(None, |desk| Ok(decide::earn(desk, &known)?))?;
    Ok((file, amount_minor, decided))
}

/// A redemption, by whoever may.
fn a_redemption(
    work: &Work<'_>,
    actor: &Actor,
    input: RedeemInput,
    how: (bool, CodeGiven),
    code: &CodeInput,
) -> Result<(MemberFile, decide::Decided)> {
    actor.require(Permission::RedeemPoints)?;
    let (file, reward, mut decided) = redemption(work, actor, input, how)?;
    let Fact::PointsRedeemed(body) = &mut decided.fact else { return Err(unexpected()) };
    let leave = reward.leave(&work.house.rules, body.points, body.on_trust > 0);
    actor.require(leave)?;
    body.approved_by = actor.approved_by(leave);
    if *code == CodeInput::LetThrough && work.house.rules.asks_for_code(body.points) {
        actor.require(Permission::ApproveReward)?;
        body.approved_by = body.approved_by.or(actor.approved_by(Permission::ApproveReward));
    }
    Ok((file, decided))
}

fn redemption(
    work: &Work<'_>,
    actor: &Actor,
    input: RedeemInput,
    (later, said): (bool, CodeGiven),
) -> Result<(MemberFile, Reward, decide::Decided)> {
    let file = known_member(work, input.member)?;
    let reward = records::rewards(work.db)?
        .into_iter()
        .find(|reward| reward.id == input.reward)
        .ok_or(Refusal::NotFound("reward"))?;
    let days = work.house.store.days();
    let given = if reward.terms.at_most.is_none() {
        Vec::new()
    } else {
        earned::had(work.db, file.number, reward.id, days)?
    };
    let known = Redeem {
        member: file.id,
        banned: file.banned.is_some(),
        tier: work.eye(actor.role).tier(&file)?.map(|tier| tier.id),
        given,
        points: input.points,
        on_trust: input.on_trust,
        later,
        code: MembersCode {
            set: file.has_phone_code,
            used: earned::code_used(work.db, file.number)?,
            given: said,
        },
        purse: work.eye(actor.role).purse(file.number, ValueKind::Points)?,
        stock: stock::kept(work, &reward)?,
        reward,
    };
    let decided = work.decide(None, |desk| Ok(decide::redeem(desk, &known)?))?;
    Ok((file, known.reward, decided))
}

/// Appends what was decided and tells what it did.
pub(crate) fn done(
    work: &mut Work<'_>,
    actor: &Actor,
    decided: decide::Decided,
    file: &MemberFile,
    points: i64,
) -> Result<DoneView> {
    let undo_asks = !undo::is_ones_own(actor, &decided.fact);
    let fact = work.append(actor, decided)?;
    let eye = work.eye(actor.role);
    let balance = eye.points(&eye.purse(file.number, ValueKind::Points)?)?;
    Ok(DoneView {
        fact: fact.to_string(),
        at_ms: work.now_ms(),
        points,
        balance: Some(balance),
        undo_until_ms: undo_until(work),
        undo_asks,
    })
}

fn reward_view(reward: &Reward, here: i64, on_file: i64, stock: Option<StockView>) -> RewardView {
    // Where the cashier chooses, one point is enough to begin with.
    let need = reward.cost.max(1);
    let (affordable, short_by) = if here >= need {
        (Affordable::Here, 0)
    } else if on_file >= need {
        (Affordable::NeedsLine, need - here)
    } else {
        (Affordable::No, need - on_file)
    };
    RewardView {
        id: reward.id.to_string(),
        name: reward.name.clone(),
        cost: reward.cost,
        minor_per_point: reward.minor_per_point,
        money_minor: reward.terms.money_minor,
        affordable,
        short_by,
        stock,
        later_days: reward.terms.later_days,
    }
}

/// What is taken of the points, and not of a reward's stock.
fn points_of(postings: &[Posting]) -> impl Iterator<Item = &Posting> {
    postings.iter().filter(|posting| posting.kind == ValueKind::Points)
}

fn spent_lots(
    eye: &Eye<'_>,
    purse: &punchcard_domain::ledger::Purse,
    postings: &[Posting],
) -> Vec<LotView> {
    let expiry = |posting: &Posting| {
        purse.here.iter().find(|held| held.lot == posting.lot).and_then(|held| held.expires_ms)
    };
    points_of(postings)
        .map(|posting| LotView {
            points: posting.amount,
            expires: expiry(posting).and_then(|expires| eye.last_day(expires)),
        })
        .collect()
}
