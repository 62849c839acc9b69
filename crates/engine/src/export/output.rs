//! The file of a job while it is written. Blocking: for threads of their own.

use std::fs::File;
use std::io::{self, Write};
use std::time::Duration;

use annals_domain::Position;
use annals_export::{Document, Layout, Manifest, Measured, hex};
use annals_record::sealed_file::SealedWriter;
use jiff::Timestamp;

use super::folder::Folder;
use super::job::{ExportJob, ExportStatus};
use super::pieces::Made;
use super::{ExportDesk, ExportError};

/// The file of a job, and how far it is.
pub(crate) struct Output {
    folder: Folder,
    layout: Layout,
    job: ExportJob,
    document: Document<Measured<SealedWriter<File>>>,
    kept_bytes: u64,
}

impl Output {
    /// Opens the file behind what is there durably. A form that cannot be gone on with is begun anew.
    pub(crate) fn open(
        folder: Folder,
        layout: Layout,
        job: ExportJob,
    ) -> Result<Self, ExportError> {
        let failed = ExportError::file("open the file");
        let goes_on = layout.format.can_go_on() && job.bytes > 0;
        let job = if goes_on { job } else { job.begun_anew() };
        let (file, written) = folder.file_to_write(&job).map_err(&failed)?;
        let mut before = Measured::new(io::sink());
        before.take_in(written).map_err(&failed)?;
        let out = before.onto(file);
        let document = match goes_on {
            true => Document::resume(out, layout, job.events)
                .ok_or_else(|| failed(io::Error::other("the form cannot be gone on with")))?,
            false => Document::begin(out, layout)?,
        };
        let kept_bytes = job.bytes;
        Ok(Self { folder, layout, job, document, kept_bytes })
    }

    /// The job as far as it is by now.
    pub(crate) fn job(&self) -> &ExportJob {
        &self.job
    }

    /// Bytes written since the job was last kept.
    pub(crate) fn bytes_not_kept(&self) -> u64 {
        self.job.bytes.saturating_sub(self.kept_bytes)
    }

    pub(crate) fn put(&mut self, made: Made, percent: u8) -> Result<(), ExportError> {
        self.document.put(made.piece)?;
        self.job.events = self.document.rows();
        self.job.bytes = self.document.out().bytes();
        self.job.position = made.end;
        self.job.percent = percent;
        Ok(())
    }

    /// Makes durable what was written, and keeps how far that is.
    pub(crate) fn keep(&mut self) -> Result<(), ExportError> {
        let out = self.document.out();
        let sealed = out.flush().and_then(|()| out.inner().seal());
        sealed.and_then(|file| file.sync_data()).map_err(ExportError::file("write the file"))?;
        let kept = match self.layout.format.can_go_on() {
            true => self.job.clone(),
            false => self.job.clone().begun_anew(),
        };
        self.folder.keep(&kept).map_err(ExportError::file("keep the progress"))?;
        self.kept_bytes = self.job.bytes;
        Ok(())
    }

    /// Writes the end of the file, its manifest, and that it is done.
    pub(crate) fn finish(
        self,
        desk: &dyn ExportDesk,
        expires: Duration,
    ) -> Result<ExportJob, ExportError> {
        let Self { folder, mut job, document, .. } = self;
        let out = document.finish()?;
        (job.bytes, job.sha256) = (out.bytes(), Some(hex(&out.sha256())));
        let ended = out.into_inner().finish().and_then(|file| file.sync_all());
        ended.map_err(ExportError::file("write the file"))?;
        finished(&folder, job, desk, expires)
    }
}

/// Keeps the manifest of a job whose file is whole and durable, and that it is done.
pub(crate) fn finished(
    folder: &Folder,
    job: ExportJob,
    desk: &dyn ExportDesk,
    expires: Duration,
) -> Result<ExportJob, ExportError> {
    let now = Timestamp::now();
    let position = job.until;
    let done = ExportJob { position, ..job }.ended(ExportStatus::Done, None, now, expires);
    let manifest = manifest_of(&done, desk, now);
    folder.keep_manifest(done.id, &manifest).map_err(ExportError::file("write the manifest"))?;
    folder.keep(&done).map_err(ExportError::file("keep the end"))?;
    Ok(done)
}

fn manifest_of(job: &ExportJob, desk: &dyn ExportDesk, finished_at: Timestamp) -> Manifest {
    Manifest {
        manifest_version: 1,
        id: job.id.to_string(),
        tenant: job.requester.tenant.to_string(),
        requester: job.requester.id.clone(),
        query: job.query.clone(),
        scope: job.scope.clone(),
        format: job.form.as_str().to_owned(),
        from_position: desk.position(Position::START),
        until_position: desk.position(job.until),
        events: job.events,
        bytes: job.bytes,
        sha256: job.sha256.clone().unwrap_or_default(),
        requested_at: job.requested_at.to_string(),
        finished_at: finished_at.to_string(),
        program: concat!("annals ", env!("CARGO_PKG_VERSION")).into(),
    }
}
