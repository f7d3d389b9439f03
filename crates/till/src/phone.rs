//! Phones in every spelling that shops have, kept as E.164.

use punchcard_domain::member::mask_phone;
use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};

/// Reads a phone as people and old systems write it: full-width digits, spaces, a leading
/// apostrophe, with or without the country. `None`: it cannot be one.
pub(crate) fn parse(text: &str, country: &str) -> Option<String> {
    let narrow = narrow(text);
    if country == "CN" && is_chinese_mobile(&narrow) {
        // What nine in ten rows are, without a table of the world's numbers.
        return Some(format!("+86{narrow}"));
    }
    let region: Region = country.parse().ok()?;
    let number = PHONE_NUMBER_UTIL.parse(&narrow, Some(region)).ok()?;
    if !PHONE_NUMBER_UTIL.is_valid_number(&number) {
        return None;
    }
    let nation = number.country_code;
    let rest = rlibphonenumber::get_national_significant_number_owned(&number);
    Some(format!("+{nation}{rest}"))
}

/// Full-width forms narrowed; an apostrophe that made a spreadsheet keep the digits taken off.
fn narrow(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    let narrow: String = text.nfkc().filter(|c| !c.is_control()).collect();
    narrow.trim().trim_start_matches(['\'', '’', '`']).trim().to_owned()
}

fn is_chinese_mobile(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 11
        && bytes[0] == b'1'
        && (b'3'..=b'9').contains(&bytes[1])
        && bytes.iter().all(u8::is_ascii_digit)
}

/// As it is shown and dialled at home: without the country code in China, in full elsewhere.
pub(crate) fn shown(e164: &str) -> String {
    match e164.strip_prefix("+86") {
        Some(national) => national.to_owned(),
        None => e164.to_owned(),
    }
}

/// As it is shown to who may not see it in full.
pub(crate) fn masked(e164: &str) -> String {
    mask_phone(&shown(e164))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_one_phone() {
        for text in [
            "13812340427",
            " 138 1234 0427 ",
            "+86 138-1234-0427",
            "8613812340427",
            "'13812340427",
            "１３８１２３４０４２７",
            "0086 138 1234 0427",
        ] {
            assert_eq!(parse(text, "CN").as_deref(), Some("+8613812340427"), "{text}");
        }
        assert_eq!(parse("+1 415-555-0123", "CN").as_deref(), Some("+14155550123"));
        assert_eq!(parse("(415) 555-0123", "US").as_deref(), Some("+14155550123"));
    }

    #[test]
    fn what_is_no_phone() {
        for text in ["", "无", "abc", "1381234", "12345678901", "0", "138123404277777"] {
            assert_eq!(parse(text, "CN"), None, "{text}");
        }
    }

    #[test]
    fn shown_and_masked() {
        assert_eq!(shown("+8613812340427"), "13812340427");
        assert_eq!(masked("+8613812340427"), "138****0427");
        assert_eq!(shown("+14155550123"), "+14155550123");
    }
}
