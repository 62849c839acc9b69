//! Exports: events taken out of the log, as a file made in the background or straight into an answer.
//!
//! Every export is a snapshot: it holds what matches between two positions that are fixed when it is
//! asked for, oldest first. A stretch of the log is read while the ones before it are opened and laid
//! out on other threads; the pieces are put together in order. So memory stays the same however large
//! the export is.

use std::path::PathBuf;
use std::sync::Arc;

use annals_domain::filter::{Filter, Scope};
use annals_domain::{Position, Recorded};
use annals_export::Row;
use annals_record::sealed_file::FileKey;

use crate::opening::ReadError;
use crate::queries::QueryError;
use crate::tiles::{HeadsError, TilesError};

mod bundle;
mod bundling;
mod direct;
mod exporter;
mod folder;
mod form;
mod job;
mod office;
mod output;
mod pieces;
mod places;
mod running;
mod settings;
pub(crate) mod source;
mod sweeping;

#[cfg(test)]
pub(crate) use bundle::is_told;
pub use direct::{DirectExport, ExportFacts};
pub(crate) use exporter::Exporter;
pub use form::Form;
pub use job::{ExportId, ExportJob, ExportStatus, Requester};
pub(crate) use office::Office;
pub use office::{ExportFile, ExportRefused, Exports};
pub use settings::ExportSettings;

/// What exports need to be kept.
pub struct ExportParts {
    /// Where files and jobs are kept.
    pub dir: PathBuf,
    /// `[export]`.
    pub settings: ExportSettings,
    /// Under which they lie on disk.
    pub key: FileKey,
}

/// What somebody asks for.
#[derive(Debug, Clone)]
pub struct ExportOrder {
    /// Who asks.
    pub requester: Requester,
    /// Which events they may see.
    pub scope: Scope,
    /// Which of them they want.
    pub filter: Filter,
    /// In which form.
    pub form: Form,
    /// Up to where in the log: [`Exports::snapshot`].
    pub until: Position,
}

/// Knows what requesters may do, whenever an export begins or goes on.
pub trait ExportDesk: Send + Sync + 'static {
    /// How events look to the requester; none when they may no longer export.
    fn view(&self, requester: &Requester) -> Option<Arc<dyn ExportView>>;

    /// A position as callers know it.
    fn position(&self, position: Position) -> String;
}

/// How events look to somebody.
pub trait ExportView: Send + Sync + 'static {
    /// Hands over the event as the requester may see it.
    fn show(
        &self,
        recorded: &Recorded,
        each: &mut dyn FnMut(&Row<'_>) -> serde_json::Result<()>,
    ) -> serde_json::Result<()>;
}

/// An export could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Events cannot be found.
    #[error("cannot find the events of an export")]
    Query(#[from] QueryError),
    /// Events cannot be read.
    #[error("cannot read the events of an export")]
    Read(#[from] ReadError),
    /// An event cannot be laid out.
    #[error("cannot lay out an event of an export")]
    Layout(#[from] serde_json::Error),
    /// The document cannot be written.
    #[error("cannot write an export")]
    Write(#[from] annals_export::WriteError),
    /// The bundle cannot be written.
    #[error("cannot write an evidence bundle")]
    Evidence(#[source] Box<annals_evidence::WriteError>),
    /// The trees cannot be read.
    #[error("cannot prove the events of an export")]
    Tiles(#[from] TilesError),
    /// Where the streams end cannot be told.
    #[error("cannot prove that an export is complete")]
    Heads(#[from] HeadsError),
    /// This node keeps no trees.
    #[error("this node keeps no Merkle log, which an evidence bundle is made of")]
    NoTrees,
    /// No checkpoint covers the events.
    #[error("no checkpoint covers the newest events yet; ask for the bundle again in a minute")]
    NotCovered,
    /// There are more keys than a bundle has room for.
    #[error("the log has more shards than fit into one evidence bundle")]
    TooManyShards,
    /// It would be too large.
    #[error("an evidence bundle holds at most {max} {what}; ask for fewer, such as by year")]
    TooMuchEvidence {
        /// What there is too much of.
        what: &'static str,
        /// How many there may be.
        max: u64,
    },
    /// A bundle cannot be put straight into an answer.
    #[error("an evidence bundle is written as a job; ask for it with POST /api/v1/exports")]
    OnlyAsJob,
    /// A file of the export cannot be read or written.
    #[error("cannot {doing} of an export")]
    File {
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The filter was kept as text and cannot be read back.
    #[error("the query of the export cannot be read back: {0}")]
    Filter(String),
    /// There is no room for it.
    #[error(
        "there is no more room for exports on this node; delete exports, or have `[export]` changed"
    )]
    NoRoom,
    /// It took longer than it may.
    #[error(
        "the export took longer than {seconds} s; ask for a job (POST /api/v1/exports) instead"
    )]
    TooLong {
        /// How long it may take.
        seconds: u64,
    },
    /// The requester may no longer export.
    #[error("the requester may no longer export")]
    NotAllowed,
    /// The service stops.
    #[error("the service stops")]
    Stopping,
}

impl From<annals_evidence::WriteError> for ExportError {
    fn from(error: annals_evidence::WriteError) -> Self {
        Self::Evidence(Box::new(error))
    }
}

impl ExportError {
    /// What whoever asked for the export is told: what they can do something about.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::NoRoom
            | Self::NoTrees
            | Self::NotCovered
            | Self::TooManyShards
            | Self::TooMuchEvidence { .. } => self.to_string(),
            _ => "a fault on our side; the operations log tells more".into(),
        }
    }

    /// Whether waiting may cure it.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Query(QueryError::Busy) => true,
            Self::Query(QueryError::Read(error)) | Self::Read(error) => error.may_pass(),
            _ => false,
        }
    }

    pub(crate) fn file(doing: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |source| Self::File { doing, source }
    }
}
