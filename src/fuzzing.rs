//! What the fuzzers run: any bytes in, a panic if a promise is broken.
//!
//! Compiled for cargo-fuzz (`fuzz/`) and for tests only. `fuzzing_tests.rs` replays what the
//! fuzzers have found, so both run the same functions.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "panics are findings")]

mod structures;

#[cfg(test)]
pub(crate) use structures::mutated;
pub use structures::structures;

use crate::byte_model::{BytesContext, decode_bytes, encode_bytes};
use crate::codec::{self, CodedPcm, Level, Shape, profile};
use crate::container::{self, Block, BlockKind, fingerprint, without_codes};
use crate::density::{
    BinForecast, Contexts, EXPERTS, Experts, Forecast, Mixing, SampleCoder, Values,
};
use crate::entropy::{
    AdaptiveBit, Coder, LsbReader, LsbWriter, RangeDecoder, RangeEncoder, from_probability,
};
use crate::error::{Error, Result};
use crate::lm::interleaved::at_once;
use crate::lm::{AudioToken, BINS, CLASSES, Input, LanguageModel};
use crate::math::Lanes;
use crate::observer::Watch;
use crate::pcm::{Floats, Precision};
use crate::pipeline::{self, BlockDecoder, CompressOptions, DecompressOptions};
use crate::wav::{self, SegmentLimit, Span, WavReader};

/// A target: what is run, by name.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 11] = [
    ("wav", wav_parser),
    ("container", container_parser),
    ("fingerprint", coded_fingerprint),
    ("blocks", blocks),
    ("structures", structures),
    ("segment", segment_decoder),
    ("floats", floats),
    ("round_trip", round_trip),
    ("range_coder", range_coder),
    ("density", density),
    ("byte_model", byte_model),
];

/// Takes numbers from the front of the input; zeros when it has run out.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    /// A number from 0 to `limit - 1`, at most 255.
    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit
    }

    /// Any level, the cheap one mostly: allocating the others' models would take all the time.
    fn level(&mut self) -> Level {
        match self.byte() {
            0..=239 => Level::Fast,
            240..=251 => Level::Default,
            _ => Level::Best,
        }
    }
}

/// The WAV walk returns every byte, and mappings to integers can be undone.
pub fn wav_parser(data: &[u8]) {
    let Ok(mut reader) = WavReader::new(data) else { return };
    let limit = SegmentLimit { seconds: 20, samples: 4_096 };
    let mut at = 0;
    while let Some(span) = reader.next_span(limit).expect("a slice can be read") {
        let (Span::Foreign(bytes) | Span::Audio { bytes }) = &span;
        assert!(!bytes.is_empty() && data[at..].starts_with(bytes), "other bytes at {at}");
        at += bytes.len();
        if let Span::Audio { bytes } = &span {
            let format = reader.format().expect("audio has a format");
            assert_eq!(bytes.len() % format.frame_bytes(), 0, "part of a frame");
            if let Some(mapped) = wav::map(bytes, format) {
                assert!(wav::unmap(&mapped, format.sample).unwrap() == *bytes);
            }
        }
    }
    assert_eq!(at, data.len(), "bytes left out");
}

/// The container reader, with all checksums off and no fingerprint coded.
pub fn container_parser(data: &[u8]) {
    without_codes(|| {
        let Ok(mut reader) = container::Reader::new(data) else { return };
        let mut bytes = 0;
        while let Ok(Some((_, block))) = reader.next_block() {
            bytes += block.stream.len() + block.lsb.len();
        }
        assert!(bytes < data.len());
        let _ = pipeline::inspect(data);
    });
}

/// Any bytes as a coded fingerprint; what they decode to comes back.
pub fn coded_fingerprint(data: &[u8]) {
    match fingerprint::decode(data) {
        Ok(plain) => {
            assert!(fingerprint::decode(&fingerprint::encode(&plain).unwrap()).unwrap() == plain)
        }
        Err(Error::Payload(_) | Error::Corrupt { .. } | Error::Limit { .. }) => {}
        Err(other) => panic!("{other:?}"),
    }
}

