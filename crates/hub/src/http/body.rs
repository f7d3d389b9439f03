//! Bodies: how large they may be, as they are sent and once they are expanded.

use std::{borrow::Cow, future::poll_fn, pin::Pin};

use axum::body::{Body, Bytes, HttpBody as _};
use punchcard_protocol::sync::{Code, ExpandError, LIMITS, expand as expanded};

use crate::error::{Error, Result};

/// What is read of a body that is too long, so that whoever sends it comes to read the answer.
const READ_AND_FORGOTTEN: usize = 16 * 1024 * 1024;
/// Below this, compressing is not worth it.
const SHORT: usize = 1024;
const LEVEL: i32 = 3;

/// How a body was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    Zstd,
}

impl Encoding {
    /// From the header `Content-Encoding`.
    pub(super) fn named(name: Option<&str>) -> Result<Self> {
        match name.map(str::trim) {
            None | Some("" | "identity") => Ok(Self::Plain),
            Some("zstd") => Ok(Self::Zstd),
            Some(_) => Err(Error::refused(Code::BadRequest, "a body is sent with zstd or plain")),
        }
    }
}

/// Reads a body as it is sent.
pub(super) async fn read(mut body: Body) -> Result<Bytes> {
    let mut bytes = Vec::new();
    let mut seen = 0usize;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame.map_err(|_| cut_short())?.into_data() else { continue };
        seen = seen.saturating_add(data.len());
        if seen <= LIMITS.body_bytes {
            bytes.extend_from_slice(&data);
        } else if seen > READ_AND_FORGOTTEN {
            break;
        } else {
            bytes = Vec::new();
        }
    }
    if seen > LIMITS.body_bytes { Err(too_large()) } else { Ok(bytes.into()) }
}

/// The body itself. Never more than the limit is expanded.
pub(super) fn expand(sent: &[u8], encoding: Encoding) -> Result<Cow<'_, [u8]>> {
    if encoding == Encoding::Plain {
        return Ok(Cow::Borrowed(sent));
    }
    match expanded(sent, LIMITS.expanded_bytes) {
        Ok(bytes) => Ok(Cow::Owned(bytes)),
        Err(ExpandError::TooLong) => Err(too_large()),
        Err(ExpandError::Unreadable(_)) => Err(cut_short()),
    }
}

/// Compresses an answer; none where that is not worth it.
pub(super) fn compress(bytes: &[u8]) -> Result<Option<Vec<u8>>> {
    if bytes.len() < SHORT {
        return Ok(None);
    }
    Ok(Some(zstd::bulk::compress(bytes, LEVEL)?))
}

fn cut_short() -> Error {
    Error::refused(Code::BadRequest, "the body is cut short or damaged")
}

fn too_large() -> Error {
    Error::refused(Code::TooLarge, "the body is longer than the limits say")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T>(result: Result<T>) -> Option<Code> {
        match result {
            Err(Error::Refused(refusal)) => Some(refusal.code),
            _ => None,
        }
    }

    /// Zeroes, compressed: `mebibytes` of them in a stream that does not say how long it is.
    fn bomb(mebibytes: usize, window_log: u32) -> Vec<u8> {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
        encoder.window_log(window_log).expect("a window");
        let zeroes = vec![0; 1024 * 1024];
        for _ in 0..mebibytes {
            std::io::Write::write_all(&mut encoder, &zeroes).expect("memory");
        }
        encoder.finish().expect("memory")
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit() {
        let most = vec![b' '; LIMITS.body_bytes];
        assert_eq!(read(Body::from(most.clone())).await.expect("read").len(), most.len());
        let more = vec![b' '; LIMITS.body_bytes + 1];
        assert_eq!(code(read(Body::from(more)).await), Some(Code::TooLarge));
    }

    #[tokio::test]
    async fn a_body_without_end_is_not_read_to_its_end() {
        struct Endless;
        impl axum::body::HttpBody for Endless {
            type Data = Bytes;
            type Error = std::convert::Infallible;
            fn poll_frame(
                self: Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<std::result::Result<hyper::body::Frame<Bytes>, Self::Error>>>
            {
                let data = Bytes::from_static(&[0; 8192]);
                std::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(data))))
            }
        }
        assert_eq!(code(read(Body::new(Endless)).await), Some(Code::TooLarge));
    }

    #[test]
    fn what_was_compressed_is_expanded() {
        let text = "打卡 ".repeat(1000);
        let sent = compress(text.as_bytes()).expect("memory").expect("long enough");
        assert!(sent.len() < text.len());
        assert_eq!(expand(&sent, Encoding::Zstd).expect("whole"), text.as_bytes());
        assert_eq!(compress(b"{}").expect("memory"), None);
    }

    #[test]
    fn a_bomb_goes_off_in_a_small_room() {
        assert_eq!(code(expand(&bomb(1024, 20), Encoding::Zstd)), Some(Code::TooLarge));
        assert_eq!(code(expand(&bomb(9, 27), Encoding::Zstd)), Some(Code::TooLarge));
        assert_eq!(expand(&bomb(8, 23), Encoding::Zstd).expect("as long as may be").len(), 8 << 20);
        let many: Vec<u8> = bomb(1, 20).repeat(9);
        assert_eq!(code(expand(&many, Encoding::Zstd)), Some(Code::TooLarge), "in many frames");
    }

    #[test]
    fn a_body_cut_short_is_a_bad_request() {
        let sent = compress("打卡 ".repeat(1000).as_bytes()).expect("memory").expect("long");
        for end in [1, 4, sent.len() / 2, sent.len() - 1] {
            let code = code(expand(&sent[..end], Encoding::Zstd));
            assert_eq!(code, Some(Code::BadRequest), "{end} of {}", sent.len());
        }
        assert_eq!(code(expand(b"{\"a\":1}", Encoding::Zstd)), Some(Code::BadRequest));
    }

    #[test]
    fn only_zstd_is_known() {
        assert_eq!(Encoding::named(None).expect("known"), Encoding::Plain);
        assert_eq!(Encoding::named(Some("zstd")).expect("known"), Encoding::Zstd);
        assert_eq!(code(Encoding::named(Some("gzip"))), Some(Code::BadRequest));
        assert_eq!(code(Encoding::named(Some("zstd, zstd"))), Some(Code::BadRequest));
    }
}
