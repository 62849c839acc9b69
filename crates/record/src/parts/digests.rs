//! The digests of the parts, as the header holds them.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::PartName;
use crate::header::Bytes32;

/// The digests of an event's parts, in the order of their names as text.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct PartDigests(Vec<(PartName, [u8; 32])>);

impl PartDigests {
    /// Puts the digests into order.
    pub(crate) fn new(mut digests: Vec<(PartName, [u8; 32])>) -> Self {
        digests.sort_by(|(a, _), (b, _)| a.order_of_text(*b));
        Self(digests)
    }

    /// The digest of a part, if the event has that part.
    pub fn get(&self, name: PartName) -> Option<&[u8; 32]> {
        self.0.iter().find(|(held, _)| *held == name).map(|(_, digest)| digest)
    }

    /// Every part with its digest.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &(PartName, [u8; 32])> {
        self.0.iter()
    }
}

impl Serialize for PartDigests {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, digest) in &self.0 {
            let mut text = [0; 43];
            BASE64URL_NOPAD.encode_mut(digest, &mut text);
            let text = std::str::from_utf8(&text).expect("base64url is ASCII");
            match name {
                PartName::OnBehalfOf(_) => map.serialize_entry(&name.to_string(), text)?,
                plain => map.serialize_entry(plain.word(), text)?,
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for PartDigests {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DigestsVisitor)
    }
}

struct DigestsVisitor;

impl<'de> Visitor<'de> for DigestsVisitor {
    type Value = PartDigests;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the digests of the parts by their names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PartDigests, A::Error> {
        let mut digests = Vec::with_capacity(8);
        while let Some((name, digest)) = map.next_entry::<&str, Bytes32>()? {
            let name: PartName = name.parse().map_err(A::Error::custom)?;
            if digests.iter().any(|(held, _)| *held == name) {
                return Err(A::Error::custom(format_args!("the part `{name}` is named twice")));
            }
            digests.push((name, digest.0));
        }
        Ok(PartDigests::new(digests))
    }
}
