//! One segment of PCM to and from its coded stream and LSB block (§8.3).

use super::channel::{Channel, Shared};
use super::content::Content;
use super::features::Known;
use super::lag_search;
use super::lags::{LagCoder, LagTable, PERIOD};
use super::layout::{GROUP, Layout, Order, Place};
use super::meter::{FrameCost, Meter};
use super::profile::{Effort, HISTORY, Memory, Profile, profile};
use super::rehearsal::{Noting, Rehearsal, Windows};
use super::training::{TrainingToken, tokens};
use super::{CodedPcm, Level, order};
use crate::entropy::{Coder, StreamDecoder, StreamEncoder};
use crate::error::Result;
use crate::fault::Fault;
use crate::lm::interleaved::at_once;
use crate::lm::{LanguageModel, Recorder};
use crate::observer::Watch;
use crate::pcm::Pcm;
use crate::predict::{Errors, History, Lags, Past};

/// Frames in the middle of a segment on which the order of the channels is tried.
const TRIAL_FRAMES: usize = 1 << 15;
/// Share of an excerpt's bytes that a lower level must save beyond that, as a divisor.
const QUICK_START: usize = 32;
/// Share of an excerpt's bytes that a change must save, as a divisor.
const LEAST_GAIN: usize = 2048;
/// Codes a segment: samples are written by a decoder and only read by an encoder.
///
/// The coder is called through its vtable: all of this is compiled once, not once more for each kind of
/// coder, and the calls are lost among what a sample takes.
struct Pass<'a, 'lm> {
    coder: &'a mut dyn Coder,
    profile: &'a Profile<'a>,
    channels: usize,
    /// Before an encoder's pass, numbers on the grids; after any pass, samples.
    samples: &'a mut [i32],
    /// Frames to code, from the first on.
    frames: usize,
    /// But for whether there are lags, ignored when decoding.
    layout: Layout,
    lm: Option<&'lm mut dyn LanguageModel>,
    watch: &'a Watch,
}

impl Pass<'_, '_> {
    async fn run(mut self) -> Result<()> {
        if self.samples.is_empty() {
            return Ok(());
        }
        let level = self.profile.level;
        let (composition, memory, places) =
            self.layout.code(self.coder, level, self.samples.len())?;
        if composition != level {
            self.profile = profile(composition);
        }
        if places.len() > GROUP {
            // The next group begins where the last frame of the one before ends.
            self.frames = self.samples.len() / self.channels;
        }
        if let Some(lm) = &mut self.lm {
            lm.reset()?;
        }
        // Where to look back to stands in the first group.
        let mut lags = self.layout.lags.take().map(|table| (LagCoder::default(), table));
        for (number, group) in places.chunks(GROUP).enumerate() {
            if number > 0
                && let Some((lag_coder, _)) = &mut lags
            {
                lag_coder.finish();
            }
            self.group(group, memory, &mut lags).await?;
        }
        self.copy(&places);
        Ok(())
    }

    /// Fills in the channels that are the same as others, which may be in other groups.
    fn copy(&mut self, places: &[Place]) {
        let mut copies: Vec<(usize, usize)> = places
            .iter()
            .filter_map(|place| match place.content {
                Content::Copy(source) => Some((place.channel, source)),
                _ => None,
            })
            .collect();
        // One may be the source of a later one.
        copies.sort_unstable();
        for frame in self.samples.chunks_exact_mut(self.channels).take(self.frames) {
            for &(channel, source) in &copies {
                frame[channel] = frame[source];
            }
        }
    }

