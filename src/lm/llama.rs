//! Models run by llama.cpp. This file and those in its folder are the only ones that name
//! it.
//!
//! Everything that can change a bit of a logit is fixed here: one thread, flash attention off,
//! batches of one token per lane, and a context that moves on by a fixed rule (see
//! `Context::make_room`). What cannot be fixed here (the build of llama.cpp, the processor,
//! the mathematics library) goes into the fingerprint (`identity.rs`).

mod evaluate;
mod ffi;
mod interface;

use std::fs::File;
use std::io::{Read, Write};
use std::marker::PhantomData;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;

use super::gguf::Gguf;
use super::identity::{self, Fingerprint};
use super::lanes::Batch;
use super::{AudioToken, Character, Input, LanguageModel, llama_check};
use crate::error::{Error, Result};

use ffi::{Feed, Sequences};
pub(super) use interface::CHARACTERS_INTERFACE;
pub use interface::{Alphabet, Fed, Inputs, Interface, MAX_WINDOW};
use interface::{read_interface, text};

/// Version of the engine, as `-V` and the fingerprint give it. A test compares it with
/// Cargo.lock; `llama-cpp-sys-2` carries the sources of llama.cpp.
pub const ENGINE: &str = "llama-cpp-2 0.1.160 / llama-cpp-sys-2 0.1.161";

/// Most lanes in one context.
pub const MAX_LANES: u32 = 256;

/// Bytes in which metadata and names of tensors must end.
const MAX_HEAD: u64 = 64 << 20;

/// Where and how a model is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModelOptions {
    /// What its tokens stand for.
    pub alphabet: Alphabet,
    /// Layers held on the GPU, for builds with a GPU back end; 0 is the CPU alone.
    pub gpu_layers: u32,
}

/// A loaded model, shared by its sessions; one model serves any number of threads.
pub struct Model {
    model: Arc<LlamaModel>,
    interface: Arc<Interface>,
    name: String,
    blake3: [u8; 32],
    /// With the window that the model has.
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
        llama_check::check(&Gguf::parse(bytes, bytes.len() as u64)?)?;
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
        let length = file.metadata()?.len();
        let mut head = Vec::new();
        Read::by_ref(&mut file).take(MAX_HEAD).read_to_end(&mut head)?;
        if !head.starts_with(b"GGUF") {
            return Err(Error::model(format!("{} is not a GGUF file", path.display())));
        }
        llama_check::check(&Gguf::parse(&head, length)?)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&head);
        drop(head);
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
        let interface = read_interface(&model, options.alphabet)?;
        let options = ModelOptions { alphabet: interface.alphabet, ..options };
        let name = text(&model, "general.name").unwrap_or_else(|| fallback.to_owned());
        let name = identity::bounded(&name);
        let (model, interface) = (Arc::new(model), Arc::new(interface));
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

    /// Whether the model was loaded with `options`: windows are compared as they are after
    /// they have been cut to what it was trained for.
    #[must_use]
    pub fn has_options(&self, options: ModelOptions) -> bool {
        let alphabet = interface::fitting(&self.model, options.alphabet);
        ModelOptions { alphabet, ..options } == self.options
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
    pub fn session(&self) -> Result<Session> {
        Ok(Session { context: self.context(1)? })
    }

    /// Like [`Model::session`], for a model of characters.
    ///
    /// # Errors
    /// [`Error::Model`] when llama.cpp cannot make the context.
    pub fn characters(&self) -> Result<Session<Character>> {
        Ok(Session { context: self.context(1)? })
    }

    /// A context of `lanes` sequences that advance together; see `lanes.rs`.
    ///
    /// # Errors
    /// [`Error::Model`] when there are none or too many, the model is not one of such
    /// tokens, or llama.cpp cannot make the context.
    pub fn context<T: Fed>(&self, lanes: u32) -> Result<Context<T>> {
        if self.interface.readout.len() != T::SYMBOLS {
            return Err(Error::model(format!(
                "it has been set up for {} symbols, not {}",
                self.interface.readout.len(),
                T::SYMBOLS
            )));
        }
        if lanes == 0 || lanes > MAX_LANES {
            return Err(Error::model(format!("{lanes} lanes; 1 to {MAX_LANES} are possible")));
        }
        backend()?;
        let cells = 2 * self.interface.window;
        let sequences = {
            let _one_at_a_time = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
            Sequences::new(Arc::clone(&self.model), cells, lanes, self.options.gpu_layers > 0)?
        };
        let lanes = lanes as usize;
        Ok(Context {
            sequences,
            interface: Arc::clone(&self.interface),
            feed: self.interface.feed(lanes),
            used: vec![0; lanes],
            positions: vec![0; lanes],
            tokens: PhantomData,
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
                Alphabet::Bins => identity::canary::<AudioToken>(&mut self.context(lanes)?)?,
                Alphabet::Characters { .. } => {
                    identity::canary::<Character>(&mut self.context(lanes)?)?
                }
            },
        })
    }
}

