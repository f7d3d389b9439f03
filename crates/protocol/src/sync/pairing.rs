//! Pairing: a code that is typed once, and what makes sure that hub and till are who they say.
//!
//! The till does not know the hub's certificate yet. The code's secret half never crosses the wire
//! before the hub has proved that it knows it, over the certificate that the till sees: somebody
//! in the middle has another certificate, and cannot make the proof for it.

use serde::{Deserialize, Serialize};

use crate::hash::Hash;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const PROOF_DOMAIN: &[u8] = b"punchcard/v1/pairing-proof\0";
const SECRET_DOMAIN: &[u8] = b"punchcard/v1/pairing-secret\0";
/// Letters that say which code it is.
const ID_LETTERS: usize = 4;
/// Letters that are secret: 60 bits.
const SECRET_LETTERS: usize = 12;
const LETTERS: usize = ID_LETTERS + SECRET_LETTERS;

/// Text that is not a pairing code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pairing code is sixteen letters and digits, as ABCD-EFGH-JKMN-PQRS")]
pub struct CodeError;

/// A one-time code: sixteen letters of Crockford's alphabet, shown in four groups.
#[derive(Clone, PartialEq, Eq)]
pub struct PairingCode(String);

impl PairingCode {
    /// From ten random bytes.
    pub fn from_random(bytes: [u8; 10]) -> Self {
        let mut letters = String::new();
        let mut bits = 0u32;
        let mut held = 0u32;
        for byte in bytes {
            held = (held << 8) | u32::from(byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                letters.push(char::from(ALPHABET[((held >> bits) & 31) as usize]));
            }
        }
        Self(letters)
    }

    /// As it is typed: any case, with or without dashes, O for 0 and I or L for 1.
    ///
    /// # Errors
    /// [`CodeError`].
    pub fn parse(typed: &str) -> Result<Self, CodeError> {
        let mut letters = String::new();
        for c in typed.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '—')) {
            let c = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                c => c,
            };
            if !u8::try_from(c).is_ok_and(|byte| ALPHABET.contains(&byte)) {
                return Err(CodeError);
            }
            letters.push(c);
        }
        if letters.len() == LETTERS { Ok(Self(letters)) } else { Err(CodeError) }
    }

    /// Which code it is: not secret.
    pub fn id(&self) -> &str {
        &self.0[..ID_LETTERS]
    }

    /// What the hub keeps instead of the code.
    pub fn secret_hash(&self) -> Hash {
        Hash::of(SECRET_DOMAIN, &[self.0.as_bytes()])
    }

    /// In four groups, for people.
    pub fn shown(&self) -> String {
        let groups: Vec<&str> = (0..4).map(|n| &self.0[n * 4..n * 4 + 4]).collect();
        groups.join("-")
    }
}

impl std::fmt::Debug for PairingCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PairingCode({}…)", self.id())
    }
}

/// What the hub proves it knows the code with. All parts but the secret's hash have a fixed length
/// and are known to both; `certificate` is SHA-256 of the certificate the till was shown (zeroes
/// where the call is not encrypted), `hub_key` the hub's Ed25519 key.
pub fn pairing_proof(
    secret_hash: Hash,
    nonce: &[u8; 32],
    certificate: &[u8; 32],
    hub_key: &[u8; 32],
) -> Hash {
    Hash::of(PROOF_DOMAIN, &[&secret_hash.0, nonce, certificate, hub_key])
}

/// What the pairing QR holds, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairingQr {
    /// Address of the hub.
    pub hub: String,
    /// The code.
    pub code: String,
    /// The hub's Ed25519 key, hexadecimal.
    pub key: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = PairingCode::from_random([0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 1, 2]);
        let shown = code.shown();
        assert_eq!(shown.len(), 19);
        for typed in
            [shown.clone(), shown.to_lowercase(), shown.replace('-', " "), shown.replace('0', "o")]
        {
            assert_eq!(PairingCode::parse(&typed), Ok(code.clone()), "{typed}");
        }
        for bad in ["", "ABCD", "ABCD-EFGH-JKMN-PQRU", "ABCD-EFGH-JKMN-PQRSS", "打卡"] {
            assert_eq!(PairingCode::parse(bad), Err(CodeError), "{bad}");
        }
    }

    #[test]
    fn the_code_is_not_in_its_debug_text() {
        let code = PairingCode::from_random([7; 10]);
        assert!(!format!("{code:?}").contains(&code.shown()[5..]));
    }

    /// Both sides compute these bytes: they must never change.
    #[test]
    fn golden_proof() {
        let code = PairingCode::parse("0123-4567-89AB-CDEF").expect("a code");
        let proof = pairing_proof(code.secret_hash(), &[1; 32], &[2; 32], &[3; 32]);
        assert_eq!(proof.to_string().len(), 64);
        assert_ne!(proof, pairing_proof(code.secret_hash(), &[1; 32], &[9; 32], &[3; 32]));
    }
}
