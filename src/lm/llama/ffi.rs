//! Sequences that llama.cpp advances together, one position of each at a time. All that is unsafe
//! in lmz is here.
//!
//! The bindings would do for models that read tokens; what they have no words for is a batch of
//! vectors, which models of interface 2 are fed.

#![allow(unsafe_code)]

use std::ffi::CStr;
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, PoisonError};

use llama_cpp_2::model::LlamaModel;
use llama_cpp_sys_2 as sys;

use crate::error::{Error, Result};

/// What one step feeds.
#[derive(Clone, Debug)]
pub enum Feed {
    /// A token for each sequence.
    Tokens(Vec<sys::llama_token>),
    /// A vector in place of an embedding for each sequence, one after the other.
    Vectors(Vec<f32>),
}

/// A context of llama.cpp with its key/value cache.
pub struct Sequences {
    context: NonNull<sys::llama_context>,
    /// Logits in a row.
    vocabulary: usize,
    /// Length of a vector that stands for a token.
    width: usize,
    count: usize,
    /// The context reads the model's weights, so they stay as long as it does.
    _model: Arc<LlamaModel>,
}

// SAFETY: a context is not bound to the thread that made it, and every use of it that changes
// anything needs `&mut self`.
unsafe impl Send for Sequences {}

/// The model behind the bindings' wrapper.
fn raw(model: &LlamaModel) -> *mut sys::llama_model {
    const { assert!(size_of::<LlamaModel>() == size_of::<*mut sys::llama_model>()) }
    // SAFETY: `LlamaModel` is `repr(transparent)` around one `NonNull<llama_model>`, which is so
    // itself, in the one version that Cargo.toml allows.
    unsafe { ptr::from_ref(model).cast::<*mut sys::llama_model>().read() }
}

impl Sequences {
    /// `count` empty sequences, each with `cells` positions of its own in the cache.
    ///
    /// Must not run beside itself for the same model, which llama.cpp may write to.
    ///
    /// # Errors
    /// [`Error::Model`] when llama.cpp cannot make the context.
    pub fn new(model: Arc<LlamaModel>, cells: u32, count: u32, on_gpu: bool) -> Result<Self> {
        // SAFETY: plain data.
        let mut params = unsafe { sys::llama_context_default_params() };
        params.n_ctx = cells * count;
        params.n_batch = count;
        params.n_ubatch = count;
        params.n_seq_max = count;
        params.n_threads = 1;
        params.n_threads_batch = 1;
        params.flash_attn_type = sys::LLAMA_FLASH_ATTN_TYPE_DISABLED;
        params.offload_kqv = on_gpu;
        params.op_offload = false;
        // Each sequence has cells of its own, so none sees where the others are.
        params.kv_unified = false;
        params.no_perf = true;
        // SAFETY: the model outlives the context, which is freed
        // before the `Arc` beside it is; null pointers in the parameters mean
        // that there is no callback and no sampler.
        let context = unsafe { sys::llama_init_from_model(raw(&model), params) };
        let context = NonNull::new(context)
            .ok_or_else(|| Error::model("llama.cpp cannot make a context of it"))?;
        Ok(Sequences {
            context,
            vocabulary: usize::try_from(model.n_vocab()).unwrap_or(0),
            width: usize::try_from(model.n_embd()).unwrap_or(0),
            count: count as usize,
            _model: model,
        })
    }

    fn memory(&self) -> sys::llama_memory_t {
        // SAFETY: the context lives.
        unsafe { sys::llama_get_memory(self.context.as_ptr()) }
    }

    /// Empties all sequences, the cache's bytes included.
    pub fn clear(&mut self) {
        // SAFETY: the context lives, and so does its memory.
        unsafe { sys::llama_memory_clear(self.memory(), true) }
    }

