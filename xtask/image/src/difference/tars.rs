//! Two tars entry by entry: fields of the header by name, contents by byte.

use super::stream::{parting, parting_of};
use super::tar::{BLOCK, Entries, Entry, number, text};
use super::{Difference, Differences, Side};
use crate::error::lossy;
use flate2::bufread::MultiGzDecoder;
use std::cmp::Ordering;
use std::io::{self, BufRead, Read};

/// The fields of a header: name, from, to. The sum comes last, because it follows the others.
const FIELDS: [(&str, usize, usize); 15] = [
    ("kind", 156, 157),
    ("mode", 100, 108),
    ("uid", 108, 116),
    ("gid", 116, 124),
    ("size", 124, 136),
    ("mtime", 136, 148),
    ("link", 157, 257),
    ("user name", 265, 297),
    ("group name", 297, 329),
    ("name", 0, 100),
    ("prefix", 345, 500),
    ("format", 257, 265),
    ("device", 329, 345),
    ("reserved bytes", 500, 512),
    ("header sum", 148, 156),
];

/// In what two layers differ before compression; each is gzip, or plain.
pub fn layers(first: impl BufRead, second: impl BufRead) -> io::Result<Differences> {
    tars(unpacked(first)?, unpacked(second)?)
}

fn unpacked<'a>(mut source: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let is_gzip = source.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if is_gzip { Box::new(MultiGzDecoder::new(source)) } else { Box::new(source) })
}

/// In what two tars differ. Two that do not differ in a byte give nothing, any others something.
pub fn tars(first: impl Read, second: impl Read) -> io::Result<Differences> {
    let mut pair = Pair::new(first, second)?;
    pair.walk()?;
    pair.ends()?;
    Ok(pair.differences)
}

/// As `layers`, where the second may be damaged: what cannot be unpacked ends the comparison, and
/// the file at which it does is named.
pub fn damaged_layers(first: impl BufRead, second: impl BufRead) -> io::Result<Differences> {
    let second = match unpacked(second) {
        Ok(second) => second,
        Err(error) => return Ok(Differences::values("gzip data", "readable", error.to_string())),
    };
    let mut pair = match Pair::new(unpacked(first)?, second) {
        Ok(pair) => pair,
        Err(error) => return Ok(Differences::values("tar", "readable", error.to_string())),
    };
    // A sum that does not fit comes last, behind the ends of the tars.
    if let Err(error) = pair.walk().and_then(|()| pair.ends()) {
        let path = pair.left.as_ref().map(|entry| lossy(&entry.path)).unwrap_or_default();
        let broken = Difference::new(&path, "unpacking", None);
        pair.differences.add(broken.between("possible", error.to_string()));
    }
    Ok(pair.differences)
}

/// Two tars and where each of them is.
struct Pair<L, R> {
    first: Entries<L>,
    second: Entries<R>,
    left: Option<Entry>,
    right: Option<Entry>,
    differences: Differences,
}

impl<L: Read, R: Read> Pair<L, R> {
    fn new(first: L, second: R) -> io::Result<Self> {
        let (mut first, mut second) = (Entries::new(first), Entries::new(second));
        let (left, right) = (first.next()?, second.next()?);
        Ok(Self { first, second, left, right, differences: Differences::default() })
    }

    /// Goes through both to the ends of their entries.
    fn walk(&mut self) -> io::Result<()> {
        while let Some(order) = self.order() {
            match order {
                Ordering::Less => self.alone(Side::First)?,
                Ordering::Greater => self.alone(Side::Second)?,
                Ordering::Equal => self.together()?,
            }
        }
        Ok(())
    }

    /// Which side comes first by its path; none when both are at their ends.
    fn order(&self) -> Option<Ordering> {
        match (&self.left, &self.right) {
            (None, None) => None,
            (Some(_), None) => Some(Ordering::Less),
            (None, Some(_)) => Some(Ordering::Greater),
            (Some(left), Some(right)) => Some(left.path.cmp(&right.path)),
        }
    }

    fn alone(&mut self, side: Side) -> io::Result<()> {
        let entry = if side == Side::First { &self.left } else { &self.right };
        let path = entry.as_ref().map(|entry| lossy(&entry.path)).unwrap_or_default();
        self.differences.add(Difference::presence(&path, side));
        self.advance(side)
    }

