//! tar-v1: the one way in which we write a tar (docs/decisions/0001-tar-v1.md).
//!
//! The same entries in the same order are the same bytes, whoever writes them, when and where.

use std::io::{self, Read, Write};

/// The name of this form, part of every cache key.
pub const FORM: &str = "tar-v1";

/// The time of every entry: not 0, which some programs take for "unknown", and never a real
/// time, so that a commit does not change the layers that it did not touch.
pub const MTIME: u64 = 1;

const BLOCK: usize = 512;
const NAME_MAX: usize = 100;
const PREFIX_MAX: usize = 155;
const ID_MAX: u64 = 0o7_777_777;
const SIZE_MAX: u64 = 0o77_777_777_777;
/// Constant, because it is nobody's business which process wrote the archive.
const PAX_NAME: &[u8] = b"././@PaxHeader";

/// Who owns an entry, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// The user's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
}

/// Writes entries as tar-v1. Paths are relative, `/`-separated and without a trailing slash.
#[derive(Debug)]
pub struct Writer<W: Write> {
    sink: W,
}

impl<W: Write> Writer<W> {
    /// Starts an archive.
    pub fn new(sink: W) -> Self {
        Self { sink }
    }

    /// Writes a directory; its name gets a trailing slash.
    pub fn directory(&mut self, path: &[u8], mode: u32, owner: Owner) -> io::Result<()> {
        let name = [path, b"/"].concat();
        self.header(&Header { name: &name, link: b"", mode, owner, size: 0, kind: b'5' })
    }

    /// Writes a symbolic link: mode 0777, because hosts differ in what they report.
    pub fn symlink(&mut self, path: &[u8], target: &[u8], owner: Owner) -> io::Result<()> {
        self.header(&Header { name: path, link: target, mode: 0o777, owner, size: 0, kind: b'2' })
    }

    /// Writes the header of a file; exactly `size` bytes and then `file_end` must follow.
    pub fn file(&mut self, path: &[u8], mode: u32, owner: Owner, size: u64) -> io::Result<()> {
        self.header(&Header { name: path, link: b"", mode, owner, size, kind: b'0' })
    }

    /// Writes a part of a file's bytes.
    pub fn file_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sink.write_all(bytes)
    }

    /// Fills the last block of a file of `size` bytes.
    pub fn file_end(&mut self, size: u64) -> io::Result<()> {
        self.sink.write_all(&[0; BLOCK][..padding(size)])
    }

    /// Writes a file whose bytes are at hand.
    pub fn file_whole(
        &mut self,
        path: &[u8],
        mode: u32,
        owner: Owner,
        bytes: &[u8],
    ) -> io::Result<()> {
        let size = bytes.len() as u64;
        self.file(path, mode, owner, size)?;
        self.file_bytes(bytes)?;
        self.file_end(size)
    }

    /// Writes a file from a stream that must hold exactly `size` bytes.
    pub fn file_from(
        &mut self,
        path: &[u8],
        mode: u32,
        owner: Owner,
        size: u64,
        source: &mut impl Read,
    ) -> io::Result<()> {
        self.file(path, mode, owner, size)?;
        let copied = io::copy(&mut source.take(size), &mut self.sink)?;
        if copied != size || source.read(&mut [0])? != 0 {
            return Err(invalid(path, "its stream is not as long as announced"));
        }
        self.file_end(size)
    }

    /// Ends the archive with two zero blocks, without padding to a tape record.
    pub fn finish(mut self) -> io::Result<W> {
        self.sink.write_all(&[0; 2 * BLOCK])?;
        Ok(self.sink)
    }

    fn header(&mut self, header: &Header<'_>) -> io::Result<()> {
        header.check()?;
        let records = header.pax_records();
        if !records.is_empty() {
            let size = records.len() as u64;
            let owner = Owner::default();
            let pax = Header { name: PAX_NAME, link: b"", mode: 0o644, owner, size, kind: b'x' };
            self.sink.write_all(&pax.ustar())?;
            self.sink.write_all(&records)?;
            self.file_end(size)?;
        }
        self.sink.write_all(&header.ustar())
    }
}

/// How many bytes fill the last block of a file of `size` bytes.
fn padding(size: u64) -> usize {
    let tail = (size % BLOCK as u64) as usize;
    (BLOCK - tail) % BLOCK
}

