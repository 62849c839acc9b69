//! A place on a server for trying out what Annals needs of it, without touching anything else there.

use std::collections::BTreeSet;
use std::time::Duration;

use uuid::Uuid;

use crate::address::Address;
use crate::connection::{Refusal, connect};
use crate::failure::Failure;
use crate::generation::Generation;
use crate::wire::Place;

/// What the namespaces of all sandboxes begin with.
const PREFIX: &str = "annals-conformance-";
const PATIENCE: Duration = Duration::from_secs(10);
/// Events that are read at once.
const PAGE: usize = 1000;
/// Events that are looked at for foreign streams; a server that was used before has one among them.
const LOOKED_AT_MAX: usize = 10_000;

/// A namespace of its own on a server.
pub struct Sandbox {
    generation: Generation,
    address: Address,
    namespace: String,
    begun_at: Option<Place>,
}

impl Sandbox {
    /// Connects, and makes up a namespace that nobody else uses.
    pub async fn open(address: &Address) -> Result<Self, Refusal> {
        let namespace = format!("{PREFIX}{}.", Uuid::new_v4().simple());
        let generation = connect(0, address, &namespace).await?;
        let refused = |failure: Failure| Refusal::of(address, &failure);
        let begun_at = generation.head(PATIENCE).await.map_err(refused)?;
        Ok(Self { generation, address: address.clone(), namespace, begun_at })
    }

    /// What goes before the names of all streams.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Version of the server.
    pub fn version(&self) -> &str {
        &self.generation.version
    }

    /// A stream that neither the server itself nor a sandbox wrote, if the oldest events have one.
    pub async fn foreign_stream(&self) -> Result<Option<String>, Refusal> {
        let is_foreign = |stream: &str| !stream.starts_with('$') && !stream.starts_with(PREFIX);
        let mut found = None;
        let mut looked_at = 0;
        self.walk(None, |stream| {
            looked_at += 1;
            if is_foreign(stream) {
                found = Some(stream.to_owned());
            }
            found.is_none() && looked_at < LOOKED_AT_MAX
        })
        .await?;
        Ok(found)
    }

    /// Deletes the streams of the namespace; tells how many there were.
    pub async fn clean_up(&self) -> Result<usize, Refusal> {
        let mut streams = BTreeSet::new();
        self.walk(self.begun_at, |stream| {
            if stream.starts_with(&self.namespace) {
                streams.insert(stream.to_owned());
            }
            true
        })
        .await?;
        for stream in &streams {
            match self.generation.delete(stream, PATIENCE).await {
                // Somebody was faster, or it was only metadata.
                Ok(()) | Err(Failure::Missing | Failure::Conflict | Failure::Deleted) => {}
                Err(failure) => return Err(Refusal::of(&self.address, &failure)),
            }
        }
        Ok(streams.len())
    }

    /// Goes over the streams of all events from a place on, as long as it is wanted.
    async fn walk(
        &self,
        from: Option<Place>,
        mut look: impl FnMut(&str) -> bool,
    ) -> Result<(), Refusal> {
        let mut from = from;
        loop {
            let page = self.generation.read_all_from(from, PAGE, PATIENCE).await;
            let page = page.map_err(|failure| Refusal::of(&self.address, &failure))?;
            for event in &page {
                if !look(&event.stream_id) {
                    return Ok(());
                }
            }
            let last = page.last().map(Place::of);
            // A page begins with the event that the one before ended with.
            if page.len() < PAGE || last == from {
                return Ok(());
            }
            from = last;
        }
    }
}
