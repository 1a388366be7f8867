//! The latest values of a signal (*history* of §8.3 and §8.5), newest first and contiguous.

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

    /// The newest value, to be changed.
    #[inline(always)]
    pub fn newest_mut(&mut self) -> &mut T {
        &mut self.buffer[self.head]
    }

    /// The window, newest value first.
    #[inline(always)]
    pub fn window(&self) -> &[T] {
        &self.buffer[self.head..self.head + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_the_latest_values_newest_first() {
        for len in [1, 2, 16, 32, 2048] {
            let mut history = History::<f64>::new(len);
            assert_eq!(history.window(), vec![0.0; len]);
            // Far enough for the window to jump back to the end of its buffer several times.
            for i in 1..20_000_usize {
                history.push(i as f64);
                if i < 70 || i % 17 == 0 || (4_000..4_300).contains(&i) {
                    let window = history.window();
                    assert_eq!(window.len(), len);
                    let expected = |age: usize| i.saturating_sub(age) as f64;
                    assert!((0..len).all(|age| window[age] == expected(age)), "{len}, {i}");
                }
            }
        }
    }
}
