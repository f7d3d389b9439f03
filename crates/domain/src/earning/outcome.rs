//! What rules came to: what is told of each, and the lots to issue.

use punchcard_protocol::RecordId;
use serde::{Deserialize, Serialize};

use super::why::Why;

/// What one rule gave, as a fact keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Which rule.
    pub rule: RecordId,
    /// Which version of it.
    pub version: u32,
    /// So many points, more than zero.
    pub points: i64,
}

/// What one rule came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Which rule.
    pub rule: RecordId,
    /// Which version.
    pub version: u32,
    /// What it is called.
    pub name: String,
    /// What it is worth, before any cap.
    pub worth: i64,
    /// What it gives.
    pub points: i64,
    /// Why.
    pub why: Why,
    /// When these points run out: Unix ms.
    pub expires_ms: Option<i64>,
    /// From when on they can be used, where not at once: Unix ms.
    pub usable_ms: Option<i64>,
}

/// What all rules came to, in the order in which they were asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Each rule.
    pub told: Vec<Told>,
}

/// Points that can be used from the same moment on and run out together: one lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bundle {
    /// How many.
    pub points: i64,
    /// When they run out.
    pub expires_ms: Option<i64>,
    /// From when on they can be used, where not at once.
    pub usable_ms: Option<i64>,
}

impl Outcome {
    /// All points.
    pub fn points(&self) -> i64 {
        self.told.iter().map(|told| told.points).fold(0, i64::saturating_add)
    }

    /// What the fact keeps.
    pub fn parts(&self) -> Vec<Part> {
        let gave = self.told.iter().filter(|told| told.points > 0);
        gave.map(|told| Part { rule: told.rule, version: told.version, points: told.points })
            .collect()
    }

    /// The lots to issue: those that can be used at once first, then by when they run out.
    pub fn bundles(&self) -> Vec<Bundle> {
        let mut bundles: Vec<Bundle> = Vec::new();
        for told in self.told.iter().filter(|told| told.points > 0) {
            let same = |bundle: &&mut Bundle| {
                (bundle.expires_ms, bundle.usable_ms) == (told.expires_ms, told.usable_ms)
            };
            match bundles.iter_mut().find(same) {
                Some(bundle) => bundle.points = bundle.points.saturating_add(told.points),
                None => bundles.push(Bundle {
                    points: told.points,
                    expires_ms: told.expires_ms,
                    usable_ms: told.usable_ms,
                }),
            }
        }
        bundles.sort_by_key(|bundle| {
            (bundle.usable_ms.unwrap_or(i64::MIN), bundle.expires_ms.unwrap_or(i64::MAX))
        });
        bundles
    }
}
