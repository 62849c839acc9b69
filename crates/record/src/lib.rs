#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod compression;
mod digest;
mod disclosure;
mod envelope;
mod header;
pub mod keys;
mod open;
mod owners;
mod packing;
mod parts;
mod seal;
mod stored;
pub mod training;

#[cfg(test)]
mod tests;

pub use digest::content_digest;
pub use disclosure::{Disclosure, disclose};
pub use envelope::EnvelopeKey;
pub use header::{Header, HeaderError, ProducerSeq, RequestIds};
pub use keys::{KeyError, KeyId, MasterKey, PersonKey, TenantKey, WrappedKey};
pub use open::{OpenError, Opened, open};
pub use owners::{Owner, owners, stream_name, stream_owner};
pub use parts::{PartDigests, PartName, UnknownPart};
pub use seal::{OwnerKeys, SealError, seal};
pub use stored::{DecodeError, Record, SealedGroup};
