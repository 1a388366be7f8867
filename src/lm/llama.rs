//! Models run by llama.cpp. This is the only file that names it.
//!
//! Everything that can change a bit of a logit is fixed here: one thread, flash attention off,
//! batches of one token per lane, and a context that moves on by a fixed rule (see
//! `Context::make_room`). What cannot be fixed here (the build of llama.cpp, the processor,
//! the mathematics library) goes into the fingerprint (`identity.rs`).

mod evaluate;

use std::ffi::CStr;
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token_type::LlamaTokenAttr;

use super::identity::{self, Fingerprint};
use super::lanes::Batch;
use super::vocabulary::{self, Family, Token};
use super::{BINS, CHARACTERS, CLASSES, InputToken, LanguageModel};
use crate::error::{Error, Result};

/// Version of the engine, as `-V` and the fingerprint give it. A test compares it with
/// Cargo.lock; `llama-cpp-sys-2` carries the sources of llama.cpp.
pub const ENGINE: &str = "llama-cpp-2 0.1.160 / llama-cpp-sys-2 0.1.161";

/// Window of a model whose metadata names none, in tokens.
const DEFAULT_WINDOW: u32 = 128;

/// Largest window accepted, in tokens: bounds the key/value cache that a file can ask for.
pub const MAX_WINDOW: u32 = 4096;

/// Most lanes in one context.
pub const MAX_LANES: u32 = 256;

/// Read-out tokens of a text model, in the order of the bins.
const TEXT_READOUT: &[u8; BINS] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef";

/// How a model's vocabulary carries bins and classes, or characters; see
/// `format-spec/lm-metadata.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Tokens kept when the context is full; it holds twice as many.
    pub window: u32,
    /// What the model's tokens stand for.
    pub alphabet: Alphabet,
    /// Context classes that input tokens distinguish; 1 for a text model.
    pub classes: u32,
    /// First input token of an audio model; `None` where inputs are the read-out tokens.
    pub input_base: Option<u32>,
    /// Token of each bin or character in the model's output.
    pub readout: Vec<u32>,
    /// Token fed before the first sample.
    pub start: u32,
}

impl Interface {
    /// Vocabulary id of an input.
    fn token(&self, input: InputToken) -> LlamaToken {
        let id = match input {
            InputToken::Start => self.start,
            InputToken::Character(character) => {
                self.readout[usize::from(character) % self.readout.len()]
            }
            InputToken::Bin { bin, class } => {
                let bin = usize::from(bin) % BINS;
                match self.input_base {
                    // A model with fewer classes hears the leading bits of each class.
                    Some(base) => {
                        let class =
                            u32::from(class) % CLASSES as u32 * self.classes / CLASSES as u32;
                        base + class * BINS as u32 + bin as u32
                    }
                    None => self.readout[bin],
                }
            }
        };
        LlamaToken(id as i32) // below the size of the vocabulary, an i32
    }

    /// One line that names the interface in the fingerprint.
    #[must_use]
    pub fn describe(&self) -> String {
        if let Alphabet::Characters { .. } = self.alphabet {
            let mut hasher = blake3::Hasher::new();
            for id in &self.readout {
                hasher.update(&id.to_le_bytes());
            }
            let hash = hasher.finalize().to_hex();
            return format!("{CHARACTERS_INTERFACE}: tokens {}, start {}", &hash[..16], self.start);
        }
        match self.input_base {
            Some(base) => format!(
                "audio 1: {BINS} bins, {} classes, inputs from {base}, read-out from {}, start {}",
                self.classes, self.readout[0], self.start
            ),
            None => {
                let ids: Vec<String> = self.readout.iter().map(u32::to_string).collect();
                format!("text: read-out {}, start {}", ids.join(","), self.start)
            }
        }
    }
}

/// What the tokens of a model stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alphabet {
    /// Quantile bins.
    #[default]
    Bins,
    /// 7-bit characters.
    Characters {
        /// Tokens kept when the context is full; cut to half of what the model was trained for.
        window: u32,
    },
}

/// How the fingerprint's interface begins for characters.
pub(super) const CHARACTERS_INTERFACE: &str = "characters 1";

/// Where and how a model is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModelOptions {
    /// What its tokens stand for.
    pub alphabet: Alphabet,
    /// Layers held on the GPU, for builds with a GPU back end; 0 is the CPU alone.
    pub gpu_layers: u32,
}

