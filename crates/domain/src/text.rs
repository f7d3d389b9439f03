//! Text as it is compared: what people type is seldom what was written down.

use unicode_normalization::UnicodeNormalization as _;

/// Lower case, full-width forms narrowed, without spaces and middle dots.
pub fn fold(text: &str) -> String {
    text.nfkc()
        .flat_map(char::to_lowercase)
        .filter(|c| !c.is_whitespace() && !matches!(c, '·' | '•' | '\'' | '-'))
        .collect()
}

/// One line: whatever would end it, or tell a terminal, a printer or a log to do something, is a
/// space.
pub fn one_line(text: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.chars().map(|c| if breaks(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_write_a_line_of_its_own() {
        for (text, line) in [
            ("李喆", "李喆"),
            ("a\r\nERROR paid", "a  ERROR paid"),
            ("\u{1b}[2J\u{1b}@\u{9b}", " [2J @ "),
            ("a\u{2028}b\u{0}\u{7f}\u{85}", "a b   "),
        ] {
            assert_eq!(one_line(text), line);
        }
    }
}
