//! Which token stands for which character (`lm-metadata.md`, section 4b): a rule that encoder and
//! decoder each apply to the model's vocabulary. No tokenizer takes part, so nothing merges.

use super::CHARACTERS;
use crate::error::Error;

/// How the texts of a vocabulary are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Byte-level BPE (`gpt2`): every byte has a printable stand-in.
    ByteLevel,
    /// SentencePiece (`llama`): spaces are `▁`, and bytes without a piece are `<0x00>` to
    /// `<0xFF>`.
    SentencePiece,
}

impl Family {
    /// From the metadata key `tokenizer.ggml.model`; `None` for other kinds.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "gpt2" => Some(Family::ByteLevel),
            "llama" => Some(Family::SentencePiece),
            _ => None,
        }
    }

    /// The text of a token that is just this character.
    fn text(self, character: u8) -> String {
        let letter = char::from(character);
        match (self, character) {
            (Family::ByteLevel, b'!'..=b'~') => letter.to_string(),
            // GPT-2 moves bytes without a visible form to U+0100 and on, in ascending order.
            (Family::ByteLevel, 127) => '\u{121}'.to_string(),
            (Family::ByteLevel, _) => {
                char::from_u32(0x100 + u32::from(character)).unwrap_or_default().to_string()
            }
            (Family::SentencePiece, b' ') => '\u{2581}'.to_string(),
            (Family::SentencePiece, _) => letter.to_string(),
        }
    }

    /// The text of the token that stands for it where there is none of that text.
    fn byte_token(self, character: u8) -> Option<String> {
        match self {
            Family::ByteLevel => None,
            Family::SentencePiece => Some(format!("<0x{character:02X}>")),
        }
    }
}

/// One token of a vocabulary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its text, as the GGUF has it.
    pub text: Vec<u8>,
    /// Not a control, unknown or unused token.
    pub ordinary: bool,
}

/// A vocabulary with too few tokens for all characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its vocabulary of {tokens} tokens has too few for {} characters", CHARACTERS)]
pub struct SmallVocabulary {
    /// Number of its tokens.
    pub tokens: usize,
}

impl From<SmallVocabulary> for Error {
    fn from(error: SmallVocabulary) -> Self {
        Error::model(error.to_string())
    }
}

/// The token of each character (128).
///
/// First each character takes the ordinary token with the lowest id whose text is just it, else
/// its byte token. Characters without one then take, in ascending order, the ordinary tokens with
/// the lowest ids that no character has taken.
///
/// # Errors
/// When there are not enough tokens.
pub fn characters(
    family: Family,
    vocabulary: &[Token],
) -> std::result::Result<[u32; CHARACTERS], SmallVocabulary> {
    let mut taken = vec![false; vocabulary.len()];
    let mut tokens = [None; CHARACTERS];
    let find = |text: &str, taken: &[bool], byte: bool| {
        vocabulary.iter().enumerate().position(|(id, token)| {
            (token.ordinary || byte) && !taken[id] && token.text == text.as_bytes()
        })
    };
    for (character, token) in (0..).zip(&mut tokens) {
        *token = find(&family.text(character), &taken, false).or_else(|| {
            let name = family.byte_token(character)?;
            find(&name, &taken, true)
        });
        if let Some(id) = *token {
            taken[id] = true;
        }
    }
    let mut spare = (0..vocabulary.len()).filter(|&id| vocabulary[id].ordinary && !taken[id]);
    let mut ids = [0; CHARACTERS];
    for (id, token) in ids.iter_mut().zip(tokens) {
        let token = token.or_else(|| spare.next());
        let token = token.ok_or(SmallVocabulary { tokens: vocabulary.len() })?;
        *id = token as u32; // ids are below 2^31
    }
    Ok(ids)
}

/// The token of each character in a model without texts: its own number.
///
/// # Errors
/// When there are not enough tokens.
pub fn numbered(vocabulary: u32) -> std::result::Result<[u32; CHARACTERS], SmallVocabulary> {
    let tokens = vocabulary as usize;
    if tokens < CHARACTERS {
        return Err(SmallVocabulary { tokens });
    }
    Ok(std::array::from_fn(|character| character as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary(texts: &[&str]) -> Vec<Token> {
        let token = |text: &&str| Token {
            text: text.as_bytes().to_vec(),
            ordinary: !text.starts_with("<|"),
        };
        texts.iter().map(token).collect()
    }

    #[test]
    fn byte_level_texts() {
        let all: Vec<String> = (0..128).map(|c| Family::ByteLevel.text(c)).collect();
        assert_eq!((all[0].as_str(), all[10].as_str(), all[32].as_str()), ("Ā", "Ċ", "Ġ"));
        assert_eq!((all[33].as_str(), all[126].as_str(), all[127].as_str()), ("!", "~", "ġ"));
        let mut reversed: Vec<&str> = all.iter().rev().map(String::as_str).collect();
        reversed.push("merged");
        let tokens = characters(Family::ByteLevel, &vocabulary(&reversed)).unwrap();
        assert_eq!(tokens, std::array::from_fn(|c| 127 - c as u32));
    }

    /// As in SmolLM2: special tokens first, some control characters missing.
    #[test]
    fn missing_characters_take_the_lowest_unused_tokens() {
        let missing = [0x04, 0x06, 0x13];
        let present: Vec<String> =
            (0..128).filter(|c| !missing.contains(c)).map(|c| Family::ByteLevel.text(c)).collect();
        let mut texts = vec!["<|start|>"];
        texts.extend(present.iter().map(String::as_str));
        texts.extend(["<|end|>", "¡", "he", "llo", "world"]);
        let tokens = characters(Family::ByteLevel, &vocabulary(&texts)).unwrap();
        assert_eq!(tokens[0], 1);
        assert_eq!((tokens[0x04], tokens[0x06], tokens[0x13]), (127, 128, 129));
        let mut sorted = tokens;
        sorted.sort_unstable();
        assert!(sorted.windows(2).all(|pair| pair[0] < pair[1]), "a token is taken twice");
    }

    #[test]
    fn sentencepiece_prefers_pieces_to_byte_tokens() {
        let mut texts = vec!["<unk>".to_owned(), "<s>".to_owned(), "</s>".to_owned()];
        texts.extend((0..256).map(|byte| format!("<0x{byte:02X}>")));
        texts.extend(["▁", "e", "▁e", "A"].map(str::to_owned));
        let vocabulary: Vec<Token> = texts
            .iter()
            .enumerate()
            // Byte tokens have a type of their own.
            .map(|(id, text)| Token { text: text.clone().into_bytes(), ordinary: id >= 259 })
            .collect();
        let tokens = characters(Family::SentencePiece, &vocabulary).unwrap();
        assert_eq!(tokens[usize::from(b' ')], 259);
        assert_eq!(tokens[usize::from(b'e')], 260);
        assert_eq!(tokens[usize::from(b'A')], 262);
        assert_eq!((tokens[0], tokens[10], tokens[usize::from(b'B')]), (3, 13, 3 + 0x42));
    }

    #[test]
    fn too_few_tokens_are_an_error() {
        let few = vocabulary(&["a", "b", "c"]);
        assert_eq!(characters(Family::SentencePiece, &few), Err(SmallVocabulary { tokens: 3 }));
        assert_eq!(numbered(127), Err(SmallVocabulary { tokens: 127 }));
        assert_eq!(numbered(128).unwrap()[127], 127);
    }
}
