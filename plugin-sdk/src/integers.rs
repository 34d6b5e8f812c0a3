//! Integers by JSON Schema's meaning of the word: `1.0` and `1e3` are integers, too. Serde alone takes them for floats.
//!
//! [`Integers`] passes everything on to the deserializer inside, but a number without a fraction as the integer that it
//! is, unless the type of the author is a float: also where serde keeps values before it knows their type, under
//! `flatten` and `untagged`. Integers of 128 bits are read without any of this: serde_json reads them by itself.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};

/// The largest float up to which each integer has a float of its own: 2^53.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Something of serde's, inside which integers may be written as floats: a deserializer, a visitor, a seed, or an access.
pub(crate) struct Integers<T>(pub(crate) T);

macro_rules! forward {
    ($($method:ident($($argument:ident: $type:ty),*)),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method($($argument,)* Integers(visitor))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Integers<D> {
    type Error = D::Error;

    // A float stays one, with the sign of its zero.
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_f32(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_f64(visitor)
    }

    forward! {
        deserialize_any(),
        deserialize_bool(),
        deserialize_i8(),
        deserialize_i16(),
        deserialize_i32(),
        deserialize_i64(),
        deserialize_i128(),
        deserialize_u8(),
        deserialize_u16(),
        deserialize_u32(),
        deserialize_u64(),
        deserialize_u128(),
        deserialize_char(),
        deserialize_str(),
        deserialize_string(),
        deserialize_bytes(),
        deserialize_byte_buf(),
        deserialize_option(),
        deserialize_unit(),
        deserialize_unit_struct(name: &'static str),
        deserialize_newtype_struct(name: &'static str),
        deserialize_seq(),
        deserialize_tuple(length: usize),
        deserialize_tuple_struct(name: &'static str, length: usize),
        deserialize_map(),
        deserialize_struct(name: &'static str, fields: &'static [&'static str]),
        deserialize_enum(name: &'static str, variants: &'static [&'static str]),
        deserialize_identifier(),
        deserialize_ignored_any(),
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

macro_rules! visits {
    ($($method:ident: $type:ty),* $(,)?) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.0.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Integers<V> {
    type Value = V::Value;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(to)
    }

    visits! {
        visit_bool: bool, visit_i64: i64, visit_i128: i128, visit_u64: u64, visit_u128: u128,
        visit_char: char, visit_str: &str, visit_borrowed_str: &'de str, visit_string: String,
        visit_bytes: &[u8], visit_borrowed_bytes: &'de [u8], visit_byte_buf: Vec<u8>,
    }

    #[allow(clippy::cast_possible_truncation, reason = "it is whole, and exact")]
    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        if value.fract() != 0.0 || value.abs() > MAX_EXACT {
            return self.0.visit_f64(value);
        }
        match value as i64 {
            negative @ ..0 => self.0.visit_i64(negative),
            positive => self.0.visit_u64(positive.unsigned_abs()),
        }
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, inside: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Integers(inside))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inside: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(Integers(inside))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Integers(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Integers(members))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(Integers(variant))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Integers<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inside: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Integers(inside))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Integers<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Integers(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Integers<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Integers(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Integers<A> {
    type Error = A::Error;
    type Variant = Integers<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let (name, variant) = self.0.variant_seed(seed)?;
        Ok((name, Integers(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Integers<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(Integers(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(length, Integers(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, Integers(visitor))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::value::RawValue;
    use serde_json::{Deserializer, Value, json};

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Choice {
        Plain,
        One(u8),
        Pair(i8, i8),
        Named { at: u16 },
    }

    #[derive(Debug, Deserialize)]
    struct All {
        small: u8,
        below: i64,
        #[serde(default)]
        maybe: Option<u32>,
        #[serde(default)]
        list: Vec<usize>,
        #[serde(default)]
        map: BTreeMap<i32, u64>,
        #[serde(default)]
        choices: Vec<Choice>,
        #[serde(default)]
        real: f64,
        #[serde(default)]
        any: Value,
        #[serde(default)]
        raw: Option<Box<RawValue>>,
        #[serde(flatten)]
        flat: Flat,
    }

    #[derive(Debug, Deserialize)]
    struct Flat {
        #[serde(default)]
        apart: u8,
        #[serde(default)]
        whole: f64,
        #[serde(default)]
        either: Option<Either>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(untagged)]
    enum Either {
        Number(i16),
        Text(String),
    }

    fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
        T::deserialize(Integers(&mut Deserializer::from_str(text))).map_err(|e| e.to_string())
    }

    #[test]
    fn an_integer_is_one_however_it_is_written_and_wherever_it_stands() {
        let text = r#"{"small": 2.0, "below": -1e3, "maybe": 7.0, "list": [1.0, 2, 3e0], "map": {"-4": 5.0},
            "choices": ["plain", {"one": 6.0}, {"pair": [-1.0, 1.0]}, {"named": {"at": 8.0}}],
            "real": -0.0, "any": [1.0, 1.5], "raw": 36893488147419103233.0,
            "apart": 9.0, "whole": 2.0, "either": 3.0}"#;
        let all: All = read(text).expect("integers");
        assert_eq!((all.small, all.below, all.maybe), (2, -1000, Some(7)));
        assert_eq!((all.list, all.map), (vec![1, 2, 3], BTreeMap::from([(-4, 5)])));
        let choices = [Choice::Plain, Choice::One(6), Choice::Pair(-1, 1), Choice::Named { at: 8 }];
        assert_eq!(all.choices, choices);
        assert_eq!((all.flat.apart, all.flat.either), (9, Some(Either::Number(3))));
        // A float stays one, and text what it is.
        assert!(all.real == 0.0 && all.real.is_sign_negative());
        assert_eq!((all.flat.whole, all.any), (2.0, json!([1, 1.5])));
        assert_eq!(all.raw.expect("a value").get(), "36893488147419103233.0");
        assert_eq!(read::<u64>("9007199254740992.0"), Ok(1 << 53));
        assert_eq!(read::<u64>("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(read::<i64>("-0.0"), Ok(0));
    }

    #[test]
    fn what_is_no_integer_or_none_that_fits_is_refused() {
        for text in ["1.5", "1e300", "\"1\"", "true", "9007199254740994.0", "null", "[1]"] {
            assert!(read::<u64>(text).is_err(), "{text}");
        }
        for text in ["256.0", "-1.0", "256"] {
            let error = read::<u8>(text).expect_err(text);
            assert!(error.contains("expected u8"), "{text}: {error}");
        }
    }
}
