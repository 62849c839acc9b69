//! An export straight into an answer: nothing is kept, and whoever reads slowly slows it down.

use std::sync::Arc;

use annals_domain::Position;
use annals_export::{Document, Measured, hex};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::time::Instant;

use super::office::{ExportRefused, Exports};
use super::pieces::{Made, Making, pieces};
use super::places::Place;
use super::source::Source;
use super::{ExportDesk, ExportError, ExportOrder, Form, Requester};
use crate::matching::Wanted;

/// An export that is taken out piece by piece.
pub struct DirectExport {
    stream: BoxStream<'static, Result<Made, ExportError>>,
    /// None behind the end.
    document: Option<Document<Measured<Vec<u8>>>>,
    desk: Arc<dyn ExportDesk>,
    requester: Requester,
    deadline: Instant,
    seconds: u64,
    until: Position,
    facts: Option<ExportFacts>,
    stopping: tokio_util::sync::CancellationToken,
    _place: Place,
}

/// What a manifest tells of a file, known behind its last byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportFacts {
    /// Events written.
    pub events: u64,
    /// Bytes written.
    pub bytes: u64,
    /// SHA-256 of them, in hexadecimal digits.
    pub sha256: String,
    /// Up to where in the log.
    pub until: Position,
}

impl Exports {
    /// Begins an export for an answer.
    ///
    /// # Errors
    /// When too many are under way, or the requester may not.
    pub async fn direct(
        &self,
        order: ExportOrder,
    ) -> Result<Result<DirectExport, ExportError>, ExportRefused> {
        let office = &self.0;
        let desk = Arc::clone(office.desk().ok_or(ExportRefused::NotReady)?);
        let view = desk.view(&order.requester).ok_or(ExportRefused::NotAllowed)?;
        let Form::Document(layout) = order.form else { return Ok(Err(ExportError::OnlyAsJob)) };
        let place = office.direct.take(&order.requester.tenant).ok_or(ExportRefused::Busy)?;
        let wanted = Arc::new(Wanted::new(&order.scope, order.filter));
        let queries = office.queries.clone();
        let opener = queries.opener.clone();
        let source = Source::open(queries, Arc::clone(&wanted), Position::START, order.until).await;
        let begun = source.and_then(|source| {
            let making = Making { opener, wanted, view, layout };
            Ok(DirectExport {
                stream: pieces(source, making),
                document: Some(Document::begin(Measured::new(Vec::new()), layout)?),
                desk,
                requester: order.requester,
                deadline: Instant::now() + office.settings.direct_max_duration(),
                seconds: office.settings.direct_seconds_max,
                until: order.until,
                facts: None,
                stopping: office.stopping.clone(),
                _place: place,
            })
        });
        Ok(begun)
    }
}

impl DirectExport {
    /// The next bytes; none behind the end. After an error what was given out is not whole.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ExportError> {
        while let Some(document) = self.document.take() {
            // The timer alone would let a stream through that always has something ready.
            if Instant::now() >= self.deadline {
                return Err(ExportError::TooLong { seconds: self.seconds });
            }
            let made = tokio::select! {
                biased;
                () = self.stopping.cancelled() => return Err(ExportError::Stopping),
                () = tokio::time::sleep_until(self.deadline) => {
                    return Err(ExportError::TooLong { seconds: self.seconds });
                }
                made = self.stream.next() => made.transpose()?,
            };
            // Before every piece: whoever lost the right gets no more.
            self.desk.view(&self.requester).ok_or(ExportError::NotAllowed)?;
            let bytes = match made {
                Some(made) => self.put(document, made).await?,
                None => self.finish(document).await?,
            };
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// When it has taken as long as it may.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// What was written; known when [`Self::next`] has returned none.
    pub fn facts(&self) -> Option<&ExportFacts> {
        self.facts.as_ref()
    }

    async fn put(
        &mut self,
        mut document: Document<Measured<Vec<u8>>>,
        made: Made,
    ) -> Result<Bytes, ExportError> {
        let (document, bytes) = blocking(move || {
            document.put(made.piece)?;
            let bytes = std::mem::take(document.out().inner());
            Ok((document, bytes))
        })
        .await?;
        self.document = Some(document);
        Ok(bytes.into())
    }

    async fn finish(
        &mut self,
        document: Document<Measured<Vec<u8>>>,
    ) -> Result<Bytes, ExportError> {
        let until = self.until;
        let (facts, bytes) = blocking(move || {
            let events = document.rows();
            let mut out = document.finish()?;
            let (bytes, sha256) = (out.bytes(), hex(&out.sha256()));
            Ok((ExportFacts { events, bytes, sha256, until }, std::mem::take(out.inner())))
        })
        .await?;
        self.facts = Some(facts);
        Ok(bytes.into())
    }
}

async fn blocking<T: Send + 'static>(
    step: impl FnOnce() -> Result<T, ExportError> + Send + 'static,
) -> Result<T, ExportError> {
    let done = tokio::task::spawn_blocking(step).await;
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}
