//! Where the bytes of a file in a tree are: in memory, in a file, or in a part of a file.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::PathBuf;

/// The bytes of a file. Only the small ones are held in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A whole file on disk, of `size` bytes when it was listed.
    Disk {
        path: PathBuf,
        /// Its size when it was listed.
        size: u64,
    },
    /// `size` bytes of a file on disk, from `offset`: an entry of an unpacked archive.
    Slice {
        path: PathBuf,
        /// Where the bytes begin.
        offset: u64,
        /// How many they are.
        size: u64,
    },
    /// The bytes themselves.
    Bytes(Vec<u8>),
}

impl Content {
    /// How many bytes there are.
    pub fn size(&self) -> u64 {
        match self {
            Self::Disk { size, .. } | Self::Slice { size, .. } => *size,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// The file that holds the bytes, if one does.
    pub fn disk_path(&self) -> Option<&PathBuf> {
        match self {
            Self::Disk { path, .. } | Self::Slice { path, .. } => Some(path),
            Self::Bytes(_) => None,
        }
    }

    /// Opens the bytes for reading. A whole file is read to its present end, so that a reader
    /// who counts notices growth as well as shrinkage.
    pub fn open(&self) -> io::Result<Reader<'_>> {
        match self {
            Self::Disk { path, .. } => Ok(Reader::Disk(File::open(path)?)),
            Self::Slice { path, offset, size } => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(*offset))?;
                Ok(Reader::Slice(file.take(*size)))
            }
            Self::Bytes(bytes) => Ok(Reader::Bytes(bytes)),
        }
    }

    /// The bytes themselves; for files known to be small.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open()?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Whether both are the same bytes, wherever they are.
    pub fn same_bytes(&self, other: &Self) -> io::Result<bool> {
        if self == other {
            return Ok(true);
        }
        if self.size() != other.size() {
            return Ok(false);
        }
        same_stream(&mut self.open()?, &mut other.open()?)
    }
}

/// Reads content from wherever it is.
#[derive(Debug)]
pub enum Reader<'a> {
    /// A whole file.
    Disk(File),
    /// A part of a file.
    Slice(io::Take<File>),
    Bytes(&'a [u8]),
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Disk(file) => file.read(buffer),
            Self::Slice(slice) => slice.read(buffer),
            Self::Bytes(bytes) => bytes.read(buffer),
        }
    }
}

fn same_stream(left: &mut impl Read, right: &mut impl Read) -> io::Result<bool> {
    let (mut left_block, mut right_block) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        let left_len = fill(left, &mut left_block)?;
        let right_len = fill(right, &mut right_block)?;
        if left_block[..left_len] != right_block[..right_len] {
            return Ok(false);
        }
        if left_len == 0 {
            return Ok(true);
        }
    }
}

/// Reads until `block` is full or the stream ends; short reads are not ends.
pub(crate) fn fill(reader: &mut impl Read, block: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    while len < block.len() {
        match reader.read(&mut block[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(len)
}
