//! Which column is which.

use crate::error::{Error, Result};

/// What a file of members looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Profile {
    /// By its heading.
    #[default]
    Auto,
    /// As Chinese systems export it: 会员编号, 姓名, 电话…
    Zh,
    /// As Square and its like export it: Reference ID, First Name, Last Name…
    En,
}

impl std::str::FromStr for Profile {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(Self::Auto),
            "zh" => Ok(Self::Zh),
            "en" => Ok(Self::En),
            _ => Err(Error::bad_input("profile", "auto, zh or en")),
        }
    }
}

/// Where each thing stands; none: the file does not have it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) card: Option<usize>,
    pub(crate) name: Option<usize>,
    pub(crate) first_name: Option<usize>,
    pub(crate) last_name: Option<usize>,
    pub(crate) phone: Option<usize>,
    pub(crate) email: Option<usize>,
    pub(crate) birthday: Option<usize>,
    pub(crate) gender: Option<usize>,
    pub(crate) tier: Option<usize>,
    pub(crate) points: Option<usize>,
    pub(crate) stored: Option<usize>,
    pub(crate) joined: Option<usize>,
    pub(crate) until: Option<usize>,
    pub(crate) visits: Option<usize>,
    pub(crate) tags: Option<usize>,
    pub(crate) note: Option<usize>,
    /// How phones without a country are read, where the file says: `None`: as the business's.
    pub(crate) country: Option<&'static str>,
}

/// Where a column's place is kept.
type Field = fn(&mut Columns) -> &mut Option<usize>;

/// Headings, as they are met with, in small letters without spaces.
const ZH: &[(&str, Field)] = &[
    ("会员编号", |c| &mut c.card),
    ("会员卡号", |c| &mut c.card),
    ("卡号", |c| &mut c.card),
    ("编号", |c| &mut c.card),
    ("姓名", |c| &mut c.name),
    ("会员姓名", |c| &mut c.name),
    ("电话", |c| &mut c.phone),
    ("手机", |c| &mut c.phone),
    ("手机号", |c| &mut c.phone),
    ("手机号码", |c| &mut c.phone),
    ("联系电话", |c| &mut c.phone),
    ("邮箱", |c| &mut c.email),
    ("电子邮箱", |c| &mut c.email),
    ("生日", |c| &mut c.birthday),
    ("出生日期", |c| &mut c.birthday),
    ("性别", |c| &mut c.gender),
    ("等级", |c| &mut c.tier),
    ("会员等级", |c| &mut c.tier),
    ("积分", |c| &mut c.points),
    ("剩余积分", |c| &mut c.points),
    ("余额", |c| &mut c.stored),
    ("储值余额", |c| &mut c.stored),
    ("开卡日期", |c| &mut c.joined),
    ("入会日期", |c| &mut c.joined),
    ("到期日期", |c| &mut c.until),
    ("有效期至", |c| &mut c.until),
    ("剩余次数", |c| &mut c.visits),
    ("标签", |c| &mut c.tags),
    ("备注", |c| &mut c.note),
];

const EN: &[(&str, Field)] = &[
    ("referenceid", |c| &mut c.card),
    ("memberid", |c| &mut c.card),
    ("membernumber", |c| &mut c.card),
    ("cardnumber", |c| &mut c.card),
    ("firstname", |c| &mut c.first_name),
    ("lastname", |c| &mut c.last_name),
    ("surname", |c| &mut c.last_name),
    ("name", |c| &mut c.name),
    ("fullname", |c| &mut c.name),
    ("emailaddress", |c| &mut c.email),
    ("email", |c| &mut c.email),
    ("phonenumber", |c| &mut c.phone),
    ("phone", |c| &mut c.phone),
    ("mobile", |c| &mut c.phone),
    ("birthday", |c| &mut c.birthday),
    ("dateofbirth", |c| &mut c.birthday),
    ("gender", |c| &mut c.gender),
    ("tier", |c| &mut c.tier),
    ("level", |c| &mut c.tier),
    ("points", |c| &mut c.points),
    ("pointsbalance", |c| &mut c.points),
    ("balance", |c| &mut c.stored),
    ("storedvalue", |c| &mut c.stored),
    ("joined", |c| &mut c.joined),
    ("firstvisit", |c| &mut c.joined),
    ("expires", |c| &mut c.until),
    ("expirydate", |c| &mut c.until),
    ("visitsleft", |c| &mut c.visits),
    ("tags", |c| &mut c.tags),
    ("groups", |c| &mut c.tags),
    ("memo", |c| &mut c.note),
    ("note", |c| &mut c.note),
    ("notes", |c| &mut c.note),
];

/// Finds the columns by the heading.
///
/// # Errors
/// Where there is no column for names or none for phones.
pub(crate) fn columns(heading: &[String], profile: Profile) -> Result<Columns> {
    let known = |names: &[(&str, Field)]| {
        let mut columns = Columns::default();
        for (at, cell) in heading.iter().enumerate() {
            let cell = plain(cell);
            if let Some((_, field)) = names.iter().find(|(name, _)| *name == cell) {
                field(&mut columns).get_or_insert(at);
            }
        }
        columns
    };
    let (zh, mut en) = (known(ZH), known(EN));
    en.country = Some("US");
    let has_names = |columns: &Columns| columns.name.or(columns.first_name).is_some();
    let columns = match profile {
        Profile::Auto if has_names(&zh) => zh,
        Profile::Zh => zh,
        Profile::En | Profile::Auto => en,
    };
    if !has_names(&columns) || columns.phone.is_none() {
        return Err(Error::bad_input(
            "file",
            "the first line must name the columns, a name and a phone among them (姓名, 电话 or Name, Phone)",
        ));
    }
    Ok(columns)
}

/// A heading in small letters, without spaces and marks.
fn plain(cell: &str) -> String {
    super::cells::narrow(cell)
        .trim_start_matches('\u{feff}')
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heading(text: &str) -> Vec<String> {
        text.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn by_the_heading() {
        let zh = columns(&heading("会员编号, 姓 名 ,电话,积分"), Profile::Auto)
            .expect("names and phones");
        assert_eq!((zh.card, zh.name, zh.phone, zh.points), (Some(0), Some(1), Some(2), Some(3)));
        let en = columns(
            &heading("\u{feff}Reference ID,First Name,Last Name,Phone Number"),
            Profile::Auto,
        )
        .expect("names and phones");
        assert_eq!(
            (en.card, en.first_name, en.last_name, en.phone),
            (Some(0), Some(1), Some(2), Some(3))
        );
    }

    #[test]
    fn without_names_or_phones_it_says_what_is_missing() {
        assert!(columns(&heading("a,b,c"), Profile::Auto).is_err());
        assert!(columns(&heading("姓名,积分"), Profile::Auto).is_err());
    }
}
