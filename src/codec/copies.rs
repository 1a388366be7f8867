//! Channels that are the same as one before them in a frame, and how the stream says so (§8.3).

use std::collections::HashMap;
use std::hash::Hash;

use crate::entropy::{Coder, code_index, code_uniform};
use crate::error::Result;
use crate::fault::Fault;

/// Of each of `channels`, the first one that is the same, if there is one before it.
pub fn sources<T: Eq + Hash>(channels: &[Vec<T>]) -> Vec<Option<usize>> {
    // Only looked up, so that its order does not matter.
    let mut first = HashMap::with_capacity(channels.len());
    let source = |(number, channel)| {
        let source: usize = *first.entry(channel).or_insert(number);
        (source < number).then_some(source)
    };
    channels.iter().enumerate().map(source).collect()
}

/// Codes which channel `channel` is a copy of, if it is one; `source` is ignored when decoding.
///
/// # Errors
/// [`Fault::Parameters`] for a copy of a channel that is not before it.
pub fn code_source(
    coder: &mut dyn Coder,
    channel: usize,
    source: Option<usize>,
) -> Result<Option<usize>> {
    if channel == 0 || code_uniform(coder, u32::from(source.is_some()), 1) == 0 {
        return Ok(None);
    }
    let source = code_index(coder, source.unwrap_or_default(), channel);
    source.map(Some).ok_or_else(|| {
        let reason = format!("channel {channel} is a copy of one that is not before it");
        Fault::Parameters(reason).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::{RangeDecoder, RangeEncoder};

    #[test]
    fn equal_channels_are_found() {
        let channels = [vec![1, 2], vec![2, 1], vec![1, 2], vec![3, 3], vec![2, 1], vec![1, 2]];
        assert_eq!(sources(&channels), [None, None, Some(0), None, Some(1), Some(0)]);
        assert_eq!(sources::<u64>(&[]), []);
    }

    #[test]
    fn sources_come_back() {
        for channel in [0, 1, 2, 3, 64, 1_000] {
            let sources = (0..channel).step_by(channel / 4 + 1).map(Some).chain([None]);
            for source in sources {
                let mut encoder = RangeEncoder::default();
                assert_eq!(code_source(&mut encoder, channel, source).unwrap(), source);
                let bytes = encoder.finish();
                let found = code_source(&mut RangeDecoder::new(&bytes), channel, None).unwrap();
                assert_eq!(found, source);
            }
        }
    }

    #[test]
    fn copies_of_what_is_not_known_are_refused() {
        let mut encoder = RangeEncoder::default();
        code_uniform(&mut encoder, 1, 1);
        code_uniform(&mut encoder, 3, 2);
        let bytes = encoder.finish();
        let copy = code_source(&mut RangeDecoder::new(&bytes), 3, None);
        assert!(
            matches!(copy, Err(crate::error::Error::Payload(_))),
            "channel 3 is a copy of channel 3"
        );
    }
}
