//! Where the walk goes on when a chunk before the samples declares a size that cannot be right.
//!
//! Editors that rewrite `LIST` or `bext` leave sizes behind that are too large, so that the chunk
//! swallows the samples, or too small, so that what follows is no chunk. `fmt ` and `data` are then
//! looked for within a bounded number of bytes.

use super::format::WavFormat;
use super::grammar::{Chunk, Grammar, LONGEST_FORMAT, Role};

/// Bytes behind the header of a suspicious chunk that are searched. The largest chunks that stand
/// before samples in the field, embedded pictures, have some hundred kilobytes.
pub(super) const WINDOW: usize = 1 << 20;

/// Largest body of a format chunk that is accepted within a chunk, in bytes.
const LARGEST_FORMAT: u64 = 1 << 12;

/// Rates, in Hz, and channels that are accepted there.
const LARGEST_RATE: u32 = 10_000_000;
const MOST_CHANNELS: u16 = 1024;

/// Whether what follows `chunk`, with whose header `ahead` starts, is a chunk. `ahead` holds at most
/// [`WINDOW`] bytes; a chunk that is longer is not followed by anything.
pub(super) fn is_followed(ahead: &[u8], chunk: &Chunk, grammar: &Grammar) -> bool {
    if chunk.body > WINDOW as u64 {
        return false;
    }
    let end = grammar.header_bytes() as u64 + chunk.body;
    // A pad byte may have been forgotten.
    [end + grammar.pad_after(chunk.body), end].into_iter().any(|at| {
        let Some(next) = ahead.get(at as usize..) else { return false };
        let Some(chunk) = grammar.chunk(next) else { return false };
        match chunk.role {
            Role::Format => !chunk.text && format(next, &chunk, grammar).is_some(),
            Role::Audio => !chunk.text && chunk.body > 0,
            Role::LongSizes => true,
            Role::Other => {
                let short = chunk.body < WINDOW as u64;
                grammar.is_known(next) || (grammar.is_plausible(next) && short)
            }
        }
    })
}

/// Offset in `ahead`, which starts with the header of a suspicious chunk, of the chunk at `from` or
/// behind where the walk should go on. `known` says whether the format of the samples is known, `left`
/// how many bytes the file has from here on by its own account.
pub(super) fn find(
    ahead: &[u8],
    from: usize,
    grammar: &Grammar,
    known: bool,
    left: Option<u64>,
) -> Option<usize> {
    let found = |strict: bool| {
        (from..ahead.len()).find(|&at| {
            let at_hand = &ahead[at..];
            match grammar.role(at_hand) {
                Role::Format => !known && is_format(at_hand, grammar),
                Role::Audio => {
                    let left = left.map(|left| left.saturating_sub(at as u64));
                    is_audio(at_hand, grammar, strict, left)
                }
                Role::LongSizes | Role::Other => false,
            }
        })
    };
    // Text within the chunk may hold the word, too: a size that agrees with that of the file is
    // preferred.
    found(true).or_else(|| found(false))
}

/// Whether a format chunk starts here whose fields somebody may have meant.
fn is_format(ahead: &[u8], grammar: &Grammar) -> bool {
    let Some(chunk) = grammar.chunk(ahead) else { return false };
    chunk.body <= LARGEST_FORMAT && format(ahead, &chunk, grammar).as_ref().is_some_and(is_sane)
}

/// Whether an audio chunk starts here that has a size; if `strict`, one that fits in the `left` bytes of
/// the file.
fn is_audio(ahead: &[u8], grammar: &Grammar, strict: bool, left: Option<u64>) -> bool {
    let Some(chunk) = grammar.chunk(ahead) else { return false };
    let end = chunk.body.saturating_add(grammar.header_bytes() as u64);
    let fits = || left.is_none_or(|left| end <= left + grammar.pad_after(chunk.body));
    !chunk.text && (!strict || (chunk.body > 0 && !chunk.open && fits()))
}

/// What a format chunk says with whose header `ahead` starts.
fn format(ahead: &[u8], chunk: &Chunk, grammar: &Grammar) -> Option<WavFormat> {
    let body = ahead.get(grammar.header_bytes()..)?;
    let length = chunk.body.min(LONGEST_FORMAT as u64) as usize;
    grammar.format(&body[..body.len().min(length)])
}

/// Whether a format is one that somebody may have meant.
fn is_sane(format: &WavFormat) -> bool {
    (1..=LARGEST_RATE).contains(&format.sample_rate) && format.channels <= MOST_CHANNELS
}
