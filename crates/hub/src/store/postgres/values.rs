//! Values, as PostgreSQL sends and takes them: by the type the server gives them.

use std::error::Error as StdError;

// What PostgreSQL's own derive macros name it by.
use ::postgres::types::private::BytesMut;
use ::postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::Datum;

type Outcome<T> = Result<T, Box<dyn StdError + Sync + Send>>;

impl ToSql for Datum {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Outcome<IsNull> {
        match (self, ty) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(number), &Type::INT8) => number.to_sql(ty, out),
            (Self::Int(number), &Type::INT4) => i32::try_from(*number)?.to_sql(ty, out),
            (Self::Text(text), &Type::TEXT | &Type::VARCHAR | &Type::NAME) => text.to_sql(ty, out),
            (Self::Blob(bytes), &Type::BYTEA) => bytes.to_sql(ty, out),
            (other, _) => Err(format!("{ty} is wanted, {} is given", other.kind()).into()),
        }
    }

    // Nothing fits everywhere, and which value it is decides about the others.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Datum {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Outcome<Self> {
        Ok(match *ty {
            Type::INT8 => Self::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Self::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT2 => Self::Int(i16::from_sql(ty, raw)?.into()),
            Type::BOOL => Self::Int(bool::from_sql(ty, raw)?.into()),
            Type::NUMERIC => Self::Int(whole(raw)?),
            Type::TEXT | Type::VARCHAR | Type::NAME => Self::Text(String::from_sql(ty, raw)?),
            Type::BYTEA => Self::Blob(raw.to_vec()),
            _ => return Err(format!("{ty} is nothing this program knows").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Outcome<Self> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl Datum {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Int(_) => "a number",
            Self::Text(_) => "text",
            Self::Blob(_) => "bytes",
        }
    }
}

/// A sum, which PostgreSQL gives as a decimal of any length: how many groups of four digits there
/// are, which power of 10,000 the first one counts, the sign, how many digits to show, the groups.
fn whole(raw: &[u8]) -> Outcome<i64> {
    let mut words = raw.chunks_exact(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]]));
    let mut next = || words.next().ok_or("a decimal ends early");
    let (groups, weight, sign, _shown) = (next()?, next()?, next()?, next()?);
    if groups > weight.saturating_add(1) {
        return Err("a fraction where whole numbers are asked for".into());
    }
    let mut number: i128 = 0;
    for _ in 0..=weight {
        // Zeros at the end are not sent.
        let group = words.next().unwrap_or(0);
        let longer = number.checked_mul(10_000).ok_or("a sum is too large")?;
        number = longer + i128::from(group);
    }
    let number = match sign {
        0x0000 => number,
        0x4000 => -number,
        _ => return Err("a decimal that is no number".into()),
    };
    Ok(i64::try_from(number)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(words: &[i16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn sums_are_whole_numbers() {
        let read = |words: &[i16]| whole(&decimal(words)).ok();
        assert_eq!(read(&[0, 0, 0, 0]), Some(0));
        assert_eq!(read(&[1, 0, 0, 0, 7]), Some(7));
        assert_eq!(read(&[1, 1, 0, 0, 3]), Some(30_000));
        assert_eq!(read(&[2, 1, 0x4000, 0, 3, 12]), Some(-30_012));
        // 9,223,372,036,854,775,807 and one more.
        assert_eq!(read(&[5, 4, 0, 0, 922, 3372, 368, 5477, 5807]), Some(i64::MAX));
        assert_eq!(read(&[5, 4, 0, 0, 922, 3372, 368, 5477, 5808]), None);
        assert_eq!(read(&[5, 4, 0x4000, 0, 922, 3372, 368, 5477, 5808]), Some(i64::MIN));
        // 0.5, 1.5, 10000 to the 4,000th, not a number, and half a decimal.
        assert_eq!(read(&[1, -1, 0, 1, 5000]), None);
        assert_eq!(read(&[2, 0, 0, 1, 1, 5000]), None);
        assert_eq!(read(&[1, 4_000, 0, 0, 1]), None);
        assert_eq!(read(&[0, 0, -16_384, 0]), None);
        assert_eq!(read(&[1, 0]), None);
    }
}
