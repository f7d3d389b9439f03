//! Values in and out of rows.

use punchcard_protocol::{Hash, StreamId};

use super::Datum;
use crate::error::{Error, Result};

impl Datum {
    /// A whole number.
    ///
    /// # Errors
    /// [`Error::Damaged`] for anything else, as in the functions below.
    pub fn int(&self) -> Result<i64> {
        match self {
            Self::Int(number) => Ok(*number),
            other => Err(odd("a whole number", other)),
        }
    }

    /// A whole number that is never below zero: a position, a place in a journal.
    pub fn count(&self) -> Result<u64> {
        u64::try_from(self.int()?).map_err(|_| odd("a number from 0", self))
    }

    /// Text.
    pub fn text(&self) -> Result<&str> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(odd("text", other)),
        }
    }

    /// Bytes.
    pub fn bytes(&self) -> Result<&[u8]> {
        match self {
            Self::Blob(bytes) => Ok(bytes),
            other => Err(odd("bytes", other)),
        }
    }

    /// Bytes of one length.
    pub fn exactly<const N: usize>(&self) -> Result<[u8; N]> {
        self.bytes()?.try_into().map_err(|_| odd("bytes of another length", self))
    }

    /// A hash.
    pub fn hash(&self) -> Result<Hash> {
        Ok(Hash(self.exactly()?))
    }

    /// A stream.
    pub fn stream(&self) -> Result<StreamId> {
        Ok(StreamId::from_bytes(self.exactly()?))
    }

    /// None for [`Datum::Null`].
    pub fn optional<T>(&self, read: impl FnOnce(&Self) -> Result<T>) -> Result<Option<T>> {
        match self {
            Self::Null => Ok(None),
            other => read(other).map(Some),
        }
    }
}

fn odd(expected: &str, found: &Datum) -> Error {
    let kind = match found {
        Datum::Null => "nothing",
        Datum::Int(_) => "a number",
        Datum::Text(_) => "text",
        Datum::Blob(_) => "bytes",
    };
    Error::Damaged(format!("{expected} was expected in the database, there is {kind}"))
}

impl From<i64> for Datum {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Datum {
    fn from(yes: bool) -> Self {
        Self::Int(i64::from(yes))
    }
}

impl From<&str> for Datum {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Datum {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Datum {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(bytes)
    }
}

impl From<&[u8]> for Datum {
    fn from(bytes: &[u8]) -> Self {
        Self::Blob(bytes.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Datum {
    fn from(bytes: [u8; N]) -> Self {
        Self::Blob(bytes.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for Datum {
    fn from(bytes: &[u8; N]) -> Self {
        Self::Blob(bytes.to_vec())
    }
}

impl From<Hash> for Datum {
    fn from(hash: Hash) -> Self {
        Self::Blob(hash.0.to_vec())
    }
}

impl From<StreamId> for Datum {
    fn from(stream: StreamId) -> Self {
        Self::Blob(stream.to_bytes().to_vec())
    }
}

/// A position or a place in a journal: never near the limit of the sign.
impl From<u64> for Datum {
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl<T: Into<Self>> From<Option<T>> for Datum {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
