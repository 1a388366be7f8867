//! What the encoder chooses for a segment as a whole, and how it is coded (§8.3): in which order the
//! channels are coded, which channel each is predicted from, and what values each takes.

use super::Level;
use super::alphabet::Alphabet;
use super::content::Content;
use super::lags::LagTable;
use super::profile::Memory;
use crate::entropy::{Coder, code_index, code_uniform};
use crate::error::Result;
use crate::fault::Fault;

/// Channels that are coded together, frame by frame. More of them are coded group after group, so that
/// memory is bounded.
pub const GROUP: usize = 64;

/// A channel in the order of coding.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its place in a frame.
    pub channel: usize,
    /// Place, in the order of coding within the group, of the channel that it is predicted from.
    pub partner: Option<usize>,
    /// What it holds.
    pub content: Content,
}

/// The order of channels, and which channel each is predicted from. One whose samples are not coded is not
/// predicted, and none is predicted from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// As in a frame; each is predicted from the one before that is coded.
    Forward,
    /// The last one first; each is predicted from the one before in this order that is coded.
    Reversed,
    /// Any order: channel, and place of the partner in the group, in the order of coding.
    Listed(Vec<(usize, Option<usize>)>),
}

/// What the encoder chooses for a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The level whose composition the segment is coded with: that of the file or a lower one.
    pub composition: Level,
    /// How fast the predictors forget.
    pub memory: Memory,
    /// The order of channels.
    pub order: Order,
    /// What each channel holds, by its place in a frame.
    pub contents: Vec<Content>,
    /// Where long-term prediction looks, if it takes part; zeros for a decoder.
    pub lags: Option<LagTable>,
}

impl Layout {
    /// Nothing that has been chosen: for decoders, and where nothing is to be chosen.
    pub fn plain(level: Level, channels: usize, lags: Option<LagTable>) -> Self {
        Layout {
            composition: level,
            memory: Memory::Usual,
            order: Order::Forward,
            contents: vec![Content::Coded(Alphabet::full()); channels],
            lags,
        }
    }

    /// Codes all but the lags; `self` is ignored when decoding. `level` is that of the file, `samples`
    /// the number of samples of the segment.
    ///
    /// # Errors
    /// [`Fault::Parameters`] when a list of channels has one twice, or a partner that there is not, when a
    /// channel is a copy of none before it, and when there is no such composition.
    pub fn code(
        &self,
        coder: &mut dyn Coder,
        level: Level,
        samples: usize,
    ) -> Result<(Level, Memory, Vec<Place>)> {
        let composition = code_composition(coder, level, self.composition)?;
        let memory = Memory::ALL[code_uniform(coder, self.memory as u32, 2) as usize];
        let mut last = Alphabet::full();
        let mut contents = Vec::with_capacity(self.contents.len());
        for (channel, content) in self.contents.iter().enumerate() {
            contents.push(content.code(coder, channel, &mut last, samples)?);
        }
        let order = self.order.code(coder, contents.len())?;
        let place = |(channel, partner): (usize, Option<usize>)| Place {
            channel,
            partner,
            content: contents[channel].clone(),
        };
        Ok((composition, memory, order.places(&contents).into_iter().map(place).collect()))
    }
}

/// Codes by how many levels the composition is lower than `level`.
fn code_composition(coder: &mut dyn Coder, level: Level, composition: Level) -> Result<Level> {
    let steps = (level as u32).saturating_sub(composition as u32);
    // There are as many lower levels as the number of this one says, and it takes that many bits.
    let steps = code_uniform(coder, steps, level as u32);
    let number = (level as usize).checked_sub(steps as usize);
    let found = number.and_then(|number| Level::ALL.get(number));
    found
        .copied()
        .ok_or_else(|| Fault::Parameters("a composition below the lowest level".to_owned()).into())
}

impl Order {
    /// Channels and partners, in the order of coding.
    pub fn places(&self, contents: &[Content]) -> Vec<(usize, Option<usize>)> {
        let channels = contents.len();
        let is_coded = |channel: usize| contents[channel].alphabet().is_some();
        if let Order::Listed(list) = self {
            let in_group = |group: &[(usize, Option<usize>)]| -> Vec<(usize, Option<usize>)> {
                let place = |&(channel, partner): &(usize, Option<usize>)| {
                    let both = |place: &usize| is_coded(channel) && is_coded(group[*place].0);
                    (channel, partner.filter(both))
                };
                group.iter().map(place).collect()
            };
            return list.chunks(GROUP).flat_map(in_group).collect();
        }
        let channel = |i| if *self == Order::Reversed { channels - 1 - i } else { i };
        let mut places: Vec<_> = (0..channels).map(|i| (channel(i), None)).collect();
        for group in places.chunks_mut(GROUP) {
            let mut before: Option<usize> = None;
            for i in 0..group.len() {
                if !is_coded(group[i].0) {
                    continue;
                }
                group[i].1 = before;
                // The first one is predicted from the past of the next one.
                if let Some(first) = before.filter(|&first| group[first].1.is_none()) {
                    group[first].1 = Some(i);
                }
                before = Some(i);
            }
        }
        places
    }

    fn code(&self, coder: &mut dyn Coder, channels: usize) -> Result<Order> {
        if channels == 1 {
            return Ok(Order::Forward);
        }
        if code_uniform(coder, u32::from(*self == Order::Reversed), 1) == 1 {
            return Ok(Order::Reversed);
        }
        let listed = matches!(self, Order::Listed(_));
        if channels < 3 || code_uniform(coder, u32::from(listed), 1) == 0 {
            return Ok(Order::Forward);
        }
        let list = match self {
            Order::Listed(list) => list.as_slice(),
            _ => &[],
        };
        Ok(Order::Listed(code_list(coder, list, channels)?))
    }
}

