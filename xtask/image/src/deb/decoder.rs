//! Decompresses a member by the end of its name. All decoders are safe Rust and are given a
//! limit of memory: a package may be damaged, and nothing of it is trusted.

use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::StreamingDecoder;
use std::io::{self, BufRead, Read};

/// Enough for `xz -9` (64 MiB window).
const XZ_KIB_MAX: u32 = 68 << 10;
/// Enough for `zstd -19`, which dpkg uses.
const ZSTD_WINDOW_MAX: u64 = 16 << 20;

/// A stream of the unpacked bytes of the member called `name`.
pub(super) fn open<'a>(input: impl BufRead + 'a, name: &str) -> io::Result<Box<dyn Read + 'a>> {
    let decoder: Box<dyn Read + 'a> = match name.rsplit('.').next() {
        Some("tar") => Box::new(input),
        Some("gz") => Box::new(MultiGzDecoder::new(input)),
        Some("xz") => Box::new(XzReader::new_mem_limit(input, true, XZ_KIB_MAX)),
        Some("zst") => Box::new(zstd(input)?),
        _ => {
            let why = format!("`{name}` is compressed in a way that is not read here");
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        }
    };
    Ok(Box::new(Fused { decoder, ended: false }))
}

fn zstd<'a>(input: impl BufRead + 'a) -> io::Result<impl Read + 'a> {
    let decoder = StreamingDecoder::new_with_max_window_size(input, ZSTD_WINDOW_MAX);
    decoder.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
}

/// Never asks a decoder again that has failed or ended: what it does then is its own affair.
struct Fused<R> {
    decoder: R,
    ended: bool,
}

impl<R: Read> Read for Fused<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let read = self.decoder.read(buffer);
        let interrupted = matches!(&read, Err(error) if error.kind() == io::ErrorKind::Interrupted);
        self.ended = !interrupted && !matches!(read, Ok(len) if len > 0);
        read
    }
}
