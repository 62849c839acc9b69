//! Pieces of an export, in order: opened and laid out on several threads, a few at a time.

use std::sync::Arc;

use annals_domain::{Position, Recorded};
use annals_export::{Layout, Piece};
use futures_util::stream::{BoxStream, StreamExt};

use super::source::{Found, Source};
use super::{ExportError, ExportView};
use crate::matching::Wanted;
use crate::opening::Opener;
use crate::reading::open_whole;

/// What the pieces are made of.
#[derive(Clone)]
pub(crate) struct Making {
    pub(crate) opener: Opener,
    pub(crate) wanted: Arc<Wanted>,
    pub(crate) view: Arc<dyn ExportView>,
    pub(crate) layout: Layout,
}

/// A piece, and up to where in the log it and those before it reach.
pub(crate) struct Made {
    pub(crate) piece: Piece,
    pub(crate) end: Position,
}

/// The pieces of what a source finds. One is made for each processor, while the next is read; a slow
/// taker holds all of them up.
pub(crate) fn pieces(
    source: Source,
    making: Making,
) -> BoxStream<'static, Result<Made, ExportError>> {
    let stretches = futures_util::stream::try_unfold(source, async |mut source| {
        Ok::<_, ExportError>(source.next().await?.map(|found| (found, source)))
    });
    stretches
        .map(move |found: Result<Found, ExportError>| {
            let making = making.clone();
            async move {
                match tokio::spawn(make(making, found?)).await {
                    Ok(made) => made,
                    Err(end) if end.is_panic() => std::panic::resume_unwind(end.into_panic()),
                    Err(_) => Err(ExportError::Stopping),
                }
            }
        })
        .buffered(crate::system::processors() + 1)
        .boxed()
}

async fn make(making: Making, found: Found) -> Result<Made, ExportError> {
    let Found { entries, end } = found;
    let events = open_whole(&making.opener, entries).await?;
    let laid_out = tokio::task::spawn_blocking(move || lay_out(&making, &events));
    let piece =
        laid_out.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
    Ok(Made { piece, end })
}

fn lay_out(making: &Making, events: &[Recorded]) -> Result<Piece, ExportError> {
    let mut piece = Piece::new(making.layout);
    for recorded in events {
        // Also what the index found: a person may have been erased since it was indexed.
        if making.wanted.holds(&recorded.event) {
            making.view.show(recorded, &mut |row| piece.add(row))?;
        }
    }
    Ok(piece)
}