/// Codes each channel and its partner, which is itself where there is none.
fn code_list(
    coder: &mut dyn Coder,
    list: &[(usize, Option<usize>)],
    channels: usize,
) -> Result<Vec<(usize, Option<usize>)>> {
    let mut is_placed = vec![false; channels];
    let mut places = Vec::with_capacity(channels);
    for i in 0..channels {
        let (channel, partner) = list.get(i).copied().unwrap_or_default();
        let (place, group) = (i % GROUP, GROUP.min(channels - i / GROUP * GROUP));
        let channel = code_index(coder, channel, channels).filter(|&channel| !is_placed[channel]);
        let partner = code_index(coder, partner.unwrap_or(place), group);
        let (Some(channel), Some(partner)) = (channel, partner) else {
            return Err(Fault::Parameters("the order of channels is none".to_owned()).into());
        };
        is_placed[channel] = true;
        places.push((channel, (partner != place).then_some(partner)));
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::{RangeDecoder, RangeEncoder};

    fn round_trip(order: &Order, channels: usize) -> usize {
        let mut encoder = RangeEncoder::default();
        assert_eq!(order.code(&mut encoder, channels).unwrap(), *order);
        let bytes = encoder.finish();
        let mut decoder = RangeDecoder::new(&bytes);
        assert_eq!(Order::Forward.code(&mut decoder, channels).unwrap(), *order);
        decoder.finish().unwrap();
        bytes.len()
    }

    #[test]
    fn orders_come_back() {
        for channels in [1, 2, 3, 8, 64, 65, 129, 1_000] {
            assert!(round_trip(&Order::Forward, channels) < 6);
        }
        for channels in [2, 3, 64, 65, 1_000] {
            assert!(round_trip(&Order::Reversed, channels) < 6);
        }
        round_trip(&Order::Listed(vec![(2, Some(1)), (0, None), (1, Some(0))]), 3);
        let star = (0..64).map(|i| ((i + 7) % 64, (i > 0).then_some(0))).collect();
        assert!(round_trip(&Order::Listed(star), 64) < 64 * 12 / 8 + 6);
        let far = (0..131).map(|i| (130 - i, (i < 128).then_some(63 - i % 64))).collect();
        round_trip(&Order::Listed(far), 131);
    }

    #[test]
    fn partners_are_neighbours_that_are_coded() {
        let contents = |channels: usize, others: &[usize]| -> Vec<Content> {
            let content = |i| match others.contains(&i) {
                true if i % 2 == 1 => Content::Copy(i - 1),
                true => Content::Constant(7),
                false => Content::Coded(Alphabet::full()),
            };
            (0..channels).map(content).collect()
        };
        let forward =
            |channels, others: &[usize]| Order::Forward.places(&contents(channels, others));
        assert_eq!(forward(1, &[]), [(0, None)]);
        assert_eq!(forward(3, &[]), [(0, Some(1)), (1, Some(0)), (2, Some(1))]);
        assert_eq!(forward(3, &[1]), [(0, Some(2)), (1, None), (2, Some(0))]);
        assert_eq!(forward(2, &[0]), [(0, None), (1, None)]);
        let reversed = Order::Reversed.places(&contents(4, &[3, 1]));
        assert_eq!(reversed, [(3, None), (2, Some(3)), (1, None), (0, Some(1))]);
        let listed = Order::Listed(vec![(2, Some(1)), (0, Some(2)), (1, Some(0))]);
        assert_eq!(listed.places(&contents(3, &[1])), [(2, Some(1)), (0, None), (1, None)]);
        // No partner is in another group.
        let many = forward(130, &[]);
        assert_eq!((many[63].1, many[64].1, many[65].1), (Some(62), Some(1), Some(0)));
        assert_eq!((many[128].1, many[129].1), (Some(1), Some(0)));
    }

    #[test]
    fn compositions_are_of_the_level_or_below() {
        for level in Level::ALL {
            for composition in Level::ALL.into_iter().filter(|&c| c as u8 <= level as u8) {
                let mut encoder = RangeEncoder::default();
                code_composition(&mut encoder, level, composition).unwrap();
                let bytes = encoder.finish();
                let found = code_composition(&mut RangeDecoder::new(&bytes), level, Level::Fast);
                assert_eq!(found.unwrap(), composition);
            }
        }
        let mut encoder = RangeEncoder::default();
        code_uniform(&mut encoder, 3, 2);
        let bytes = encoder.finish();
        let mut decoder = RangeDecoder::new(&bytes);
        let found = code_composition(&mut decoder, Level::Best, Level::Best);
        assert!(matches!(found, Err(crate::error::Error::Payload(_))));
    }

    #[test]
    fn damaged_lists_are_refused() {
        for list in [[(0, 1), (0, 0), (2, 1)], [(3, 1), (0, 0), (1, 0)], [(0, 3), (1, 0), (2, 0)]] {
            let mut encoder = RangeEncoder::default();
            code_uniform(&mut encoder, 0, 1);
            code_uniform(&mut encoder, 1, 1);
            for (channel, partner) in list {
                code_uniform(&mut encoder, channel, 2);
                code_uniform(&mut encoder, partner, 2);
            }
            let bytes = encoder.finish();
            let decoded = Order::Forward.code(&mut RangeDecoder::new(&bytes), 3);
            assert!(matches!(decoded, Err(crate::error::Error::Payload(_))), "{list:?}");
        }
    }
}
