//! What proves that an event is in the log.

use annals_domain::Receipt;
use annals_tlog::receipt::Promised;
use async_graphql::{ComplexObject, Context, ID, SimpleObject};

use super::scalars::DateTime;
use crate::context::Api;
use crate::promising;

/// Proof that an event is durable.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(super) struct EventReceipt {
    /// Which event.
    id: ID,
    /// Its stream.
    stream: String,
    /// Place in the stream.
    revision: u64,
    /// Place in the log; give it as `minPosition` to read what you wrote.
    position: String,
    /// When Annals took it on.
    received_at: DateTime,
    /// Whether it was recorded by an earlier request already.
    duplicate: bool,
    #[graphql(skip)]
    promised: Option<Promised>,
}

impl EventReceipt {
    pub(super) fn new(receipt: &Receipt, api: &Api) -> Self {
        Self {
            id: ID(receipt.id.to_string()),
            stream: receipt.stream.as_str().to_owned(),
            revision: receipt.revision.0,
            position: api.cursors.position(receipt.position),
            received_at: DateTime(receipt.received_at),
            duplicate: receipt.duplicate,
            promised: promising::promised(receipt, api),
        }
    }
}

#[ComplexObject]
impl EventReceipt {
    /// Leaf hash of its record in the Merkle log, in base64; null where no Merkle log is kept.
    async fn leaf(&self) -> Option<String> {
        Some(self.promised.as_ref()?.leaf.to_base64())
    }

    /// Signed promise that a published checkpoint covers the event within a minute, a signed note. Keep it
    /// with id and leaf: `annals verify-receipt` shows with it when an event was suppressed.
    async fn signed(&self, context: &Context<'_>) -> Option<String> {
        let promised = std::slice::from_ref(self.promised.as_ref()?);
        promising::receipt(promised, context.data_unchecked::<Api>())
    }
}
