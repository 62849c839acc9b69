//! The protocol, generated from `proto/`, and what is needed to speak it.

use uuid::Uuid;

pub(crate) use client::{Position, StreamIdentifier, gossip, operations, server_features, streams};

#[expect(clippy::allow_attributes, reason = "generated code")]
#[allow(
    unreachable_pub,
    elided_lifetimes_in_paths,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::doc_markdown,
    clippy::uninlined_format_args,
    reason = "generated code"
)]
mod client {
    tonic::include_proto!("event_store.client");

    pub(crate) mod server_features {
        tonic::include_proto!("event_store.client.server_features");
    }
    pub(crate) mod gossip {
        tonic::include_proto!("event_store.client.gossip");
    }
    pub(crate) mod operations {
        tonic::include_proto!("event_store.client.operations");
    }
    pub(crate) mod streams {
        tonic::include_proto!("event_store.client.streams");
    }
}

pub(crate) use client::Uuid as WireUuid;

impl WireUuid {
    /// The id as text, the form that clients ask for.
    pub(crate) fn text(id: Uuid) -> Self {
        Self { value: Some(client::uuid::Value::String(id.to_string())) }
    }

    /// The id as two numbers.
    pub(crate) fn structured(id: Uuid) -> Self {
        let (most, least) = id.as_u64_pair();
        let structured = client::uuid::Structured {
            most_significant_bits: most.cast_signed(),
            least_significant_bits: least.cast_signed(),
        };
        Self { value: Some(client::uuid::Value::Structured(structured)) }
    }

    /// The id; none when it is absent, nil or not an id.
    pub(crate) fn read(wire: Option<&Self>) -> Option<Uuid> {
        let id = match wire?.value.as_ref()? {
            client::uuid::Value::String(text) => text.parse().ok()?,
            client::uuid::Value::Structured(pair) => Uuid::from_u64_pair(
                pair.most_significant_bits.cast_unsigned(),
                pair.least_significant_bits.cast_unsigned(),
            ),
        };
        (!id.is_nil()).then_some(id)
    }
}

impl Position {
    /// Commit and prepare are the same here.
    pub(crate) fn at(position: u64) -> Self {
        Self { commit_position: position, prepare_position: position }
    }
}

impl StreamIdentifier {
    pub(crate) fn of(stream: &str) -> Self {
        Self { stream_name: bytes::Bytes::copy_from_slice(stream.as_bytes()) }
    }

    /// The name; none when it is absent, empty or not UTF-8.
    pub(crate) fn name(wire: Option<Self>) -> Option<String> {
        let name = String::from_utf8(wire?.stream_name.to_vec()).ok()?;
        (!name.is_empty()).then_some(name)
    }
}
