//! An entry as it travels.

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
        Ok(Self {
            header: hex::encode(&entry.header),
            salt: hex::encode(entry.salt),
            payload: String::from_utf8(entry.payload.clone())
                .map_err(|_| PacketError("payload"))?,
            private: private.map(PacketPart::of),
            signed: None,
        })
    }

    /// The same, with the writer's signature over its head at this entry.
    #[must_use]
    pub fn signed_with(self, signature: Option<[u8; SIGNATURE_BYTES]>) -> Self {
        Self { signed: signature.map(hex::encode), ..self }
    }

    /// The writer's signature over its head at this entry, where it comes with one.
    ///
    /// # Errors
    /// [`PacketError`].
    pub fn signature(&self) -> Result<Option<[u8; SIGNATURE_BYTES]>, PacketError> {
        let Some(text) = &self.signed else { return Ok(None) };
        let mut bytes = [0; SIGNATURE_BYTES];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| PacketError("signature"))?;
        Ok(Some(bytes))
    }

    /// Unwraps it. Whether the entry holds together is for [`Entry::check`] to say.
    ///
    /// # Errors
    /// [`PacketError`].
    pub fn open(self) -> Result<(Entry, Option<PrivatePart>), PacketError> {
        let entry = Entry {
            header: hex::decode(&self.header).map_err(|_| PacketError("header"))?,
            salt: salt(&self.salt)?,
            payload: self.payload.into_bytes(),
        };
        Ok((entry, self.private.map(PacketPart::open).transpose()?))
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
    fn of(part: &PrivatePart) -> Self {
        let text = String::from_utf8(part.bytes.clone()).ok();
        let hex = text.is_none().then(|| hex::encode(&part.bytes));
        Self { salt: hex::encode(part.salt), text, hex }
    }

    fn open(self) -> Result<PrivatePart, PacketError> {
        let bytes = match (self.text, self.hex) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(digits)) => hex::decode(digits).map_err(|_| PacketError("private part"))?,
            _ => return Err(PacketError("private part")),
        };
        Ok(PrivatePart { salt: salt(&self.salt)?, bytes })
    }
}

fn salt(text: &str) -> Result<[u8; 16], PacketError> {
    let mut bytes = [0; 16];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| PacketError("salt"))?;
    Ok(bytes)
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