/// What the header of one entry says.
struct Header<'a> {
    name: &'a [u8],
    link: &'a [u8],
    mode: u32,
    owner: Owner,
    size: u64,
    kind: u8,
}

impl Header<'_> {
    /// PAX records are UTF-8, and ids beyond seven octal digits have no reader that we need.
    fn check(&self) -> io::Result<()> {
        let text = |bytes| std::str::from_utf8(bytes).is_ok() && !bytes.contains(&0);
        if !text(self.name) || !text(self.link) || self.name.is_empty() {
            return Err(invalid(self.name, "its name or link is not UTF-8 text"));
        }
        let Owner { uid, gid } = self.owner;
        if u64::from(uid.max(gid)) > ID_MAX {
            return Err(invalid(self.name, "its owner's number has more than seven octal digits"));
        }
        Ok(())
    }

    /// The records that ustar cannot hold, sorted by key.
    fn pax_records(&self) -> Vec<u8> {
        let mut records = Vec::new();
        if self.link.len() > NAME_MAX || !self.link.is_ascii() {
            pax_record(&mut records, "linkpath", self.link);
        }
        if split(self.name).is_none() {
            pax_record(&mut records, "path", self.name);
        }
        if self.size > SIZE_MAX {
            pax_record(&mut records, "size", self.size.to_string().as_bytes());
        }
        records
    }

    fn ustar(&self) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        let (prefix, name) = split(self.name).unwrap_or((b"", head(self.name)));
        let size = if self.size > SIZE_MAX { 0 } else { self.size };
        put(&mut block[0..100], name);
        octal(&mut block[100..108], u64::from(self.mode & 0o7777));
        octal(&mut block[108..116], u64::from(self.owner.uid));
        octal(&mut block[116..124], u64::from(self.owner.gid));
        octal(&mut block[124..136], size);
        octal(&mut block[136..148], MTIME);
        block[156] = self.kind;
        put(&mut block[157..257], head(self.link));
        put(&mut block[257..265], b"ustar\x0000");
        octal(&mut block[329..337], 0);
        octal(&mut block[337..345], 0);
        put(&mut block[345..500], prefix);
        write_checksum(&mut block);
        block
    }
}

/// The name as (prefix, name) of ustar, split at the last `/` that leaves the prefix short
/// enough; none when PAX must hold it.
fn split(name: &[u8]) -> Option<(&[u8], &[u8])> {
    if !name.is_ascii() {
        return None;
    }
    if name.len() <= NAME_MAX {
        return Some((b"", name));
    }
    let inner = name.len() - 1; // A directory's own trailing slash is no place to split.
    let slash = name[..inner.min(PREFIX_MAX + 1)].iter().rposition(|byte| *byte == b'/')?;
    let (prefix, rest) = (&name[..slash], &name[slash + 1..]);
    (slash > 0 && rest.len() <= NAME_MAX).then_some((prefix, rest))
}

/// What a reader that knows no PAX sees of a long name.
fn head(name: &[u8]) -> &[u8] {
    &name[..name.len().min(NAME_MAX)]
}

fn put(field: &mut [u8], bytes: &[u8]) {
    field[..bytes.len()].copy_from_slice(bytes);
}

/// Writes `value` in octal, zero-padded, ended by a NUL.
fn octal(field: &mut [u8], mut value: u64) {
    let (end, digits) = field.split_last_mut().expect("no field of a header is empty");
    *end = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value & 7) as u8;
        value >>= 3;
    }
    assert_eq!(value, 0, "the field was checked to hold the value");
}

/// Writes the sum of all bytes, its own field counted as blanks.
fn write_checksum(block: &mut [u8; BLOCK]) {
    block[148..156].fill(b' ');
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    octal(&mut block[148..155], sum);
}

/// Appends `length key=value\n`, whose length counts its own digits.
fn pax_record(records: &mut Vec<u8>, key: &str, value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut len = rest + 1;
    while len != rest + len.to_string().len() {
        len = rest + len.to_string().len();
    }
    records.extend_from_slice(format!("{len} {key}=").as_bytes());
    records.extend_from_slice(value);
    records.push(b'\n');
}

fn invalid(name: &[u8], why: &str) -> io::Error {
    let name = crate::error::lossy(name);
    io::Error::new(io::ErrorKind::InvalidInput, format!("cannot write `{name}`: {why}"))
}

#[cfg(test)]
mod tests;