/// A loaded model. Sessions borrow it; one model serves any number of threads.
pub struct Model {
    model: LlamaModel,
    interface: Interface,
    name: String,
    blake3: [u8; 32],
    options: ModelOptions,
    /// llama.cpp may write to the model while it makes a context, so one is made at a time.
    contexts: Mutex<()>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("name", &self.name)
            .field("interface", &self.interface)
            .finish()
    }
}

impl Model {
    /// Loads a model held in memory, such as the embedded one.
    ///
    /// llama.cpp reads files only, so the bytes pass through a private temporary file, which is
    /// gone when this returns.
    ///
    /// # Errors
    /// [`Error::Io`] when the temporary file cannot be written, [`Error::Model`] when llama.cpp
    /// cannot load the model or its metadata is not understood.
    pub fn from_bytes(bytes: &[u8], options: ModelOptions) -> Result<Self> {
        let mut file = tempfile::Builder::new().prefix("lmz-").suffix(".gguf").tempfile()?;
        file.write_all(bytes)?;
        file.flush()?;
        Self::load(file.path(), *blake3::hash(bytes).as_bytes(), "embedded", options)
    }

    /// Loads a GGUF file.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read, [`Error::Model`] when llama.cpp cannot load it or
    /// its metadata is not understood.
    pub fn from_file(path: &Path, options: ModelOptions) -> Result<Self> {
        let mut file = File::open(path)?;
        let mut magic = [0; 4];
        if file.read_exact(&mut magic).is_err() || &magic != b"GGUF" {
            return Err(Error::model(format!("{} is not a GGUF file", path.display())));
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&magic);
        hasher.update_reader(&mut file)?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        Self::load(path, *hasher.finalize().as_bytes(), &stem, options)
    }

    /// `fallback` names a model whose metadata does not.
    fn load(path: &Path, blake3: [u8; 32], fallback: &str, options: ModelOptions) -> Result<Self> {
        let params = LlamaModelParams::default()
            .with_n_gpu_layers(options.gpu_layers)
            // The file may be temporary.
            .with_use_mmap(false);
        let model = LlamaModel::load_from_file(backend()?, path, &params)
            .map_err(|e| Error::model(format!("llama.cpp cannot load it: {e}")))?;
        let architecture = text(&model, "general.architecture").unwrap_or_default();
        if architecture != "llama" {
            return Err(Error::model(format!(
                "its architecture is '{architecture}'; lmz runs models of the architecture 'llama'"
            )));
        }
        let interface = read_interface(&model, options.alphabet)?;
        let name = text(&model, "general.name").unwrap_or_else(|| fallback.to_owned());
        let name = identity::bounded(&name);
        Ok(Model { model, interface, name, blake3, options, contexts: Mutex::new(()) })
    }

    /// The model's name, from its metadata or else from its file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// BLAKE3 of the GGUF file.
    #[must_use]
    pub fn blake3(&self) -> [u8; 32] {
        self.blake3
    }

    /// How the model's vocabulary carries bins and classes.
    #[must_use]
    pub fn interface(&self) -> &Interface {
        &self.interface
    }

    /// Number of weights.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.model.n_params()
    }

    /// A session with a context of its own.
    ///
    /// # Errors
    /// [`Error::Model`] when llama.cpp cannot make the context.
    pub fn session(&self) -> Result<Session<'_>> {
        Ok(Session { context: self.context(1)? })
    }

    /// As [`Model::session`], for a model of characters.
    ///
    /// # Errors
    /// [`Error::Model`] when llama.cpp cannot make the context.
    pub fn characters(&self) -> Result<Session<'_, CHARACTERS>> {
        Ok(Session { context: self.context(1)? })
    }

    /// A context of `lanes` sequences that advance together; see `lanes.rs`.
    ///
    /// # Errors
    /// [`Error::Model`] when there are none or too many, the model is not one of `SYMBOLS`
    /// symbols, or llama.cpp cannot make the context.
    pub fn context<const SYMBOLS: usize>(&self, lanes: u32) -> Result<Context<'_, SYMBOLS>> {
        if self.interface.readout.len() != SYMBOLS {
            return Err(Error::model(format!(
                "it has been set up for {} symbols, not {SYMBOLS}",
                self.interface.readout.len()
            )));
        }
        if lanes == 0 || lanes > MAX_LANES {
            return Err(Error::model(format!("{lanes} lanes; 1 to {MAX_LANES} are possible")));
        }
        let cells = 2 * self.interface.window;
        let params = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(cells * lanes))
            .with_n_batch(lanes)
            .with_n_ubatch(lanes)
            .with_n_seq_max(lanes)
            .with_n_threads(1)
            .with_n_threads_batch(1)
            .with_flash_attention_policy(llama_cpp_sys_2::LLAMA_FLASH_ATTN_TYPE_DISABLED)
            .with_offload_kqv(self.options.gpu_layers > 0)
            .with_op_offload(false)
            // Each lane has cells of its own, so no lane sees where the others are.
            .with_kv_unified(false)
            .with_no_perf(true);
        let context = {
            let _one_at_a_time = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
            self.model
                .new_context(backend()?, params)
                .map_err(|e| Error::model(format!("llama.cpp cannot make a context: {e}")))?
        };
        Ok(Context {
            context,
            batch: LlamaBatch::new(lanes as usize, 1),
            interface: &self.interface,
            used: vec![0; lanes as usize],
        })
    }

    /// Runs the canary and collects everything that decides whether a file decodes here.
    ///
    /// # Errors
    /// [`Error::Model`] when the engine fails.
    pub fn fingerprint(&self, lanes: u32) -> Result<Fingerprint> {
        Ok(Fingerprint {
            model_name: self.name.clone(),
            model_blake3: self.blake3,
            interface: identity::bounded(&self.interface.describe()),
            window: self.interface.window,
            lanes,
            engine: identity::bounded(ENGINE),
            backend: identity::bounded(&backend_name(self.options)?),
            gpu_layers: self.options.gpu_layers,
            canary: match self.options.alphabet {
                Alphabet::Bins => identity::canary::<BINS>(&mut self.context(lanes)?)?,
                Alphabet::Characters { .. } => {
                    identity::canary::<CHARACTERS>(&mut self.context(lanes)?)?
                }
            },
        })
    }
}