/// Blocks decoded up to this many bytes: decoding time is proportional to them, not to the input.
const LARGEST_DECODED: u32 = 1 << 10;

/// No block is taken for the header of a WAV file, which would prime the byte model.
const OFFSET: u64 = 1;

/// The container reader and the decoders behind it, as in [`container_parser`].
pub fn blocks(data: &[u8]) {
    without_codes(|| {
        let Ok(mut reader) = container::Reader::new(data) else { return };
        let header = reader.header().clone();
        while let Ok(Some((_, block))) = reader.next_block() {
            if block.original_length <= LARGEST_DECODED {
                decode_block(&header, &block);
            }
        }
    });
}

fn decode_block(header: &container::FileHeader, block: &Block) {
    let length = block.original_length as usize;
    // Models of many channels are slow to set up.
    let channels = header.audio.map_or(0, |audio| audio.format.channels);
    let modelled = matches!(block.kind, BlockKind::AudioCoded | BlockKind::AudioCharacters);
    if modelled && channels > 8 {
        return;
    }
    // The one expert of characters that is not here is the language model; quantile bins may as
    // well be read without it.
    let mut block = block.clone();
    if block.kind == BlockKind::AudioCoded {
        block.uses_lm = false;
    }
    let characters = block.kind == BlockKind::AudioCharacters;
    let decoder = BlockDecoder::without_model(header);
    let decoded = match at_once(decoder.decode_payload(OFFSET, block)) {
        Err(Error::Model(_) | Error::Unsupported(_)) if characters => return,
        decoded => decoded,
    };
    match decoded {
        Ok(bytes) => assert_eq!(bytes.len(), length),
        Err(Error::Payload(_) | Error::Corrupt { .. } | Error::Limit { .. }) => {}
        Err(other) => panic!("{other:?}"),
    }
}

/// A model whose logits follow from the tokens alone, some of them extreme.
struct Parrot(u32);

impl LanguageModel for Parrot {
    fn reset(&mut self) -> Result<()> {
        self.0 = 1;
        Ok(())
    }

    fn step(&mut self, token: Input) -> Result<[f32; BINS]> {
        if let Input::After(AudioToken { bin, class, features }) = token {
            assert!(usize::from(bin) < BINS && usize::from(class) < CLASSES);
            assert!(!features.0.contains(&i8::MIN), "beyond -1");
            self.0 = self.0.wrapping_mul(69_069).wrapping_add(u32::from(bin) << 8);
        }
        let scale = [1e-3, 1.0, 1e4, 1e30][(self.0 >> 30) as usize];
        Ok(std::array::from_fn(|i| (self.0.rotate_left(i as u32) as i32) as f32 / 2e9 * scale))
    }
}

/// Payloads of predicted blocks that no encoder wrote.
pub fn segment_decoder(data: &[u8]) {
    let mut choices = Choices(data);
    let level = choices.level();
    let (channels, frames) = (1 + choices.below(4), choices.below(64));
    let mut parrot = Parrot(1);
    let flags = choices.byte();
    let lm = (flags & 1 == 1).then_some(&mut parrot as &mut dyn LanguageModel);
    let (stream, lsb) = choices.0.split_at(choices.0.len() - choices.0.len() / 3);
    let (stream, lsb, long_term) = (stream.to_vec(), lsb.to_vec(), flags & 2 == 2);
    let (coded, shape) = (CodedPcm { stream, lsb, long_term }, Shape { level, channels, frames });
    match codec::decode_pcm(&coded, shape, lm, &Watch::default()) {
        Ok(pcm) => assert_eq!(pcm.samples.len(), channels * frames),
        Err(Error::Payload(_)) => {}
        Err(other) => panic!("{other:?}"),
    }
}