    /// Codes some of the channels.
    async fn group(
        &mut self,
        places: &[Place],
        memory: Memory,
        lags: &mut Option<(LagCoder, LagTable)>,
    ) -> Result<()> {
        let coder = &mut *self.coder;
        let mut histories = vec![History::<f64>::new(HISTORY); places.len()];
        let long_term = lags.is_some();
        let mut states: Vec<Option<Channel>> = (0..places.len())
            .map(|i| {
                let Place { partner, content, .. } = &places[i];
                let pace = memory.pace();
                let new = |a| Channel::new(self.profile, pace, a, i, *partner, long_term);
                content.alphabet().map(new)
            })
            .collect();
        let lm = self.lm.as_mut().map(|lm| &mut **lm as &mut dyn LanguageModel);
        let past = long_term.then(|| Past::new(places.len()));
        let errors = vec![Errors::default(); places.len()];
        let mut shared = Shared { lm, last: None, surprise: 0.0, past, errors };
        let frames = self.samples.chunks_exact_mut(self.channels).take(self.frames);
        for (number, frame) in frames.enumerate() {
            if let (Some((lag_coder, table)), Some(past)) = (&mut *lags, &mut shared.past)
                && number % PERIOD == 0
            {
                lag_coder.code(coder, number, &mut table[number / PERIOD], &mut past.lags);
            }
            shared.surprise = 0.0;
            for (i, Place { channel, partner, content }) in places.iter().enumerate() {
                let sample = &mut frame[*channel];
                let (alphabet, state) = match (content, &mut states[i]) {
                    (Content::Coded(alphabet), Some(state)) => (alphabet, state),
                    (Content::Constant(value), _) => {
                        *sample = *value;
                        continue;
                    }
                    _ => continue,
                };
                let known = Known {
                    values: &alphabet.values,
                    own: histories[i].window(),
                    partner: histories[partner.unwrap_or(i)].window(),
                };
                let number = state.code(coder, known, &mut shared, *sample).await?;
                histories[i].push(f64::from(number));
                *sample = alphabet.grid.sample(number);
            }
            coder.end_frame(number);
            self.watch.step(places.len())?;
            if coder.overrun() {
                return Err(Fault::StreamEndsEarly.into());
            }
        }
        Ok(())
    }
}

/// Codes numbers on the grids of `layout` with `coder`.
fn code(
    coder: &mut dyn Coder,
    numbers: &Pcm,
    profile: &Profile<'_>,
    layout: Layout,
    lm: Option<&mut dyn LanguageModel>,
    watch: &Watch,
) -> Result<()> {
    let mut samples = numbers.samples.clone();
    let (channels, samples) = (numbers.channels, samples.as_mut_slice());
    let frames = numbers.frames();
    at_once(Pass { coder, profile, channels, samples, frames, layout, lm, watch }.run())
}

fn encode_with(
    numbers: &Pcm,
    profile: &Profile<'_>,
    layout: Layout,
    lm: Option<&mut dyn LanguageModel>,
    watch: &Watch,
) -> Result<CodedPcm> {
    let mut encoder = StreamEncoder::default();
    let long_term = layout.lags.is_some();
    code(&mut encoder, numbers, profile, layout, lm, watch)?;
    let (stream, lsb) = encoder.finish();
    Ok(CodedPcm { stream, lsb, long_term })
}

/// The order in which the channels of `numbers` are best coded, by trial on an excerpt with the fastest
/// level.
fn best_order(numbers: &Pcm, contents: &[Content], watch: &Watch) -> Result<Order> {
    let channels = numbers.channels;
    if contents.iter().filter_map(Content::alphabet).count() < 2 {
        return Ok(Order::Forward);
    }
    let excerpt = numbers.middle(TRIAL_FRAMES.div_ceil(channels.div_ceil(2)));
    let mut best = (Order::Forward, usize::MAX);
    let tree = order::tree(&excerpt.channels());
    for order in [Some(Order::Forward), Some(Order::Reversed), tree].into_iter().flatten() {
        let layout = Layout {
            order: order.clone(),
            contents: contents.to_vec(),
            ..Layout::plain(Level::Fast, 0, None)
        };
        let length = trial(&excerpt, profile(Level::Fast), layout, watch)?;
        if length < best.1 {
            best = (order, length);
        }
    }
    Ok(best.0)
}

/// Bytes that `numbers` take.
fn trial(numbers: &Pcm, profile: &Profile<'_>, layout: Layout, watch: &Watch) -> Result<usize> {
    let coded = encode_with(numbers, profile, layout, None, watch)?;
    Ok(coded.len())
}

