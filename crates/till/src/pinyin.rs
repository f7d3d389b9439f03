//! How a name is said: pinyin and initials, in every reading that a surname may have.

use pinyin::{ToPinyin as _, ToPinyinMulti as _};

/// One way to say a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reading {
    /// `ouyangnana`
    pub full: String,
    /// `oynn`
    pub initials: String,
}

/// More readings than this help nobody.
const MOST_READINGS: usize = 8;

/// Surnames that are read otherwise than the same character elsewhere.
const SURNAMES: &[(char, &str)] = &[
    ('单', "shan"),
    ('曾', "zeng"),
    ('仇', "qiu"),
    ('解', "xie"),
    ('查', "zha"),
    ('区', "ou"),
    ('朴', "piao"),
    ('任', "ren"),
    ('华', "hua"),
    ('盖', "ge"),
    ('缪', "miao"),
    ('乐', "yue"),
    ('尉', "wei"),
    ('万', "wan"),
    ('翟', "zhai"),
    ('覃', "qin"),
    ('重', "chong"),
    ('黑', "he"),
    ('秘', "bi"),
    ('冼', "xian"),
    ('折', "she"),
    ('召', "shao"),
    ('燕', "yan"),
    ('晁', "chao"),
];

/// Every way to say a name; for a name in Latin letters its words, from each word on.
pub fn readings(name: &str) -> Vec<Reading> {
    let chars: Vec<char> = name.chars().filter(|c| c.is_alphanumeric()).collect();
    if chars.iter().any(|c| c.to_pinyin().is_some()) { hanzi(&chars) } else { latin(name) }
}

fn hanzi(chars: &[char]) -> Vec<Reading> {
    let mut all = vec![Reading { full: String::new(), initials: String::new() }];
    for (at, c) in chars.iter().enumerate() {
        let syllables = syllables(*c, at == 0);
        let mut next = Vec::new();
        for reading in &all {
            for syllable in &syllables {
                next.push(Reading {
                    full: format!("{}{syllable}", reading.full),
                    initials: format!("{}{}", reading.initials, &first_letter(syllable)),
                });
            }
        }
        next.truncate(MOST_READINGS);
        all = next;
    }
    all.sort();
    all.dedup();
    all
}

fn first_letter(syllable: &str) -> String {
    syllable.chars().take(1).collect()
}

/// The syllables one character may be read as, the likeliest first; `ü` as `v`, as keyboards do.
fn syllables(c: char, surname: bool) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    if surname && let Some((_, reading)) = SURNAMES.iter().find(|(name, _)| *name == c) {
        out.push((*reading).to_owned());
    }
    out.extend(c.to_pinyin().map(|pinyin| plain(pinyin.plain())));
    if let Some(many) = c.to_pinyin_multi() {
        out.extend(many.into_iter().map(|pinyin| plain(pinyin.plain())));
    }
    if out.is_empty() {
        // A character that no dictionary knows (𠮷) stands for itself.
        out.push(c.to_lowercase().collect());
    }
    let mut seen = Vec::new();
    out.retain(|syllable| {
        let new = !seen.contains(syllable);
        seen.push(syllable.clone());
        new
    });
    out.truncate(3);
    out
}

fn plain(syllable: &str) -> String {
    syllable.replace('ü', "v")
}

/// `Emma Carter` → emmacarter, carter; ec.
fn latin(name: &str) -> Vec<Reading> {
    let words: Vec<String> = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    (0..words.len())
        .map(|start| Reading {
            full: words[start..].concat(),
            initials: words[start..].iter().map(|word| first_letter(word)).collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str) -> Vec<String> {
        readings(name).into_iter().map(|reading| reading.full).collect()
    }

    #[test]
    fn surnames_are_said_as_surnames() {
        assert!(said("单田芳").contains(&"shantianfang".to_owned()));
        assert!(said("曾𠮷").contains(&"zeng𠮷".to_owned()));
        assert!(said("仇英").contains(&"qiuying".to_owned()));
        assert!(said("吕布").contains(&"lvbu".to_owned()));
    }

    #[test]
    fn rare_characters_are_said() {
        for (name, pinyin) in [("李喆", "lizhe"), ("王堃", "wangkun"), ("张祎", "zhangyi")] {
            assert!(said(name).contains(&pinyin.to_owned()), "{name}: {:?}", said(name));
        }
    }

    #[test]
    fn never_more_readings_than_help() {
        assert!(said("单曾仇解查区朴任").len() <= MOST_READINGS);
        assert_eq!(said("Emma Carter"), ["emmacarter", "carter"]);
        assert!(readings("").is_empty());
    }
}
