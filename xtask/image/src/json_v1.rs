//! json-v1: the one way in which we write JSON that gets a digest
//! (docs/decisions/0003-json-v1.md).
//!
//! Structs keep the order of their fields, maps are sorted by key, nothing is escaped that
//! need not be, there is no white space, and numbers are integers.

use serde::Serialize;

mod compound;
mod serializer;

/// The name of this form.
pub const FORM: &str = "json-v1";

/// Why a value has no json-v1 form.
#[derive(Debug, thiserror::Error)]
#[error("cannot write as json-v1: {0}")]
pub struct JsonError(String);

impl serde::ser::Error for JsonError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// The bytes of `value`.
pub fn to_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, JsonError> {
    let mut bytes = Vec::new();
    value.serialize(serializer::Serializer { out: &mut bytes })?;
    Ok(bytes)
}

/// Appends a quoted string: `"`, `\` and control characters are escaped, nothing else is.
fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            '\r' => out.extend_from_slice(b"\\r"),
            control if control < ' ' => {
                out.extend_from_slice(format!("\\u{:04x}", control as u32).as_bytes());
            }
            plain => out.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests;
