//! The latest values of a signal, newest first and contiguous.

/// A window over the latest `len` values; values before the start are zero.
#[derive(Clone, Debug)]
pub struct History<T> {
    /// The window is `buffer[head..head + len]`; it moves towards the front and jumps back
    /// to the end when it gets there, so that a push is cheap and a read needs no wrapping.
    buffer: Vec<T>,
    head: usize,
    len: usize,
}

impl<T: Copy + Default> History<T> {
    /// A window of `len` zeros.
    pub fn new(len: usize) -> Self {
        let size = len * 2 + 4096;
        History { buffer: vec![T::default(); size], head: size - len, len }
    }

    /// Makes `value` the newest one and forgets the oldest.
    #[inline(always)]
    pub fn push(&mut self, value: T) {
        if self.head == 0 {
            let end = self.buffer.len() - (self.len - 1);
            self.buffer.copy_within(0..self.len - 1, end);
            self.head = end;
        }
        self.head -= 1;
        self.buffer[self.head] = value;
    }

    /// The window, newest value first.
    #[inline(always)]
    pub fn window(&self) -> &[T] {
        &self.buffer[self.head..self.head + self.len]
    }
}
