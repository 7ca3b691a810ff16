//! Two compressed forms of the same bytes: what the header says, then the first byte.

use super::Difference;
use super::stream::parting;
use std::io::{self, Read};

/// The fields of the ten bytes that a gzip stream begins with: name, from, to.
const HEADER: [(&str, u64, u64); 6] = [
    ("magic", 0, 2),
    ("method", 2, 3),
    ("flags", 3, 4),
    ("modification time", 4, 8),
    ("extra flags", 8, 9),
    ("operating system", 9, 10),
];

/// In what two compressed layers differ whose contents are the same.
pub fn gzips(mut first: impl Read, mut second: impl Read) -> io::Result<Option<Difference>> {
    let Some(parting) = parting(&mut first, &mut second)? else { return Ok(None) };
    let at = |(_, from, to): &&(&str, u64, u64)| (*from..*to).contains(&parting.offset);
    let field = HEADER.iter().find(at).map_or("gzip data", |(name, _, _)| *name);
    let field = if parting.offset < 10 { format!("gzip {field}") } else { field.to_owned() };
    let difference = Difference::new("", &field, parting.offset);
    Ok(Some(difference.between(parting.first, parting.second)))
}
