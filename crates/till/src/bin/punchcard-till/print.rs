//! Answers, as text or as JSON.

use punchcard_till::views::{
    CheckInView, DoneView, DrawView, ImportReport, MemberBrief, MemberView, PointsView,
};
use serde_json::{Value, json};

/// RFC 3339, in UTC.
pub(crate) fn moment(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms)
        .map(|moment| moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
        .unwrap_or_default()
}

pub(crate) fn points(points: &PointsView) -> Value {
    json!({
        "on_file": points.on_file,
        "spendable_here": points.spendable_here,
        "elsewhere": points.elsewhere,
        "as_of": moment(points.as_of_ms),
        "debt": points.debt,
    })
}

pub(crate) fn check_in(view: &CheckInView) -> Value {
    let codes: Vec<&str> =
        view.reasons.iter().map(punchcard_domain::verdict::Reason::code).collect();
    json!({
        "verdict": view.verdict,
        "reasons": codes,
        "details": view.reasons,
        "because": view.because,
        "mends": view.mends,
        "fact": view.fact,
        "at": moment(view.at_ms),
        "member": view.member,
        "pass": view.pass,
        "points_earned": view.points_earned,
        "points": view.points.as_ref().map(points),
    })
}

pub(crate) fn member(view: &MemberView) -> Result<Value, serde_json::Error> {
    let mut value = serde_json::to_value(view)?;
    if let Some(object) = value.as_object_mut() {
        object.insert("points".into(), points(&view.points));
    }
    Ok(value)
}

pub(crate) fn brief(found: &MemberBrief) -> Value {
    json!({
        "id": found.id,
        "name": found.name,
        "phone": found.phone,
        "card": found.card,
        "tier": found.tier,
    })
}

pub(crate) fn done(view: &DoneView) -> Value {
    json!({
        "fact": view.fact,
        "at": moment(view.at_ms),
        "points": view.points,
        "balance": view.balance.as_ref().map(points),
    })
}

pub(crate) fn drawn(view: &DrawView) -> Value {
    json!({
        "drawn": view.drawn,
        "missing": view.missing,
        "points": points(&view.points),
        "holders": view.holders,
    })
}

pub(crate) fn drawn_text(view: &DrawView) -> String {
    let mut text =
        format!("{} points came; {} can be spent here now", view.drawn, view.points.spendable_here);
    for holder in &view.holders {
        let answers = if holder.silent { ", which does not answer" } else { "" };
        let line = format!("\n{} points are held by {}{answers}", holder.points, holder.name);
        text.push_str(&line);
    }
    text
}

pub(crate) fn import(report: &ImportReport) -> String {
    let rejected = &report.rejected;
    format!(
        "{} rows: {} came in, {} were here already\n\
         rejected: {} bad phone, {} no name, {} duplicate phone, {} bad points, {} bad row\n\
         came in without a birthday that could not be read: {} (over all rows)\n\
         came in without a pass whose date could not be read: {}\n\
         points {}, stored value {} (minor units)",
        report.rows,
        report.imported,
        report.already_here,
        rejected.bad_phone,
        rejected.no_name,
        rejected.duplicate_phone,
        rejected.bad_points,
        rejected.bad_row,
        report.warnings.bad_birthday,
        report.warnings.bad_pass,
        report.points_total,
        report.stored_minor_total,
    )
}
