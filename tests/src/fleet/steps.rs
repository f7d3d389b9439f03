//! What happens in one run: a list of steps, made from a seed alone.
//!
//! A step says everything about itself, so that any of them can be left out and the others still
//! mean what they meant: that is how a failing run is shrunk.

use crate::{DAY, MINUTE, fleet::Config, processes::Dice};

/// What may become of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// It goes through.
    #[default]
    None,
    /// It never arrives.
    RequestLost,
    /// It arrives; the answer does not.
    AnswerLost,
    /// It arrives twice; the second answer is heard.
    Repeated,
    /// Half of its answer arrives.
    Cut,
    /// It arrives much later, after others that were sent after it; nobody hears the answer.
    Late,
}

/// Calls of one step that something may become of; the others go through.
pub const CALLS: usize = 8;

/// Where a process dies: at the so-manieth reading of its clock within the step, which is where a
/// transaction begins. What came before is on the disk, nothing after it ever happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kill {
    /// At which reading of the clock.
    pub at: u32,
    /// The anchor of the step's beginning is found: what was written later had not reached the disk.
    pub old_anchor: bool,
}

/// What is done. Numbers choose among what is there at that moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Act {
    CheckIn {
        member: u64,
        visit: bool,
    },
    Earn {
        member: u64,
        yuan: u64,
    },
    Redeem {
        member: u64,
        points: i64,
        on_trust: bool,
    },
    GivePass {
        member: u64,
    },
    Undo {
        back: u64,
    },
    Register {
        phone: u64,
    },
    Change {
        member: u64,
        note: u64,
    },
    Erase {
        member: u64,
    },
    Merge {
        kept: u64,
        gone: u64,
    },
    Draw {
        member: u64,
        points: i64,
    },
    Answer,
    Sync,
    Expire,
    /// Everybody's time goes on.
    Pass {
        ms: i64,
    },
    /// One till's clock jumps.
    Wind {
        ms: i64,
    },
    WindHub {
        ms: i64,
    },
    Restart,
    /// A copy of the machine is made, for later.
    Image,
    /// And put back: the database alone, or everything with the anchor (a whole machine rolled back).
    PutBack {
        which: u64,
        whole: bool,
    },
    Backup,
    Restore {
        which: u64,
    },
    /// The folder is copied to another machine, and both go on.
    Clone {
        anchor: bool,
    },
    LoseAnchor,
    Revoke,
    Reclaim,
    /// A manager looks at something in the inbox.
    Settle {
        which: u64,
        accept: bool,
    },
    RestartHub,
    ExpireHub,
    HubImage,
    /// The hub is restored from an older copy.
    HubPutBack {
        which: u64,
    },
    /// What was late arrives.
    Deliver,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its place in the list that the seed gives.
    pub id: usize,
    /// At which till.
    pub till: u64,
    /// What.
    pub act: Act,
    /// What becomes of its calls.
    pub faults: [Fault; CALLS],
    /// The till dies.
    pub kill: Option<Kill>,
    /// The hub dies.
    pub kill_hub: Option<u32>,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>4}  till {}: {:?}", self.id, self.till, self.act)?;
        let last = self.faults.iter().rposition(|fault| *fault != Fault::None);
        if let Some(last) = last {
            write!(f, ", line {:?}", &self.faults[..=last])?;
        }
        if let Some(kill) = self.kill {
            write!(f, ", {kill:?}")?;
        }
        if let Some(at) = self.kill_hub {
            write!(f, ", the hub dies at {at}")?;
        }
        Ok(())
    }
}

/// The steps of a seed.
pub fn of(seed: u64, config: &Config) -> Vec<Step> {
    let mut dice = Dice::of(seed);
    let count = config.steps / 2 + below(&mut dice, config.steps);
    // In some runs the line is good and the tills are mortal, in others it is the other way round.
    let mood = Mood { line: dice.below(4), death: dice.below(4), damage: dice.below(3) };
    (0..count).map(|id| step(id, &mut dice, mood, config)).collect()
}

