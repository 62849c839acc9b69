//! Questions about messages on their way out.

use std::sync::Arc;

use annals_domain::TenantId;
use annals_domain::notification::Replay;
use annals_ports::outbox::{Attempt, Message, MessagesAsked};
use uuid::Uuid;

use super::{Queries, QueryError};

impl Queries {
    /// Messages of a tenant, newest first, with what became of them.
    pub async fn deliveries(
        &self,
        tenant: &TenantId,
        asked: MessagesAsked,
        limit: usize,
    ) -> Result<Vec<Message>, QueryError> {
        let (store, of) = (Arc::clone(&self.inbox), tenant.clone());
        self.blocking(tenant, move || store.page(&of, &asked, limit)).await
    }

    /// The message of an id, if it is of this tenant.
    pub async fn delivery(
        &self,
        tenant: &TenantId,
        id: Uuid,
    ) -> Result<Option<Message>, QueryError> {
        let (store, of) = (Arc::clone(&self.inbox), tenant.clone());
        self.blocking(tenant, move || store.message(&of, id)).await
    }

    /// The attempts at a message, oldest first; none: the tenant has no such message.
    pub async fn attempts(
        &self,
        tenant: &TenantId,
        id: Uuid,
    ) -> Result<Option<Vec<Attempt>>, QueryError> {
        let (store, of) = (Arc::clone(&self.inbox), tenant.clone());
        self.blocking(tenant, move || match store.message(&of, id)? {
            Some(_) => store.attempts_of(id).map(Some),
            None => Ok(None),
        })
        .await
    }

    /// How many messages a replay would have sent once more; counts no further than `limit`.
    pub async fn replayable(&self, replay: Replay, limit: usize) -> Result<usize, QueryError> {
        let (store, tenant) = (Arc::clone(&self.inbox), replay.tenant.clone());
        self.blocking(&tenant, move || store.replayable(&replay, limit)).await
    }
}
