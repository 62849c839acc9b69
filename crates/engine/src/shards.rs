//! How events reach the shards that write their streams, and how the answers come back.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use annals_domain::{StreamName, TenantId};

use crate::permits::Permit;
use crate::recorder::{Message, RecordError, RecordResult, Request};
use crate::sealing::Sealed;
use crate::supervision::Address;
use crate::waiting::Waiting;

/// How the rest of the engine reaches the shards.
#[derive(Clone)]
pub(crate) struct Shards {
    addresses: Arc<[Address<Message>]>,
    waiting: Arc<Waiting>,
}

/// Events for one shard, with their places in the request.
type Share = (Vec<usize>, Vec<Sealed>);

impl Shards {
    pub(crate) fn new(addresses: Vec<Address<Message>>, waiting: Arc<Waiting>) -> Self {
        Self { addresses: addresses.into(), waiting }
    }

    /// Records the events of a tenant, each in its stream; answers in the same order.
    pub(crate) async fn record(
        &self,
        tenant: &TenantId,
        sealed: Vec<Result<Sealed, RecordError>>,
        permit: Permit,
    ) -> Vec<RecordResult> {
        let permit = Arc::new(permit);
        let mut answers = Vec::with_capacity(sealed.len());
        let mut shares: Vec<Share> = self.addresses.iter().map(|_| Share::default()).collect();
        for (index, event) in sealed.into_iter().enumerate() {
            // A shard that stops before answering leaves its events unconfirmed.
            answers.push(Err(RecordError::Unavailable));
            match event {
                Ok(event) => {
                    let (indexes, events) = &mut shares[self.shard_of(&event.record.stream)];
                    indexes.push(index);
                    events.push(event);
                }
                Err(error) => answers[index] = Err(error),
            }
        }
        let asked = self.addresses.iter().zip(shares).filter(|(_, (_, events))| !events.is_empty());
        let asking = asked.map(|(address, (indexes, events))| {
            let (permit, tenant) = (Arc::clone(&permit), tenant.clone());
            let waits = self.waiting.begin(&tenant);
            let request = |reply| Message::Record(Request { tenant, events, reply, permit, waits });
            let answer = address.ask(request);
            async move { (indexes, answer.await) }
        });
        for (indexes, answer) in futures_util::future::join_all(asking).await {
            for (index, result) in indexes.into_iter().zip(answer.unwrap_or_default()) {
                answers[index] = result;
            }
        }
        answers
    }

    fn shard_of(&self, stream: &StreamName) -> usize {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(stream);
        (hash % self.addresses.len() as u64) as usize
    }
}
