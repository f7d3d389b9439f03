//! A shop for fuzzers that need one.

use punchcard_till::{Actor, KeyPlace, Options, SetUp, Till};

/// A till with some members, in a folder that is gone with the process's temporary files.
pub struct Shop {
    /// The till.
    pub till: Till,
    /// Its owner.
    pub owner: Actor,
    _folder: tempfile::TempDir,
}

impl Shop {
    /// Makes it.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = Options { keys: KeyPlace::File, ..Options::default() };
        let set_up = SetUp {
            business: "打卡健身".into(),
            store: "静安店".into(),
            currency: "CNY".into(),
            currency_digits: 2,
            country: "CN".into(),
            time_zone: "Asia/Shanghai".into(),
            day_start_hour: 0,
            owner: "陈店主".into(),
            pin: "274913".into(),
        };
        let till = Till::create(&folder.path().join("till"), &set_up, &options).expect("a shop");
        let owner = till.owner().expect("there is one");
        for (name, phone, card) in [
            ("王堃", "13800000001", "10000001"),
            ("陈喆", "13800000002", "A-1002"),
            ("O'Neil·Ann", "+4915112345678", "000123"),
        ] {
            let input = punchcard_till::views::MemberInput {
                name: name.into(),
                phone: phone.into(),
                cards: vec![card.into()],
                ..Default::default()
            };
            till.register_member(&owner, input).expect("a member");
        }
        Self { till, owner, _folder: folder }
    }
}

impl Default for Shop {
    fn default() -> Self {
        Self::new()
    }
}
