//! What a model's tokens stand for, read from its metadata and vocabulary.

use std::ffi::CStr;

use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token_type::LlamaTokenAttr;

use super::super::identity::Probe;
use super::super::vocabulary::{self, Family, Token};
use super::super::{AudioToken, BINS, CLASSES, Character, FEATURES, Input, vector};
use super::ffi::Feed;
use crate::error::{Error, Result};

/// Window of a model whose metadata names none, in tokens.
const DEFAULT_WINDOW: u32 = 128;

/// Largest window accepted, in tokens: bounds the key/value cache that a file can require.
pub const MAX_WINDOW: u32 = 4096;

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
    /// What the model is fed.
    pub inputs: Inputs,
    /// Token of each bin or character in the model's output.
    pub readout: Vec<u32>,
}

/// What stands for an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inputs {
    /// A token of its own for each bin and class.
    Classes {
        /// Number of context classes.
        classes: u32,
        /// First token.
        base: u32,
        /// Token fed before the first sample.
        start: u32,
    },
    /// The same token as in the output.
    Readout {
        /// Token fed before the first sample.
        start: u32,
    },
    /// The bin and the features as a vector of this length.
    Vector(usize),
}

impl Interface {
    /// What one step of `lanes` sequences feeds, to be filled in.
    pub(super) fn feed(&self, lanes: usize) -> Feed {
        match self.inputs {
            Inputs::Vector(width) => Feed::Vectors(vec![0.0; lanes * width]),
            Inputs::Classes { .. } | Inputs::Readout { .. } => Feed::Tokens(vec![0; lanes]),
        }
    }

    /// Vocabulary id of what is fed before the first token; that of the first symbol where vectors are fed.
    fn start(&self) -> u32 {
        match self.inputs {
            Inputs::Classes { start, .. } | Inputs::Readout { start } => start,
            Inputs::Vector(_) => self.readout[0],
        }
    }

    /// Puts the input of one lane into the step.
    pub(super) fn put<T: Fed>(&self, input: Input<T>, lane: usize, feed: &mut Feed) {
        match feed {
            Feed::Tokens(tokens) => tokens[lane] = self.token(input).0,
            Feed::Vectors(vectors) => {
                if let Inputs::Vector(width) = self.inputs {
                    T::write(input, &mut vectors[lane * width..][..width]);
                }
            }
        }
    }

    /// Vocabulary id of an input.
    pub(super) fn token<T: Fed>(&self, input: Input<T>) -> LlamaToken {
        let id = match input {
            Input::Start => self.start(),
            Input::After(token) => token.id(self),
        };
        LlamaToken(id as i32) // below the size of the vocabulary, an i32
    }

    /// Vocabulary id of a symbol of the output.
    fn symbol(&self, symbol: u8) -> u32 {
        self.readout[usize::from(symbol) % self.readout.len()]
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
            let start = self.start();
            return format!("{CHARACTERS_INTERFACE}: tokens {}, start {start}", &hash[..16]);
        }
        match self.inputs {
            Inputs::Classes { classes, base, start } => format!(
                "audio 1: {BINS} bins, {classes} classes, inputs from {base}, read-out from {}, \
                 start {start}",
                self.readout[0]
            ),
            Inputs::Vector(_) => format!("audio 2: {BINS} bins, {FEATURES} features"),
            Inputs::Readout { start } => {
                let ids: Vec<String> = self.readout.iter().map(u32::to_string).collect();
                format!("text: read-out {}, start {start}", ids.join(","))
            }
        }
    }
}

/// Tokens that llama.cpp can be fed.
pub trait Fed: Probe {
    /// Vocabulary id in a model that reads tokens.
    fn id(self, interface: &Interface) -> u32;

    /// Writes the vector that stands for `input` in a model that reads vectors, which none does for
    /// characters.
    fn write(_input: Input<Self>, _vector: &mut [f32]) {}
}

impl Fed for AudioToken {
    fn id(self, interface: &Interface) -> u32 {
        let Inputs::Classes { classes, base, .. } = interface.inputs else {
            return interface.symbol(self.bin);
        };
        // A model with fewer classes reads the leading bits of each class.
        let class = u32::from(self.class) % CLASSES as u32 * classes / CLASSES as u32;
        base + class * BINS as u32 + u32::from(self.bin) % BINS as u32
    }

    fn write(input: Input, vector: &mut [f32]) {
        vector::write(input, vector);
    }
}

