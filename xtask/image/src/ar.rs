//! The outer form of a Debian package: `ar`, as little of it as packages use.

use std::io::{self, Read, Seek, SeekFrom};

const MAGIC: &[u8; 8] = b"!<arch>\n";
const HEADER_LEN: usize = 60;
/// Packages have three members, and a few reserved names at most.
const MEMBERS_MAX: usize = 64;

/// A member of an archive and where its bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    /// Where its bytes begin.
    pub offset: u64,
    /// How many they are.
    pub size: u64,
}

/// Lists the members of an archive of `len` bytes.
pub fn members(archive: &mut (impl Read + Seek)) -> io::Result<Vec<Member>> {
    let len = archive.seek(SeekFrom::End(0))?;
    archive.seek(SeekFrom::Start(0))?;
    let mut magic = [0; MAGIC.len()];
    archive.read_exact(&mut magic).map_err(|_| invalid("it is not an ar archive"))?;
    if &magic != MAGIC {
        return Err(invalid("it is not an ar archive"));
    }
    let mut members = Vec::new();
    let mut at = MAGIC.len() as u64;
    while at < len {
        let member = read_member(archive, at, len)?;
        // Members begin at even offsets; the last one may lack its filler.
        at = (member.offset + member.size).next_multiple_of(2);
        members.push(member);
        if members.len() > MEMBERS_MAX {
            return Err(invalid("it has too many members"));
        }
    }
    Ok(members)
}

fn read_member(archive: &mut (impl Read + Seek), at: u64, len: u64) -> io::Result<Member> {
    let mut header = [0; HEADER_LEN];
    archive.seek(SeekFrom::Start(at))?;
    archive.read_exact(&mut header).map_err(|_| invalid("a member's header is cut off"))?;
    if &header[58..] != b"`\n" {
        return Err(invalid("a member's header is damaged"));
    }
    let name = text(&header[..16]).ok_or_else(|| invalid("a member's name is not text"))?;
    let size = text(&header[48..58]).and_then(decimal);
    let size = size.ok_or_else(|| invalid("a member's size is not a number"))?;
    let offset = at + HEADER_LEN as u64;
    if size > len - offset {
        return Err(invalid("a member is cut off"));
    }
    let name = name.strip_suffix('/').unwrap_or(name).to_owned();
    Ok(Member { name, offset, size })
}

fn text(field: &[u8]) -> Option<&str> {
    std::str::from_utf8(field).ok().map(|text| text.trim_end_matches(' '))
}

/// Digits only: `parse` alone would take a sign.
fn decimal(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for (name, content) in members {
            let header =
                format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100644, content.len());
            bytes.extend_from_slice(header.as_bytes());
            bytes.extend_from_slice(content);
            if content.len() % 2 == 1 {
                bytes.push(b'\n');
            }
        }
        bytes
    }

    #[test]
    fn finds_members_of_odd_and_even_length() {
        let bytes = archive(&[("debian-binary", b"2.0\n"), ("odd/", b"abc"), ("empty", b"")]);
        let found = members(&mut Cursor::new(&bytes)).unwrap();
        let parts: Vec<_> = found
            .iter()
            .map(|member| {
                let from = member.offset as usize;
                (member.name.as_str(), &bytes[from..from + member.size as usize])
            })
            .collect();
        assert_eq!(parts, [("debian-binary", &b"2.0\n"[..]), ("odd", b"abc"), ("empty", b"")]);
    }

    #[test]
    fn refuses_what_is_cut_off_wherever_it_is_cut() {
        let bytes = archive(&[("debian-binary", b"2.0\n"), ("control.tar", b"abcd")]);
        for len in 0..bytes.len() {
            let whole = len == 8 || len == 72; // After the magic, and after the first member.
            let listed = members(&mut Cursor::new(&bytes[..len]));
            assert_eq!(listed.is_ok(), whole, "cut at {len}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..256), real: bool) {
            let mut all = if real { MAGIC.to_vec() } else { Vec::new() };
            all.extend_from_slice(&bytes);
            drop(members(&mut Cursor::new(all)));
        }
    }
}
