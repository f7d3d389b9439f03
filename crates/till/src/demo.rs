//! A demo shop: staff, tiers, passes, rewards and a few hundred members with something to show
//! for each verdict. Names and phones are nobody's; PINs are made anew for each shop.

use punchcard_domain::{
    fact::{Fact, MemberRegistered, Pass},
    ledger::{Account, Lot, ValueKind},
    member::MemberPrivate,
    records::{PassType, Reward, Staff, Tier},
    rewards::RewardTerms,
    staff::{Role, check_pin},
    terms::Terms,
    time::Day,
};
use punchcard_protocol::{FactId, LotId, MemberId, PassId, RecordId, StaffId};

use crate::{
    error::Result,
    pin, random,
    till::Till,
    use_cases::{
        actor::Actor,
        check_in::{CheckInHow, Who, check_in},
        owner,
    },
    work::Work,
};

/// One of the demo shop's staff, with the PIN to try it with.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DemoStaff {
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// PIN.
    pub pin: String,
}

const MEMBERS: u32 = 360;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "林",
    "郭", "何", "高", "罗", "郑", "梁", "谢", "宋", "唐", "许", "邓", "冯", "韩", "曹", "曾",
    "欧阳", "单", "仇",
];
const GIVEN: &[&str] = &[
    "知夏", "嘉禾", "一鸣", "以安", "子涵", "雨桐", "浩然", "思远", "欣怡", "梓萱", "俊杰", "晓琳",
    "文博", "诗涵", "宇轩", "若曦", "明轩", "佳怡", "志强", "丽华", "建国", "秀英", "伟", "静",
    "敏", "磊", "娜", "洋",
];
/// Somebody for each thing that a desk may meet. Cards 10000001 and so on.
const CAST: &[(&str, Part)] = &[
    ("林知夏", Part::Year),
    ("赵一鸣", Part::Expired),
    ("陈嘉禾", Part::FewVisits),
    ("王堃", Part::Year),
    ("李喆", Part::Pack),
    ("张祎", Part::Birthday),
    ("曾𠮷", Part::Year),
    ("欧阳娜娜", Part::Soon),
    ("何苗", Part::Note),
    ("周以安", Part::UsedUp),
    ("孙行", Part::NoPass),
    ("Emma Carter", Part::Banned),
];

/// What somebody is there to show.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    Expired,
    FewVisits,
    Pack,
    Birthday,
    Soon,
    Note,
    UsedUp,
    NoPass,
    Banned,
}

/// A small generator of our own, so that every demo shop is the same: the constants are Knuth's.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).unwrap_or(0) % limit.max(1)
    }
}

/// Fills a new store. Returns the staff with their PINs, the owner (whose PIN is known) left out.
///
/// # Errors
/// Those of the store; nothing was changed then.
pub fn fill(till: &Till, actor: &Actor) -> Result<Vec<DemoStaff>> {
    let actor = actor.clone();
    till.write(move |work| {
        let staff = hire(work, &actor)?;
        let tiers = catalogue(work, &actor)?;
        let mut dice = Dice(20_261_123);
        let mut members = Vec::new();
        for n in 0..MEMBERS {
            members.push(register(work, &actor, &tiers, n, &mut dice)?);
        }
        visits(work, &actor, &members, &mut dice)?;
        Ok(staff)
    })
}

fn hire(work: &mut Work<'_>, actor: &Actor) -> Result<Vec<DemoStaff>> {
    let mut staff = Vec::new();
    for (name, role) in
        [("周敏", Role::Manager), ("李想", Role::Cashier), ("何晴", Role::Receptionist)]
    {
        let id = StaffId(random::uuid_at(work.now_ms())?);
        let pin = fresh_pin()?;
        pin::keep(work.db, id, &pin, work.secrets)?;
        owner::set_staff(work, actor, Staff { id, name: name.into(), role, active: true })?;
        staff.push(DemoStaff { name: name.into(), role, pin });
    }
    Ok(staff)
}

/// Six random digits that may be set.
///
/// # Errors
/// Where the operating system has no randomness to give.
pub fn fresh_pin() -> Result<String> {
    loop {
        let number = u32::from_be_bytes(random::bytes()?) % 1_000_000;
        let pin = format!("{number:06}");
        if check_pin(&pin).is_ok() {
            return Ok(pin);
        }
    }
}

