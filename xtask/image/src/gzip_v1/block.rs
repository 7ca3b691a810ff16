//! One block of gzip-v1: a slice of the input and what stands for it in the stream.

use super::Level;
use std::io;
use zlib_rs::{Deflate, DeflateFlush, Status};

/// How much input each compressor call gets; a part of the form.
pub(super) const BLOCK_LEN: usize = 1 << 20;
/// How much of the block before primes the window; a part of the form.
pub(super) const DICTIONARY_LEN: usize = 32 << 10;
/// Twice what deflate can need beyond a block (nine bits for each literal), so that no call
/// ever ends early for want of room.
const ROOM: usize = BLOCK_LEN + BLOCK_LEN / 4;
/// The most that a stored block of deflate can hold.
const STORED_LEN: usize = 0xffff;
const WINDOW_BITS: u8 = 15;

/// A block to compress.
pub(super) struct Job {
    /// At most `BLOCK_LEN` bytes.
    pub input: Vec<u8>,
    /// The end of the block before, empty for the first.
    pub dictionary: Vec<u8>,
    /// Whether the stream ends here.
    pub last: bool,
}

/// The deflate bytes of one block; `room` is scratch of the caller's, kept between blocks.
pub(super) fn compress(job: &Job, level: Level, room: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    match level {
        Level::Default => deflate(job, 3, room),
        Level::Fast => deflate(job, 1, room),
        Level::Store => Ok(store(job)),
    }
}

/// One call with all of the input. A new compressor each time, so that nothing of an earlier
/// block can remain in it.
fn deflate(job: &Job, level: i32, room: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    room.resize(ROOM, 0);
    let mut deflate = Deflate::new(level, false, WINDOW_BITS);
    if !job.dictionary.is_empty() {
        deflate.set_dictionary(&job.dictionary).map_err(refusal)?;
    }
    let flush = if job.last { DeflateFlush::Finish } else { DeflateFlush::SyncFlush };
    let wanted = if job.last { Status::StreamEnd } else { Status::Ok };
    let status = deflate.compress(&job.input, room, flush).map_err(refusal)?;
    assert_eq!(status, wanted, "the room is more than the bound");
    assert_eq!(deflate.total_in(), job.input.len() as u64, "one call takes the whole block");
    Ok(room[..deflate.total_out() as usize].to_vec())
}

fn refusal(error: zlib_rs::DeflateError) -> io::Error {
    io::Error::other(format!("the compressor refused: {}", error.as_str()))
}

/// Stored blocks of at most 65535 bytes; an empty last one only for an empty stream.
fn store(job: &Job) -> Vec<u8> {
    let mut stored = Vec::with_capacity(job.input.len() + 128);
    let mut rest = job.input.as_slice();
    loop {
        let (chunk, tail) = rest.split_at(rest.len().min(STORED_LEN));
        let len = chunk.len() as u16;
        stored.push(u8::from(job.last && tail.is_empty()));
        stored.extend_from_slice(&len.to_le_bytes());
        stored.extend_from_slice(&(!len).to_le_bytes());
        stored.extend_from_slice(chunk);
        rest = tail;
        if rest.is_empty() {
            return stored;
        }
    }
}
