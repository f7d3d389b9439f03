//! What the benches share: a shop with a million members, and how figures are told.

pub mod desk;
pub mod twin;
pub mod working;

use std::{error::Error, path::PathBuf, time::Duration};

use punchcard_till::{
    KeyPlace, Options, Result, SetUp, Till,
    import::{ImportInput, Profile},
};
use tempfile::TempDir;

/// What a bench may fail with: it ends then, and says so.
pub type Outcome<T> = std::result::Result<T, Box<dyn Error>>;

/// How many members the large shop has.
pub const MILLION: u32 = 1_000_000;
const CHUNK: usize = 50_000;
/// The owner's PIN of the large shop.
pub const PIN: &str = "274913";

const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭",
    "何", "林", "高", "罗", "郑", "梁", "谢", "宋", "唐", "许", "韩", "冯", "邓", "曹", "彭", "曾",
    "肖", "田", "董", "袁", "潘", "于", "蒋", "蔡", "余", "杜", "叶", "程", "苏", "魏", "吕", "丁",
    "任", "沈", "欧阳", "单", "仇",
];
const GIVEN: &[&str] = &[
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "涛", "明", "超",
    "霞", "平", "刚", "桂", "英", "华", "玉", "兰", "萍", "红", "鹏", "飞", "雪", "梅", "琳", "云",
    "帆", "浩", "宇", "轩", "梓", "涵", "子", "晨", "思", "佳", "欣", "怡", "嘉", "俊", "文", "博",
    "雨", "桐", "喆", "堃", "祎",
];

/// A seeded generator: every run makes the same shop and asks the same questions.
pub struct Dice(pub u64);

impl Dice {
    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }

    /// One of a list.
    pub fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        let at = usize::try_from(self.below(list.len() as u64)).unwrap_or(0);
        list.get(at).copied().unwrap_or_default()
    }
}

/// A name of two to four characters.
pub fn name(dice: &mut Dice) -> String {
    let second = if dice.below(3) == 0 { "" } else { dice.pick(GIVEN) };
    format!("{}{}{second}", dice.pick(SURNAMES), dice.pick(GIVEN))
}

/// Where the large shop is kept between runs.
pub fn folder() -> PathBuf {
    let cache = std::env::var_os("PUNCHCARD_CACHE").map_or_else(std::env::temp_dir, PathBuf::from);
    cache.join("bench").join("million")
}

/// A folder on the same disk that goes with the bench.
///
/// # Errors
/// Those of the disk.
pub fn scratch() -> Outcome<TempDir> {
    let million = folder();
    let cache = million.parent().ok_or("a cache folder")?;
    std::fs::create_dir_all(cache)?;
    Ok(tempfile::tempdir_in(cache)?)
}

/// How benches open a till: the keys in a file, everything else as a shop has it.
pub fn options() -> Options {
    Options { keys: KeyPlace::File, ..Options::default() }
}

/// The shop with a million members, made where it is not there yet (a few minutes).
///
/// # Errors
/// Those of the till.
pub fn million() -> Result<Till> {
    let folder = folder();
    let done = folder.join("complete");
    if !done.exists() {
        drop(std::fs::remove_dir_all(&folder));
        let till = made(&folder, MILLION)?;
        drop(till);
        std::fs::File::create(done)?;
    }
    Till::open(&folder, &options())
}

/// A member of the shop as it is imported.
pub struct Member {
    /// Their name.
    pub name: String,
    /// Their phone.
    pub phone: String,
    /// Their card.
    pub card: u32,
    /// Their points.
    pub points: u64,
}

/// The shop's members, the first so many of them: always the same.
pub fn members(count: u32) -> impl Iterator<Item = Member> {
    let mut dice = Dice(20_261_123);
    (0..count).map(move |n| {
        let points = dice.below(5000);
        let name = name(&mut dice);
        Member { name, phone: format!("139{:08}", phone(n)), card: card(n), points }
    })
}

