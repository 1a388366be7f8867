//! Sessions that end when the whole run is to end: one segment can take a minute.

use super::ordered::Stop;
use crate::error::Result;
use crate::lm::{BINS, InputToken, LanguageModel};

/// A session that asks before each step whether the run goes on.
pub(super) struct Stoppable<'a, const SYMBOLS: usize = BINS> {
    inner: Box<dyn LanguageModel<SYMBOLS> + 'a>,
    stop: &'a Stop<'a>,
}

impl<'a, const SYMBOLS: usize> Stoppable<'a, SYMBOLS> {
    pub(super) fn new(inner: Box<dyn LanguageModel<SYMBOLS> + 'a>, stop: &'a Stop<'a>) -> Self {
        Stoppable { inner, stop }
    }
}

impl<const SYMBOLS: usize> LanguageModel<SYMBOLS> for Stoppable<'_, SYMBOLS> {
    fn reset(&mut self) -> Result<()> {
        self.inner.reset()
    }

    fn step(&mut self, token: InputToken) -> Result<[f32; SYMBOLS]> {
        self.stop.check()?;
        self.inner.step(token)
    }
}
