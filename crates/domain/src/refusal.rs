//! "You may not": a rule said no. Nothing is broken and nothing was changed.

use crate::{earning::condition::Trouble, staff::Permission, time::Day};

/// Why a rule refuses. Each has a code that the desk branches on and translates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Neither who is signed in nor who approved may do this.
    #[error("this needs somebody with the permission {0:?}")]
    ApprovalNeeded(Permission),
    /// Fewer points can be spent here than are needed.
    #[error("{need} points are needed, {here} can be spent here ({on_file} on file)")]
    PointsShort {
        /// Needed.
        need: i64,
        /// Spendable here now.
        here: i64,
        /// On file.
        on_file: i64,
    },
    /// The owner's limit for redeeming on trust would be passed.
    #[error("at most {limit} points may be redeemed on trust")]
    TrustLimit {
        /// The limit for one member.
        limit: i64,
    },
    /// A reward of a fixed cost was asked for with another number of points, or one that lets
    /// the cashier choose with none.
    #[error("this reward does not take that many points")]
    WrongPoints,
    /// The reward is not given yet.
    #[error("this reward is given from {from}")]
    RewardNotYet {
        /// The first day.
        from: Day,
    },
    /// The reward is no longer given.
    #[error("this reward was given until {until}")]
    RewardOver {
        /// The last day.
        until: Day,
    },
    /// The reward is given in other stores.
    #[error("this reward is not given in this store")]
    RewardNotHere,
    /// The reward is for members of other tiers.
    #[error("this reward is for other tiers")]
    RewardNotForTier,
    /// The member had the reward as often as they may, until another day begins.
    #[error("this member had this reward {times} times already: again from {from}")]
    RewardAgain {
        /// The limit that holds longest.
        times: u32,
        /// The first day on which it can be had again.
        from: Day,
    },
    /// The member had the reward as often as they ever may.
    #[error("this member had this reward {times} times already, and may not have it again")]
    RewardNoMore {
        /// The limit.
        times: u32,
    },
    /// The reward is handed over at once, or not at all.
    #[error("this reward is only given at once")]
    RewardNotLater,
    /// The voucher lies with another till, or in the pool.
    #[error("this voucher lies with another desk: fetch it first")]
    VoucherElsewhere,
    /// The voucher's time is over.
    #[error("the time of this voucher is over")]
    VoucherOver,
    /// The voucher was used, or taken back.
    #[error("this voucher was used already, or taken back")]
    VoucherGone,
    /// The redemption asks for the code on the member's own phone.
    #[error("this redemption needs the code on the member's phone")]
    CodeNeeded,
    /// It is another code than the member's phone shows.
    #[error("this is not the code that the member's phone shows")]
    CodeWrong,
    /// The code was used already.
    #[error("this code was used already: wait for the next one")]
    CodeUsed,
    /// No phone of the member was set up for codes.
    #[error("no phone of this member was set up for codes: set one up with a manager's leave")]
    NoCodeSet,
    /// Fewer of a reward lie here than are asked for.
    #[error("{here} of this reward lie here ({elsewhere} with other desks of this store)")]
    OutOfStock {
        /// With this till.
        here: i64,
        /// With other tills of the store.
        elsewhere: i64,
    },
    /// The store is not trusted to be the newest: nothing can be spent.
    #[error("this store was restored; nothing can be spent until it is vouched for")]
    NotVouched,
    /// There is no such thing, or it is no longer on offer.
    #[error("{0} is not known here")]
    NotFound(&'static str),
    /// The member is banned.
    #[error("this member is banned")]
    Banned,
    /// The member was erased: there is nothing on their file any more.
    #[error("this person was erased")]
    Erased,
    /// Whoever is to be erased has value on file, and nobody said that it is to be lost.
    #[error("{points} points, {visits} visits and {money_minor} of stored value would be lost")]
    ValueOnFile {
        /// Points.
        points: i64,
        /// Visits of packs.
        visits: i64,
        /// Stored value, in minor units.
        money_minor: i64,
    },
    /// A name is needed.
    #[error("a name is needed")]
    NameMissing,
    /// Longer than fits.
    #[error("{field} is longer than {limit} characters")]
    TooLong {
        /// Which field.
        field: &'static str,
        /// How many fit.
        limit: usize,
    },
    /// The phone belongs to another member.
    #[error("this phone belongs to another member")]
    PhoneTaken {
        /// Whose.
        name: String,
    },
    /// The card belongs to another member.
    #[error("this card belongs to another member")]
    CardTaken {
        /// Whose.
        name: String,
    },
    /// A field cannot be understood.
    #[error("{0} cannot be understood")]
    BadInput(&'static str),
    /// What was typed does not fit one of the owner's own fields.
    #[error("what stands in “{name}” does not fit")]
    BadOwnField {
        /// What the field is kept under.
        key: String,
        /// What it is called.
        name: String,
    },
    /// A field that no rule has: a slip of the pen, or from a newer program.
    #[error("nothing is called {0} here")]
    UnknownField(String),
    /// The condition of a rule cannot be used.
    #[error("the condition of “{rule}” cannot be used: {trouble}")]
    BadCondition {
        /// Which rule.
        rule: String,
        /// Why.
        trouble: Trouble,
    },
    /// Not an amount of money, or none.
    #[error("not an amount that points are given for")]
    BadAmount,
    /// It was voided already.
    #[error("this was taken back already")]
    AlreadyVoided,
    /// This kind of fact cannot be voided.
    #[error("this cannot be taken back")]
    NotVoidable,
    /// No visit can be taken from any pack here.
    #[error("no visit can be used here")]
    NoVisits,
    /// The pass ended: cancelled, upgraded, given away, or its time is over.
    #[error("this pass is over")]
    PassOver,
    /// The pass is frozen on one of those days already.
    #[error("this pass is frozen already on one of these days")]
    AlreadyFrozen,
    /// The pass is not frozen.
    #[error("this pass is not frozen")]
    NotFrozen,
    /// More days than the pass can be frozen for in that year.
    #[error("this pass can be frozen for {left} more days of that year")]
    FreezeLimit {
        /// Days that are left.
        left: u32,
    },
    /// Visits of the pack lie with other tills or in the pool: draw them first.
    #[error("{visits} visits of this pack are not here: fetch them first")]
    PackElsewhere {
        /// How many.
        visits: i64,
    },
    /// No more guests this month, or none on any pass.
    #[error("no guest can be brought on any pass here now")]
    NoGuests,
    /// The other kind of pass costs less than what was paid.
    #[error("the other pass costs less")]
    CostsLess,
    /// What was paid for the pass is written nowhere that this machine can read.
    #[error("nobody here knows what was paid for this pass: refund it and sell the other one")]
    PaidUnknown,
    /// The owner has not said how cards are numbered.
    #[error("cards are not numbered here: the owner sets how, in the house rules")]
    CardNumbersOff,
    /// All card numbers that this till was allotted are given out, or the business has no more.
    #[error("no card numbers are left here: sync with the hub, or scan a printed card")]
    CardNumbersOut,
    /// There must be an owner who can sign in.
    #[error("there must be an owner")]
    LastOwner,
    /// Amounts would no longer fit.
    #[error("the amount is too large")]
    TooLarge,
    /// Only where this is the business's only till; otherwise the hub says.
    #[error("this is not the only till: connect to the hub")]
    NotOnlyTill,
    /// The store is trusted already.
    #[error("there is nothing to vouch for")]
    NothingToVouch,
}

impl Refusal {
    /// The code that scripts and the desk go by.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ApprovalNeeded(_) => "approval_needed",
            Self::PointsShort { .. } => "points_short",
            Self::TrustLimit { .. } => "trust_limit",
            Self::WrongPoints => "wrong_points",
            Self::RewardNotYet { .. } => "reward_not_yet",
            Self::RewardOver { .. } => "reward_over",
            Self::RewardNotHere => "reward_not_here",
            Self::RewardNotForTier => "reward_not_for_tier",
            Self::RewardAgain { .. } => "reward_again",
            Self::RewardNoMore { .. } => "reward_no_more",
            Self::RewardNotLater => "reward_not_later",
            Self::VoucherElsewhere => "voucher_elsewhere",
            Self::VoucherOver => "voucher_over",
            Self::VoucherGone => "voucher_gone",
            Self::CodeNeeded => "code_needed",
            Self::CodeWrong => "code_wrong",
            Self::CodeUsed => "code_used",
            Self::NoCodeSet => "no_code_set",
            Self::OutOfStock { elsewhere: 1.., .. } => "stock_elsewhere",
            Self::OutOfStock { .. } => "out_of_stock",
            Self::NotVouched => "not_vouched",
            Self::NotFound(_) => "not_found",
            Self::Banned => "banned",
            Self::Erased => "erased",
            Self::ValueOnFile { .. } => "value_on_file",
            Self::NameMissing => "name_missing",
            Self::TooLong { .. } => "too_long",
            Self::PhoneTaken { .. } => "phone_taken",
            Self::CardTaken { .. } => "card_taken",
            Self::BadInput(_) => "bad_input",
            Self::BadOwnField { .. } => "bad_own_field",
            Self::UnknownField(_) => "unknown_field",
            Self::BadCondition { .. } => "bad_condition",
            Self::BadAmount => "bad_amount",
            Self::AlreadyVoided => "already_voided",
            Self::NotVoidable => "not_voidable",
            Self::NoVisits => "no_visits",
            Self::PassOver => "pass_over",
            Self::AlreadyFrozen => "already_frozen",
            Self::NotFrozen => "not_frozen",
            Self::FreezeLimit { .. } => "freeze_limit",
            Self::PackElsewhere { .. } => "pack_elsewhere",
            Self::NoGuests => "no_guests",
            Self::CostsLess => "costs_less",
            Self::PaidUnknown => "paid_unknown",
            Self::CardNumbersOff => "card_numbers_off",
            Self::CardNumbersOut => "card_numbers_out",
            Self::LastOwner => "last_owner",
            Self::TooLarge => "too_large",
            Self::NotOnlyTill => "not_only_till",
            Self::NothingToVouch => "nothing_to_vouch",
        }
    }

    /// What the translated sentence fills in.
    pub fn args(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::ApprovalNeeded(permission) => vec![("permission", permission_name(*permission))],
            Self::PointsShort { need, here, on_file } => vec![
                ("need", need.to_string()),
                ("here", here.to_string()),
                ("on_file", on_file.to_string()),
                ("short", need.saturating_sub(*here).to_string()),
            ],
            Self::RewardNotYet { from } => vec![("from", from.to_string())],
            Self::RewardOver { until } => vec![("until", until.to_string())],
            Self::RewardAgain { times, from } => {
                vec![("times", times.to_string()), ("from", from.to_string())]
            }
            Self::OutOfStock { here, elsewhere } => {
                vec![("here", here.to_string()), ("elsewhere", elsewhere.to_string())]
            }
            Self::RewardNoMore { times } => vec![("times", times.to_string())],
            Self::TrustLimit { limit } => vec![("limit", limit.to_string())],
            Self::FreezeLimit { left } => vec![("left", left.to_string())],
            Self::PackElsewhere { visits } => vec![("visits", visits.to_string())],
            Self::ValueOnFile { points, visits, money_minor } => vec![
                ("points", points.to_string()),
                ("visits", visits.to_string()),
                ("money_minor", money_minor.to_string()),
            ],
            Self::NotFound(what) => vec![("what", (*what).to_owned())],
            Self::TooLong { field, limit } => {
                vec![("field", (*field).to_owned()), ("limit", limit.to_string())]
            }
            Self::PhoneTaken { name } | Self::CardTaken { name } => vec![("name", name.clone())],
            Self::BadInput(field) => vec![("field", (*field).to_owned())],
            Self::BadOwnField { key, name } => vec![("key", key.clone()), ("name", name.clone())],
            Self::UnknownField(field) => vec![("field", field.clone())],
            Self::BadCondition { rule, trouble } => {
                let mut args = vec![
                    ("rule", rule.clone()),
                    ("why", trouble.to_string()),
                    ("trouble", trouble.code().to_owned()),
                ];
                args.extend(trouble.what().map(|what| ("what", what.to_owned())));
                args
            }
            _ => Vec::new(),
        }
    }
}

/// The permission's name as the desk knows it.
pub fn permission_name(permission: Permission) -> String {
    match serde_json::to_value(permission) {
        Ok(serde_json::Value::String(name)) => name,
        _ => format!("{permission:?}"),
    }
}
