//! A file that is being downloaded. It lies beside its place as `FILE.part`, and is removed unless it
//! takes its name.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use aws_lc_rs::digest::{self, SHA256};
use data_encoding::HEXLOWER;

use crate::exit::{self, Failure};

/// Events are for nobody but who took them out.
const MODE: u32 = 0o600;

/// A file that is being written.
pub(super) struct PartFile {
    path: PathBuf,
    out: PathBuf,
    replaces: bool,
    file: File,
    digest: digest::Context,
    bytes: u64,
    has_its_name: bool,
}

impl PartFile {
    /// A new one that will become `out`; `replaces` tells whether a file of that name may be there.
    ///
    /// # Errors
    /// When `out` is there or is a directory, when another download to it is under way, and when no
    /// file can be made there.
    pub(super) fn beside(out: &Path, replaces: bool) -> anyhow::Result<Self> {
        if out.is_dir() {
            let message = format!("`{}` is a directory: give --out a file", out.display());
            return Err(Failure::new(exit::IO, message).into());
        }
        if !replaces && fs::symlink_metadata(out).is_ok() {
            return Err(there_already(out));
        }
        let mut name = out.as_os_str().to_owned();
        name.push(".part");
        let path = PathBuf::from(name);
        let file = new_file(&path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => anyhow::Error::from(Failure::new(
                exit::IO,
                format!(
                    "`{}` is there already: an export to it is under way, or one was killed; remove \
                     it if none is",
                    path.display()
                ),
            )),
            _ => anyhow::Error::from(error).context(format!("making `{}`", path.display())),
        })?;
        let digest = digest::Context::new(&SHA256);
        let out = out.to_owned();
        Ok(Self { path, out, replaces, file, digest, bytes: 0, has_its_name: false })
    }

    /// Appends to it.
    pub(super) fn write(&mut self, chunk: &[u8]) -> anyhow::Result<()> {
        self.file
            .write_all(chunk)
            .with_context(|| format!("writing `{}`: is there space left?", self.path.display()))?;
        self.digest.update(chunk);
        self.bytes += chunk.len() as u64;
        Ok(())
    }

    /// What it has so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// SHA-256 of what it has so far, in hexadecimal.
    pub(super) fn sha256(&self) -> String {
        HEXLOWER.encode(self.digest.clone().finish().as_ref())
    }

    /// Makes it durable, and gives it its name.
    pub(super) fn take_its_name(mut self) -> anyhow::Result<()> {
        let naming = || format!("making `{}` durable", self.out.display());
        self.file.sync_all().with_context(naming)?;
        if !self.replaces {
            // Takes the name for itself: whatever came there meanwhile is not lost.
            new_file(&self.out).map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => there_already(&self.out),
                _ => anyhow::Error::from(error).context(naming()),
            })?;
        }
        if let Err(error) = fs::rename(&self.path, &self.out) {
            if !self.replaces {
                // Ours, and empty.
                let _ = fs::remove_file(&self.out);
            }
            return Err(error).with_context(naming);
        }
        self.has_its_name = true;
        let dir = self.out.parent().filter(|dir| !dir.as_os_str().is_empty());
        let dir = dir.unwrap_or(Path::new("."));
        File::open(dir)
            .and_then(|dir| dir.sync_all())
            .with_context(|| format!("making `{}` durable", self.out.display()))?;
        Ok(())
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if !self.has_its_name {
            // It is not to hide the error that is being told.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn new_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)
}

fn there_already(out: &Path) -> anyhow::Error {
    let message = format!("`{}` is there already: give another --out, or --force", out.display());
    Failure::new(exit::IO, message).into()
}
