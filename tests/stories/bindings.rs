//! The window's TypeScript types are those of the Rust views: written by `make bindings`, checked
//! here to be fresh.

use punchcard_domain::{
    alerts, custom, decide, earning, limits, member, numbering, records, rewards, staff, standing,
    terms, tiers, time, verdict,
};
use punchcard_till::{
    AppError, EarnRuleInput, FieldInput, Holds, LadderInput, PassTypeInput, Period, RewardInput,
    StaffInput, TierInput, views,
};
use ts_rs::{Config, TS};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/src/shared/bindings.ts");
const HEADING: &str =
    "// Written by `make bindings` from crates/till/src/views and crates/domain. Do not edit.\n";

fn declaration<T: TS>(config: &Config) -> String {
    format!("\nexport {}\n", T::decl(config))
}

macro_rules! declarations {
    ($config:expr, $($type:ty),* $(,)?) => { [$(declaration::<$type>($config)),*].concat() };
}

fn generated() -> String {
    let config = Config::new().with_large_int("number");
    let declarations = declarations![
        &config,
        time::Day,
        verdict::Verdict,
        verdict::Reason,
        verdict::Mend,
        verdict::Because,
        alerts::Alert,
        alerts::Level,
        alerts::Alerts,
        numbering::CardNumbers,
        standing::EndedWhy,
        terms::Unit,
        terms::Length,
        terms::Start,
        terms::Hours,
        terms::Terms,
        limits::AtMost,
        rewards::RewardTerms,
        member::CardState,
        member::Contact,
        member::Waiver,
        member::Channel,
        custom::FieldKind,
        custom::CustomField,
        staff::Role,
        staff::Permission,
        AppError,
        views::MemberBrief,
        views::LotView,
        views::PointsView,
        decide::PassAct,
        views::PassState,
        views::FreezeView,
        views::PassView,
        views::UpgradeView,
        views::PassChangeInput,
        views::CheckInView,
        views::DayRow,
        views::MemberView,
        views::MemberInput,
        views::RelativeView,
        views::OwnFieldView,
        views::DetailsView,
        views::DetailsInput,
        views::MemberFormView,
        views::DayView,
        views::RecentVisit,
        views::EarnPreview,
        views::Affordable,
        views::StockView,
        views::VoucherView,
        views::StockWay,
        views::StockChangeInput,
        views::RewardView,
        views::RedeemPreview,
        views::PhoneCodeView,
        views::DoneView,
        views::TermsView,
        views::StoreChoice,
        views::PassFormView,
        views::PassTypeView,
        views::TierView,
        views::StaffView,
        views::SessionView,
        views::Approval,
        views::Distrust,
        views::Theme,
        views::Prefs,
        views::LineState,
        views::LineView,
        views::StatusView,
        records::Rounding,
        views::RulesInput,
        views::AlertsView,
        views::AlertRow,
        views::SetUpInput,
        views::Rejected,
        views::Warnings,
        views::ImportReport,
        views::ImportView,
        views::BackupView,
        views::BackupPlanView,
        views::VerifyView,
        views::NoticeView,
        views::DuplicateView,
        views::SyncView,
        views::HolderView,
        views::DrawView,
        views::PairInput,
        earning::rule::Per,
        earning::rule::Birthday,
        earning::rule::Caps,
        earning::expiry::Expires,
        views::RuleToldView,
        views::DryRunView,
        EarnRuleInput,
        tiers::By,
        Period,
        LadderInput,
        TierInput,
        Holds,
        FieldInput,
        RewardInput,
        PassTypeInput,
        StaffInput,
    ];
    format!("{HEADING}{declarations}")
}

#[test]
fn bindings_are_fresh() {
    let generated = generated();
    if std::env::var_os("UPDATE_BINDINGS").is_some() {
        let mut file = std::fs::File::create(PATH).expect("the ui folder is there");
        std::io::Write::write_all(&mut file, generated.as_bytes()).expect("room");
    }
    let committed = std::fs::read_to_string(PATH).expect("ui/src/shared/bindings.ts");
    assert!(generated == committed, "ui/src/shared/bindings.ts is stale: run `make bindings`");
}