/// Sequences that advance together through one context of llama.cpp.
pub struct Context<'m, const SYMBOLS: usize = BINS> {
    context: LlamaContext<'m>,
    batch: LlamaBatch<'static>,
    interface: &'m Interface,
    /// Tokens in the cache, per lane; also the position of the lane's next token.
    used: Vec<u32>,
}

impl<const SYMBOLS: usize> std::fmt::Debug for Context<'_, SYMBOLS> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("used", &self.used).finish_non_exhaustive()
    }
}

impl<const SYMBOLS: usize> Context<'_, SYMBOLS> {
    /// The context's rule: a lane holds at most `2 × window` tokens. When it is full, the oldest
    /// `window` of them are dropped and the others move to the positions `0..window`. A
    /// prediction therefore sees between `window + 1` and `2 × window` tokens once a segment is
    /// that long.
    ///
    /// Moving costs one rotation of the cached keys per `window` tokens, and no key is moved
    /// twice, so rounding does not accumulate.
    fn make_room(&mut self, lane: usize) -> Result<()> {
        let window = self.interface.window;
        if self.used[lane] < 2 * window {
            return Ok(());
        }
        let shift = |e| Error::model(format!("llama.cpp cannot move the context: {e}"));
        let sequence = lane as i32; // below MAX_LANES
        self.context.kv_cache_seq_rm(sequence, Some(0), Some(window)).map_err(shift)?;
        self.context
            .kv_cache_seq_add(sequence, Some(window), None, -(window as i32))
            .map_err(shift)?;
        self.used[lane] -= window;
        Ok(())
    }
}

impl<const SYMBOLS: usize> Batch<SYMBOLS> for Context<'_, SYMBOLS> {
    fn lanes(&self) -> usize {
        self.used.len()
    }

    fn reset(&mut self, lane: usize) -> Result<()> {
        self.used[lane] = 0;
        if self.used.len() == 1 {
            self.context.clear_kv_cache();
            return Ok(());
        }
        let sequence = lane as i32; // below MAX_LANES
        self.context
            .kv_cache_seq_rm(sequence, None, None)
            .map_err(|e| Error::model(format!("llama.cpp cannot clear a lane: {e}")))
    }

    fn step(&mut self, inputs: &[InputToken], logits: &mut [[f32; SYMBOLS]]) -> Result<()> {
        if inputs.len() != self.used.len() || logits.len() != self.used.len() {
            return Err(Error::model("a step needs one input and one row per lane"));
        }
        self.batch.clear();
        for (lane, &input) in inputs.iter().enumerate() {
            self.make_room(lane)?;
            let token = self.interface.token(input);
            let position = self.used[lane] as i32; // below 2 × MAX_WINDOW
            self.batch
                .add(token, position, &[lane as i32], true)
                .map_err(|e| Error::model(format!("batch: {e}")))?;
            self.used[lane] += 1;
        }
        self.context
            .decode(&mut self.batch)
            .map_err(|e| Error::model(format!("llama.cpp failed: {e}")))?;
        for (lane, out) in logits.iter_mut().enumerate() {
            let row = self.context.get_logits_ith(lane as i32);
            for (bin, &token) in out.iter_mut().zip(&self.interface.readout) {
                *bin = row[token as usize];
            }
            if !out.iter().all(|v| v.is_finite()) {
                return Err(Error::model("the model yields a logit that is not finite"));
            }
        }
        Ok(())
    }
}

