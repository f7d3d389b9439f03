//! Text as it is compared: what people type is seldom what was written down.

use unicode_normalization::UnicodeNormalization as _;

/// Lower case, full-width forms narrowed, without spaces and middle dots.
pub fn fold(text: &str) -> String {
    text.nfkc()
        .flat_map(char::to_lowercase)
        .filter(|c| !c.is_whitespace() && !matches!(c, '·' | '•' | '\'' | '-'))
        .collect()
}