/// Sequences that advance together through one context of llama.cpp.
pub struct Context<T: Fed = AudioToken> {
    sequences: Sequences,
    interface: Arc<Interface>,
    /// What the next step feeds.
    feed: Feed,
    /// Tokens in the cache, per lane; also the position of the lane's next token.
    used: Vec<u32>,
    /// Positions of the next step.
    positions: Vec<i32>,
    /// What it is fed.
    tokens: PhantomData<fn(T)>,
}

impl<T: Fed> std::fmt::Debug for Context<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("used", &self.used).finish_non_exhaustive()
    }
}

impl<T: Fed> Context<T> {
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
        self.sequences.drop_before(lane, Some(window))?;
        self.sequences.move_to_front(lane, window);
        self.used[lane] -= window;
        Ok(())
    }
}

impl<T: Fed> Batch<T> for Context<T> {
    fn lanes(&self) -> usize {
        self.used.len()
    }

    fn reset(&mut self, lane: usize) -> Result<()> {
        self.used[lane] = 0;
        if self.used.len() == 1 {
            self.sequences.clear();
            return Ok(());
        }
        self.sequences.drop_before(lane, None)
    }

    fn step(&mut self, inputs: &[Input<T>], logits: &mut [T::Logits]) -> Result<()> {
        if inputs.len() != self.used.len() || logits.len() != self.used.len() {
            return Err(Error::model("a step needs one input and one row per lane"));
        }
        for (lane, &input) in inputs.iter().enumerate() {
            self.make_room(lane)?;
            self.interface.put(input, lane, &mut self.feed);
            self.positions[lane] = self.used[lane] as i32; // below 2 × MAX_WINDOW
            self.used[lane] += 1;
        }
        self.sequences.decode(&mut self.feed, &mut self.positions)?;
        for (lane, out) in logits.iter_mut().enumerate() {
            let row = self.sequences.logits(lane)?;
            let out = out.as_mut();
            for (logit, &token) in out.iter_mut().zip(&self.interface.readout) {
                *logit = row[token as usize];
            }
            if !out.iter().all(|logit| logit.is_finite()) {
                return Err(Error::model("the model yields a logit that is not finite"));
            }
        }
        Ok(())
    }
}

/// One sequence in a context of its own.
#[derive(Debug)]
pub struct Session<T: Fed = AudioToken> {
    context: Context<T>,
}

impl<T: Fed> LanguageModel<T> for Session<T> {
    fn reset(&mut self) -> Result<()> {
        self.context.reset(0)
    }

    fn step(&mut self, token: Input<T>) -> Result<T::Logits> {
        let mut logits = [T::ALIKE];
        self.context.step(&[token], &mut logits)?;
        Ok(logits[0])
    }
}

/// The process-wide state of llama.cpp, made on first use, with its logging off: a library
/// prints nothing.
fn backend() -> Result<&'static LlamaBackend> {
    static BACKEND: OnceLock<std::result::Result<LlamaBackend, String>> = OnceLock::new();
    let backend = BACKEND.get_or_init(|| {
        identity::require_baseline().map_err(|e| e.to_string())?;
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
    let mut name = identity::cpu_features(&ffi::system_info());
    if options.gpu_layers > 0 {
        for device in llama_cpp_2::list_llama_ggml_backend_devices() {
            if device.backend != "CPU" {
                name.push_str(&format!("; {} {}", device.backend, device.description));
            }
        }
    }
    Ok(name)
}

#[cfg(test)]
#[path = "llama_tests.rs"]
mod tests;