fn catalogue(work: &mut Work<'_>, actor: &Actor) -> Result<Vec<RecordId>> {
    let now_ms = work.now_ms();
    let id = || random::uuid_at(now_ms).map(RecordId);
    let mut tiers = Vec::new();
    for (name, multiplier_percent) in [("普通", 100), ("银卡", 120), ("金卡", 150), ("钻石", 200)]
    {
        let tier = Tier {
            id: id()?,
            name: name.into(),
            multiplier_percent,
            ladder: None,
            privileges: None,
        };
        tiers.push(tier.id);
        owner::set(work, actor, tier, Fact::TierSet)?;
    }
    for (name, days, visits, price_minor) in [
        ("月卡", Some(30), None, 29_900),
        ("季卡", Some(91), None, 79_900),
        ("年卡", Some(365), None, 268_000),
        ("10 次卡", None, Some(10), 60_000),
        ("30 次卡", Some(365), Some(30), 150_000),
    ] {
        let kind = PassType {
            id: id()?,
            name: name.into(),
            days,
            visits,
            price_minor,
            active: true,
            terms: terms_of(name),
        };
        owner::set(work, actor, kind, Fact::PassTypeSet)?;
    }
    for (name, cost, minor_per_point) in [
        ("矿泉水", 100, 0),
        ("蛋白奶昔", 300, 0),
        ("运动毛巾", 450, 0),
        ("单次私教体验", 800, 0),
        ("积分抵现", 0, 1),
    ] {
        let reward = Reward {
            id: id()?,
            name: name.into(),
            cost,
            minor_per_point,
            active: true,
            terms: RewardTerms::default(),
        };
        owner::set(work, actor, reward, Fact::RewardSet)?;
    }
    Ok(tiers)
}

fn register(
    work: &mut Work<'_>,
    actor: &Actor,
    tiers: &[RecordId],
    n: u32,
    dice: &mut Dice,
) -> Result<MemberId> {
    let now_ms = work.now_ms();
    let today = work.house.store.days().day_of(now_ms);
    let cast = CAST.get(n as usize);
    let part = cast.map_or_else(|| any_part(dice), |(_, part)| *part);
    let name = cast.map_or_else(|| any_name(dice), |(name, _)| (*name).to_owned());
    let member = MemberId(random::uuid_at(now_ms)?);
    let joined_ms = now_ms - DAY_MS * i64::from(30 + dice.below(900));
    let fact = MemberRegistered {
        id: FactId(random::uuid_at(joined_ms)?),
        member,
        tier: tiers.get(dice.below(8).min(3) as usize).copied(),
        home_store: work.house.store.id,
        joined_ms: Some(joined_ms),
        opening: points(work, today, dice)?,
        passes: passes(work, part, today, dice)?,
        private: None,
    };
    let birthday = match part {
        Part::Birthday => format!("1994{}", &today.to_string()[4..]),
        _ => {
            format!("{}-{:02}-{:02}", 1960 + dice.below(45), 1 + dice.below(12), 1 + dice.below(28))
        }
    };
    let note = (part == Part::Note)
        .then(|| "膝盖旧伤，请提醒教练。Old knee injury: tell the coach.".to_owned());
    let banned = (part == Part::Banned).then(|| "Unpaid damage, spoke to the manager".to_owned());
    let private = MemberPrivate {
        name: Some(name),
        phone: Some(format!("+861{}{:08}", 38 + n % 20, 10_000_000 + n * 137_771 % 89_999_999)),
        birthday: Some(birthday),
        cards: Some(vec![format!("{}", 10_000_001 + n)]),
        tags: (dice.below(3) == 0).then(|| vec!["私教".to_owned()]),
        note,
        banned,
        ..MemberPrivate::default()
    };
    let bytes = serde_json::to_vec(&private)?;
    work.append_with(actor.staff, Fact::MemberRegistered(fact), Some(bytes))?;
    Ok(member)
}

fn any_part(dice: &mut Dice) -> Part {
    match dice.below(10) {
        0 => Part::Expired,
        1 => Part::FewVisits,
        2 => Part::Soon,
        3 | 4 => Part::Pack,
        _ => Part::Year,
    }
}