/// Floats of any bits beside any integers come back, and any bytes can be read as a stream of floats.
pub fn floats(data: &[u8]) {
    let mut choices = Choices(data);
    let precision = [Precision::Single, Precision::Double][choices.below(2)];
    let channels = 1 + choices.below(4);
    let exponent = u64::from(choices.u32() % 2046 + 1);
    let factor = f64::from_bits(exponent << 52 | u64::from(choices.u32()) << 9);
    let count = choices.below(32) * channels;
    let integers: Vec<i32> =
        (0..count).map(|_| choices.u32() as i32 >> choices.below(32)).collect();
    let wild = choices.0;
    let bits: Vec<u64> = integers
        .iter()
        .map(|&n| match (choices.below(3), precision) {
            (0, _) => precision.nearest(n, factor),
            (_, Precision::Single) => u64::from(choices.u32()),
            (_, Precision::Double) => u64::from(choices.u32()) << 32 | u64::from(choices.u32()),
        })
        .collect();
    let floats = Floats { precision, factor, bits };
    let stream = codec::encode_floats(&floats, &integers, channels).unwrap();
    assert!(codec::decode_floats(&stream, precision, &integers, channels).unwrap() == floats);
    match codec::decode_floats(wild, precision, &integers, channels) {
        Ok(floats) => assert_eq!(floats.bits.len(), count),
        Err(Error::Payload(_)) => {}
        Err(other) => panic!("{other:?}"),
    }
    let _ = codec::split_floats(wild);
}

/// Bytes shaped as a WAV file of any format come back.
pub fn round_trip(data: &[u8]) {
    let mut choices = Choices(data);
    let level = choices.level();
    let file = wav_file(&mut choices);
    let mut lmz = Vec::new();
    let options = CompressOptions { level, threads: 1, ..Default::default() };
    pipeline::compress(file.as_slice(), &mut lmz, &options, &mut ()).unwrap();
    let mut restored = Vec::new();
    let options = DecompressOptions::default().with_threads(1);
    pipeline::decompress(lmz.as_slice(), &mut restored, &options, &mut ()).unwrap();
    assert!(restored == file, "{} bytes came back for {}", restored.len(), file.len());
}

/// Most often a file with one format and samples, otherwise any bytes after `WAVE`.
fn wav_file(choices: &mut Choices<'_>) -> Vec<u8> {
    const FORMATS: [(u16, u16); 12] = [
        (1, 8),
        (1, 16),
        (1, 24),
        (1, 32),
        (3, 32),
        (3, 64),
        (6, 8),
        (7, 8),
        (2, 4),
        (1, 12),
        (1, 16),
        (3, 16),
    ];
    let magic = [b"RIFF", b"RF64", b"RIFX", b"BW64"][choices.below(4)];
    let mut file = [&magic[..], &[0xFF; 4], b"WAVE"].concat();
    let shape = choices.below(8);
    if shape == 0 {
        file.extend_from_slice(choices.0);
        return file;
    }
    let (tag, bits) = FORMATS[choices.below(FORMATS.len())];
    let channels = 1 + choices.below(5) as u16;
    let align = channels * bits.div_ceil(8);
    let mut number = |value: u32, bytes: usize| match magic {
        b"RIFX" => file.extend_from_slice(&value.to_be_bytes()[4 - bytes..]),
        _ => file.extend_from_slice(&value.to_le_bytes()[..bytes]),
    };
    number(u32::from_be_bytes(*b"fmt "), 4);
    number(16, 4);
    number(tag.into(), 2);
    number(channels.into(), 2);
    number(8_000, 4);
    number(8_000 * u32::from(align), 4);
    number(align.into(), 2);
    number(bits.into(), 2);
    let declared = choices.0.len() as u32 / [1, 2][shape % 2];
    file.splice(12..16, *b"fmt ");
    file.extend_from_slice(b"data");
    let size = if magic == b"RIFX" { declared.to_be_bytes() } else { declared.to_le_bytes() };
    file.extend_from_slice(&size);
    // Repeating the samples gives predictors something to hold on to.
    for _ in 0..=shape % 3 {
        file.extend_from_slice(choices.0);
    }
    file
}

