//! Points: what there is, what an amount earns, what a reward costs.

use punchcard_domain::{decide::StockChange, time::Day};
use serde::{Deserialize, Serialize};

/// Points, honestly: what is on file, what can be spent here now, and how old the first one is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PointsView {
    /// All accounts but spent and expired.
    pub on_file: i64,
    /// What this till may spend now, with no line.
    pub spendable_here: i64,
    /// The rest: held by the pool, another desk, or a life of this store that is not vouched for.
    pub elsewhere: i64,
    /// How old `on_file` is: the last sync, or now where this is the business's only till.
    pub as_of_ms: i64,
    /// Redeemed on trust and not yet repaid.
    pub debt: i64,
    /// What expires first of what is spendable here.
    pub expiring: Option<LotView>,
}

/// Points that expire together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LotView {
    /// How many.
    pub points: i64,
    /// The last day they can be used; none: they do not expire.
    pub expires: Option<Day>,
}

/// What an amount would earn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EarnPreview {
    /// The amount, in minor units.
    pub amount_minor: i64,
    /// Points that will be given.
    pub points: i64,
    /// Before the tier's multiplier.
    pub base: i64,
    /// The tier's multiplier in percent.
    pub multiplier_percent: i64,
    /// Last day they can be used.
    pub expires: Option<Day>,
    /// Of those, how many repay a debt.
    pub repays_debt: i64,
}

/// What rules would give, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DryRunView {
    /// All points.
    pub points: i64,
    /// Each rule, in the order in which they are asked.
    pub rules: Vec<RuleToldView>,
}

/// What one rule would give, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RuleToldView {
    /// Id.
    pub rule: String,
    /// Version.
    pub version: u32,
    /// Name.
    pub name: String,
    /// What it is worth before any cap.
    pub worth: i64,
    /// What it gives.
    pub points: i64,
    /// Why: a name from docs/rules/README.md.
    pub why: String,
    /// What was wrong with its condition, in words.
    pub detail: Option<String>,
    /// Last day its points can be used; none: for ever.
    pub expires: Option<Day>,
    /// First day its points can be used, where that is not today.
    pub usable: Option<Day>,
}

/// Whether a member can have a reward here, now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Affordable {
    /// With what is spendable here.
    Here,
    /// On file there is enough, but part of it is held elsewhere.
    NeedsLine,
    /// Not enough on file.
    No,
}

/// A reward, for one member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RewardView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// What it costs in points; 0: the cashier chooses how many.
    pub cost: i64,
    /// Where the cashier chooses: what one point takes off, in minor units of money.
    pub minor_per_point: i64,
    /// What is collected beside the points, in minor units of money.
    pub money_minor: i64,
    /// Whether this member can have it.
    pub affordable: Affordable,
    /// Points missing: here or on file, as `affordable` says.
    pub short_by: i64,
    /// How many there are, where stock is kept.
    pub stock: Option<StockView>,
    /// It may be handed over later, for a voucher that can be used for so many days after today.
    pub later_days: Option<u32>,
}

/// A reward that was redeemed, and waits to be handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct VoucherView {
    /// The fact that gave it: its number.
    pub given: String,
    /// Which reward.
    pub reward: String,
    /// What it is called.
    pub name: String,
    /// The last day on which it can be used.
    pub expires: Option<Day>,
    /// It can be used here now, without a line.
    pub here: bool,
}

/// How many of a reward there are in this store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct StockView {
    /// With this till, which may give them out.
    pub here: i64,
    /// With other tills of the store, or on their way.
    pub elsewhere: i64,
}

/// What a redemption would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RedeemPreview {
    /// Points it takes.
    pub points: i64,
    /// Which lots, first to expire first.
    pub lots: Vec<LotView>,
    /// Spendable here afterwards.
    pub left_here: i64,
    /// On file afterwards.
    pub left_on_file: i64,
    /// How many would go on trust.
    pub on_trust: i64,
    /// Money off, in minor units, where the cashier chose the points.
    pub money_off_minor: i64,
    /// What is collected beside the points, in minor units of money.
    pub money_minor: i64,
    /// It asks for the code on the member's phone.
    pub needs_code: bool,
    /// Whoever asks cannot give it without a manager's leave, even where nothing goes on trust.
    pub needs_leave: bool,
}

/// How a member's phone is set up for codes: shown once, kept by nobody who saw it.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PhoneCodeView {
    /// What is typed into an authenticator where nothing can be scanned.
    pub secret: String,
    /// What the picture holds.
    pub uri: String,
    /// The picture: a QR code, as SVG.
    pub svg: String,
}

/// What is done to a stock, as the window sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct StockChangeInput {
    /// Which.
    pub what: StockWay,
    /// How many.
    pub amount: u32,
}

/// What may be done to a stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum StockWay {
    /// So many came.
    Put,
    /// So many are gone.
    Take,
    /// So many there are in the whole store.
    Count,
}

impl From<StockChangeInput> for StockChange {
    fn from(input: StockChangeInput) -> Self {
        let amount = input.amount.into();
        match input.what {
            StockWay::Put => Self::Put(amount),
            StockWay::Take => Self::Take(amount),
            StockWay::Count => Self::Count(amount),
        }
    }
}
