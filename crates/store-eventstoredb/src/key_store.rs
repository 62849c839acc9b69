//! Wrapped keys, each in a stream of its own, so that one can be taken out of the server's files.
//!
//! The newest event of such a stream tells whether there is a key. Destroying one appends that it was
//! destroyed and has the stream keep no more than its newest event: the key is out of reach at once,
//! and out of the files of a node after its next scavenge.

mod before_the_log;
mod listing;
mod turns;

use std::sync::Arc;

use annals_domain::TenantId;
use annals_ports::{KEY_PAGE_MAX, KeyPage, KeyPlace, KeyStore, KeyStoreError, Rewrapped};
use annals_record::{KeyId, WrappedKey, WrappedRoot};
use async_trait::async_trait;
use bytes::Bytes;
use eventstore::{ExpectedRevision, RecordedEvent};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use tracing::warn;
use uuid::Uuid;

use crate::failure::Failure;
use crate::names::METADATA_TYPE;
use crate::streams::Streams;
use crate::wire::Proposed;
use turns::Turns;

const WRAPPED_TYPE: &str = "annals.key.wrapped";
const DESTROYED_TYPE: &str = "annals.key.destroyed";
/// Stands beside another form of a key before which there was none. Without it a key that is not the first event
/// of its stream counts as one that came after a destroyed one: so do those that older versions wrapped anew.
const FIRST_KEY: &[u8] = b"annals.key.first";
/// Keys that are read or written at once.
const AT_ONCE: usize = 64;
/// How often a key is looked at again because another node was faster.
const CONFLICTS_MAX: usize = 10;

/// Wrapped keys on `EventStoreDB`.
#[derive(Clone)]
pub struct EventStoreKeys {
    streams: Streams,
    turns: Arc<Turns>,
}

/// A key's stream, as it is now.
enum Current {
    Key(WrappedKey, u64),
    /// None, or none any more; what an append must expect.
    None(ExpectedRevision),
}

impl Current {
    fn of(last: Option<RecordedEvent>) -> Self {
        match last {
            Some(event) if event.event_type == WRAPPED_TYPE => {
                Self::Key(WrappedKey(event.data.to_vec()), event.revision)
            }
            Some(event) => Self::None(ExpectedRevision::Exact(event.revision)),
            None => Self::None(ExpectedRevision::NoStream),
        }
    }
}

impl EventStoreKeys {
    pub(crate) fn new(streams: Streams) -> Self {
        Self { streams, turns: Arc::new(Turns::new()) }
    }

    fn tenant_stream(&self, tenant: &TenantId) -> String {
        self.streams.names().tenant_key(tenant.as_str())
    }

    fn person_stream(&self, tenant: &TenantId, id: &KeyId) -> String {
        self.streams.names().person_key(tenant.as_str(), &id.as_text())
    }

    async fn get(&self, stream: &str) -> Result<Option<WrappedKey>, Failure> {
        match Current::of(self.streams.read_last(stream).await?) {
            Current::Key(key, _) => Ok(Some(key)),
            Current::None(_) => Ok(None),
        }
    }

