//! Bodies as they were before zstd made them shorter.

use std::io::Read as _;

/// What is expanded looks back to at most two to the power of this: 8 MiB, more than either side asks for when it
/// compresses. So much memory a frame may ask for before it holds anything.
pub const WINDOW_LOG: u32 = 23;

/// Why a body cannot be expanded.
#[derive(Debug, thiserror::Error)]
pub enum ExpandError {
    /// It would be longer than it may be, or asks for more memory than it may.
    #[error("it is longer than it may be")]
    TooLong,
    /// It is cut short, damaged, or no zstd.
    #[error("it is cut short or damaged: {0}")]
    Unreadable(std::io::Error),
}

/// Expands what zstd compressed, in however many frames. A few bytes can stand for more than there is
/// memory: no more than `limit` bytes are expanded, and one.
///
/// # Errors
/// [`ExpandError`].
pub fn expand(packed: &[u8], limit: usize) -> Result<Vec<u8>, ExpandError> {
    let mut decoder = zstd::Decoder::with_buffer(packed).map_err(unreadable)?;
    decoder.window_log_max(WINDOW_LOG).map_err(unreadable)?;
    let mut bytes = Vec::new();
    decoder.take((limit as u64).saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > limit { Err(ExpandError::TooLong) } else { Ok(bytes) }
}

/// The library has no name for it but its message: a frame that asks for a large window is one that
/// would be too long.
fn unreadable(error: std::io::Error) -> ExpandError {
    if error.to_string().contains("too much memory") {
        return ExpandError::TooLong;
    }
    ExpandError::Unreadable(error)
}