/// One sequence in a context of its own.
#[derive(Debug)]
pub struct Session<'m, const SYMBOLS: usize = BINS> {
    context: Context<'m, SYMBOLS>,
}

impl<const SYMBOLS: usize> LanguageModel<SYMBOLS> for Session<'_, SYMBOLS> {
    fn reset(&mut self) -> Result<()> {
        self.context.reset(0)
    }

    fn step(&mut self, token: InputToken) -> Result<[f32; SYMBOLS]> {
        let mut logits = [[0.0; SYMBOLS]];
        self.context.step(&[token], &mut logits)?;
        Ok(logits[0])
    }
}

/// The process-wide state of llama.cpp, made on first use, with its logging off: a library
/// prints nothing.
fn backend() -> Result<&'static LlamaBackend> {
    static BACKEND: OnceLock<std::result::Result<LlamaBackend, String>> = OnceLock::new();
    let backend = BACKEND.get_or_init(|| {
        identity::require_baseline()?;
        let mut backend = LlamaBackend::init().map_err(|e| e.to_string())?;
        backend.void_logs();
        Ok(backend)
    });
    backend.as_ref().map_err(|e| Error::model(e.clone()))
}

/// What llama.cpp computes with: the instruction sets it was compiled for and, with layers on a
/// GPU, the device.
fn backend_name(options: ModelOptions) -> Result<String> {
    backend()?;
    static FEATURES: Mutex<()> = Mutex::new(());
    let features = {
        // llama.cpp rebuilds one static string at each call.
        let _one_at_a_time = FEATURES.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the function returns a NUL-terminated string that stays as it is until the
        // next call, which the lock keeps from happening before it has been copied.
        #[allow(unsafe_code)]
        unsafe { CStr::from_ptr(llama_cpp_sys_2::llama_print_system_info()) }
            .to_string_lossy()
            .into_owned()
    };
    let mut name = identity::cpu_features(&features);
    if options.gpu_layers > 0 {
        for device in llama_cpp_2::list_llama_ggml_backend_devices() {
            if device.backend != "CPU" {
                name.push_str(&format!("; {} {}", device.backend, device.description));
            }
        }
    }
    Ok(name)
}

/// A metadata value, if there is one.
fn text(model: &LlamaModel, key: &str) -> Option<String> {
    model.meta_val_str(key).ok()
}

/// A metadata value that must be a whole number.
fn number(model: &LlamaModel, key: &str) -> Result<u32> {
    let value = text(model, key)
        .ok_or_else(|| Error::model(format!("its metadata lacks the key '{key}'")))?;
    value
        .parse()
        .map_err(|_| Error::model(format!("the metadata key '{key}' is '{value}', not a number")))
}

fn read_interface(model: &LlamaModel, alphabet: Alphabet) -> Result<Interface> {
    let vocabulary = u32::try_from(model.n_vocab()).unwrap_or(0);
    let interface = match (alphabet, text(model, "lmz.interface").as_deref()) {
        (Alphabet::Characters { window }, _) => characters_interface(model, window, vocabulary)?,
        (Alphabet::Bins, None) => text_interface(model)?,
        (Alphabet::Bins, Some("1")) => audio_interface(model)?,
        (Alphabet::Bins, Some(other)) => {
            return Err(Error::model(format!(
                "the metadata key 'lmz.interface' is '{other}'; this lmz understands 1"
            )));
        }
    };
    if interface.window == 0 || interface.window > MAX_WINDOW {
        return Err(Error::model(format!(
            "its window is {} tokens; 1 to {MAX_WINDOW} are possible",
            interface.window
        )));
    }
    // In u64, so that a base near the end of u32 does not wrap.
    let inputs_end = interface
        .input_base
        .map_or(0, |base| u64::from(base) + u64::from(interface.classes) * BINS as u64);
    let last = interface.readout.iter().copied().max().unwrap_or(0).max(interface.start);
    if inputs_end > u64::from(vocabulary) || last >= vocabulary {
        return Err(Error::model(format!(
            "its metadata names token {}, its vocabulary has {vocabulary}",
            u64::from(last).max(inputs_end.saturating_sub(1))
        )));
    }
    Ok(interface)
}

