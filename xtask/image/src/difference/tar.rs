//! Reads anybody's tar entry by entry, every byte of it accounted for.
//!
//! The crate `tar` reads packages for us; here the raw header counts, in which a difference may
//! hide that means nothing to a reader.

use crate::content::fill;
use std::io::{self, Read};

pub(super) const BLOCK: usize = 512;
/// More than any name or attribute needs; a longer one is somebody's attempt on our memory.
const EXTENSION_MAX: u64 = 1 << 20;

/// A tar that is being read.
pub(super) struct Entries<R> {
    source: R,
    /// What of the current entry's content was not read yet.
    left: u64,
    /// The zeros that fill its last block.
    padding: usize,
    /// How many zeros were read as the sign of the end.
    sign: u64,
}

/// What stands before an entry's content.
pub(super) struct Entry {
    /// Its path, without `./` before it and `/` after it.
    pub(super) path: Vec<u8>,
    /// Where it links to.
    pub(super) link: Vec<u8>,
    pub(super) size: u64,
    /// Its own header as it is.
    pub(super) header: [u8; BLOCK],
    /// The headers and contents before it that say more about it.
    pub(super) extension: Vec<u8>,
}

/// What extensions say instead of the header.
#[derive(Default)]
struct Extensions {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    raw: Vec<u8>,
}

impl<R: Read> Entries<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, left: 0, padding: 0, sign: 0 }
    }

    /// The next entry; none at the first block of zeros, or where the bytes end.
    /// What was not read of the entry before is skipped.
    pub(super) fn next(&mut self) -> io::Result<Option<Entry>> {
        self.skip()?;
        let mut extensions = Extensions::default();
        loop {
            let mut header = [0; BLOCK];
            match fill(&mut self.source, &mut header)? {
                0 => return Ok(None),
                BLOCK if header.iter().all(|byte| *byte == 0) => {
                    self.sign += BLOCK as u64;
                    return Ok(None);
                }
                BLOCK => {}
                _ => return Err(malformed("a header is cut short")),
            }
            let size = number(&header[124..136])?;
            if !matches!(header[156], b'x' | b'g' | b'L' | b'K') {
                return self.begin(header, size, extensions).map(Some);
            }
            let content = self.extension(size)?;
            extensions.hear(header[156], &content[..size as usize])?;
            extensions.raw.extend_from_slice(&header);
            extensions.raw.extend_from_slice(&content);
            if extensions.raw.len() as u64 > EXTENSION_MAX {
                return Err(malformed("what is said before an entry is too long"));
            }
        }
    }

    /// The content of the current entry.
    pub(super) fn content(&mut self) -> impl Read {
        let left = self.left;
        self.left = 0;
        self.source.by_ref().take(left)
    }

    /// What fills the last block of the current entry, once its content was read.
    pub(super) fn padding(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; std::mem::take(&mut self.padding)];
        let len = fill(&mut self.source, &mut bytes)?;
        bytes.truncate(len);
        Ok(bytes)
    }

    /// What comes after the last entry, the sign of the end included.
    pub(super) fn rest(&mut self) -> impl Read {
        io::repeat(0).take(self.sign).chain(self.source.by_ref())
    }

    fn begin(
        &mut self,
        header: [u8; BLOCK],
        size: u64,
        extensions: Extensions,
    ) -> io::Result<Entry> {
        let has_content = !matches!(header[156], b'1'..=b'6');
        let size = if has_content { extensions.size.unwrap_or(size) } else { 0 };
        self.left = size;
        self.padding = (size.next_multiple_of(BLOCK as u64) - size) as usize;
        let link = extensions.link.unwrap_or_else(|| text(&header[157..257]).to_vec());
        let path = extensions.path.unwrap_or_else(|| joined(&header));
        let path = path.strip_prefix(b"./").unwrap_or(&path);
        let path = path.strip_suffix(b"/").unwrap_or(path).to_vec();
        Ok(Entry { path, link, size, header, extension: extensions.raw })
    }

    fn skip(&mut self) -> io::Result<()> {
        let wanted = self.left + self.padding as u64;
        (self.left, self.padding) = (0, 0);
        let skipped = io::copy(&mut self.source.by_ref().take(wanted), &mut io::sink())?;
        if skipped == wanted { Ok(()) } else { Err(malformed("its content is cut short")) }
    }

    /// What is said before an entry, in whole blocks.
    fn extension(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > EXTENSION_MAX {
            return Err(malformed("what is said before an entry is too long"));
        }
        let mut content = vec![0; (size as usize).next_multiple_of(BLOCK)];
        if fill(&mut self.source, &mut content)? < content.len() {
            return Err(malformed("what is said before an entry is cut short"));
        }
        Ok(content)
    }
}

impl Extensions {
    fn hear(&mut self, kind: u8, content: &[u8]) -> io::Result<()> {
        match kind {
            b'L' => self.path = Some(text(content).to_vec()),
            b'K' => self.link = Some(text(content).to_vec()),
            _ => {
                for (key, value) in records(content)? {
                    self.record(key, value)?;
                }
            }
        }
        Ok(())
    }

    fn record(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        match key {
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => {
                let size = std::str::from_utf8(value).ok().and_then(|it| it.parse().ok());
                self.size = Some(size.ok_or_else(|| malformed("a size is no number"))?);
            }
            _ => {}
        }
        Ok(())
    }
}

/// The records `length key=value\n` of PAX.
pub(super) fn records(mut content: &[u8]) -> io::Result<Vec<(&[u8], &[u8])>> {
    let mut records = Vec::new();
    while !content.is_empty() {
        let (key, value, rest) = record(content).ok_or_else(|| malformed("a record is broken"))?;
        records.push((key, value));
        content = rest;
    }
    Ok(records)
}

fn record(content: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = content.iter().position(|byte| *byte == b' ')?;
    let len: usize = std::str::from_utf8(&content[..space]).ok()?.parse().ok()?;
    let whole = content.get(..len)?.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = whole.iter().position(|byte| *byte == b'=')?;
    Some((&whole[..equals], &whole[equals + 1..], &content[len..]))
}

/// A number in octal, or in binary where the first bit is set.
pub(super) fn number(field: &[u8]) -> io::Result<u64> {
    if field[0] & 0x80 != 0 {
        let in_range = field[0] == 0x80;
        let add = |value: u64, byte: &u8| value.checked_mul(256)?.checked_add(u64::from(*byte));
        let value = field[1..].iter().try_fold(0_u64, add);
        let value = value.filter(|value| in_range && *value < 1 << 62);
        return value.ok_or_else(|| malformed("a number is out of range"));
    }
    let digits = String::from_utf8_lossy(text(field));
    let digits = digits.trim();
    if digits.is_empty() {
        return Ok(0);
    }
    u64::from_str_radix(digits, 8).map_err(|_| malformed("a number is not octal"))
}

/// A field up to its first NUL.
pub(super) fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn joined(header: &[u8; BLOCK]) -> Vec<u8> {
    let (name, prefix) = (text(&header[..100]), text(&header[345..500]));
    // The prefix is ustar's; older forms keep other things in its place.
    if prefix.is_empty() || &header[257..263] != b"ustar\0" {
        return name.to_vec();
    }
    [prefix, b"/", name].concat()
}

fn malformed(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("it is not a readable tar: {why}"))
}
