//! Where exports lie: a directory each, with the job, the file and its manifest.
//!
//! ```text
//! exports/<id>/job       what was asked for, how far it is
//! exports/<id>/events    the file
//! exports/<id>/manifest  what goes with the finished file
//! ```
//!
//! They hold what events hold: they are sealed under a key that follows from the master key
//! ([`annals_record::sealed_file`]), are for their owner alone, and are removed in time. The files of older
//! versions lie in the clear; they are removed when the directory is opened.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use annals_export::Manifest;
use annals_record::sealed_file::{FileKey, SealedReader, SealedWriter, open_whole, seal_whole};
use tracing::warn;

use super::job::{ExportId, ExportJob};

const JOB: &str = "job";
const EVENTS: &str = "events";
const MANIFEST: &str = "manifest";
/// What older versions, which sealed nothing, called a job.
const PLAIN_JOB: &str = "job.json";
/// No job is longer; what is, was not written by us.
const JOB_BYTES_MAX: u64 = 1 << 20;

/// The directory of all exports.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    dir: PathBuf,
    key: FileKey,
}

impl Folder {
    /// Opens the directory, making it when it is not there.
    pub(crate) fn open(dir: PathBuf, key: FileKey) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        let folder = Self { dir, key };
        let removed = folder.remove_plain()?;
        if removed > 0 {
            warn!("{removed} exports of an older version lay in the clear and were removed");
        }
        Ok(folder)
    }

    /// Removes what was written before files were sealed; tells how many exports that were.
    fn remove_plain(&self) -> io::Result<usize> {
        let mut removed = 0;
        for entry in std::fs::read_dir(&self.dir)? {
            let path = entry?.path();
            if path.join(PLAIN_JOB).exists() {
                std::fs::remove_dir_all(path)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// All jobs that can be read; others are left alone and told of.
    pub(crate) fn jobs(&self) -> io::Result<Vec<ExportJob>> {
        let mut jobs = Vec::new();
        for entry in std::fs::read_dir(&self.dir)? {
            let path = entry?.path();
            let id = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            match self.read_job(&path, id) {
                Ok(job) => jobs.push(job),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    warn!(
                        error,
                        "an export cannot be read and is left alone: `{}`",
                        path.display()
                    );
                }
            }
        }
        Ok(jobs)
    }

    /// The job as it was kept last.
    pub(crate) fn job(&self, id: ExportId) -> io::Result<ExportJob> {
        self.read_job(&self.of(id), &id.to_string())
    }

    fn read_job(&self, dir: &Path, id: &str) -> io::Result<ExportJob> {
        let mut sealed = Vec::new();
        File::open(dir.join(JOB))?.take(JOB_BYTES_MAX).read_to_end(&mut sealed)?;
        let json = open_whole(&self.key, &sealed_name(id, JOB), &sealed)?;
        let job: ExportJob = serde_json::from_slice(&json)?;
        match job.v {
            1 => Ok(job),
            _ => Err(io::Error::other("it was written by a newer Annals")),
        }
    }

    /// Keeps a job; after a crash the old or the new one is there.
    pub(crate) fn keep(&self, job: &ExportJob) -> io::Result<()> {
        let dir = self.of(job.id);
        if !dir.exists() {
            DirBuilder::new().mode(0o700).create(&dir)?;
            File::open(&self.dir)?.sync_all()?;
        }
        self.replace(job.id, JOB, &serde_json::to_vec(job)?)
    }

    /// Keeps the manifest of a finished file.
    pub(crate) fn keep_manifest(&self, id: ExportId, manifest: &Manifest) -> io::Result<()> {
        let mut json = serde_json::to_vec_pretty(manifest)?;
        json.push(b'\n');
        self.replace(id, MANIFEST, &json)
    }

    /// The manifest of a finished file.
    pub(crate) fn manifest(&self, id: ExportId) -> io::Result<Vec<u8>> {
        let sealed = std::fs::read(self.of(id).join(MANIFEST))?;
        open_whole(&self.key, &sealed_name(&id.to_string(), MANIFEST), &sealed)
    }

    /// Seals a file under another name and puts it in the place of the old one.
    fn replace(&self, id: ExportId, name: &str, content: &[u8]) -> io::Result<()> {
        let dir = self.of(id);
        let sealed = seal_whole(&self.key, &sealed_name(&id.to_string(), name), content)?;
        let fresh = dir.join(format!("{name}.new"));
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(&sealed)?;
        file.sync_all()?;
        std::fs::rename(&fresh, dir.join(name))?;
        File::open(&dir)?.sync_all()
    }

    /// The file, to be written behind its first bytes, and what is there of it. What lies behind those
    /// is cut off.
    pub(crate) fn file_to_write(
        &self,
        job: &ExportJob,
    ) -> io::Result<(SealedWriter<File>, SealedReader<File>)> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(job.bytes == 0).mode(0o600);
        let file = options.open(self.file_of(job.id))?;
        let name = sealed_name(&job.id.to_string(), EVENTS);
        let writer = match job.bytes {
            0 => SealedWriter::create(file, &self.key, &name)?,
            durable => SealedWriter::resume(file, &self.key, &name, durable)?,
        };
        let before = writer.sealed_so_far(&self.key, &name)?;
        Ok((writer, before))
    }

    /// The finished file.
    pub(crate) fn file(&self, id: ExportId) -> io::Result<SealedReader<File>> {
        let file = File::open(self.file_of(id))?;
        SealedReader::open(file, &self.key, &sealed_name(&id.to_string(), EVENTS))
    }

    fn file_of(&self, id: ExportId) -> PathBuf {
        self.of(id).join(EVENTS)
    }

    /// Removes file and manifest; the job stays known.
    pub(crate) fn remove_file(&self, job: &ExportJob) -> io::Result<()> {
        remove(&self.file_of(job.id))?;
        remove(&self.of(job.id).join(MANIFEST))
    }

    /// Removes all that is there of a job.
    pub(crate) fn remove(&self, id: ExportId) -> io::Result<()> {
        match std::fs::remove_dir_all(self.of(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// How many bytes are free on the disk.
    pub(crate) fn free_bytes(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(&self.dir)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    fn of(&self, id: ExportId) -> PathBuf {
        self.dir.join(id.to_string())
    }
}

/// The name under which a file is sealed: none takes the place of another, of this export or of others.
fn sealed_name(id: &str, name: &str) -> String {
    format!("exports/{id}/{name}")
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