/// Decisions of any probability come back, and any bytes can be read.
pub fn range_coder(data: &[u8]) {
    let mut choices = Choices(data);
    let mut script = Vec::new();
    while !choices.0.is_empty() {
        let kind = choices.byte();
        let p = match kind & 7 {
            0 => 1,
            1 => u32::MAX,
            2 => 1 << 31,
            3 => u32::from(choices.byte()) + 1,
            4 => u32::MAX - u32::from(choices.byte()),
            _ => choices.u32().max(1),
        };
        // Long runs reach pending bytes and carries.
        let times = 1 + usize::from(kind >> 6) * 40;
        script.extend(std::iter::repeat_n((kind & 8 != 0, p, u32::from(kind) >> 4 & 3), times));
    }
    let (mut encoder, mut lsb) = (RangeEncoder::default(), LsbWriter::default());
    let mut adaptive = AdaptiveBit::default();
    for &(decision, p, bits) in &script {
        if bits == 3 {
            adaptive.code(&mut encoder, decision);
        } else {
            encoder.code(decision, p);
            lsb.push(p, bits * 11);
        }
    }
    let (stream, low) = (encoder.finish(), lsb.finish());
    let (mut decoder, mut reader) = (RangeDecoder::new(&stream), LsbReader::new(&low));
    let mut wild = RangeDecoder::new(data);
    let mut other = AdaptiveBit::default();
    for &(decision, p, bits) in &script {
        if bits == 3 {
            assert_eq!(other.code(&mut decoder, !decision), decision);
            assert!((1 << 10..=u32::MAX - (1 << 10) + 1).contains(&other.p()));
        } else {
            assert_eq!(decoder.code(p), decision);
            assert_eq!(u64::from(reader.pull(bits * 11)), u64::from(p) & ((1 << (bits * 11)) - 1));
        }
        wild.code(p);
    }
    decoder.finish().unwrap();
    reader.finish().unwrap();
    let _ = wild.finish();
}

/// Adds up what a path of decisions costs, or plays it back.
struct Path {
    probability: f64,
    decisions: Vec<(bool, u32)>,
    next: usize,
    playing: bool,
    raw: u32,
}

impl Path {
    fn new() -> Self {
        Path { probability: 1.0, decisions: Vec::new(), next: 0, playing: false, raw: 0 }
    }
}

impl Coder for Path {
    fn code(&mut self, decision: bool, p: u32) -> bool {
        assert!((1 << 12..=u32::MAX - (1 << 12) + 1).contains(&p), "probability {p}");
        if self.playing {
            let (decision, written) = self.decisions[self.next];
            assert_eq!(p, written, "the decoder has another probability");
            self.next += 1;
            return decision;
        }
        let share = from_probability(p);
        self.probability *= if decision { share } else { 1.0 - share };
        self.decisions.push((decision, p));
        decision
    }

    fn raw(&mut self, value: u32, bits: u32) -> u32 {
        if !self.playing {
            self.raw = (u64::from(value) & ((1 << bits) - 1)) as u32;
            self.probability /= (1u64 << bits) as f64;
        }
        self.raw
    }
}

/// In any state that samples can lead to, under any forecast: every rank of the set can be coded,
/// is read back, and the probabilities of all ranks add up to no more than one (to one, unless a
/// block of raw bits is cut short).
pub fn density(data: &[u8]) {
    let mut choices = Choices(data);
    let values = value_set(&mut choices);
    let mut coder = SampleCoder::new(
        &profile([Level::Fast, Level::Default][choices.below(2)]).composition.mixing,
    );
    let mut last_bin = 16;
    for _ in 0..24 {
        if choices.0.is_empty() {
            break;
        }
        let forecast = forecast(&mut choices, &values, last_bin);
        let logits =
            std::array::from_fn(|i| f32::from(forecast.contexts.last_bin) * (i as f32 - 7.0));
        let bins = (choices.byte() & 1 == 1).then(|| BinForecast::new(&logits));
        if values.len() <= 32 && choices.byte() & 3 == 0 {
            complete(&coder, &values, &forecast, bins.as_ref());
        }
        let target = u64::from(choices.u32()) % values.len();
        let mut decoder = coder.clone();
        let mut path = Path::new();
        let coded = coder.code(&mut path, &values, &forecast, bins.as_ref(), target);
        assert_eq!(coded.0, target);
        path.playing = true;
        let read = decoder.code(&mut path, &values, &forecast, bins.as_ref(), 0);
        assert_eq!((read, path.next), (coded, path.decisions.len()));
        last_bin = coded.1;
    }
}

