//! A progress bar, on a terminal only.

use std::ops::ControlFlow;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lmz::{Observer, Progress};

const TEMPLATE: &str = "{prefix} {bar:30} {percent:>3} %  {bytes_per_sec}, {eta} left";
const TEMPLATE_OF_UNKNOWN_LENGTH: &str = "{prefix} {spinner} {bytes}  {bytes_per_sec}";

/// Shows how far a file has come.
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar for an input of `length` bytes, if that is known; drawn on standard error if
    /// that is a terminal and `visible`.
    pub fn new(name: &str, length: Option<u64>, visible: bool) -> Self {
        // Not a terminal: indicatif draws nothing.
        let target = match visible {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(length, target);
        let template = if length.is_some() { TEMPLATE } else { TEMPLATE_OF_UNKNOWN_LENGTH };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(name.to_owned());
        Bar(bar)
    }
}

impl Observer for Bar {
    fn observe(&mut self, progress: Progress) -> ControlFlow<()> {
        self.0.set_position(progress.bytes);
        // Signals end the program directly.
        ControlFlow::Continue(())
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
