//! Where sessions come from: the interface of the pipeline to models. It never names an
//! engine.
//!
//! Threads outlive the calls that start them, so all of it is shared and nothing borrowed.

use std::sync::Arc;

use super::interleaved::Sequences;
use super::{Character, LanguageModel};
use crate::error::{Error, Result};

/// A loaded language model that hands out sessions.
///
/// Programs pass it on to [`Encoder::model`](crate::Encoder::model). What an engine implements is shown with
/// the feature `unstable`.
pub trait ModelProvider: Send + Sync {
    /// Identity of model, engine and settings, as written to the file header.
    #[cfg_attr(not(feature = "unstable"), doc(hidden))]
    fn fingerprint(&self) -> Vec<u8>;

    /// Number of sessions that advance in lock step; 1 when they are independent.
    ///
    /// Above 1, the pipeline runs exactly this many threads, and block `n` of a file goes to
    /// lane `n % lanes` in both directions, whatever thread is free.
    #[cfg_attr(not(feature = "unstable"), doc(hidden))]
    fn lanes(&self) -> usize {
        1
    }

    /// A fresh session on one lane. It lives no longer than one block is coded, and no two
    /// sessions of a lane live at a time; a lane without a session must not hold up others.
    /// `lane` has no meaning where [`ModelProvider::lanes`] is 1.
    ///
    /// # Errors
    /// [`Error::Model`] when the engine cannot start.
    #[cfg_attr(not(feature = "unstable"), doc(hidden))]
    fn session(&self, lane: usize) -> Result<Box<dyn LanguageModel>>;

    /// `count` sequences for one thread that decodes as many segments side by side; `None` where that
    /// is of no use.
    ///
    /// # Errors
    /// [`Error::Model`] when the engine cannot start.
    #[cfg_attr(not(feature = "unstable"), doc(hidden))]
    fn sequences(&self, count: usize) -> Result<Option<Box<dyn Sequences>>> {
        let _ = count;
        Ok(None)
    }

    /// Like [`ModelProvider::session`], over characters in place of bins.
    ///
    /// # Errors
    /// [`Error::Model`] when the engine cannot start, or has been set up for bins.
    #[cfg_attr(not(feature = "unstable"), doc(hidden))]
    fn characters(&self, lane: usize) -> Result<Box<dyn LanguageModel<Character>>> {
        let _ = lane;
        Err(Error::model("it has been set up to read quantile bins, not characters"))
    }
}

/// Finds the model that a file was made with.
///
/// [`Models`](crate::Models) does. What others implement is shown with the feature `unstable`.
pub trait ModelSource: Send + Sync {
    /// Number of lanes that `fingerprint` requires, as [`ModelProvider::lanes`]; known
    /// without loading anything. 1 for a fingerprint that is not understood.
    #[cfg_attr(not(feature = "unstable"), doc(hidden))]
    fn lanes(&self, fingerprint: &[u8]) -> usize {
        let _ = fingerprint;
        1
    }

    /// Most segments that a thread should decode side by side ([`ModelProvider::sequences`]); known
    /// without loading anything.
    #[cfg_attr(not(feature = "unstable"), doc(hidden))]
    fn interleaved(&self, fingerprint: &[u8]) -> usize {
        let _ = fingerprint;
        1
    }

    /// Opens the model that `fingerprint`, taken from a file header, names.
    ///
    /// # Errors
    /// [`Error::ModelMismatch`] when no model at hand has that identity, [`Error::Model`]
    /// when it cannot be loaded, [`Error::Unsupported`] when this build has no engine.
    #[cfg_attr(not(feature = "unstable"), doc(hidden))]
    fn open(&self, fingerprint: &[u8]) -> Result<Arc<dyn ModelProvider>>;
}

/// The [`ModelSource`] of a program without language models.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoModels;

impl ModelSource for NoModels {
    fn open(&self, _fingerprint: &[u8]) -> Result<Arc<dyn ModelProvider>> {
        Err(Error::Unsupported(
            "it was made with a language model, which this build of lmz does not have".to_owned(),
        ))
    }
}
