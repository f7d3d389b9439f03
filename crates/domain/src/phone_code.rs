//! The six digits that an authenticator on a member's phone shows: RFC 6238, a new code every
//! thirty seconds, SHA-1, as every such program has it.

use totp_rs::{Builder, Secret, Totp};

use crate::{
    records::{MAX_NAME_CHARS, Rules},
    refusal::Refusal,
};

/// Bytes of a secret: as many as SHA-1 gives.
pub const SECRET_BYTES: usize = 20;
/// How long a code is shown: seconds.
const STEP_SECS: u64 = 30;
/// Phones whose clock is off by a step, and people who type slowly.
const STEPS_EITHER_SIDE: u16 = 1;

/// A secret as it is kept and typed: base32 without filling.
pub fn spelled(secret: [u8; SECRET_BYTES]) -> String {
    Secret::new_stack(secret).to_base32()
}

/// What an authenticator reads: whose code, and the secret.
pub fn for_phone(secret: &str, business: &str, member: &str) -> String {
    let (issuer, account) = (escaped(business), escaped(member));
    format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}")
}

/// Letters and digits as they are, every other byte as `%20` is: a colon would end a name.
fn escaped(name: &str) -> String {
    let short: String = name.chars().take(MAX_NAME_CHARS).collect();
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    short.bytes().map(escape).collect()
}

/// Which step a code belongs to, at a moment (Unix ms); none: it is wrong. Codes are compared in a
/// time that does not depend on them.
pub fn step_of(secret: &str, code: &str, at_ms: i64) -> Option<i64> {
    let at_secs = u64::try_from(at_ms / 1000).ok()?;
    let step = totp(secret)?.check(code, at_secs)?;
    i64::try_from(step).ok()
}

/// The code of a moment (Unix ms); none: a secret that cannot be read.
pub fn code_at(secret: &str, at_ms: i64) -> Option<String> {
    let at_secs = u64::try_from(at_ms / 1000).ok()?;
    Some(totp(secret)?.generate(at_secs).to_string())
}

/// None: not a secret.
fn totp(secret: &str) -> Option<Totp> {
    Builder::new()
        .with_secret(Secret::try_from_base32(secret).ok()?)
        .with_step_duration(STEP_SECS)
        .with_skew(STEPS_EITHER_SIDE)
        .build()
        .ok()
}

/// What came of asking a member for their code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CodeGiven {
    /// They were not asked, or did not say.
    #[default]
    None,
    /// Another than the phone shows.
    Wrong,
    /// The one of this step.
    Right(i64),
    /// Somebody who may lets it through without.
    LetThrough,
}

/// What is known of a member's code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MembersCode {
    /// A phone of theirs was set up.
    pub set: bool,
    /// The newest step that was used anywhere, as far as is known here.
    pub used: Option<i64>,
    /// What they gave.
    pub given: CodeGiven,
}

impl Rules {
    /// Whether a redemption of so many points asks for the member's own code.
    pub fn asks_for_code(&self, points: i64) -> bool {
        self.code_above.is_some_and(|above| points > above)
    }
}

impl MembersCode {
    /// The step that is used up, where the rules ask for a code; none: no code is asked for, or it is let
    /// through without.
    ///
    /// # Errors
    /// `no_code_set`, `code_needed`, `code_wrong`, `code_used`.
    pub fn accept(&self, rules: &Rules, points: i64) -> Result<Option<i64>, Refusal> {
        if !rules.asks_for_code(points) {
            return Ok(None);
        }
        match self.given {
            CodeGiven::LetThrough => Ok(None),
            _ if !self.set => Err(Refusal::NoCodeSet),
            CodeGiven::None => Err(Refusal::CodeNeeded),
            CodeGiven::Wrong => Err(Refusal::CodeWrong),
            CodeGiven::Right(step) if self.used.is_some_and(|used| step <= used) => {
                Err(Refusal::CodeUsed)
            }
            CodeGiven::Right(step) => Ok(Some(step)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: this secret, and the last six digits of what SHA-1 gives.
    const SECRET: [u8; SECRET_BYTES] = *b"12345678901234567890";

    #[test]
    fn the_codes_are_those_of_the_standard() {
        let secret = spelled(SECRET);
        assert_eq!(secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        for (at_secs, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(code_at(&secret, at_secs * 1000).as_deref(), Some(code));
            assert_eq!(step_of(&secret, code, at_secs * 1000), Some(at_secs / 30));
        }
    }

    #[test]
    fn one_step_either_side_and_no_more() {
        let secret = spelled(SECRET);
        let at_ms = 1_234_567_890_000;
        let code = code_at(&secret, at_ms).expect("a secret");
        let found = |steps: i64| step_of(&secret, &code, at_ms + steps * 30_000).is_some();
        assert_eq!([-2, -1, 0, 1, 2].map(found), [false, true, true, true, false]);
    }

    #[test]
    fn what_is_no_code_is_wrong() {
        let secret = spelled(SECRET);
        let at_ms = 1_234_567_890_000;
        for code in ["", "05924", "0005924", "+05924", "00592a", "００５９２４", "005925"] {
            assert_eq!(step_of(&secret, code, at_ms), None, "{code}");
        }
        for secret in ["", "GEZDGNBV", "not base32!"] {
            assert_eq!(step_of(secret, "005924", at_ms), None, "{secret}");
        }
        assert_eq!(step_of(&secret, "005924", -1), None);
    }

    #[test]
    fn what_a_phone_reads_holds_whatever_a_name_is() {
        assert_eq!(
            for_phone("ABC", "A:B&C", "王 1"),
            "otpauth://totp/A%3AB%26C:%E7%8E%8B%201?secret=ABC&issuer=A%3AB%26C"
        );
    }
}
