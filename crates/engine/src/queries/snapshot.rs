//! What exports ask of the index: everything up to a position, oldest first.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::Position;
use annals_domain::filter::{Count, Order, PageKey};
use annals_ports::{SearchError, SearchRequest};

use super::{INDEX, Queries, QueryError};
use crate::matching::Wanted;

impl Queries {
    /// Waits until the index has everything up to a position; false when that takes too long.
    pub(crate) async fn wait_for_index(&self, until: Position, patience: Duration) -> bool {
        if self.indexed() >= until {
            return true;
        }
        if self.progress.is_empty() {
            return false;
        }
        let wait = self.wait_for_projection(INDEX, |indexed| indexed >= until);
        tokio::time::timeout(patience, wait).await.is_ok()
    }

    /// The next matches after a position, up to another.
    pub(crate) async fn matches(
        &self,
        wanted: Arc<Wanted>,
        after: Position,
        until: Position,
        limit: usize,
    ) -> Result<Vec<Position>, QueryError> {
        let (index, tenant) = (Arc::clone(&self.index), wanted.tenant().clone());
        let search = move || {
            let after = Some(PageKey { position: after, occurred_us: 0 });
            let (filter, order) = (&wanted.filter, Order::RecordedOldest);
            index.search(&SearchRequest { filter, order, after, until, limit })
        };
        let hits = self.blocking::<_, SearchError>(&tenant, search).await?;
        Ok(hits.into_iter().map(|hit| hit.position).collect())
    }

    /// How many events up to a position match; counts no further than `limit`.
    pub(crate) async fn count_until(
        &self,
        wanted: Arc<Wanted>,
        until: Position,
        limit: u64,
    ) -> Result<Count, QueryError> {
        let (index, tenant) = (Arc::clone(&self.index), wanted.tenant().clone());
        let count = move || index.count(&wanted.filter, until, limit);
        self.blocking::<_, SearchError>(&tenant, count).await
    }
}
