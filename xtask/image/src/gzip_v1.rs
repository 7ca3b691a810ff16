//! gzip-v1: the one way in which we compress (docs/decisions/0002-gzip-v1.md).
//!
//! Compressors look at what happens to be in their window, so their output depends on how the
//! input was sliced. Here the slices are part of the form: blocks of 1 MiB, one call each,
//! primed with the 32 KiB before them. The bytes then depend on neither writes nor threads.

use std::io::{self, Write};

mod block;
mod pool;

use block::{BLOCK_LEN, DICTIONARY_LEN, Job};
use pool::Pool;

/// The form, the library and the level of pushed images; a part of locks and cache keys.
pub const ENCODER_ID: &str = "gzip-v1 zlib-rs 0.6.8 level 3";

const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// How hard to compress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Level {
    /// For images that are pushed.
    #[default]
    Default,
    /// For images that stay on this machine: half the time, a third more bytes.
    Fast,
    /// No compression: bytes that RFC 1951 alone defines.
    Store,
}

/// What an encoder is told.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How hard to compress.
    pub level: Level,
    /// How many threads compress, at least one; the bytes do not depend on it.
    pub threads: usize,
}

impl Level {
    /// The name of the bytes that this level makes.
    pub fn encoder_id(self) -> &'static str {
        match self {
            Self::Default => ENCODER_ID,
            Self::Fast => "gzip-v1 zlib-rs 0.6.8 level 1",
            Self::Store => "gzip-v1 stored",
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        // More than eight compress faster than anything can read or hash.
        Self { level: Level::Default, threads: threads.min(8) }
    }
}

/// Compresses what is written to it. Ends the stream only in `finish`.
#[derive(Debug)]
pub struct Encoder<W: Write> {
    sink: W,
    pool: Pool,
    /// The block that is being filled; sent on when the byte after it arrives.
    block: Vec<u8>,
    dictionary: Vec<u8>,
    crc: u32,
    input_len: u64,
    header_due: bool,
}

impl<W: Write> Encoder<W> {
    /// Starts a stream; nothing reaches `sink` before the first block is full or the end.
    pub fn new(sink: W, options: Options) -> Self {
        Self {
            sink,
            pool: Pool::new(options.level, options.threads.max(1)),
            block: Vec::with_capacity(BLOCK_LEN),
            dictionary: Vec::new(),
            crc: 0,
            input_len: 0,
            header_due: true,
        }
    }

    /// Compresses what is left, ends the stream, and gives the sink back.
    pub fn finish(mut self) -> io::Result<W> {
        self.send(true)?;
        while let Some(compressed) = self.pool.receive()? {
            self.put(&compressed)?;
        }
        self.sink.write_all(&self.crc.to_le_bytes())?;
        // The length in the trailer counts modulo 2^32, by RFC 1952.
        self.sink.write_all(&(self.input_len as u32).to_le_bytes())?;
        self.sink.flush()?;
        Ok(self.sink)
    }

    /// Hands the filled block to a thread, first taking a finished one if all are busy.
    fn send(&mut self, last: bool) -> io::Result<()> {
        if self.pool.is_full()
            && let Some(compressed) = self.pool.receive()?
        {
            self.put(&compressed)?;
        }
        let input = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK_LEN));
        let next = input[input.len().saturating_sub(DICTIONARY_LEN)..].to_vec();
        let dictionary = std::mem::replace(&mut self.dictionary, next);
        self.crc = zlib_rs::crc32::crc32(self.crc, &input);
        self.input_len += input.len() as u64;
        self.pool.send(Job { input, dictionary, last })
    }

    fn put(&mut self, compressed: &[u8]) -> io::Result<()> {
        if std::mem::take(&mut self.header_due) {
            self.sink.write_all(&HEADER)?;
        }
        self.sink.write_all(compressed)
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        if self.block.len() == BLOCK_LEN {
            self.send(false)?;
        }
        let len = bytes.len().min(BLOCK_LEN - self.block.len());
        self.block.extend_from_slice(&bytes[..len]);
        Ok(len)
    }

    /// Does nothing: a flush in the middle would change the bytes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
