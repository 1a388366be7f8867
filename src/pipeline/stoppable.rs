//! Sessions that end when the whole run is to end: one segment can take a minute.

use super::ordered::Stop;
use crate::error::Result;
use crate::lm::{BINS, InputToken, LanguageModel};

/// A session that asks before each step whether the run goes on.
pub(super) struct Stoppable<'a> {
    inner: Box<dyn LanguageModel + 'a>,
    stop: &'a Stop<'a>,
}

impl<'a> Stoppable<'a> {
    pub(super) fn new(inner: Box<dyn LanguageModel + 'a>, stop: &'a Stop<'a>) -> Self {
        Stoppable { inner, stop }
    }
}

impl LanguageModel for Stoppable<'_> {
    fn reset(&mut self) -> Result<()> {
        self.inner.reset()
    }

    fn step(&mut self, token: InputToken) -> Result<[f32; BINS]> {
        self.stop.check()?;
        self.inner.step(token)
    }
}
