//! Bounding JSON before any reader that recurses or allocates sees it.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::Deserialize;
use serde_json::Value;

use crate::event::JsonObject;
use crate::problem::{ErrorCode, FieldError};

/// Refuses JSON text nested deeper than `depth_max`, in one pass without recursion or memory.
///
/// It only counts brackets outside of strings: whether the text is JSON at all is for the reader
/// to find.
pub fn check_depth(bytes: &[u8], depth_max: usize) -> Result<(), FieldError> {
    let mut depth = 0usize;
    let mut in_string = false;
    let mut escaped = false;
    for &byte in bytes {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > depth_max {
                    return Err(FieldError::new(
                        "",
                        ErrorCode::TooLarge,
                        format!("nested deeper than {depth_max} levels"),
                    ));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// How many values JSON text holds at most, in one pass without recursion or memory: a value comes
/// at the beginning and behind each bracket that opens and each comma.
pub fn count_values(bytes: &[u8]) -> usize {
    let (mut values, mut in_string, mut escaped) = (1, false, false);
    for &byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'{' | b'[' | b',' if !in_string => values += 1,
            _ => {}
        }
    }
    values
}

/// Reads an object and refuses one that names a key twice, at any level: which of the two is
/// meant would be a guess, and two readers would guess differently.
pub fn object_without_repeated_keys<'de, D>(deserializer: D) -> Result<JsonObject, D::Error>
where
    D: serde::Deserializer<'de>,
{
    deserializer.deserialize_map(ObjectVisitor::<Once>(PhantomData))
}

const KEY_TWICE: &str = "the object names a key twice";

/// What becomes of a key that an object names twice.
pub(crate) trait Keys {
    /// What was read of an object so far.
    type Read: Default;

    fn put(read: &mut Self::Read, key: String, value: Value) -> Result<(), &'static str>;

    fn object(read: Self::Read) -> JsonObject;
}

/// It is refused.
struct Once;

impl Keys for Once {
    type Read = JsonObject;

    fn put(read: &mut JsonObject, key: String, value: Value) -> Result<(), &'static str> {
        if read.contains_key(&key) {
            return Err(KEY_TWICE);
        }
        read.insert(key, value);
        Ok(())
    }

    fn object(read: JsonObject) -> JsonObject {
        read
    }
}

/// All its values are kept, in a list.
pub(crate) struct Every;

impl Keys for Every {
    type Read = BTreeMap<String, Vec<Value>>;

    fn put(read: &mut Self::Read, key: String, value: Value) -> Result<(), &'static str> {
        read.entry(key).or_default().push(value);
        Ok(())
    }

    fn object(read: Self::Read) -> JsonObject {
        let one = |(key, mut values): (String, Vec<Value>)| {
            let last = if values.len() == 1 { values.pop() } else { None };
            (key, last.unwrap_or(Value::Array(values)))
        };
        read.into_iter().map(one).collect()
    }
}

struct ObjectVisitor<K>(PhantomData<K>);

impl<'de, K: Keys> serde::de::Visitor<'de> for ObjectVisitor<K> {
    type Value = JsonObject;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<JsonObject, A::Error> {
        let mut read = K::Read::default();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value::<ValueOf<K>>()?.value;
            K::put(&mut read, key, value).map_err(serde::de::Error::custom)?;
        }
        Ok(K::object(read))
    }
}

/// Like [`object_without_repeated_keys`], for a value of any kind.
pub fn value_without_repeated_keys<'de, D>(deserializer: D) -> Result<Value, D::Error>
where
    D: serde::Deserializer<'de>,
{
    ValueOf::<Once>::deserialize(deserializer).map(|read| read.value)
}

/// Like [`value_without_repeated_keys`]; `null` is nothing.
pub fn some_value_without_repeated_keys<'de, D>(deserializer: D) -> Result<Option<Value>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    value_without_repeated_keys(deserializer).map(|value| Some(value).filter(|v| !v.is_null()))
}

/// Like [`object_without_repeated_keys`], for an object of short texts.
pub fn texts_without_repeated_keys<'de, D>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    deserializer.deserialize_map(TextsVisitor)
}

struct TextsVisitor;

impl<'de> serde::de::Visitor<'de> for TextsVisitor {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON object of strings")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut texts = BTreeMap::new();
        while let Some((key, value)) = map.next_entry()? {
            if texts.insert(key, value).is_some() {
                return Err(serde::de::Error::custom(KEY_TWICE));
            }
        }
        Ok(texts)
    }
}

/// A JSON value, with what becomes of a key that one of its objects names twice.
pub(crate) struct ValueOf<K> {
    pub(crate) value: Value,
    keys: PhantomData<K>,
}

impl<'de, K: Keys> serde::Deserialize<'de> for ValueOf<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_any(ValueVisitor::<K>(PhantomData))?;
        Ok(Self { value, keys: PhantomData })
    }
}

struct ValueVisitor<K>(PhantomData<K>);

impl<'de, K: Keys> serde::de::Visitor<'de> for ValueVisitor<K> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<ValueOf<K>>()? {
            items.push(item.value);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        ObjectVisitor::<K>(PhantomData).visit_map(map).map(Value::Object)
    }
}

#[cfg(test)]
mod tests;
