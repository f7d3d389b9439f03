//! An entry as it travels.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};

use crate::{
    entry::{Entry, PrivatePart},
    head::SIGNATURE_BYTES,
};

/// An entry and its private part, in JSON: header and salts as hexadecimal digits, the payload as
/// the text it is. A private part that is not text (a photo) travels as hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    /// The header's bytes.
    pub header: String,
    /// Salt of the payload's commitment.
    pub salt: String,
    /// The payload, verbatim.
    pub payload: String,
    /// The private part, where it has one that was not erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<PacketPart>,
    /// The writer's signature over its head at this entry (as in [`crate::SignedHead`]), where it
    /// signed there: whoever holds the entries up to here can prove them to a hub that lost them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<String>,
}

/// A private part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketPart {
    /// Its salt.
    pub salt: String,
    /// Its bytes, where they are text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its bytes, where they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
}

/// A packet that does not hold an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} of a packet cannot be read")]
pub struct PacketError(&'static str);

impl Packet {
    /// Wraps an entry up.
    ///
    /// # Errors
    /// [`PacketError`] for a payload that is not UTF-8; none of ours is.
    pub fn of(entry: &Entry, private: Option<&PrivatePart>) -> Result<Self, PacketError> {
        Self::of_parts(
            (&entry.header, &entry.salt, &entry.payload),
            private.map(|part| PacketPart::of_parts(&part.salt, &part.bytes)),
        )
    }

    /// As [`Packet::of`], from the bytes as they are kept: header, salt and payload.
    ///
    /// # Errors
    /// As for [`Packet::of`].
    pub fn of_parts(
        (header, salt, payload): (&[u8], &[u8], &[u8]),
        private: Option<PacketPart>,
    ) -> Result<Self, PacketError> {
        let payload = std::str::from_utf8(payload).map_err(|_| PacketError("payload"))?;
        Ok(Self {
            header: HEXLOWER.encode(header),
            salt: HEXLOWER.encode(salt),
            payload: payload.to_owned(),
            private,
            signed: None,
        })
    }

    /// The same, with the writer's signature over its head at this entry.
    #[must_use]
    pub fn signed_with(self, signature: Option<[u8; SIGNATURE_BYTES]>) -> Self {
        Self { signed: signature.map(|signature| HEXLOWER.encode(&signature)), ..self }
    }

    /// The writer's signature over its head at this entry, where it comes with one.
    ///
    /// # Errors
    /// [`PacketError`].
    pub fn signature(&self) -> Result<Option<[u8; SIGNATURE_BYTES]>, PacketError> {
        let Some(text) = &self.signed else { return Ok(None) };
        digits(text).map(Some).ok_or(PacketError("signature"))
    }

    /// Unwraps it. Whether the entry holds together is for [`Entry::check`] to say.
    ///
    /// # Errors
    /// [`PacketError`].
    pub fn open(&self) -> Result<(Entry, Option<PrivatePart>), PacketError> {
        let entry = Entry {
            header: HEXLOWER_PERMISSIVE
                .decode(self.header.as_bytes())
                .map_err(|_| PacketError("header"))?,
            salt: salt(&self.salt)?,
            payload: self.payload.as_bytes().to_vec(),
        };
        Ok((entry, self.private.as_ref().map(PacketPart::open).transpose()?))
    }

    /// About how many bytes it takes on the wire, uncompressed.
    pub fn size(&self) -> usize {
        let private = self
            .private
            .as_ref()
            .map_or(0, |part| part.text.as_ref().or(part.hex.as_ref()).map_or(0, String::len) + 64);
        let signed = self.signed.as_ref().map_or(0, |text| text.len() + 16);
        self.header.len() + self.payload.len() + private + signed + 96
    }
}

impl PacketPart {
    /// From salt and bytes, as they are kept.
    pub fn of_parts(salt: &[u8], bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).ok().map(str::to_owned);
        let hex = text.is_none().then(|| HEXLOWER.encode(bytes));
        Self { salt: HEXLOWER.encode(salt), text, hex }
    }

    fn open(&self) -> Result<PrivatePart, PacketError> {
        let bytes = match (&self.text, &self.hex) {
            (Some(text), None) => text.as_bytes().to_vec(),
            (None, Some(digits)) => HEXLOWER_PERMISSIVE
                .decode(digits.as_bytes())
                .map_err(|_| PacketError("private part"))?,
            _ => return Err(PacketError("private part")),
        };
        Ok(PrivatePart { salt: salt(&self.salt)?, bytes })
    }
}

fn salt(text: &str) -> Result<[u8; 16], PacketError> {
    digits(text).ok_or(PacketError("salt"))
}

/// Bytes of one length, from their hexadecimal digits.
fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    HEXLOWER_PERMISSIVE.decode_mut(text.as_bytes(), &mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrapped_up_is_unwrapped() {
        let entry =
            Entry { header: vec![1; 132], salt: [2; 16], payload: b"{\"a\":\"\\u0000\"}".to_vec() };
        for bytes in [b"\"text\"".to_vec(), vec![0xff, 0xd8, 0xff]] {
            let part = PrivatePart { salt: [3; 16], bytes };
            let packet = Packet::of(&entry, Some(&part)).expect("UTF-8");
            let text = serde_json::to_string(&packet).expect("JSON");
            let back: Packet = serde_json::from_str(&text).expect("ours");
            assert_eq!(back.open(), Ok((entry.clone(), Some(part))));
        }
    }

    #[test]
    fn nonsense_is_named() {
        let entry = Entry { header: vec![1; 132], salt: [2; 16], payload: b"{}".to_vec() };
        let good = Packet::of(&entry, None).expect("UTF-8");
        let bad = Packet { salt: "zz".into(), ..good.clone() };
        assert_eq!(bad.open(), Err(PacketError("salt")));
        let bad = Packet { header: "0".into(), ..good };
        assert_eq!(bad.open(), Err(PacketError("header")));
    }
}