/// Whether a change that made `length` of `usual` bytes on an excerpt is likely to pay.
fn is_better(length: usize, usual: usize) -> bool {
    length + usual / LEAST_GAIN < usual
}

/// The layout of a segment completed with what to code it with, by trial on an excerpt: the composition of the
/// profile or of a lower level, which on short or odd material may do better, and how fast it forgets.
fn best_composition(
    numbers: &Pcm,
    profile: &Profile<'_>,
    layout: &Layout,
    watch: &Watch,
) -> Result<Layout> {
    let Effort { trial, short_trial, .. } = profile.effort;
    let frames = numbers.frames();
    let is_short = frames <= short_trial;
    let short = if is_short { frames } else { (frames / 4).min(short_trial) };
    let excerpt = numbers.middle((frames / trial).max(short).min(TRIAL_FRAMES.max(short)));
    // On an excerpt, what learns quickly looks better than it is.
    let handicap = if is_short { 0 } else { QUICK_START };
    let plain = Layout { lags: None, ..layout.clone() };
    let (mut best, length) = best_on(&excerpt, profile, &plain, handicap, watch)?;
    if layout.lags.is_some() {
        // Where passages come again in an excerpt is not known.
        if is_short {
            let (other, its_length) = best_on(&excerpt, profile, layout, handicap, watch)?;
            best = if is_better(its_length, length) { other } else { best };
        } else {
            best.lags.clone_from(&layout.lags);
        }
    }
    Ok(best)
}

/// [`best_composition`] for the whole of `numbers`, and the bytes that they take then. A lower level must save
/// the share of 1 / `handicap` beyond what it saves, if that is not 0.
fn best_on(
    numbers: &Pcm,
    profile: &Profile<'_>,
    layout: &Layout,
    handicap: usize,
    watch: &Watch,
) -> Result<(Layout, usize)> {
    let (mut memory, mut least) = best_memory(numbers, profile, layout, watch)?;
    let mut composition = profile.level;
    for &level in Level::ALL[..profile.level as usize].iter().rev() {
        let (its_memory, length) = best_memory(numbers, super::profile(level), layout, watch)?;
        let handicap = least.checked_div(handicap).unwrap_or(0);
        if is_better(length + handicap, least) {
            (composition, memory, least) = (level, its_memory, length);
        }
    }
    Ok((Layout { composition, memory, ..layout.clone() }, least))
}

/// How fast predictors should forget, shorter and shorter, or longer, and the bytes that `numbers` take then.
fn best_memory(
    numbers: &Pcm,
    profile: &Profile<'_>,
    layout: &Layout,
    watch: &Watch,
) -> Result<(Memory, usize)> {
    let length = |memory| {
        let layout = Layout { composition: profile.level, memory, ..layout.clone() };
        trial(numbers, profile, layout, watch)
    };
    let (usual, short) = (length(Memory::Usual)?, length(Memory::Short)?);
    if is_better(short, usual) {
        let shortest = length(Memory::Shortest)?;
        return Ok(match is_better(shortest, short) {
            true => (Memory::Shortest, shortest),
            false => (Memory::Short, short),
        });
    }
    let long = length(Memory::Long)?;
    Ok(if is_better(long, usual) { (Memory::Long, long) } else { (Memory::Usual, usual) })
}

/// A segment and all that the encoder has chosen for it, which no model changes: chosen once, it can be coded
/// without and with one.
pub struct SegmentPlan<'p> {
    /// On the grids of the layout.
    numbers: Pcm,
    profile: &'p Profile<'p>,
    layout: Layout,
    /// The segment without a model, if a comparison has made it already.
    coded: Option<CodedPcm>,
}

impl SegmentPlan<'static> {
    /// Looks for what makes `pcm` the shortest, as far as `level` takes the time.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`] by `watch`.
    pub fn new(pcm: &Pcm, level: Level, watch: &Watch) -> Result<Self> {
        SegmentPlan::with_profile(pcm, profile(level), watch)
    }
}

