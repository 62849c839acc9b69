//! A directory of checkpoints, one a file: on a mount of another machine it is a copy that who runs this
//! machine cannot take back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use annals_ports::{CheckpointSink, OutgoingCheckpoint, PublishError};
use async_trait::async_trait;
use tokio::sync::oneshot;

/// No checkpoint is longer, bytes (the longest note that is read: C2SP signed-note sets no limit).
const NOTE_BYTES_MAX: u64 = 128 * 1024;
/// What a file is called before it is whole.
const UNFINISHED: &str = "next";

/// Writes each checkpoint into a file of its own, `<shard>-<size>`.
pub struct DirectorySink {
    name: String,
    dir: PathBuf,
}

/// Another tree of the same size is there already.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{}` holds another tree of the same size: there are two logs of this name, and the file proves it",
    file.display()
)]
struct OtherTree {
    file: PathBuf,
}

impl DirectorySink {
    /// Writes into this directory, which must be there: a mount that is missing is not made up for.
    pub fn new(name: &str, dir: PathBuf) -> Self {
        Self { name: name.to_owned(), dir }
    }
}

#[async_trait]
impl CheckpointSink for DirectorySink {
    fn name(&self) -> &str {
        &self.name
    }

    /// On a thread of its own: a mount whose server is away can hang for ever, and then the end of the
    /// process does not wait for it.
    async fn put(&self, checkpoint: &OutgoingCheckpoint) -> Result<(), PublishError> {
        let doing = "write a checkpoint into the directory";
        let (told, written) = oneshot::channel();
        let (dir, checkpoint) = (self.dir.clone(), checkpoint.clone());
        let thread = std::thread::Builder::new().name("checkpoints".to_owned());
        let began = thread.spawn(move || {
            // Nobody may wait any more.
            let _ = told.send(write(&dir, &checkpoint));
        });
        began.map_err(|error| PublishError { doing, source: error.into() })?;
        let written =
            written.await.map_err(|error| PublishError { doing, source: error.into() })?;
        written.map_err(|error| PublishError { doing, source: error.into() })
    }
}

/// When it returns, the file is whole and durable.
fn write(dir: &Path, checkpoint: &OutgoingCheckpoint) -> io::Result<()> {
    let OutgoingCheckpoint { shard, size, note, .. } = checkpoint;
    let path = dir.join(format!("{shard}-{size}"));
    match File::open(&path) {
        Ok(file) => {
            let mut there = String::new();
            file.take(NOTE_BYTES_MAX).read_to_string(&mut there)?;
            if tree(&there) != tree(note) {
                return Err(io::Error::other(OtherTree { file: path }));
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let next = path.with_extension(UNFINISHED);
    let options = OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).clone();
    let mut file = options.open(&next)?;
    file.write_all(note.as_bytes())?;
    file.sync_all()?;
    fs::rename(&next, &path)?;
    File::open(dir)?.sync_all()
}

/// Origin, size and root, without the signatures.
fn tree(note: &str) -> &str {
    note.split_once("\n\n").map_or(note, |(text, _)| text)
}

#[cfg(test)]
mod tests;
