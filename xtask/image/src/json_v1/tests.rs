use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    zeta: u64,
    alpha_beta: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    absent: Option<u8>,
    labels: HashMap<&'static str, &'static str>,
    list: Vec<Kind>,
    pair: (bool, char),
}

#[derive(Serialize)]
enum Kind {
    Unit,
    Newtype(u8),
    Tuple(u8, u8),
    Struct { b: u8, a: u8 },
}

fn written(value: &impl Serialize) -> String {
    String::from_utf8(to_bytes(value).unwrap()).unwrap()
}

#[test]
fn structs_keep_their_order_and_maps_are_sorted() {
    let labels = ["b", "a", "é", "Z", "a.b"].map(|key| (key, "<&>\u{2028}"));
    let document = Document {
        zeta: u64::MAX,
        alpha_beta: None,
        absent: None,
        labels: labels.into(),
        list: vec![Kind::Unit, Kind::Newtype(1), Kind::Tuple(2, 3), Kind::Struct { b: 4, a: 5 }],
        pair: (true, '/'),
    };
    let value = "\"<&>\u{2028}\"";
    let wanted = format!(
        "{{\"zeta\":18446744073709551615,\"alphaBeta\":null,\
         \"labels\":{{\"Z\":{value},\"a\":{value},\"a.b\":{value},\"b\":{value},\"é\":{value}}},\
         \"list\":[\"Unit\",{{\"Newtype\":1}},{{\"Tuple\":[2,3]}},{{\"Struct\":{{\"b\":4,\"a\":5}}}}],\
         \"pair\":[true,\"/\"]}}"
    );
    assert_eq!(written(&document), wanted);
}

#[test]
fn a_flattened_part_keeps_the_order_of_its_fields_and_its_maps_are_sorted() {
    #[derive(Serialize)]
    struct Whole {
        zeta: u8,
        #[serde(flatten)]
        part: Part,
        alpha: u8,
    }
    #[derive(Serialize)]
    struct Part {
        last: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        absent: Option<u8>,
        labels: std::collections::HashMap<&'static str, u8>,
        first: u8,
    }
    let labels = ["b", "c", "a"].map(|key| (key, 0)).into();
    let whole = Whole { zeta: 1, part: Part { last: 2, absent: None, labels, first: 3 }, alpha: 4 };
    let wanted = r#"{"zeta":1,"last":2,"labels":{"a":0,"b":0,"c":0},"first":3,"alpha":4}"#;
    assert_eq!(written(&whole), wanted);
}

#[test]
fn escapes_only_what_must_be() {
    let text = "\"\\\u{8}\t\n\u{c}\r\u{0}\u{1f}\u{7f}/é漢😀";
    assert_eq!(written(&text), "\"\\\"\\\\\\b\\t\\n\\f\\r\\u0000\\u001f\u{7f}/é漢😀\"");
}

#[test]
fn refuses_what_programs_write_differently() {
    let refused = |value: Result<Vec<u8>, JsonError>| value.unwrap_err().to_string();
    assert_eq!(refused(to_bytes(&1.5)), "cannot write as json-v1: `1.5` is not an integer");
    assert_eq!(
        refused(to_bytes(&json!({"a": 1.0}))),
        "cannot write as json-v1: `1` is not an integer"
    );
    let keys = BTreeMap::from([(1, "x")]);
    assert_eq!(refused(to_bytes(&keys)), "cannot write as json-v1: a key is not a string");
}

/// A map that gives a key twice, as a careless `Serialize` may.
struct Twice;

impl Serialize for Twice {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([("a", 1), ("a", 2)])
    }
}

#[test]
fn refuses_a_key_that_is_there_twice() {
    assert_eq!(
        to_bytes(&Twice).unwrap_err().to_string(),
        "cannot write as json-v1: key `a` is there twice"
    );
}

#[test]
fn the_empty_object_is_the_two_bytes_that_oci_names() {
    assert_eq!(to_bytes(&json!({})).unwrap(), b"{}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn another_parser_reads_the_same_and_writing_again_changes_nothing(value in any_json()) {
        let bytes = to_bytes(&value).unwrap();
        let read: Value = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(&read, &value);
        prop_assert_eq!(to_bytes(&read).unwrap(), bytes);
    }
}
