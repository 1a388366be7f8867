//! One thread's blocks, as many at a time as it has decoders: those that wait for a step of the model
//! advance together.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::block_decoder::{BlockDecoder, Lanes};
use super::decoding::{Decoded, Job};
use super::pool::{Desk, Reply};
use crate::error::Result;

/// Steps between two looks for further blocks.
const STEPS: u32 = 256;

/// A block under way.
struct Task<'a, T> {
    tag: T,
    bytes: Pin<Box<dyn Future<Output = Result<Vec<u8>>> + 'a>>,
    reply: Reply<'a, Job<T>, Decoded<T>>,
}

/// Decodes blocks until there are no more.
pub(super) fn work<T>(
    desk: &Desk<Job<T>, Decoded<T>>,
    decoders: &[BlockDecoder],
    lanes: Option<&Lanes>,
) {
    let mut tasks: Vec<Option<Task<'_, T>>> = decoders.iter().map(|_| None).collect();
    let mut steps = 0;
    loop {
        if steps == 0 && !admit(desk, decoders, &mut tasks) {
            return;
        }
        let running = tasks.iter().flatten().count();
        for slot in &mut tasks {
            advance(slot);
        }
        // A lane that has become free is filled at once.
        let ended = tasks.iter().flatten().count() < running;
        steps = if ended { 0 } else { (steps + 1) % STEPS };
        if let Some(interleaved) = lanes.and_then(|lanes| lanes.interleaved.get()?.as_ref()) {
            interleaved.advance();
        }
    }
}

/// Fills free lanes as far as there are blocks for them; waits for one if none is under way. Whether
/// any is.
fn admit<'a, T>(
    desk: &'a Desk<Job<T>, Decoded<T>>,
    decoders: &'a [BlockDecoder],
    tasks: &mut [Option<Task<'a, T>>],
) -> bool {
    for lane in 0..tasks.len() {
        while tasks[lane].is_none() {
            let running = tasks.iter().flatten().count();
            let next = if running == 0 { desk.wait() } else { desk.spare(running) };
            let Some((job, reply)) = next else { return running > 0 };
            tasks[lane] = begin(desk, &decoders[lane], job, reply);
        }
    }
    true
}

/// Begins a block; a job without one is done at once.
fn begin<'a, T>(
    desk: &Desk<Job<T>, Decoded<T>>,
    decoder: &'a BlockDecoder,
    Job { tag, number, offset, block, wanted }: Job<T>,
    reply: Reply<'a, Job<T>, Decoded<T>>,
) -> Option<Task<'a, T>> {
    if let Err(error) = desk.check() {
        reply.send(Err(error));
        return None;
    }
    let Some((original_offset, block)) = block else {
        reply.send(Ok((tag, None)));
        return None;
    };
    decoder.take_lane(number);
    let bytes = Box::pin(async move {
        let parts = block.parts(original_offset);
        let decoded = decoder.decode_start(original_offset, block, wanted).await;
        decoded.map_err(|error| parts.locate(number, offset, error))
    });
    Some(Task { tag, bytes, reply })
}

/// Goes on with a block until it waits or ends; then its result is sent.
fn advance<T>(slot: &mut Option<Task<'_, T>>) {
    let Some(task) = slot else { return };
    let mut context = Context::from_waker(Waker::noop());
    if let Poll::Ready(bytes) = task.bytes.as_mut().poll(&mut context)
        && let Some(Task { tag, reply, .. }) = slot.take()
    {
        reply.send(Ok((tag, Some(bytes))));
    }
}
