//! One segment of PCM to and from its token stream and LSB block.

use super::channel::{Channel, Shared};
use super::grid::Grid;
use super::lag_search;
use super::lags::{LagCoder, LagTable, PERIOD};
use super::meter::{FrameCost, Meter};
use super::profile::{Effort, Profile, profile};
use super::training::{Decisions, TrainingToken};
use super::values::Values;
use super::{CodedPcm, Level, value_set};
use crate::entropy::{Coder, StreamDecoder, StreamEncoder, code_uniform};
use crate::error::{Error, Result};
use crate::lm::{LanguageModel, Recorder};
use crate::observer::Watch;
use crate::pcm::Pcm;
use crate::predict::{Errors, History, Lags, Past};

/// Longest history that a least-squares stage reads, in samples.
const HISTORY: usize = 32;
/// Frames in the middle of a segment on which the order of the channels is tried.
const TRIAL_FRAMES: usize = 1 << 15;

/// Codes a segment: samples are written by a decoder and only read by an encoder.
///
/// The coder is called through its vtable: a pass is compiled once for each instruction set, not once more
/// for each kind of coder, and the calls are lost among what a sample takes.
struct Pass<'a, 'lm> {
    coder: &'a mut dyn Coder,
    profile: &'a Profile<'a>,
    channels: usize,
    /// Before an encoder's pass, numbers on the grid; after any pass, samples.
    samples: &'a mut [i32],
    /// Frames to code, from the first on.
    frames: usize,
    /// Ignored when decoding.
    layout: Layout,
    lm: Option<&'lm mut dyn LanguageModel>,
    watch: &'a Watch,
}

/// What the encoder chooses for a segment.
#[derive(Clone)]
struct Layout {
    /// The last channel of each frame is coded first.
    reversed: bool,
    /// Grid that all samples lie on.
    grid: Grid,
    /// Numbers on the grid that occur.
    values: Values,
    /// Where long-term prediction looks, if it takes part; zeros for a decoder.
    lags: Option<LagTable>,
}

impl pulp::NullaryFnOnce for Pass<'_, '_> {
    type Output = Result<()>;

    #[inline(always)]
    fn call(self) -> Result<()> {
        let Pass { coder, profile, channels, samples, frames, layout, lm, watch } = self;
        if samples.is_empty() {
            return Ok(());
        }
        let reversed = code_uniform(coder, u32::from(layout.reversed), 1) == 1;
        let grid = layout.grid.code(coder);
        let values = value_set::code(coder, &layout.values, samples.len());
        if values.len() == 1 && lm.is_none() {
            // No decision is left to code, so nothing needs to be predicted: silence takes no time.
            for frame in samples.chunks_exact_mut(channels) {
                frame.fill(grid.sample(values.value(0)));
                coder.end_frame();
                watch.step(channels)?;
            }
            return Ok(());
        }
        let mut histories = vec![History::<f64>::new(HISTORY); channels];
        // A set of one value leaves nothing to predict.
        let table = layout.lags.filter(|_| values.len() > 1);
        let long_term = table.is_some();
        // By order of coding, not by place in the frame.
        let mut states: Vec<Channel> = (0..channels)
            .map(|i| Channel::new(profile, &values, i, partner(i, channels), long_term))
            .collect();
        let past = long_term.then(|| Past::new(channels));
        let errors = vec![Errors::default(); channels];
        let mut shared = Shared { lm, last: None, surprise: 0.0, past, errors };
        let mut lags = LagCoder::default();
        if let Some(lm) = &mut shared.lm {
            lm.reset()?;
        }
        for (number, frame) in samples.chunks_exact_mut(channels).take(frames).enumerate() {
            if let (Some(table), Some(past)) = (&table, &mut shared.past)
                && number % PERIOD == 0
            {
                lags.code(coder, number, &table[number / PERIOD], &mut past.lags);
            }
            shared.surprise = 0.0;
            for (i, state) in states.iter_mut().enumerate() {
                let sample = &mut frame[if reversed { channels - 1 - i } else { i }];
                let own = histories[i].window();
                let other = histories[partner(i, channels).unwrap_or(i)].window();
                *sample = state.code(coder, &values, own, other, &mut shared, *sample)?;
                histories[i].push(f64::from(*sample));
            }
            coder.end_frame();
            watch.step(channels)?;
            if coder.overrun() {
                return Err(Error::corrupt(0, "the token stream ends too early"));
            }
        }
        for sample in samples {
            *sample = grid.sample(*sample);
        }
        Ok(())
    }
}

/// The channel that number `i` of `channels`, in the order of coding, is predicted from: the first one
/// from the second one's past, each later one from the channel before it, whose sample of the same
/// frame is known.
#[inline(always)]
fn partner(i: usize, channels: usize) -> Option<usize> {
    if i > 0 { Some(i - 1) } else { (channels > 1).then_some(1) }
}

/// Runs `pass` compiled for the best vector instructions of this machine: the same
/// arithmetic in the same order, so the same bits.
fn run(pass: Pass<'_, '_>) -> Result<()> {
    pulp::Arch::new().dispatch(pass)
}

/// Tells `coder` numbers on `layout`'s grid.
fn tell(
    coder: &mut dyn Coder,
    numbers: &Pcm,
    profile: &Profile<'_>,
    layout: Layout,
    lm: Option<&mut dyn LanguageModel>,
    watch: &Watch,
) -> Result<()> {
    let mut samples = numbers.samples.clone();
    let (channels, samples) = (numbers.channels, samples.as_mut_slice());
    run(Pass { coder, profile, channels, samples, frames: numbers.frames(), layout, lm, watch })
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
    tell(&mut encoder, numbers, profile, layout, lm, watch)?;
    let (tokens, lsb) = encoder.finish();
    Ok(CodedPcm { tokens, lsb, long_term })
}

