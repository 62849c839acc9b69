//! Events to try rules on, of masking or of detection: of a data directory, or of a file.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use annals_domain::admission::{Admission, UnknownTypes, admit};
use annals_domain::catalogue::Catalogue;
use annals_domain::input::EventInput;
use annals_domain::json::check_depth;
use annals_domain::limits::Limits;
use annals_domain::{Event, EventId, Position, TenantId};
use annals_engine::read_events;
use annals_ports::LogReader as _;
use annals_store_sqlite::{DataDir, SqliteEventLog, SqliteKeyStore};
use anyhow::Context as _;
use uuid::Uuid;

use crate::configuration::Settings;
use crate::exit::{self, Failure};
use crate::{root_key, store};

/// Without these files there is nothing to read, and opening them would make new ones.
const FILES: &[&str] = &["events.db", "keys.db"];

/// Looks at the newest events of a data directory, or at all; tells how many could not be read.
pub(crate) async fn of_directory(
    dir: &Path,
    limit: Option<u64>,
    mut look: impl FnMut(&mut Event),
) -> anyhow::Result<u64> {
    store::refuse_copy(dir)?;
    if let Some(missing) = FILES.iter().find(|file| !dir.join(file).is_file()) {
        let message = format!("`{}` has no {missing}: name the directory of a log", dir.display());
        return Err(Failure::new(exit::IO, message).into());
    }
    let dir = DataDir::open(dir)
        .map_err(|error| Failure::new(exit::IO, format!("{:#}", anyhow::Error::from(error))))?;
    let log = Arc::new(SqliteEventLog::open(dir.path(), Default::default())?);
    let keys = Arc::new(SqliteKeyStore::open(dir.path())?);
    let settings = Settings::load(None)?;
    let root = root_key::of_embedded(dir.path(), &settings.keys, &*log, &keys, false).await?;
    let head = log.head().await?;
    let after = limit.map_or(Position::START, |limit| Position(head.0.saturating_sub(limit)));
    let read = read_events(log.clone(), keys, root, after, |mut recorded| {
        look(Arc::make_mut(&mut recorded.event));
    })
    .await?;
    log.close().await;
    Ok(read.damaged)
}

/// Looks at the first events of a file, or at all; tells how many could not be read.
pub(crate) fn of_file(
    file: &Path,
    limit: Option<u64>,
    mut look: impl FnMut(&mut Event),
) -> anyhow::Result<u64> {
    let reading = || format!("reading `{}`", file.display());
    let reader: Box<dyn BufRead> = match file == Path::new("-") {
        true => Box::new(std::io::stdin().lock()),
        false => Box::new(BufReader::new(std::fs::File::open(file).with_context(reading)?)),
    };
    let (catalogue, limits) = (Catalogue::shipped(), Limits::shipped());
    let mut lines = Lines { reader, bytes_max: limits.event.bytes_max };
    let (mut seen, mut skipped) = (0, 0);
    while limit.is_none_or(|limit| seen < limit) {
        match lines.next().with_context(reading)? {
            None => break,
            Some(None) => skipped += 1,
            Some(Some(line)) => match event_of(&line, &catalogue, &limits) {
                Some(mut event) => {
                    seen += 1;
                    look(&mut event);
                }
                None => skipped += 1,
            },
        }
    }
    Ok(skipped)
}

/// The event of a line as a server would admit it; none when it would not. What an export adds to an
/// event is left out.
fn event_of(line: &[u8], catalogue: &Catalogue, limits: &Limits) -> Option<Event> {
    check_depth(line, limits.event.json_depth_max).ok()?;
    let mut json: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(line).ok()?;
    for added in ["stream", "revision", "position", "sentence", "erased", "received_at", "tenant"] {
        json.remove(added);
    }
    let input = EventInput::from_json(&serde_json::to_vec(&json).ok()?).ok()?;
    let admission = Admission {
        catalogue,
        limits: &limits.event,
        tenant: &TenantId::new("masking-test").ok()?,
        source: "masking-test",
        now: jiff::Timestamp::now(),
        fresh_id: EventId(Uuid::nil()),
        unknown_types: UnknownTypes::Accept,
        own_facts: true,
    };
    admit(input, &admission).ok()
}

/// Lines of a file, none of which fills the memory.
struct Lines {
    reader: Box<dyn BufRead>,
    bytes_max: usize,
}

impl Lines {
    /// The next line that is not empty; `Some(None)` for one that is longer than an event.
    fn next(&mut self) -> std::io::Result<Option<Option<Vec<u8>>>> {
        let mut line = Vec::new();
        let mut is_long = false;
        loop {
            let buffer = self.reader.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = &buffer[..end.unwrap_or(buffer.len())];
            let is_over = buffer.is_empty();
            is_long |= line.len() + part.len() > self.bytes_max;
            if !is_long {
                line.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            let is_empty = !is_long && line.trim_ascii().is_empty();
            match (is_over, end.is_some()) {
                (true, _) if is_empty => return Ok(None),
                (_, true) if is_empty => line.clear(),
                (false, false) => {}
                _ => return Ok(Some((!is_long).then_some(line))),
            }
        }
    }
}
