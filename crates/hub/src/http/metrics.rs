//! Figures for whoever runs the hub, in Prometheus's format.
//!
//! Each server has a recorder of its own: nothing is global, so two of them in one process count
//! for themselves. Labels are routes and status codes, never tills or members.

use std::time::Duration;

use metrics::{
    Label, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::{
    Figures,
    error::{Error, Result},
};

const REQUESTS: &str = "punchcard_hub_requests_total";
const SECONDS: &str = "punchcard_hub_request_seconds";
const PUSHED: &str = "punchcard_hub_pushed_entries_total";
const WAITING: &str = "punchcard_hub_waiting_calls";
/// A draw may take 2.5 s, and a call that waits for something 25 s.
const BUCKETS: &[f64] = &[0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// The recorder of one server.
pub(super) struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl Metrics {
    pub(super) fn new() -> Result<Self> {
        let recorder = PrometheusBuilder::new()
            .set_buckets(BUCKETS)
            .map_err(|error| Error::Internal(error.to_string()))?
            .build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, describe);
        Ok(Self { recorder, handle })
    }

    /// One request was answered.
    pub(super) fn answered(&self, route: &str, status: u16, took: Duration) {
        let route = Label::new("route", route.to_owned());
        let status = Label::new("status", status.to_string());
        metrics::with_local_recorder(&self.recorder, || {
            counter!(REQUESTS, vec![route.clone(), status]).increment(1);
            histogram!(SECONDS, vec![route]).record(took);
        });
    }

    /// Entries came in.
    pub(super) fn pushed(&self, entries: usize) {
        metrics::with_local_recorder(&self.recorder, || {
            counter!(PUSHED).increment(entries as u64);
        });
    }

    /// How things stand now.
    pub(super) fn stand(&self, figures: &Figures, waiting: usize) {
        metrics::with_local_recorder(&self.recorder, || {
            for (name, _, value) in gauges(figures) {
                gauge!(name).set(float(value));
            }
            gauge!(WAITING).set(float(waiting as u64));
        });
    }

    /// All of them, as text.
    pub(super) fn render(&self) -> String {
        self.handle.render()
    }

    /// Puts measurements away that were kept one by one; to be called now and then.
    pub(super) fn tidy(&self) {
        self.handle.run_upkeep();
    }
}

fn gauges(figures: &Figures) -> [(&'static str, &'static str, u64); 8] {
    [
        ("punchcard_hub_entries", "Entries that the hub has.", figures.entries),
        ("punchcard_hub_tills", "Tills that belong to the business.", figures.tills),
        ("punchcard_hub_tills_revoked", "Tills that no longer do.", figures.tills_revoked),
        ("punchcard_hub_forked", "Streams of which two branches are known.", figures.forked),
        ("punchcard_hub_inbox", "Matters that wait for the owner.", figures.inbox),
        ("punchcard_hub_quarantined", "Entries kept and not taken in.", figures.quarantined),
        (
            "punchcard_hub_unpublished_entries",
            "Entries of which NATS has not acknowledged yet that it has them.",
            figures.unpublished,
        ),
        (
            "punchcard_hub_backup_time_seconds",
            "When the newest backup was made and read back, since 1970; 0: none was.",
            figures.backup_ms / 1000,
        ),
    ]
}

fn describe() {
    describe_counter!(REQUESTS, "Requests that were answered.");
    describe_histogram!(SECONDS, "How long answering took, waiting included.");
    describe_counter!(PUSHED, "Entries in pushes that were taken in, repeats included.");
    describe_gauge!(WAITING, "Calls that wait for their turn.");
    for (name, what, _) in gauges(&Figures::default()) {
        describe_gauge!(name, what);
    }
}

#[expect(clippy::cast_precision_loss, reason = "the format knows no other numbers")]
fn float(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_shown() {
        let metrics = Metrics::new().expect("a recorder");
        metrics.answered("/v1/push", 200, Duration::from_millis(2));
        metrics.answered("/v1/push", 409, Duration::from_millis(2));
        metrics.pushed(500);
        let figures = Figures { entries: 7, tills: 2, forked: 1, ..Figures::default() };
        metrics.stand(&figures, 3);
        metrics.tidy();
        let text = metrics.render();
        for line in [
            "punchcard_hub_requests_total{route=\"/v1/push\",status=\"409\"} 1",
            "punchcard_hub_request_seconds_count{route=\"/v1/push\"} 2",
            "punchcard_hub_request_seconds_bucket{route=\"/v1/push\",le=\"0.003\"} 2",
            "punchcard_hub_pushed_entries_total 500",
            "punchcard_hub_entries 7",
            "punchcard_hub_forked 1",
            "punchcard_hub_waiting_calls 3",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        let other = Metrics::new().expect("another one");
        assert!(!other.render().contains("route"), "each counts for itself");
    }
}