/// Whether the channels of `numbers` are better coded last to first, by trial on an excerpt with
/// the fastest level.
fn better_reversed(numbers: &Pcm, values: &Values, watch: &Watch) -> Result<bool> {
    if numbers.channels < 2 {
        return Ok(false);
    }
    let excerpt = numbers.middle(TRIAL_FRAMES);
    let mut lengths = [0; 2];
    for reversed in [false, true] {
        let layout = Layout { reversed, grid: Grid::FINE, values: values.clone(), lags: None };
        let coded = encode_with(&excerpt, profile(Level::Fast), layout, None, watch)?;
        lengths[usize::from(reversed)] = coded.tokens.len() + coded.lsb.len();
    }
    Ok(lengths[1] < lengths[0])
}

/// Codes a segment; with a model, the model's forecast of each quantile bin takes part.
///
/// # Errors
/// Only those of the model, and [`Error::Interrupted`] by `watch`.
pub fn encode_pcm(
    pcm: &Pcm,
    level: Level,
    lm: Option<&mut dyn LanguageModel>,
    watch: &Watch,
) -> Result<CodedPcm> {
    encode_pcm_as(pcm, profile(level), lm, watch)
}

/// What [`encode_pcm`] spends on each frame, without coding anything.
///
/// # Errors
/// Only those of the model, and [`Error::Interrupted`] by `watch`.
pub fn cost_pcm(
    pcm: &Pcm,
    level: Level,
    lm: Option<&mut dyn LanguageModel>,
    watch: &Watch,
) -> Result<Vec<FrameCost>> {
    if pcm.samples.is_empty() {
        return Ok(Vec::new());
    }
    let profile = profile(level);
    let (numbers, layout) = lay_out(pcm, profile.effort, watch)?;
    let mut meter = Meter::default();
    tell(&mut meter, &numbers, profile, layout, lm, watch)?;
    Ok(meter.frames)
}

/// What a language model is trained on, in coding order.
///
/// # Errors
/// None are known; see [`encode_pcm`].
pub fn training_pcm(pcm: &Pcm, level: Level) -> Result<Vec<TrainingToken>> {
    if pcm.samples.is_empty() {
        return Ok(Vec::new());
    }
    let watch = Watch::default();
    let profile = profile(level);
    let (numbers, layout) = lay_out(pcm, profile.effort, &watch)?;
    let (mut decisions, mut recorder) = (Decisions::default(), Recorder::default());
    tell(&mut decisions, &numbers, profile, layout, Some(&mut recorder), &watch)?;
    Ok(decisions.tokens(&recorder))
}

/// [`encode_pcm`] with any composition.
pub(super) fn encode_pcm_as(
    pcm: &Pcm,
    profile: &Profile<'_>,
    lm: Option<&mut dyn LanguageModel>,
    watch: &Watch,
) -> Result<CodedPcm> {
    if pcm.samples.is_empty() {
        return Ok(CodedPcm::default());
    }
    let (numbers, layout) = lay_out(pcm, profile.effort, watch)?;
    encode_with(&numbers, profile, layout, lm, watch)
}

/// The numbers to code for a segment that is not empty, and what is chosen for it.
fn lay_out(pcm: &Pcm, effort: Effort, watch: &Watch) -> Result<(Pcm, Layout)> {
    let watch = &watch.of_trial();
    let grid = Grid::of(&pcm.samples);
    let samples = pcm.samples.iter().map(|&sample| grid.number(sample)).collect();
    let numbers = Pcm { channels: pcm.channels, samples };
    let values = value_set::choose(&numbers.samples);
    let reversed = effort.orders && better_reversed(&numbers, &values, watch)?;
    // Silence takes no time.
    let reach = if values.len() > 1 { effort.reach } else { 0 };
    let lags = lag_search::search(&numbers, reversed, reach, watch)?;
    Ok((numbers, Layout { reversed, grid, values, lags }))
}

/// Inverse of [`encode_pcm`] for `frames` frames of `channels` channels.
///
/// # Errors
/// [`Error::Corrupt`] (offset relative to the tokens) when a stream ends early or is not used
/// up; errors of the model; [`Error::Interrupted`] by `watch`.
pub fn decode_pcm(
    coded: &CodedPcm,
    channels: usize,
    frames: usize,
    level: Level,
    lm: Option<&mut dyn LanguageModel>,
    watch: &Watch,
) -> Result<Pcm> {
    decode_pcm_start(coded, channels, frames, frames, level, lm, watch)
}

/// As [`decode_pcm`], but the first `wanted` frames alone, in as much less time. Whether the streams
/// are sound after these remains unknown.
///
/// # Errors
/// Those of [`decode_pcm`].
pub fn decode_pcm_start(
    coded: &CodedPcm,
    channels: usize,
    frames: usize,
    wanted: usize,
    level: Level,
    lm: Option<&mut dyn LanguageModel>,
    watch: &Watch,
) -> Result<Pcm> {
    let mut decoder = StreamDecoder::new(&coded.tokens, &coded.lsb);
    let mut samples = vec![0; channels * frames];
    let lags = coded.long_term.then(|| vec![Lags::default(); frames.div_ceil(PERIOD)]);
    let values = Values::between(0, 0);
    let layout = Layout { reversed: false, grid: Grid::FINE, values, lags };
    let (coder, profile) = (&mut decoder, profile(level));
    let pass =
        Pass { coder, profile, channels, samples: &mut samples, frames: wanted, layout, lm, watch };
    run(pass)?;
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