impl<'p> SegmentPlan<'p> {
    /// [`SegmentPlan::new`] with any composition.
    pub(super) fn with_profile(pcm: &Pcm, profile: &'p Profile<'p>, watch: &Watch) -> Result<Self> {
        if pcm.samples.is_empty() {
            let layout = Layout::plain(profile.level, pcm.channels, None);
            return Ok(SegmentPlan { numbers: pcm.clone(), profile, layout, coded: None });
        }
        let (numbers, layout) = lay_out(pcm, profile, watch)?;
        let trials = watch.of_trial();
        let chosen = best_composition(&numbers, profile, &layout, &trials)?;
        let other = match profile.effort.compares_with {
            Some(level) => {
                let below = super::profile(level);
                Some(best_composition(&numbers, below, &layout, &trials)?)
            }
            None => None,
        };
        let mut plan = SegmentPlan { numbers, profile, layout: chosen, coded: None };
        if let Some(other) = other.filter(|other| *other != plan.layout) {
            plan.compare(other, watch)?;
        }
        Ok(plan)
    }

    /// Codes the whole segment with the layout that is chosen and with `other`, and keeps the shorter.
    fn compare(&mut self, other: Layout, watch: &Watch) -> Result<()> {
        let code = |layout: &Layout, watch: &Watch| {
            encode_with(&self.numbers, self.profile, layout.clone(), None, watch)
        };
        let mut coded = code(&self.layout, watch)?;
        let rival = code(&other, &watch.of_trial())?;
        if rival.len() < coded.len() {
            (coded, self.layout) = (rival, other);
        }
        self.coded = Some(coded);
        Ok(())
    }

    /// Codes the segment; with a model, the model's forecast of each quantile bin takes part.
    ///
    /// # Errors
    /// Only those of the model, and [`crate::Error::Interrupted`] by `watch`.
    pub fn encode(&self, lm: Option<&mut dyn LanguageModel>, watch: &Watch) -> Result<CodedPcm> {
        if self.numbers.samples.is_empty() {
            return Ok(CodedPcm::default());
        }
        if let (None, Some(coded)) = (&lm, &self.coded) {
            return Ok(coded.clone());
        }
        encode_with(&self.numbers, self.profile, self.layout.clone(), lm, watch)
    }

    /// Codes the segment without a model, and notes what one would read, and enough to estimate what it would save.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`] by `watch`.
    pub fn rehearse(&self, watch: &Watch) -> Result<Rehearsal> {
        self.rehearse_in(Windows::spread, watch)
    }

    /// [`SegmentPlan::rehearse`], where `windows` makes the windows in which decisions are noted, of how many tokens there are.
    fn rehearse_in(&self, windows: fn(usize) -> Windows, watch: &Watch) -> Result<Rehearsal> {
        let coded = self.layout.contents.iter().filter_map(Content::alphabet).count();
        let mut noting = Noting::new(windows(coded * self.numbers.frames()));
        let mut recorder = Recorder::default();
        self.code_with(&mut noting, Some(&mut recorder), watch)?;
        Ok(noting.finish(recorder, self.layout.lags.is_some()))
    }

    /// What [`SegmentPlan::encode`] spends on each frame, without coding anything.
    ///
    /// # Errors
    /// Like [`SegmentPlan::encode`].
    pub fn cost(
        &self,
        lm: Option<&mut dyn LanguageModel>,
        watch: &Watch,
    ) -> Result<Vec<FrameCost>> {
        let mut meter = Meter::default();
        self.code_with(&mut meter, lm, watch)?;
        Ok(meter.frames)
    }

    /// Codes the segment with any coder.
    fn code_with(
        &self,
        coder: &mut dyn Coder,
        lm: Option<&mut dyn LanguageModel>,
        watch: &Watch,
    ) -> Result<()> {
        code(coder, &self.numbers, self.profile, self.layout.clone(), lm, watch)
    }
}

/// Chooses and codes a segment; see [`SegmentPlan`].
///
/// # Errors
/// Only those of the model, and [`crate::Error::Interrupted`] by `watch`.
pub fn encode_pcm(
    pcm: &Pcm,
    level: Level,
    lm: Option<&mut dyn LanguageModel>,
    watch: &Watch,
) -> Result<CodedPcm> {
    SegmentPlan::new(pcm, level, watch)?.encode(lm, watch)
}

