//! What a value says in a key: json-v1, because Rust's own debug form is no promise of anybody.

use serde::Serialize;
use xtask_image::json_v1;

/// The value in its one form.
pub(super) fn form<T: Serialize + ?Sized>(value: &T) -> String {
    let bytes = json_v1::to_bytes(value).expect("keys are made of texts, whole numbers and lists");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}