    /// Drops the tokens of a sequence at positions below `end`, or all of them.
    ///
    /// # Errors
    /// [`Error::Model`] when llama.cpp cannot.
    pub fn drop_before(&mut self, sequence: usize, end: Option<u32>) -> Result<()> {
        let end = end.map_or(-1, |end| end as i32);
        // SAFETY: as in `clear`; numbers out of range are refused by llama.cpp.
        match unsafe { sys::llama_memory_seq_rm(self.memory(), sequence as i32, 0, end) } {
            true => Ok(()),
            false => Err(Error::model("llama.cpp cannot drop a part of its context")),
        }
    }

    /// Moves the tokens of a sequence from position `from` on to begin at 0.
    pub fn move_to_front(&mut self, sequence: usize, from: u32) {
        let from = from as i32;
        // SAFETY: as in `clear`.
        unsafe { sys::llama_memory_seq_add(self.memory(), sequence as i32, from, -1, -from) }
    }

    /// Feeds one token or vector to every sequence, at its position.
    ///
    /// # Errors
    /// [`Error::Model`] when there is not one of each for every sequence, or llama.cpp fails.
    pub fn decode(&mut self, feed: &mut Feed, positions: &mut [i32]) -> Result<()> {
        let wanted = match feed {
            Feed::Tokens(tokens) => (tokens.len(), self.count),
            Feed::Vectors(vectors) => (vectors.len(), self.count * self.width),
        };
        if wanted.0 != wanted.1 || positions.len() != self.count {
            return Err(Error::model("a step needs one input and one position per sequence"));
        }
        let mut names: Vec<sys::llama_seq_id> = (0..self.count as i32).collect();
        let mut lists: Vec<*mut sys::llama_seq_id> = names.iter_mut().map(ptr::from_mut).collect();
        let (mut lengths, mut logits) = (vec![1; self.count], vec![1; self.count]);
        let (token, embd) = match feed {
            Feed::Tokens(tokens) => (tokens.as_mut_ptr(), ptr::null_mut()),
            Feed::Vectors(vectors) => (ptr::null_mut(), vectors.as_mut_ptr()),
        };
        let batch = sys::llama_batch {
            n_tokens: self.count as i32,
            token,
            embd,
            pos: positions.as_mut_ptr(),
            n_seq_id: lengths.as_mut_ptr(),
            seq_id: lists.as_mut_ptr(),
            logits: logits.as_mut_ptr(),
        };
        // SAFETY: every array has `count` entries (vectors `count * width`) and outlives the call,
        // after which llama.cpp keeps none of them.
        match unsafe { sys::llama_decode(self.context.as_ptr(), batch) } {
            0 => Ok(()),
            code => Err(Error::model(format!("llama.cpp failed with code {code}"))),
        }
    }

    /// Logits of the whole vocabulary after the last step, of one sequence.
    ///
    /// # Errors
    /// [`Error::Model`] when there are none.
    pub fn logits(&mut self, sequence: usize) -> Result<&[f32]> {
        // SAFETY: the context lives. Where it has no such row, it returns null.
        let row = unsafe { sys::llama_get_logits_ith(self.context.as_ptr(), sequence as i32) };
        if row.is_null() {
            return Err(Error::model("llama.cpp has no logits"));
        }
        // SAFETY: a row holds the vocabulary, and stays until the next use of the context, for which
        // the borrow has to end.
        Ok(unsafe { std::slice::from_raw_parts(row, self.vocabulary) })
    }
}

impl Drop for Sequences {
    fn drop(&mut self) {
        // SAFETY: made by llama_init_from_model, and nothing else frees it.
        unsafe { sys::llama_free(self.context.as_ptr()) }
    }
}

/// llama.cpp's report of the instruction sets it was compiled for.
pub fn system_info() -> String {
    static FEATURES: Mutex<()> = Mutex::new(());
    // llama.cpp rebuilds one static string at each call.
    let _one_at_a_time = FEATURES.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: the function returns a NUL-terminated string that stays as it is until the next
    // call, which the lock keeps from happening before it has been copied.
    unsafe { CStr::from_ptr(sys::llama_print_system_info()) }.to_string_lossy().into_owned()
}