/// A new shop with so many members.
///
/// # Errors
/// Those of the till.
pub fn made(folder: &std::path::Path, count: u32) -> Result<Till> {
    std::fs::create_dir_all(folder)?;
    let set_up = SetUp {
        business: "百万".into(),
        store: "一店".into(),
        currency: "CNY".into(),
        currency_digits: 2,
        country: "CN".into(),
        time_zone: "Asia/Shanghai".into(),
        day_start_hour: 0,
        owner: "店主".into(),
        pin: PIN.into(),
    };
    let till = Till::create(folder, &set_up, &options())?;
    let owner = till.owner()?;
    let mut members = members(count).peekable();
    while members.peek().is_some() {
        let mut csv = String::from("会员编号,姓名,电话,积分,到期日期\n");
        for Member { name, phone, card, points } in members.by_ref().take(CHUNK) {
            let row = format!("{card},{name},{phone},{points},2029-12-31\n");
            csv.push_str(&row);
        }
        let input = ImportInput { bytes: csv.into_bytes(), profile: Profile::Zh, dry_run: false };
        till.import(&owner, &input, &mut std::io::sink())?;
    }
    Ok(till)
}

/// The card of the n-th member.
pub fn card(n: u32) -> u32 {
    10_000_000 + n
}

/// The last eight digits of the n-th member's phone: all different, in no order.
pub fn phone(n: u32) -> u64 {
    u64::from(n) * 7_919_939 % 100_000_000
}

/// Durations, told as the median, the 99th percentile and the spread between the quartiles.
pub struct Sample(Vec<Duration>);

impl Sample {
    /// From measurements in any order.
    ///
    /// # Panics
    /// Without a measurement.
    pub fn new(mut times: Vec<Duration>) -> Self {
        assert!(!times.is_empty(), "nothing was measured");
        times.sort_unstable();
        Self(times)
    }

    /// How many.
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    fn at(&self, per_mille: usize) -> Duration {
        let last = self.0.len() - 1;
        self.0.get(last * per_mille / 1000).copied().unwrap_or_default()
    }

    /// Half are faster.
    pub fn median(&self) -> Duration {
        self.at(500)
    }

    /// One in a hundred is slower.
    pub fn p99(&self) -> Duration {
        self.at(990)
    }

    /// `p50 0.41 ms · p99 1.20 ms · quartiles 0.38–0.47 ms`
    pub fn told(&self) -> String {
        format!(
            "p50 {} · p99 {} · quartiles {}–{} (n={})",
            ms(self.median()),
            ms(self.p99()),
            ms(self.at(250)),
            ms(self.at(750)),
            self.0.len()
        )
    }
}

/// `0.412 ms`
pub fn ms(time: Duration) -> String {
    let micros = time.as_micros();
    format!("{}.{:03} ms", micros / 1000, micros % 1000)
}

/// `1.74`: how many times `limit` fits into `ours`.
pub fn ratio(ours: Duration, limit: Duration) -> String {
    let hundredths = ours.as_nanos() * 100 / limit.as_nanos().max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// `12.3 s`
pub fn seconds(time: Duration) -> String {
    format!("{}.{} s", time.as_secs(), time.subsec_millis() / 100)
}

/// Opens a hub on an empty or filled database of either engine.
///
/// # Errors
/// Those of the hub.
pub fn open_hub(database: &str) -> Outcome<std::sync::Arc<punchcard_hub::Hub>> {
    let store = punchcard_hub::store::open(database)?;
    let hub = punchcard_hub::Hub::open(store, punchcard_hub::clock::system())?;
    Ok(std::sync::Arc::new(hub))
}

/// The hub behind TLS, on a port of this machine.
///
/// # Errors
/// Those of the hub.
pub fn serve(hub: &std::sync::Arc<punchcard_hub::Hub>) -> Outcome<punchcard_hub::http::Running> {
    let options = punchcard_hub::http::Options {
        listen: ([127, 0, 0, 1], 0).into(),
        tls: punchcard_hub::http::Tls::Auto,
        metrics_any: false,
        enrol_per_minute: 10_000,
    };
    Ok(punchcard_hub::http::serve(hub.clone(), options)?)
}