    /// Puts a key where there is none, and tells the one in force. Most keys that are put are new, so
    /// the stream is read only when somebody has put one.
    async fn put(&self, stream: &str, key: WrappedKey) -> Result<WrappedKey, Failure> {
        let event = Proposed::binary(Uuid::new_v4(), WRAPPED_TYPE, Bytes::from(key.0.clone()));
        let mut expected = ExpectedRevision::NoStream;
        let turn = self.turns.take(stream).await;
        let mut must_read = turn.was_put();
        for _ in 0..CONFLICTS_MAX {
            if std::mem::replace(&mut must_read, true) {
                match Current::of(self.streams.read_last(stream).await?) {
                    Current::Key(in_force, _) => return Ok(in_force),
                    Current::None(revision) => expected = revision,
                }
            }
            let appended =
                self.streams.append(stream, expected, std::slice::from_ref(&event)).await;
            turn.remember();
            match appended {
                Ok(_) => return Ok(key),
                Err(Failure::Conflict) => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::unknown("other nodes put and destroyed the same key all the time"))
    }

    /// Appends another form of a key behind the expected one.
    async fn replace(
        &self,
        stream: &str,
        expected: &WrappedKey,
        key: WrappedKey,
    ) -> Result<bool, Failure> {
        let mut event = Proposed::binary(Uuid::new_v4(), WRAPPED_TYPE, Bytes::from(key.0));
        let last = self.streams.read_last(stream).await?;
        if last.as_ref().is_some_and(|last| !follows_destruction(last)) {
            event = event.marked(FIRST_KEY);
        }
        let revision = match Current::of(last) {
            Current::Key(stored, revision) if stored == *expected => revision,
            _ => return Ok(false),
        };
        match self.streams.append(stream, ExpectedRevision::Exact(revision), &[event]).await {
            Ok(_) => Ok(true),
            // Somebody destroyed or replaced it since.
            Err(Failure::Conflict) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// The same, and has the server drop the older forms, if this user may.
    async fn replace_for_good(
        &self,
        stream: &str,
        expected: &WrappedKey,
        key: WrappedKey,
    ) -> Result<bool, Failure> {
        let replaced = self.replace(stream, expected, key).await?;
        if replaced && let Err(failure) = self.keep_newest_only(stream).await {
            warn!(%failure, stream, "the server keeps older wrapped forms of a key");
        }
        Ok(replaced)
    }

    async fn destroy(&self, stream: &str) -> Result<bool, Failure> {
        for _ in 0..CONFLICTS_MAX {
            let Current::Key(_, revision) = Current::of(self.streams.read_last(stream).await?)
            else {
                // An earlier call may have failed between its two steps.
                self.keep_newest_only(stream).await?;
                return Ok(false);
            };
            let event = Proposed::binary(Uuid::new_v4(), DESTROYED_TYPE, Bytes::new());
            match self.streams.append(stream, ExpectedRevision::Exact(revision), &[event]).await {
                Ok(_) => {
                    self.keep_newest_only(stream).await?;
                    return Ok(true);
                }
                Err(Failure::Conflict) => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::unknown("other nodes put and destroyed the same key all the time"))
    }

    /// Has the server drop all events of a stream but the newest. The metadata is written by hand: the
    /// client library writes durations in a unit that the server does not expect.
    async fn keep_newest_only(&self, stream: &str) -> Result<(), Failure> {
        if self.streams.read_last(stream).await?.is_none() {
            return Ok(());
        }
        let metadata = Proposed::json(Uuid::new_v4(), METADATA_TYPE, &json!({ "$maxCount": 1 }))
            .map_err(|error| Failure::Refused(error.to_string()))?;
        let expected = ExpectedRevision::NoStream;
        match self.streams.write_metadata(stream, expected, &metadata).await {
            // It was written before.
            Ok(()) | Err(Failure::Conflict) => Ok(()),
            Err(failure) => Err(failure),
        }
    }
}

#[async_trait]
impl KeyStore for EventStoreKeys {
    async fn root_key(&self) -> Result<Option<WrappedRoot>, KeyStoreError> {
        let root = self.get(&self.streams.names().root_key()).await;
        Ok(root.map_err(|failure| error("reading the root key", failure))?.map(root_of))
    }

    async fn put_root_key(&self, key: WrappedRoot) -> Result<WrappedRoot, KeyStoreError> {
        let put = self.put(&self.streams.names().root_key(), WrappedKey(key.0)).await;
        put.map(root_of).map_err(|failure| error("storing the root key", failure))
    }

    async fn replace_root_key(
        &self,
        expected: &WrappedRoot,
        key: WrappedRoot,
    ) -> Result<bool, KeyStoreError> {
        let (stream, expected) = (self.streams.names().root_key(), WrappedKey(expected.0.clone()));
        let replaced = self.replace_for_good(&stream, &expected, WrappedKey(key.0)).await;
        replaced.map_err(|failure| error("replacing the root key", failure))
    }

    async fn tenant_key(&self, tenant: &TenantId) -> Result<Option<WrappedKey>, KeyStoreError> {
        self.get(&self.tenant_stream(tenant))
            .await
            .map_err(|failure| error("reading a tenant's key", failure))
    }

    async fn put_tenant_key(
        &self,
        tenant: &TenantId,
        key: WrappedKey,
    ) -> Result<WrappedKey, KeyStoreError> {
        let put = self.put(&self.tenant_stream(tenant), key).await;
        put.map_err(|failure| error("storing a tenant's key", failure))
    }

    async fn replace_tenant_key(
        &self,
        tenant: &TenantId,
        expected: &WrappedKey,
        key: WrappedKey,
    ) -> Result<bool, KeyStoreError> {
        let replaced = self.replace_for_good(&self.tenant_stream(tenant), expected, key).await;
        replaced.map_err(|failure| error("replacing a tenant's key", failure))
    }

    async fn person_keys(
        &self,
        tenant: &TenantId,
        ids: &[KeyId],
    ) -> Result<Vec<Option<WrappedKey>>, KeyStoreError> {
        let names: Vec<String> = ids.iter().map(|id| self.person_stream(tenant, id)).collect();
        stream::iter(names)
            .map(async |name| self.get(&name).await)
            .buffered(AT_ONCE)
            .try_collect()
            .await
            .map_err(|failure| error("reading persons' keys", failure))
    }

    async fn put_person_keys(
        &self,
        tenant: &TenantId,
        keys: Vec<(KeyId, WrappedKey)>,
    ) -> Result<Vec<WrappedKey>, KeyStoreError> {
        // Of a key that is put twice in one call the first counts; the second is read then.
        let mut seen = std::collections::HashSet::new();
        let (first, again): (Vec<_>, Vec<_>) =
            keys.into_iter().enumerate().partition(|(_, (id, _))| seen.insert(*id));
        let mut in_force = Vec::with_capacity(first.len() + again.len());
        for part in [first, again] {
            let puts = part.into_iter().map(|(index, (id, key))| {
                let name = self.person_stream(tenant, &id);
                async move { Ok((index, self.put(&name, key).await?)) }
            });
            let put: Vec<(usize, WrappedKey)> = stream::iter(puts)
                .buffered(AT_ONCE)
                .try_collect()
                .await
                .map_err(|failure: Failure| error("storing persons' keys", failure))?;
            in_force.extend(put);
        }
        in_force.sort_by_key(|(index, _)| *index);
        Ok(in_force.into_iter().map(|(_, key)| key).collect())
    }

    async fn person_key_page(
        &self,
        tenant: &TenantId,
        after: Option<KeyPlace>,
        limit: usize,
    ) -> Result<KeyPage, KeyStoreError> {
        let page = self.page(tenant, after, limit.clamp(1, KEY_PAGE_MAX)).await;
        page.map_err(|failure| error("listing persons' keys", failure))
    }

    async fn replace_person_keys(
        &self,
        tenant: &TenantId,
        keys: Vec<Rewrapped>,
    ) -> Result<Vec<bool>, KeyStoreError> {
        let replacing = keys.into_iter().map(async |Rewrapped { id, expected, key }| {
            self.replace(&self.person_stream(tenant, &id), &expected, key).await
        });
        let replaced = stream::iter(replacing).buffered(AT_ONCE).try_collect().await;
        replaced.map_err(|failure| error("replacing persons' keys", failure))
    }

    async fn destroy_person_key(
        &self,
        tenant: &TenantId,
        id: &KeyId,
    ) -> Result<bool, KeyStoreError> {
        let destroyed = self.destroy(&self.person_stream(tenant, id)).await;
        destroyed.map_err(|failure| error("destroying a person's key", failure))
    }

    async fn ever_destroyed(
        &self,
        tenant: &TenantId,
        ids: &[KeyId],
    ) -> Result<Vec<bool>, KeyStoreError> {
        let names: Vec<String> = ids.iter().map(|id| self.person_stream(tenant, id)).collect();
        stream::iter(names)
            .map(async |name| {
                let last = self.streams.read_last(&name).await?;
                Ok(last.as_ref().is_some_and(follows_destruction))
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await
            .map_err(|failure: Failure| error("reading which keys were destroyed", failure))
    }
}

/// Whether a key's newest event is, or comes after, its destruction. A key is the first event of its stream, or another
/// form of that one, or it comes after one that was destroyed.
fn follows_destruction(last: &RecordedEvent) -> bool {
    last.revision > 0 && last.custom_metadata != FIRST_KEY
}

fn root_of(WrappedKey(stored): WrappedKey) -> WrappedRoot {
    WrappedRoot(stored)
}

fn error(doing: &'static str, failure: Failure) -> KeyStoreError {
    KeyStoreError { doing, full: false, source: Box::new(failure) }
}
