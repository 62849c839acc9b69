//! Where exports lie: a directory each, with the job, the file and its manifest.
//!
//! ```text
//! exports/<id>/job.json        what was asked for, how far it is
//! exports/<id>/events.<form>   the file
//! exports/<id>/manifest.json   what goes with the finished file
//! ```
//!
//! Files hold what events hold, opened: they are for their owner alone, and are removed in time.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use annals_export::Manifest;
use tracing::warn;

use super::job::{ExportId, ExportJob};

const JOB: &str = "job.json";
const MANIFEST: &str = "manifest.json";
/// No job is longer; what is, was not written by us.
const JOB_BYTES_MAX: u64 = 1 << 20;

/// The directory of all exports.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    dir: PathBuf,
}

impl Folder {
    /// Opens the directory, making it when it is not there.
    pub(crate) fn open(dir: PathBuf) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        Ok(Self { dir })
    }

    /// All jobs that can be read; others are left alone and told of.
    pub(crate) fn jobs(&self) -> io::Result<Vec<ExportJob>> {
        let mut jobs = Vec::new();
        for entry in std::fs::read_dir(&self.dir)? {
            let path = entry?.path();
            match read_job(&path.join(JOB)) {
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
        read_job(&self.of(id).join(JOB))
    }

    /// Keeps a job; after a crash the old or the new one is there.
    pub(crate) fn keep(&self, job: &ExportJob) -> io::Result<()> {
        let dir = self.of(job.id);
        if !dir.exists() {
            DirBuilder::new().mode(0o700).create(&dir)?;
            File::open(&self.dir)?.sync_all()?;
        }
        replace(&dir, JOB, &serde_json::to_vec_pretty(job)?)
    }

    /// Keeps the manifest of a finished file.
    pub(crate) fn keep_manifest(&self, id: ExportId, manifest: &Manifest) -> io::Result<()> {
        let mut json = serde_json::to_vec_pretty(manifest)?;
        json.push(b'\n');
        replace(&self.of(id), MANIFEST, &json)
    }

    /// The manifest of a finished file.
    pub(crate) fn manifest(&self, id: ExportId) -> io::Result<Vec<u8>> {
        std::fs::read(self.of(id).join(MANIFEST))
    }

    /// The file, to be written behind its first bytes. What lies behind those is cut off.
    pub(crate) fn file_to_write(&self, job: &ExportJob) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(self.file_of(job))?;
        if file.metadata()?.len() < job.bytes {
            return Err(io::Error::other("the file is shorter than what was written durably"));
        }
        file.set_len(job.bytes)?;
        Ok(file)
    }

    /// Where the file is.
    pub(crate) fn file_of(&self, job: &ExportJob) -> PathBuf {
        self.of(job.id).join(format!("events.{}", job.form.ending()))
    }

    /// Removes file and manifest; the job stays known.
    pub(crate) fn remove_file(&self, job: &ExportJob) -> io::Result<()> {
        remove(&self.file_of(job))?;
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

fn read_job(path: &Path) -> io::Result<ExportJob> {
    let file = File::open(path)?;
    let job: ExportJob = serde_json::from_reader(io::Read::take(file, JOB_BYTES_MAX))?;
    match job.v {
        1 => Ok(job),
        _ => Err(io::Error::other("it was written by a newer Annals")),
    }
}

/// Writes a file under another name and puts it in the place of the old one.
fn replace(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let fresh = dir.join(format!("{name}.new"));
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&fresh, dir.join(name))?;
    File::open(dir)?.sync_all()
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
