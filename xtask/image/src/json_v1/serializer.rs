//! Scalars, and the doors to lists and objects.

use super::compound::{Fields, Items, Order, Pairs};
use super::{JsonError, string};
use serde::ser::{Error as _, Serialize, Serializer as SerdeSerializer};
use std::fmt::Display;

/// Writes one value to the end of `out`.
pub(super) struct Serializer<'a> {
    pub(super) out: &'a mut Vec<u8>,
}

impl<'a> Serializer<'a> {
    fn literal(self, text: &str) -> Result<(), JsonError> {
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn integer(self, value: impl Display) -> Result<(), JsonError> {
        self.literal(&value.to_string())
    }

    /// `{"variant":` for enums with a payload; the payload's end must close it.
    fn variant(&mut self, variant: &str) {
        self.out.push(b'{');
        string(self.out, variant);
        self.out.push(b':');
    }

    fn items(self, end: &'static str) -> Items<'a> {
        self.out.push(b'[');
        Items { out: self.out, first: true, end }
    }

    fn fields(self, end: &'static str) -> Fields<'a> {
        self.out.push(b'{');
        Fields { out: self.out, first: true, end }
    }
}

impl<'a> SerdeSerializer for Serializer<'a> {
    type Ok = ();
    type Error = JsonError;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = Pairs<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Fields<'a>;

    fn serialize_bool(self, value: bool) -> Result<(), JsonError> {
        self.literal(if value { "true" } else { "false" })
    }

    fn serialize_i8(self, value: i8) -> Result<(), JsonError> {
        self.integer(value)
    }

    fn serialize_i16(self, value: i16) -> Result<(), JsonError> {
        self.integer(value)
    }

    fn serialize_i32(self, value: i32) -> Result<(), JsonError> {
        self.integer(value)
    }

    fn serialize_i64(self, value: i64) -> Result<(), JsonError> {
        self.integer(value)
    }

    fn serialize_u8(self, value: u8) -> Result<(), JsonError> {
        self.integer(value)
    }

    fn serialize_u16(self, value: u16) -> Result<(), JsonError> {
        self.integer(value)
    }

    fn serialize_u32(self, value: u32) -> Result<(), JsonError> {
        self.integer(value)
    }

    fn serialize_u64(self, value: u64) -> Result<(), JsonError> {
        self.integer(value)
    }

    fn serialize_f32(self, value: f32) -> Result<(), JsonError> {
        self.serialize_f64(value.into())
    }

    /// Programs disagree on how to spell a fraction.
    fn serialize_f64(self, value: f64) -> Result<(), JsonError> {
        Err(JsonError::custom(format!("`{value}` is not an integer")))
    }

    fn serialize_char(self, value: char) -> Result<(), JsonError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), JsonError> {
        string(self.out, value);
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), JsonError> {
        Err(JsonError::custom("bytes have no form in JSON"))
    }

    fn serialize_none(self) -> Result<(), JsonError> {
        self.literal("null")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), JsonError> {
        self.literal("null")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), JsonError> {
        self.literal("null")
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), JsonError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        self.variant(variant);
        value.serialize(Serializer { out: self.out })?;
        self.literal("}")
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a>, JsonError> {
        Ok(self.items("]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'a>, JsonError> {
        Ok(self.items("]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items<'a>, JsonError> {
        Ok(self.items("]"))
    }

    fn serialize_tuple_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items<'a>, JsonError> {
        self.variant(variant);
        Ok(self.items("]}"))
    }

    /// A map knows its length. What does not is a struct with a flattened part, which serde hands
    /// over as a map: its fields keep their order.
    fn serialize_map(self, length: Option<usize>) -> Result<Pairs<'a>, JsonError> {
        let order = if length.is_some() { Order::Sorted } else { Order::Given };
        Ok(Pairs::new(self.out, order))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'a>, JsonError> {
        Ok(self.fields("}"))
    }

    fn serialize_struct_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields<'a>, JsonError> {
        self.variant(variant);
        Ok(self.fields("}}"))
    }
}