/// What a language model is trained on, in coding order.
///
/// # Errors
/// None are known; see [`encode_pcm`].
pub fn training_pcm(pcm: &Pcm, level: Level) -> Result<Vec<TrainingToken>> {
    let watch = Watch::default();
    let plan = SegmentPlan::new(pcm, level, &watch)?;
    Ok(tokens(&plan.rehearse_in(Windows::all, &watch)?))
}

/// The numbers to code for a segment that is not empty, and what is chosen for it.
fn lay_out(pcm: &Pcm, profile: &Profile<'_>, watch: &Watch) -> Result<(Pcm, Layout)> {
    let effort = profile.effort;
    let watch = &watch.of_trial();
    let mut channels = pcm.channels();
    let contents = Content::choose(&channels, watch)?;
    let mut numbers = pcm.clone();
    for (i, (channel, content)) in channels.iter_mut().zip(&contents).enumerate() {
        let Some(alphabet) = content.alphabet() else { continue };
        let places = numbers.samples[i..].iter_mut().step_by(pcm.channels);
        for (place, sample) in places.zip(channel) {
            *sample = alphabet.grid.number(*sample);
            *place = *sample;
        }
    }
    let order =
        if effort.orders { best_order(&numbers, &contents, watch)? } else { Order::Forward };
    // What comes again is looked for in two of the channels that are coded; silence takes no time.
    let searched: Vec<&[i32]> = order
        .places(&contents)
        .into_iter()
        .filter(|&(channel, _)| contents[channel].alphabet().is_some())
        .map(|(channel, _)| channels[channel].as_slice())
        .take(2)
        .collect();
    let lags = match searched.is_empty() {
        true => None,
        false => lag_search::search(&searched, effort.reach, watch)?,
    };
    let layout =
        Layout { composition: profile.level, memory: Memory::Usual, order, contents, lags };
    Ok((numbers, layout))
}

/// What a decoder of a segment knows beforehand.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// That of the file.
    pub level: Level,
    /// At least 1.
    pub channels: usize,
    /// Frames of the segment.
    pub frames: usize,
}

/// Inverse of [`encode_pcm`].
///
/// # Errors
/// [`crate::Error::Payload`] when a stream ends early or is not used
/// up; errors of the model; [`crate::Error::Interrupted`] by `watch`.
pub fn decode_pcm(
    coded: &CodedPcm,
    shape: Shape,
    lm: Option<&mut dyn LanguageModel>,
    watch: &Watch,
) -> Result<Pcm> {
    at_once(decode_pcm_start(coded, shape, shape.frames, lm, watch))
}

/// Like [`decode_pcm`], but the first `wanted` frames alone, in as much less time if there are no more than 64
/// channels. Whether the streams are sound after these remains unknown. Waits where the model has other
/// segments step as well.
///
/// # Errors
/// Those of [`decode_pcm`].
pub async fn decode_pcm_start(
    coded: &CodedPcm,
    shape: Shape,
    wanted: usize,
    lm: Option<&mut dyn LanguageModel>,
    watch: &Watch,
) -> Result<Pcm> {
    let Shape { level, channels, frames } = shape;
    let mut decoder = StreamDecoder::new(&coded.stream, &coded.lsb);
    let mut samples = vec![0; channels * frames];
    let lags = coded.long_term.then(|| vec![Lags::default(); frames.div_ceil(PERIOD)]);
    let layout = Layout::plain(level, channels, lags);
    let (coder, profile) = (&mut decoder, profile(level));
    let pass =
        Pass { coder, profile, channels, samples: &mut samples, frames: wanted, layout, lm, watch };
    pass.run().await?;
    if wanted < frames {
        samples.truncate(channels * wanted);
    } else if !samples.is_empty() {
        decoder.finish()?;
    }
    Ok(Pcm { channels, samples })
}

#[cfg(test)]
#[path = "segment_tests.rs"]
mod tests;
