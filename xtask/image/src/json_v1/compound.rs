//! Lists, structs (in the order of their fields) and maps (sorted by key).

use super::serializer::Serializer;
use super::{JsonError, string, to_bytes};
use serde::ser::{
    Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant,
};
use std::collections::BTreeSet;

/// The inside of a list.
pub(super) struct Items<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) first: bool,
    pub(super) end: &'static str,
}

/// The inside of a struct.
pub(super) struct Fields<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) first: bool,
    pub(super) end: &'static str,
}

/// The inside of a map, kept until its end because only then its order is known.
pub(super) struct Pairs<'a> {
    out: &'a mut Vec<u8>,
    pairs: Vec<(String, Vec<u8>)>,
    key: Option<String>,
    order: Order,
}

/// In which order pairs are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// As they came: they are the fields of a struct.
    Given,
    /// By their keys.
    Sorted,
}

impl Items<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        comma(self.out, &mut self.first);
        value.serialize(Serializer { out: self.out })
    }

    fn close(self) {
        self.out.extend_from_slice(self.end.as_bytes());
    }
}

impl Fields<'_> {
    fn field<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), JsonError> {
        comma(self.out, &mut self.first);
        string(self.out, key);
        self.out.push(b':');
        value.serialize(Serializer { out: self.out })
    }

    fn close(self) {
        self.out.extend_from_slice(self.end.as_bytes());
    }
}

impl<'a> Pairs<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, order: Order) -> Self {
        Self { out, pairs: Vec::new(), key: None, order }
    }
}

fn comma(out: &mut Vec<u8>, first: &mut bool) {
    if !std::mem::take(first) {
        out.push(b',');
    }
}

impl SerializeMap for Pairs<'_> {
    type Ok = ();
    type Error = JsonError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), JsonError> {
        let bytes = to_bytes(key)?;
        let refuse = |_| JsonError::custom("a key is not a string");
        self.key = Some(serde_json::from_slice(&bytes).map_err(refuse)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        let key = self.key.take().expect("serde gives a key before its value");
        self.pairs.push((key, to_bytes(value)?));
        Ok(())
    }

    fn end(mut self) -> Result<(), JsonError> {
        let mut seen = BTreeSet::new();
        if let Some((key, _)) = self.pairs.iter().find(|(key, _)| !seen.insert(key)) {
            return Err(JsonError::custom(format!("key `{key}` is there twice")));
        }
        if self.order == Order::Sorted {
            self.pairs.sort();
        }
        self.out.push(b'{');
        let mut first = true;
        for (key, value) in self.pairs {
            comma(self.out, &mut first);
            string(self.out, &key);
            self.out.push(b':');
            self.out.extend_from_slice(&value);
        }
        self.out.push(b'}');
        Ok(())
    }
}

/// The traits of serde that differ only in name.
macro_rules! list {
    ($trait:ident, $method:ident) => {
        impl $trait for Items<'_> {
            type Ok = ();
            type Error = JsonError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
                self.item(value)
            }

            fn end(self) -> Result<(), JsonError> {
                self.close();
                Ok(())
            }
        }
    };
}

macro_rules! object {
    ($trait:ident) => {
        impl $trait for Fields<'_> {
            type Ok = ();
            type Error = JsonError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), JsonError> {
                self.field(key, value)
            }

            fn end(self) -> Result<(), JsonError> {
                self.close();
                Ok(())
            }
        }
    };
}

list!(SerializeSeq, serialize_element);
list!(SerializeTuple, serialize_element);
list!(SerializeTupleStruct, serialize_field);
list!(SerializeTupleVariant, serialize_field);
object!(SerializeStruct);
object!(SerializeStructVariant);
