//! A test double of `EventStoreDB`.

#![doc = include_str!("../README.md")]
#![expect(clippy::result_large_err, reason = "tonic services answer with a `Status`")]

mod access;
mod cluster;
mod connection;
mod counters;
mod event;
mod faults;
mod frame;
mod gate;
mod journal;
mod log;
mod membership;
mod metadata;
mod options;
mod proto;
mod refusal;
mod server;
mod service;
mod store;

pub use access::User;
pub use cluster::Cluster;
pub use counters::Counters;
pub use event::{Event, Expected, METADATA, NewEvent, STREAM_DELETED, TOMBSTONE};
pub use faults::{AppendFault, Faults, SubscriptionEnd};
pub use log::Written;
pub use options::Options;
pub use refusal::Refusal;
pub use server::Server;
pub use store::Store;