fn below(dice: &mut Dice, limit: usize) -> usize {
    usize::try_from(dice.below(limit as u64)).unwrap_or(0)
}

#[derive(Clone, Copy)]
struct Mood {
    line: u64,
    death: u64,
    damage: u64,
}

fn step(id: usize, dice: &mut Dice, mood: Mood, config: &Config) -> Step {
    let till = dice.below(config.tills as u64 + 2);
    let act = act(dice, mood, config);
    let mut faults = [Fault::None; CALLS];
    for fault in &mut faults {
        if dice.below(12) < mood.line {
            *fault = *dice.pick(&[
                Fault::RequestLost,
                Fault::AnswerLost,
                Fault::AnswerLost,
                Fault::Repeated,
                Fault::Repeated,
                Fault::Cut,
                Fault::Late,
            ]);
        }
    }
    let dies = dice.below(30) < mood.death;
    let at = u32::try_from(dice.below(14)).unwrap_or(0);
    let kill = dies.then_some(Kill { at, old_anchor: dice.below(4) == 0 });
    let hub_dies = dice.below(50) < mood.death;
    let at = u32::try_from(dice.below(8)).unwrap_or(0);
    Step { id, till, act, faults, kill, kill_hub: hub_dies.then_some(at) }
}

fn act(dice: &mut Dice, mood: Mood, config: &Config) -> Act {
    let member = dice.below(64);
    let points = 1 + i64::try_from(dice.below(120)).unwrap_or(0);
    match dice.below(100) {
        0..16 => Act::Earn { member, yuan: 1 + dice.below(150) },
        16..32 => Act::Redeem { member, points, on_trust: dice.below(8) == 0 },
        32..37 => Act::CheckIn { member, visit: dice.below(2) == 0 },
        37..39 => Act::GivePass { member },
        39..48 => Act::Undo { back: dice.below(10) },
        48..51 => Act::Register { phone: dice.below(9) },
        51 if config.erases => Act::Erase { member },
        51..53 => Act::Change { member, note: dice.below(100) },
        53..54 => Act::Merge { kept: member, gone: dice.below(64) },
        54..60 => Act::Draw { member, points },
        60..63 => Act::Answer,
        63..82 => Act::Sync,
        82..83 => Act::Expire,
        83..86 => {
            Act::Pass { ms: *dice.pick(&[MINUTE, 6 * 60 * MINUTE, DAY, 30 * DAY, 400 * DAY]) }
        }
        86..87 => Act::Wind { ms: jump(dice) },
        87..89 => Act::Restart,
        89 => Act::RestartHub,
        90 => Act::Deliver,
        _ if mood.damage == 0 => Act::Sync,
        _ => damage(dice, config),
    }
}

fn jump(dice: &mut Dice) -> i64 {
    let far = *dice.pick(&[60 * MINUTE, 5 * 60 * MINUTE, DAY, 40 * DAY, 3_650 * DAY]);
    if dice.below(2) == 0 { far } else { -far }
}

fn damage(dice: &mut Dice, config: &Config) -> Act {
    let which = dice.below(8);
    match dice.below(22) {
        0..4 => Act::Image,
        4..6 => Act::PutBack { which, whole: false },
        6 => Act::PutBack { which, whole: true },
        7..9 => Act::Backup,
        9..11 => Act::Restore { which },
        11..13 => Act::Clone { anchor: dice.below(2) == 0 },
        13 => Act::LoseAnchor,
        14 => Act::Revoke,
        15 => Act::Reclaim,
        16 => Act::Settle { which, accept: dice.below(2) == 0 },
        17 => Act::ExpireHub,
        18 => Act::WindHub { ms: jump(dice) },
        19..21 if config.hub_restored => Act::HubImage,
        21 if config.hub_restored => Act::HubPutBack { which },
        _ => Act::Sync,
    }
}
