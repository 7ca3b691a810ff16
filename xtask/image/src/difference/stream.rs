//! Two streams, byte by byte, with two small buffers.

use crate::content::fill;
use std::io::{self, Read};

const BUFFER_LEN: usize = 64 << 10;
/// How much of either side is shown from the first byte that differs.
const SHOWN_LEN: usize = 8;

/// Where two streams part, and what each has from there.
pub(super) struct Parting {
    pub(super) offset: u64,
    pub(super) first: String,
    pub(super) second: String,
}

/// Reads both streams to their ends.
pub(super) fn parting(
    first: &mut impl Read,
    second: &mut impl Read,
) -> io::Result<Option<Parting>> {
    let (mut left, mut right) = (vec![0; BUFFER_LEN], vec![0; BUFFER_LEN]);
    let (mut offset, mut found) = (0, None);
    loop {
        let (left_len, right_len) = (fill(first, &mut left)?, fill(second, &mut right)?);
        if left_len == 0 && right_len == 0 {
            return Ok(found);
        }
        if found.is_none() {
            found = parting_of(&left[..left_len], &right[..right_len], offset);
        }
        offset += left_len.max(right_len) as u64;
    }
}

/// Where two slices part; `offset` is where they begin.
pub(super) fn parting_of(first: &[u8], second: &[u8], offset: u64) -> Option<Parting> {
    let same = first.iter().zip(second).take_while(|(left, right)| left == right).count();
    if same == first.len() && same == second.len() {
        return None;
    }
    let (first, second) = (shown(&first[same..]), shown(&second[same..]));
    Some(Parting { offset: offset + same as u64, first, second })
}

/// The next bytes in hex, and as text where they are text.
fn shown(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "the end".to_owned();
    }
    let head = &bytes[..bytes.len().min(SHOWN_LEN)];
    let hex: Vec<String> = head.iter().map(|byte| format!("{byte:02x}")).collect();
    let plain = head.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    let text = if plain { format!(" `{}`", String::from_utf8_lossy(head)) } else { String::new() };
    hex.join(" ") + &text
}