fn any_name(dice: &mut Dice) -> String {
    let pick = |names: &[&str], at: u32| names.get(at as usize).copied().unwrap_or("王").to_owned();
    let surname = dice.below(u32::try_from(SURNAMES.len()).unwrap_or(1));
    let given = dice.below(u32::try_from(GIVEN.len()).unwrap_or(1));
    pick(SURNAMES, surname) + &pick(GIVEN, given)
}

/// Two lots: one that runs out soon, one later.
fn points(work: &Work<'_>, today: Day, dice: &mut Dice) -> Result<Vec<Lot>> {
    let now_ms = work.now_ms();
    let days = work.house.store.days();
    let mut lots = Vec::new();
    for (most, in_days) in [(400, 20), (1200, 300)] {
        let amount = i64::from(dice.below(most) + 40);
        let expires_ms = Some(days.end_of(today.plus_days(in_days)));
        let id = LotId(random::uuid_at(now_ms)?);
        lots.push(Lot {
            id,
            kind: ValueKind::Points,
            amount,
            to: Account::Till(work.stream()),
            expires_ms,
        });
    }
    if dice.below(2) == 0 {
        let id = LotId(random::uuid_at(now_ms)?);
        let amount = i64::from(dice.below(200_000) + 1_000);
        lots.push(Lot {
            id,
            kind: ValueKind::Money,
            amount,
            to: Account::Till(work.stream()),
            expires_ms: None,
        });
    }
    Ok(lots)
}

fn passes(work: &Work<'_>, part: Part, today: Day, dice: &mut Dice) -> Result<Vec<Pass>> {
    let spread = i32::try_from(dice.below(200)).unwrap_or(0);
    let (name, from, until, visits) = match part {
        Part::Year | Part::Birthday | Part::Note | Part::Banned => {
            ("年卡", today.plus_days(-150 + spread / 2), Some(today.plus_days(60 + spread)), None)
        }
        Part::Soon => ("月卡", today.plus_days(-25), Some(today.plus_days(5)), None),
        Part::Expired => ("月卡", today.plus_days(-35), Some(today.plus_days(-5)), None),
        Part::Pack => ("30 次卡", today.plus_days(-60), Some(today.plus_days(200)), Some(18)),
        Part::FewVisits => ("10 次卡", today.plus_days(-90), None, Some(2)),
        Part::UsedUp => ("10 次卡", today.plus_days(-90), None, Some(0)),
        Part::NoPass => return Ok(Vec::new()),
    };
    let now_ms = work.now_ms();
    let lot = |visits: i64| -> Result<Lot> {
        let to = match visits {
            // Used up: ten visits that were all spent before.
            0 => Account::Spent(work.stream()),
            _ => Account::Till(work.stream()),
        };
        let id = LotId(random::uuid_at(now_ms)?);
        Ok(Lot { id, kind: ValueKind::Visits, amount: visits.max(1), to, expires_ms: None })
    };
    Ok(vec![Pass {
        id: PassId(random::uuid_at(now_ms)?),
        name: name.into(),
        pass_type: None,
        from,
        until,
        visits: visits.map(lot).transpose()?,
        terms: terms_of(name),
        before: None,
    }])
}

/// A pass for a year can be frozen for two months of it, and brings a guest a month.
fn terms_of(name: &str) -> Terms {
    match name {
        "年卡" => Terms { freeze_days: 60, guests: 1, ..Terms::default() },
        _ => Terms::default(),
    }
}

/// Visits of the last week and of this morning, so that the desk has something to show.
fn visits(work: &mut Work<'_>, actor: &Actor, members: &[MemberId], dice: &mut Dice) -> Result<()> {
    let now_ms = work.now_ms();
    let today_ms =
        now_ms - work.house.store.days().start_of(work.house.store.days().day_of(now_ms));
    let mut moments = Vec::new();
    for _ in 0..160 {
        moments.push(now_ms - DAY_MS - i64::from(dice.below(6 * 86_400)) * 1000);
    }
    for _ in 0..60 {
        let seconds = u32::try_from(today_ms / 1000).unwrap_or(1);
        moments.push(now_ms - 60_000 - i64::from(dice.below(seconds)) * 1000);
    }
    moments.sort_unstable();
    for at_ms in moments {
        // The cast stays fresh for whoever tries the shop.
        let at = CAST.len() + dice.below(MEMBERS) as usize;
        let Some(member) = members.get(at) else { continue };
        check_in(work, actor, &Who::Member(*member), CheckInHow::Scan, Some(at_ms))?;
    }
    Ok(())
}