    fn advance(&mut self, side: Side) -> io::Result<()> {
        let (before, after) = if side == Side::First {
            let next = self.first.next()?;
            (std::mem::replace(&mut self.left, next), &self.left)
        } else {
            let next = self.second.next()?;
            (std::mem::replace(&mut self.right, next), &self.right)
        };
        // An entry that is not where it belongs will seem to be missing; this says why.
        if let (Some(before), Some(after)) = (before, after)
            && after.path < before.path
        {
            let (path, before) = (lossy(&after.path), lossy(&before.path));
            let found = format!("after `{before}`");
            let difference = Difference::new(&path, "order", None);
            self.differences.add(match side {
                Side::First => difference.between(found, "byte order is expected"),
                Side::Second => difference.between("byte order is expected", found),
            });
        }
        Ok(())
    }

    fn together(&mut self) -> io::Result<()> {
        let (Some(left), Some(right)) = (&self.left, &self.right) else { return Ok(()) };
        let path = lossy(&left.path);
        headers(&mut self.differences, &path, left, right);
        if let Some(parting) = parting(&mut self.first.content(), &mut self.second.content())? {
            let difference = Difference::new(&path, "content", parting.offset);
            self.differences.add(difference.between(parting.first, parting.second));
        } else if let Some(parting) = parting_of(&self.first.padding()?, &self.second.padding()?, 0)
        {
            let difference = Difference::new(&path, "padding", parting.offset);
            self.differences.add(difference.between(parting.first, parting.second));
        }
        self.advance(Side::First)?;
        self.advance(Side::Second)
    }

    /// What comes after the last entries: zeros, and hopefully the same number of them.
    fn ends(&mut self) -> io::Result<()> {
        let parting = parting(&mut self.first.rest(), &mut self.second.rest())?;
        if let Some(parting) = parting {
            let difference = Difference::new("", "end of the tar", parting.offset);
            self.differences.add(difference.between(parting.first, parting.second));
        }
        Ok(())
    }
}

fn headers(differences: &mut Differences, path: &str, left: &Entry, right: &Entry) {
    let before = differences.count;
    for (name, from, to) in FIELDS {
        let (first, second) = (&left.header[from..to], &right.header[from..to]);
        let is_consequence = name == "header sum" && differences.count > before;
        if let Some(parting) = parting_of(first, second, from as u64)
            && !is_consequence
        {
            let difference = Difference::new(path, name, parting.offset);
            let (first, second) = (shown(name, first), shown(name, second));
            // Bytes behind a NUL differ and show nothing: then the bytes themselves are shown.
            differences.add(if first == second {
                difference.between(parting.first, parting.second)
            } else {
                difference.between(first, second)
            });
        }
    }
    if let Some(parting) = parting_of(&left.extension, &right.extension, 0) {
        let difference = Difference::new(path, extension_field(left, right), parting.offset);
        differences.add(difference.between(parting.first, parting.second));
    }
}

/// What an extension says instead of the header, where that can be told.
fn extension_field(left: &Entry, right: &Entry) -> &'static str {
    if left.link != right.link {
        "link in extended header"
    } else if left.size != right.size {
        "size in extended header"
    } else {
        "extended header"
    }
}

fn shown(name: &str, field: &[u8]) -> String {
    match (name, number(field)) {
        ("mode", Ok(mode)) => format!("{mode:04o}"),
        ("uid" | "gid" | "size" | "mtime" | "device" | "header sum", Ok(value)) => {
            value.to_string()
        }
        ("kind", _) => kind(field[0]).to_owned(),
        _ => format!("`{}`", lossy(text(field))),
    }
}

fn kind(flag: u8) -> &'static str {
    match flag {
        b'0' | 0 => "file",
        b'1' => "hard link",
        b'2' => "symbolic link",
        b'3' | b'4' => "device",
        b'5' => "directory",
        b'6' => "pipe",
        _ => "unknown kind",
    }
}

const _: () = assert!(FIELDS[13].2 == BLOCK, "the fields reach to the end of a header");
