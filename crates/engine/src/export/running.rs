//! Writing one job, from where it is to its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use annals_domain::Position;
use annals_domain::catalogue::Catalogue;
use annals_domain::filter::Filter;
use annals_domain::limits::QueryLimits;
use annals_domain::query::{QueryContext, parse};
use annals_export::Layout;
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::bundling::write_bundle;
use super::job::{ExportId, ExportJob, ExportStatus, Requester};
use super::office::{CANCELLED, Office};
use super::output::Output;
use super::pieces::{Making, pieces};
use super::source::{Source, Way};
use super::{ExportDesk, ExportError, ExportView, Form};
use crate::matching::Wanted;

/// At least this often it is kept how far a job is, unless so much was written earlier.
const KEEP_EVERY: Duration = Duration::from_secs(5);
const KEEP_BYTES: u64 = 128 << 20;
/// How often it is looked whether the requester may still export.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How often a job is gone on with after the log or the index could not be asked, and how long it
/// waits in between.
const RETRIES_MAX: usize = 30;
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Writes a job to its end, or for as long as the service runs.
pub(crate) async fn run(office: Arc<Office>, id: ExportId, cancel: CancellationToken) {
    let Some(job) = office.job(id) else { return };
    let mut written = write(&office, job, &cancel).await;
    for _ in 0..RETRIES_MAX {
        let Err(error) = &written else { break };
        if !error.may_pass() {
            break;
        }
        warn!(export.id = %id, error = error as &dyn std::error::Error, "an export waits");
        tokio::select! {
            () = cancel.cancelled() => break,
            () = office.stopping.cancelled() => break,
            () = tokio::time::sleep(RETRY_AFTER) => {}
        }
        written = match office.kept(id).await {
            Ok(job) => write(&office, job, &cancel).await,
            Err(source) => Err(ExportError::file("read the progress")(source)),
        };
    }
    match written {
        Ok(done) => {
            info!(export.id = %id, export.events = done.events, "an export is done");
            metrics::counter!("annals_exported_events_total").increment(done.events);
            office.set(done);
        }
        // It is gone on with after the next start.
        Err(ExportError::Stopping) => {}
        Err(ExportError::NotAllowed) if cancel.is_cancelled() => {
            office.end(id, ExportStatus::Cancelled, CANCELLED).await;
        }
        Err(error @ ExportError::NotAllowed) => {
            office.end(id, ExportStatus::Cancelled, &error.to_string()).await;
        }
        Err(error) => {
            error!(export.id = %id, error = &error as &dyn std::error::Error, "an export failed");
            office.end(id, ExportStatus::Failed, &error.told()).await;
        }
    }
    office.wake.notify_one();
}

async fn write(
    office: &Arc<Office>,
    job: ExportJob,
    cancel: &CancellationToken,
) -> Result<ExportJob, ExportError> {
    let desk = Arc::clone(office.desk().ok_or(ExportError::Stopping)?);
    let rights = Rights { desk, requester: job.requester.clone() };
    let view = rights.view()?;
    let started = ExportJob { started_at: job.started_at.or(Some(Timestamp::now())), ..job };
    office.set(started.clone());
    match started.form {
        Form::Document(layout) => {
            write_document(office, layout, started, view, rights, cancel).await
        }
        Form::Bundle => write_bundle(office, started, view, rights, cancel).await,
    }
}

/// What a job may go on by.
pub(super) struct Rights {
    pub(super) desk: Arc<dyn ExportDesk>,
    requester: Requester,
}

impl Rights {
    /// How events look to the requester, who may have lost the right to export.
    pub(super) fn view(&self) -> Result<Arc<dyn ExportView>, ExportError> {
        self.desk.view(&self.requester).ok_or(ExportError::NotAllowed)
    }
}

async fn write_document(
    office: &Arc<Office>,
    layout: Layout,
    job: ExportJob,
    view: Arc<dyn ExportView>,
    rights: Rights,
    cancel: &CancellationToken,
) -> Result<ExportJob, ExportError> {
    let folder = office.folder.clone();
    let mut output = blocking(move || Output::open(folder, layout, job)).await?;
    let wanted = Arc::new(wanted_of(output.job())?);
    let (after, until) = (output.job().position, output.job().until);
    let queries = office.queries.clone();
    let source = Source::open(queries, Arc::clone(&wanted), after, until).await?;
    let way = source.way();
    let mut stream = pieces(source, making(office, wanted, view, layout));
    let (mut kept, mut looked) = (Instant::now(), Instant::now());
    loop {
        let made = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(ExportError::NotAllowed),
            () = office.stopping.cancelled() => {
                blocking(move || output.keep()).await?;
                return Err(ExportError::Stopping);
            }
            made = stream.next() => made,
        };
        let Some(made) = made else { break };
        let made = made?;
        if looked.elapsed() >= LOOK_EVERY {
            rights.view()?;
            looked = Instant::now();
        }
        if !office.has_room(made.piece.bytes()) {
            return Err(ExportError::NoRoom);
        }
        let percent = percent(way, output.job(), made.end, made.piece.rows());
        let due = kept.elapsed() >= KEEP_EVERY || output.bytes_not_kept() >= KEEP_BYTES;
        output = blocking(move || {
            output.put(made, percent)?;
            if due {
                output.keep()?;
            }
            Ok(output)
        })
        .await?;
        if due {
            kept = Instant::now();
        }
        office.set(output.job().clone());
    }
    rights.view()?;
    let expires = office.settings.expires();
    blocking(move || output.finish(&*rights.desk, expires)).await
}

fn making(
    office: &Office,
    wanted: Arc<Wanted>,
    view: Arc<dyn ExportView>,
    layout: Layout,
) -> Making {
    Making { opener: office.queries.opener.clone(), wanted, view, layout }
}

/// What a job looks for, read back from its canonical text.
pub(super) fn wanted_of(job: &ExportJob) -> Result<Wanted, ExportError> {
    let filter = read_back(&job.scope)?.and(read_back(&job.query)?);
    Ok(Wanted::of(job.requester.tenant.clone(), filter))
}

fn read_back(text: &str) -> Result<Filter, ExportError> {
    // It kept the limits when it was asked for; printing may have lengthened it.
    let limits = QueryLimits {
        bytes_max: usize::MAX,
        depth_max: 64,
        terms_max: 4096,
        prefix_letters_min: 1,
        ..annals_domain::limits::Limits::shipped().query
    };
    // Printed queries tell times in full, so it does not matter what time it is.
    // They also tell the types that a class stood for.
    let context = QueryContext {
        limits: &limits,
        now: Timestamp::UNIX_EPOCH,
        catalogue: &Catalogue::default(),
    };
    parse(text, &context).map_err(|error| ExportError::Filter(error.to_string()))
}

/// About how much is done with the next rows, up to a position, of a hundred; never all of it.
pub(super) fn percent(way: Way, job: &ExportJob, end: Position, rows: u64) -> u8 {
    let (done, all) = match way {
        Way::Log => (end.0, job.until.0),
        Way::Index { total } => (job.events + rows, total),
    };
    let percent = u128::from(done) * 100 / u128::from(all.max(1));
    u8::try_from(percent).unwrap_or(100).min(99)
}

pub(super) async fn blocking<T: Send + 'static>(
    step: impl FnOnce() -> Result<T, ExportError> + Send + 'static,
) -> Result<T, ExportError> {
    let done = tokio::task::spawn_blocking(step).await;
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}
