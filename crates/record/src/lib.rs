#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod compression;
mod digest;
mod disclosure;
mod envelope;
mod header;
pub mod keys;
mod mark_key;
mod masking_key;
mod open;
mod owners;
mod packing;
mod parts;
mod seal;
pub mod sealed_file;
mod stored;
pub mod training;

#[cfg(test)]
mod tests;

pub use digest::content_digest;
pub use disclosure::{Disclosure, disclose, disclose_replaced};
pub use envelope::{EnvelopeKey, fresh_secret};
pub use header::{Header, HeaderError, ProducerSeq, RequestIds};
pub use keys::{
    KeyError, KeyId, MasterKey, PersonKey, RootForm, RootKey, TenantKey, WrappedKey, WrappedRoot,
};
pub use mark_key::MarkKey;
pub use masking_key::MaskingKey;
pub use open::{OpenError, Opened, open, open_replaced};
pub use owners::{Owner, owners, stream_name, stream_owner};
pub use parts::{PartDigests, PartName, UnknownPart};
pub use seal::{OwnerKeys, SealError, seal};
pub use stored::{DecodeError, Record, SealedGroup};
