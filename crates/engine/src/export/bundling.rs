//! Writing the job of an evidence bundle to its end. It is never gone on with in the middle.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use annals_domain::Position;
use annals_export::{Measured, hex};
use tokio_util::sync::CancellationToken;

use super::bundle::{Bundle, Making};
use super::folder::Folder;
use super::job::{ExportId, ExportJob};
use super::office::Office;
use super::output::finished;
use super::running::{LOOK_EVERY, Rights, blocking, percent, wanted_of};
use super::source::Source;
use super::{ExportError, ExportView};

pub(super) async fn write_bundle(
    office: &Arc<Office>,
    job: ExportJob,
    view: Arc<dyn ExportView>,
    rights: Rights,
    cancel: &CancellationToken,
) -> Result<ExportJob, ExportError> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(ExportError::NotAllowed),
        () = office.stopping.cancelled() => Err(ExportError::Stopping),
        written = write(office, job, view, rights) => written,
    }
}

async fn write(
    office: &Arc<Office>,
    job: ExportJob,
    view: Arc<dyn ExportView>,
    rights: Rights,
) -> Result<ExportJob, ExportError> {
    let job = job.begun_anew();
    let wanted = Arc::new(wanted_of(&job)?);
    let making = Making::begin(office, &job, Arc::clone(&wanted), view).await?;
    let queries = office.queries.clone();
    let mut source = Source::open(queries, wanted, Position::START, job.until).await?;
    let (folder, begun) = (office.folder.clone(), job.clone());
    let mut bundle = blocking(move || {
        let opened = folder.file_to_write(&begun);
        let (file, _) = opened.map_err(ExportError::file("open the file"))?;
        Bundle::begin(making, &begun, file)
    })
    .await?;
    let mut looked = Instant::now();
    let mut job = job;
    while let Some(found) = source.next().await? {
        if looked.elapsed() >= LOOK_EVERY {
            rights.view()?;
            looked = Instant::now();
        }
        if !office.has_room(bundle.bytes_about(&found)) {
            return Err(ExportError::NoRoom);
        }
        let (end, rows) = (found.end, found.entries.len() as u64);
        bundle = bundle.put(found).await?;
        job.percent = percent(source.way(), &job, end, rows);
        job.events = bundle.events();
        office.set(job.clone());
    }
    bundle.finish().await?;
    rights.view()?;
    let (folder, expires) = (office.folder.clone(), office.settings.expires());
    blocking(move || {
        let (bytes, sha256) = measured(&folder, job.id)?;
        let job = ExportJob { bytes, sha256: Some(sha256), ..job };
        finished(&folder, job, &*rights.desk, expires)
    })
    .await
}

/// Length and SHA-256 of what a file holds.
fn measured(folder: &Folder, id: ExportId) -> Result<(u64, String), ExportError> {
    let measure = || {
        let mut measured = Measured::new(io::sink());
        measured.take_in(folder.file(id)?)?;
        Ok((measured.bytes(), hex(&measured.sha256())))
    };
    measure().map_err(ExportError::file("read the file"))
}