/// Interface 1 of `format-spec/lm-metadata.md`.
fn audio_interface(model: &LlamaModel) -> Result<Interface> {
    let bins = number(model, "lmz.bins")?;
    if bins as usize != BINS {
        return Err(Error::model(format!("it has {bins} bins; this lmz has {BINS}")));
    }
    let classes = number(model, "lmz.classes")?;
    if !(CLASSES as u32).is_multiple_of(classes) {
        return Err(Error::model(format!("it has {classes} classes, not a divisor of {CLASSES}")));
    }
    let base = number(model, "lmz.readout_base")?;
    // Beyond any vocabulary, an id is refused later.
    let readout = (0..BINS as u32).map(|bin| base.saturating_add(bin)).collect();
    Ok(Interface {
        alphabet: Alphabet::Bins,
        window: number(model, "lmz.window")?,
        classes,
        input_base: Some(number(model, "lmz.input_base")?),
        readout,
        start: number(model, "lmz.start")?,
    })
}

/// Whether the vocabulary's entries can be asked for. Those of a missing vocabulary must not be:
/// llama.cpp aborts. Nor can `vocab_type` be asked, which panics on this type.
fn has_texts(model: &LlamaModel) -> bool {
    let kind = text(model, "tokenizer.ggml.model");
    !matches!(kind.as_deref(), None | Some("no_vocab" | "none"))
}

/// Any model reads and predicts 7-bit characters, one token each.
fn characters_interface(model: &LlamaModel, window: u32, vocabulary: u32) -> Result<Interface> {
    let (readout, start) = if has_texts(model) {
        let kind = text(model, "tokenizer.ggml.model").unwrap_or_default();
        let family = Family::named(&kind).ok_or_else(|| {
            Error::model(format!(
                "its vocabulary is of the kind '{kind}'; characters are read from 'gpt2' \
                 (byte-level BPE) and 'llama' (SentencePiece)"
            ))
        })?;
        let vocab = model.vocab();
        let special = LlamaTokenAttr::Unknown | LlamaTokenAttr::Unused | LlamaTokenAttr::Control;
        let tokens: Vec<Token> = (0..vocab.n_tokens())
            .map(|id| Token {
                text: vocab.text(LlamaToken(id)).map_or_else(Vec::new, |t| t.to_bytes().to_vec()),
                ordinary: !vocab.attr(LlamaToken(id)).intersects(special),
            })
            .collect();
        let readout = vocabulary::characters(family, &tokens).map_err(Error::model)?;
        (readout, u32::try_from(vocab.bos().0).ok())
    } else {
        let readout = vocabulary::numbered(vocabulary).map_err(Error::model)?;
        let start = text(model, "lmz.start").is_some().then(|| number(model, "lmz.start"));
        (readout, start.transpose()?)
    };
    let window = window.min((model.n_ctx_train() / 2).max(1));
    Ok(Interface {
        alphabet: Alphabet::Characters { window },
        window,
        classes: 1,
        input_base: None,
        start: start.unwrap_or(readout[0]),
        readout: readout.to_vec(),
    })
}

/// A text model reads and predicts bins as single letters.
fn text_interface(model: &LlamaModel) -> Result<Interface> {
    let vocab = model.vocab();
    if !has_texts(model) {
        return Err(Error::model(
            "it has neither lmz.* metadata nor a vocabulary to read letters from",
        ));
    }
    let mut readout = vec![u32::MAX; BINS];
    for id in 0..vocab.n_tokens() {
        let piece = vocab.text(LlamaToken(id)).map_or(&b""[..], CStr::to_bytes);
        let &[letter] = piece else { continue };
        if let Some(bin) = TEXT_READOUT.iter().position(|&l| l == letter)
            && readout[bin] == u32::MAX
        {
            readout[bin] = id as u32; // ids count from 0
        }
    }
    if let Some(bin) = readout.iter().position(|&id| id == u32::MAX) {
        return Err(Error::model(format!(
            "its vocabulary has no token for the letter '{}', which stands for a bin",
            char::from(TEXT_READOUT[bin])
        )));
    }
    Ok(Interface {
        alphabet: Alphabet::Bins,
        window: match text(model, "lmz.window") {
            Some(_) => number(model, "lmz.window")?,
            None => DEFAULT_WINDOW.min((model.n_ctx_train() / 2).max(1)),
        },
        classes: 1,
        input_base: None,
        start: u32::try_from(vocab.bos().0).unwrap_or(readout[0]),
        readout,
    })
}

#[cfg(test)]
mod tests;
