//! Removing the beginnings of streams, which is all that the server can remove of a stream.
//!
//! `$tb` in the metadata of a stream is the first revision that is kept. What lies before vanishes from the
//! stream at once, and from the files of each node of the server with its next scavenge. The metadata is
//! an event itself, so every node of Annals sees it in the log and forgets the same (see `marks`).

mod plan;

use std::sync::Arc;

use annals_domain::{EventId, Position, Revision};
use annals_ports::{LogError, LogReplica, RemoveError};
use eventstore::ExpectedRevision;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use uuid::Uuid;

use crate::failure::Failure;
use crate::marks::{Mark, Marks};
use crate::names::{METADATA_PREFIX, METADATA_TYPE};
use crate::streams::Streams;
use crate::wire::Proposed;
use plan::{Planned, reach};

/// Streams that are cut at once.
const AT_ONCE: usize = 64;
/// How often the metadata of a stream is read again because somebody else was faster.
const CONFLICTS_MAX: usize = 10;
/// No stream is ever at this revision.
const NEVER: u64 = 1 << 40;
/// What an operator does about a refusal.
const REMEDY: &str = "name a user who may write the metadata of streams in `store.keeper`, see \
                      docs/eventstoredb.md";

/// Cuts streams.
pub(crate) struct Cutter {
    pub(crate) streams: Streams,
    pub(crate) replica: Arc<dyn LogReplica>,
    pub(crate) marks: Marks,
}

impl Cutter {
    /// Removes what can be removed of the records at these positions, from the server and from the copy.
    /// Answers how many that were, without those that another node removed before.
    pub(crate) async fn remove(
        &self,
        run: EventId,
        positions: &[Position],
    ) -> Result<u64, RemoveError> {
        if positions.is_empty() {
            self.require_right().await?;
            return Ok(0);
        }
        let planned = self.plan(positions).await?;
        let cutting = stream::iter(planned).map(async |planned: Planned| {
            let removed = self.cut(run, &planned).await?;
            Ok::<_, Failure>((removed, planned.gone))
        });
        let cut: Vec<(u64, Vec<(Revision, Position)>)> =
            cutting.buffer_unordered(AT_ONCE).try_collect().await.map_err(refused)?;
        let gone = cut.iter().flat_map(|(_, gone)| gone).map(|(_, position)| *position);
        // A crash before this loses nothing: the marks come back by the subscription.
        self.replica.forget(&gone.collect::<Vec<_>>()).await?;
        Ok(cut.iter().map(|(removed, _)| removed).sum())
    }

    /// What is to be cut of which stream.
    async fn plan(&self, positions: &[Position]) -> Result<Vec<Planned>, LogError> {
        let entries = self.replica.read_at(positions).await?;
        let mut of_streams = plan::by_stream(entries.into_iter().flatten());
        let names: Vec<_> = of_streams.keys().cloned().collect();
        let ends = self.replica.last_revisions(&names).await?;
        let mut planned = Vec::new();
        for (name, end) in names.into_iter().zip(ends) {
            let given = of_streams.remove(&name).unwrap_or_default();
            let (Some(last), Some((furthest, _))) = (end, given.last_key_value()) else { continue };
            let up_to = Revision(furthest.0 + 1);
            let there = self.replica.before(&name, up_to, given.len() + 1).await?;
            let before = reach(&there, &given, last);
            let gone: Vec<_> = given.into_iter().filter(|(at, _)| *at < before).collect();
            if !gone.is_empty() {
                planned.push(Planned { stream: name, before, gone });
            }
        }
        Ok(planned)
    }

    /// Writes the mark, and tells how many of the records nobody had cut off before.
    async fn cut(&self, run: EventId, planned: &Planned) -> Result<u64, Failure> {
        let on_server = self.streams.names().on_server(planned.stream.as_str());
        let of_metadata = format!("{METADATA_PREFIX}{on_server}");
        for _ in 0..CONFLICTS_MAX {
            let last = self.streams.read_last(&of_metadata).await?;
            let (held, expected) = match &last {
                Some(event) => (&*event.data, ExpectedRevision::Exact(event.revision)),
                None => (&[][..], ExpectedRevision::NoStream),
            };
            let cut = self.marks.read(&on_server, held).map_or(Revision(0), |mark| mark.before);
            if cut >= planned.before {
                return Ok(0);
            }
            let mark = Mark { before: planned.before, run };
            let metadata = self.marks.write(&on_server, held, mark);
            let event = Proposed::json(Uuid::new_v4(), METADATA_TYPE, &metadata)
                .map_err(|error| Failure::Refused(error.to_string()))?;
            match self.streams.write_metadata(&on_server, expected, &event).await {
                Ok(()) => {
                    let removed = planned.gone.iter().filter(|(at, _)| *at >= cut).count();
                    return Ok(removed as u64);
                }
                Err(Failure::Conflict) => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::unknown(format!(
            "somebody else writes the metadata of `{on_server}` all the time"
        )))
    }

    /// Finds out whether metadata may be written, by a write that is out of place in any case: the server
    /// looks at the rights first.
    async fn require_right(&self) -> Result<(), RemoveError> {
        let probe = self.streams.names().on_server("annals-retention");
        let event = Proposed::json(Uuid::new_v4(), METADATA_TYPE, &json!({}))
            .map_err(|error| refused(Failure::Refused(error.to_string())))?;
        match self.streams.write_metadata(&probe, ExpectedRevision::Exact(NEVER), &event).await {
            Ok(()) | Err(Failure::Conflict) => Ok(()),
            Err(failure) => Err(refused(failure)),
        }
    }
}

fn refused(failure: Failure) -> RemoveError {
    match failure {
        Failure::Denied => RemoveError::Denied { remedy: REMEDY },
        other => {
            let doing = "removing the beginnings of streams";
            LogError::Unavailable { doing, source: Some(Box::new(other)) }.into()
        }
    }
}