impl Fed for Character {
    fn id(self, interface: &Interface) -> u32 {
        interface.symbol(self.0)
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
pub(in crate::lm) const CHARACTERS_INTERFACE: &str = "characters 1";

/// A metadata value, if there is one.
pub(super) fn text(model: &LlamaModel, key: &str) -> Option<String> {
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

pub(super) fn read_interface(model: &LlamaModel, alphabet: Alphabet) -> Result<Interface> {
    let vocabulary = u32::try_from(model.n_vocab()).unwrap_or(0);
    let interface = match (fitting(model, alphabet), text(model, "lmz.interface").as_deref()) {
        (Alphabet::Characters { window }, _) => characters_interface(model, window, vocabulary)?,
        (Alphabet::Bins, None) => text_interface(model)?,
        (Alphabet::Bins, Some("1")) => classes_interface(model)?,
        (Alphabet::Bins, Some("2")) => vector_interface(model)?,
        (Alphabet::Bins, Some(other)) => {
            return Err(Error::model(format!(
                "the metadata key 'lmz.interface' is '{other}'; this lmz understands 1 and 2"
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
    let (inputs_end, start) = match interface.inputs {
        Inputs::Classes { classes, base, start } => {
            (u64::from(base) + u64::from(classes) * BINS as u64, start)
        }
        Inputs::Readout { start } => (0, start),
        Inputs::Vector(_) => (0, 0),
    };
    let last = interface.readout.iter().copied().max().unwrap_or(0).max(start);
    if inputs_end > u64::from(vocabulary) || last >= vocabulary {
        return Err(Error::model(format!(
            "its metadata names token {}, its vocabulary has {vocabulary}",
            u64::from(last).max(inputs_end.saturating_sub(1))
        )));
    }
    Ok(interface)
}

/// Refuses a model that counts something otherwise than this lmz.
fn require(model: &LlamaModel, what: &str, ours: usize) -> Result<()> {
    let theirs = number(model, &format!("lmz.{what}"))?;
    if theirs as usize != ours {
        return Err(Error::model(format!("it has {theirs} {what}; this lmz has {ours}")));
    }
    Ok(())
}

/// Interface 2 of `format-spec/lm-metadata.md`.
fn vector_interface(model: &LlamaModel) -> Result<Interface> {
    require(model, "bins", BINS)?;
    require(model, "features", FEATURES)?;
    let width = usize::try_from(model.n_embd()).unwrap_or(0);
    let least = BINS + 1 + FEATURES;
    if width < least {
        return Err(Error::model(format!("its width is {width}; its input takes {least}")));
    }
    Ok(Interface {
        alphabet: Alphabet::Bins,
        window: number(model, "lmz.window")?,
        inputs: Inputs::Vector(width),
        readout: (0..BINS as u32).collect(),
    })
}

/// Interface 1 of `format-spec/lm-metadata.md`.
fn classes_interface(model: &LlamaModel) -> Result<Interface> {
    require(model, "bins", BINS)?;
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
        inputs: Inputs::Classes {
            classes,
            base: number(model, "lmz.input_base")?,
            start: number(model, "lmz.start")?,
        },
        readout,
    })
}

/// Whether the vocabulary's entries can be read. Those of a missing vocabulary must not be:
/// llama.cpp aborts. Nor can `vocab_type` be called, which panics on this type.
fn has_texts(model: &LlamaModel) -> bool {
    let kind = text(model, "tokenizer.ggml.model");
    !matches!(kind.as_deref(), None | Some("no_vocab" | "none"))
}

/// `alphabet` with a window that the model was trained for.
pub(super) fn fitting(model: &LlamaModel, alphabet: Alphabet) -> Alphabet {
    match alphabet {
        Alphabet::Characters { window } => {
            Alphabet::Characters { window: window.min(half_of_context(model)) }
        }
        Alphabet::Bins => Alphabet::Bins,
    }
}

/// Half of the context length that the model was trained for: a full context is two windows.
fn half_of_context(model: &LlamaModel) -> u32 {
    (model.n_ctx_train() / 2).max(1)
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
        let readout = vocabulary::characters(family, &tokens)?;
        (readout, u32::try_from(vocab.bos().0).ok())
    } else {
        let readout = vocabulary::numbered(vocabulary)?;
        let start = text(model, "lmz.start").is_some().then(|| number(model, "lmz.start"));
        (readout, start.transpose()?)
    };
    Ok(Interface {
        alphabet: Alphabet::Characters { window },
        window,
        inputs: Inputs::Readout { start: start.unwrap_or(readout[0]) },
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
            None => DEFAULT_WINDOW.min(half_of_context(model)),
        },
        inputs: Inputs::Readout { start: u32::try_from(vocab.bos().0).unwrap_or(readout[0]) },
        readout,
    })
}
