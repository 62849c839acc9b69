//! The file behind the log: one frame an append, so that an append is whole or absent.
//!
//! A thread of its own writes and syncs. While one sync is under way further frames gather, and the
//! next sync takes them all.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::event::Event;
use crate::frame;

#[cfg(test)]
mod tests;

const MAGIC: &[u8; 8] = b"ANDOUBL1";

/// How many frames may wait; more hold up whoever appends.
const WAITING_MAX: usize = 4_096;

/// How many bytes go into one write.
const WRITE_MAX: usize = 8 << 20;

/// How much of the log readers may see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Durable {
    pub(crate) events: usize,
    /// The file could not be written; nothing more becomes durable.
    pub(crate) failed: bool,
}

/// Where an append ends, in events and in bytes of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) events: usize,
    pub(crate) bytes: u64,
}

enum Command {
    Write { frame: Vec<u8>, events: usize },
    CutTo { end: End, done: SyncSender<io::Result<()>> },
}

/// The file and the thread that writes it.
#[derive(Debug)]
pub(crate) struct Journal {
    commands: Option<SyncSender<Command>>,
    thread: Option<JoinHandle<()>>,
}

/// What a file held.
pub(crate) struct Opened {
    pub(crate) journal: Journal,
    pub(crate) events: Vec<Arc<Event>>,
    pub(crate) ends: Vec<End>,
}

impl Journal {
    /// Opens the file of a directory, dropping a torn tail.
    pub(crate) fn open(
        directory: &Path,
        sync: bool,
        durable: watch::Sender<Durable>,
    ) -> io::Result<Opened> {
        std::fs::create_dir_all(directory)?;
        let path = directory.join("events.log");
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if bytes.len() < MAGIC.len() {
            bytes = MAGIC.to_vec();
            file.seek(SeekFrom::Start(0))?;
            file.write_all(MAGIC)?;
        } else if !bytes.starts_with(MAGIC) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no log of the double"));
        }
        let (events, ends) = frames_of(&bytes);
        let length = ends.last().map_or(MAGIC.len() as u64, |end| end.bytes);
        file.set_len(length)?;
        file.seek(SeekFrom::Start(length))?;
        file.sync_all()?;
        durable.send_replace(Durable { events: events.len(), failed: false });
        let (commands, waiting) = sync_channel(WAITING_MAX);
        let thread = std::thread::Builder::new()
            .name("double-journal".to_owned())
            .spawn(move || write_all(file, sync, &waiting, &durable))?;
        let journal = Self { commands: Some(commands), thread: Some(thread) };
        Ok(Opened { journal, events, ends })
    }

    /// Hands over the frame of an append; `events` is how many the log then holds.
    pub(crate) fn write(&self, frame: Vec<u8>, events: usize) {
        if let Some(commands) = &self.commands {
            // The thread ends early only after it has said that it failed.
            let _ = commands.send(Command::Write { frame, events });
        }
    }

    /// Forgets what lies behind an end, and waits until it is gone.
    pub(crate) fn cut_to(&self, end: End) -> io::Result<()> {
        let (done, answer) = sync_channel(1);
        let gone = || io::Error::other("the thread that writes the log has ended");
        let commands = self.commands.as_ref().ok_or_else(gone)?;
        commands.send(Command::CutTo { end, done }).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }

    /// Where the first append of a file begins.
    pub(crate) const fn start() -> u64 {
        MAGIC.len() as u64
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn frames_of(bytes: &[u8]) -> (Vec<Arc<Event>>, Vec<End>) {
    let mut events = Vec::new();
    let mut ends = Vec::new();
    let mut rest = &bytes[MAGIC.len()..];
    while let Some((frame, behind)) = frame::split(rest) {
        let Some(of_frame) = frame::decode(frame) else { break };
        events.extend(of_frame.into_iter().map(Arc::new));
        rest = behind;
        ends.push(End { events: events.len(), bytes: (bytes.len() - rest.len()) as u64 });
    }
    (events, ends)
}

/// The thread: writes what waits, syncs once, tells.
fn write_all(
    mut file: File,
    sync: bool,
    waiting: &Receiver<Command>,
    durable: &watch::Sender<Durable>,
) {
    let mut next = waiting.recv().ok();
    while let Some(command) = next.take() {
        let outcome = match command {
            Command::CutTo { end, done } => {
                let outcome = cut(&mut file, end, durable);
                let _ = done.send(outcome);
                Ok(())
            }
            Command::Write { mut frame, mut events } => {
                while frame.len() < WRITE_MAX {
                    match waiting.try_recv() {
                        Ok(Command::Write { frame: more, events: count }) => {
                            frame.extend_from_slice(&more);
                            events = count;
                        }
                        Ok(other) => {
                            next = Some(other);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                write_one(&mut file, sync, &frame).map(|()| {
                    durable.send_replace(Durable { events, failed: false });
                })
            }
        };
        if outcome.is_err() {
            durable.send_modify(|durable| durable.failed = true);
            return;
        }
        next = next.or_else(|| waiting.recv().ok());
    }
}

fn write_one(file: &mut File, sync: bool, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    if sync { file.sync_data() } else { Ok(()) }
}

fn cut(file: &mut File, end: End, durable: &watch::Sender<Durable>) -> io::Result<()> {
    file.set_len(end.bytes)?;
    file.seek(SeekFrom::Start(end.bytes))?;
    file.sync_data()?;
    durable.send_replace(Durable { events: end.events, failed: false });
    Ok(())
}