fn complete(coder: &SampleCoder, values: &Values, forecast: &Forecast, bins: Option<&BinForecast>) {
    let mut sum = 0.0;
    for target in 0..values.len() {
        let mut path = Path::new();
        coder.clone().code(&mut path, values, forecast, bins, target);
        sum += path.probability;
    }
    let cut_short = !values.len().is_multiple_of(1 << forecast.raw_bits);
    let whole = (sum - 1.0).abs() < 1e-9;
    assert!(whole || cut_short && sum < 1.0, "the probabilities add up to {sum}");
}

fn value_set(choices: &mut Choices<'_>) -> Values {
    match choices.below(4) {
        0 => Values::between(i32::MIN, i32::MAX),
        1 => {
            let min = choices.u32() as i32;
            Values::between(min, min.saturating_add(choices.byte().into()))
        }
        2 => {
            let (a, b) = (choices.u32() as i32, choices.u32() as i32);
            Values::between(a.min(b), a.max(b))
        }
        _ => {
            let mut value = choices.u32() as i32;
            let mut list = vec![value];
            for _ in 0..choices.below(40) {
                let gap = match choices.byte() {
                    255 => choices.u32() >> 1,
                    gap => u32::from(gap) + 1,
                };
                value = value.saturating_add_unsigned(gap);
                list.push(value);
            }
            list.dedup();
            Values::listed(list)
        }
    }
}

/// A forecast within what `channel.rs` makes: finite, scales above zero.
fn forecast(choices: &mut Choices<'_>, values: &Values, last_bin: u8) -> Forecast {
    const SCALES: [f64; 8] = [0.02, 0.1, 1.0, 7.0, 300.0, 1e5, 1e8, 4e9];
    let reference = f64::from(values.value(u64::from(choices.u32()) % values.len()));
    let scale = SCALES[choices.below(8)] * values.spacing();
    let location = std::array::from_fn(|_| (f32::from(choices.byte()) - 128.0) * scale as f32);
    let inverse_scale = std::array::from_fn::<_, EXPERTS, _>(|_| {
        let own = SCALES[choices.below(8)] as f32 * values.spacing() as f32;
        1.0 / own
    });
    let mut raw_bits = choices.below(25) as u32;
    while raw_bits > 0 && 1u64 << raw_bits > values.len() {
        raw_bits -= 1;
    }
    Forecast {
        experts: Experts { location: Lanes(location), inverse_scale: Lanes(inverse_scale) },
        reference,
        location: reference,
        scale,
        raw_bits,
        contexts: Contexts {
            last_bin,
            trend: choices.below(Mixing::TRENDS),
            surprise: choices.below(Mixing::SURPRISES),
            disagreement: choices.below(Mixing::DISAGREEMENTS),
        },
    }
}

fn bytes_context(stride: usize, primer: &[u8]) -> BytesContext<'_> {
    BytesContext { stride, primer }
}

/// Any bytes through the byte model and back, after any primer, and any bytes as its output.
pub fn byte_model(data: &[u8]) {
    let mut choices = Choices(data);
    let stride = [1, 2, 3, 4, 64, 65_535][choices.below(6)];
    let primed = choices.below(80).min(choices.0.len());
    let (primer, bytes) = choices.0.split_at(primed);
    let context = bytes_context(stride, primer);
    let coded = encode_bytes(bytes, context, &Watch::default()).unwrap();
    assert!(decode_bytes(&coded, context, bytes.len(), &Watch::default()).unwrap() == bytes);
    match decode_bytes(bytes, context, 1 + bytes.len() / 2, &Watch::default()) {
        Ok(_) | Err(Error::Payload(_)) => {}
        Err(other) => panic!("{other:?}"),
    }
}

#[cfg(test)]
#[path = "fuzzing_tests.rs"]
mod tests;
