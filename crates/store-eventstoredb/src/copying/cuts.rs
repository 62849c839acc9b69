//! What retention cut off, told from what somebody else did: marks that hold, and gaps that a mark explains.

use std::collections::HashMap;

use annals_domain::{Revision, StreamName, TenantId};
use annals_ports::{Cut, Direction, LogEntry};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::sorting::{Gap, Marked};
use super::{Copier, copy_failed};
use crate::failure::Failure;
use crate::findings::{Finding, FindingKind};
use crate::names::METADATA_PREFIX;

/// Type of the event that tells of a run of retention.
const RUN_TYPE: &str = "annals.retention.run";
/// Streams whose metadata is read at once.
const AT_ONCE: usize = 64;

impl Copier {
    /// What the marks cut. One whose run is not in the log before it, or that takes a cut back, is somebody
    /// else's work: a mark that was copied from elsewhere.
    pub(super) async fn cuts(
        &self,
        marked: Vec<Marked>,
        entries: &[LogEntry],
        findings: &mut Vec<Finding>,
    ) -> Result<Vec<Cut>, Failure> {
        let names: Vec<StreamName> = marked.iter().map(|one| one.stream.clone()).collect();
        let known = self.replica.cuts(&names).await.map_err(copy_failed)?;
        let mut known: HashMap<StreamName, Option<Revision>> =
            names.into_iter().zip(known).collect();
        let mut cuts = Vec::new();
        for Marked { stream, mark, event } in marked {
            let before = known.entry(stream.clone()).or_default();
            if *before == Some(mark.before) {
                continue;
            }
            if *before > Some(mark.before) || !self.is_told(&stream, &mark.run, entries).await? {
                findings.push(Finding::new(FindingKind::MetadataChanged, &event));
                continue;
            }
            *before = Some(mark.before);
            cuts.push(Cut { stream, before: mark.before, run: mark.run });
        }
        Ok(cuts)
    }

    /// Whether the log tells of the run, as one of the tenant whose stream it is.
    async fn is_told(
        &self,
        stream: &StreamName,
        run: &annals_domain::EventId,
        entries: &[LogEntry],
    ) -> Result<bool, Failure> {
        let Some(tenant) = self.tenant_of(stream, entries).await? else { return Ok(false) };
        let is_it = |entry: &LogEntry| {
            let record = &entry.record;
            record.id == *run && record.tenant == tenant && record.event_type == RUN_TYPE
        };
        if entries.iter().any(is_it) {
            return Ok(true);
        }
        let found = self.replica.find(&tenant, *run).await.map_err(copy_failed)?;
        Ok(found.as_ref().is_some_and(is_it))
    }

    /// Whose stream it is. The last record of a stream is never removed.
    async fn tenant_of(
        &self,
        stream: &StreamName,
        entries: &[LogEntry],
    ) -> Result<Option<TenantId>, Failure> {
        if let Some(entry) = entries.iter().find(|entry| entry.record.stream == *stream) {
            return Ok(Some(entry.record.tenant.clone()));
        }
        let (end, backwards) = (Revision(u64::MAX), Direction::Backwards);
        let last =
            self.replica.read_stream(stream, end, backwards, 1).await.map_err(copy_failed)?;
        Ok(last.into_iter().next().map(|entry| entry.record.tenant))
    }

    /// Of these gaps those that no cut explains. A copy that is made anew after a scavenge meets a gap before
    /// it meets the mark, so the server is asked for the mark.
    pub(super) async fn unexplained(&self, gaps: Vec<Gap>) -> Result<Vec<Gap>, Failure> {
        let names: Vec<StreamName> = gaps.iter().map(|gap| gap.stream.clone()).collect();
        let known = self.replica.cuts(&names).await.map_err(copy_failed)?;
        let judging = stream::iter(gaps.into_iter().zip(known)).map(async |(gap, known)| {
            let explained = known >= Some(gap.revision)
                || self.marked(&gap.stream).await? >= Some(gap.revision);
            Ok::<_, Failure>((!explained).then_some(gap))
        });
        let judged: Vec<Option<Gap>> = judging.buffered(AT_ONCE).try_collect().await?;
        Ok(judged.into_iter().flatten().collect())
    }

    /// Where the server tells that retention cut a stream.
    async fn marked(&self, stream: &StreamName) -> Result<Option<Revision>, Failure> {
        let on_server = self.streams.names().on_server(stream.as_str());
        let metadata = self.streams.read_last(&format!("{METADATA_PREFIX}{on_server}")).await?;
        let mark = metadata.and_then(|event| self.marks.read(&on_server, &event.data));
        Ok(mark.map(|mark| mark.before))
    }
}
