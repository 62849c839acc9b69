//! Who may do what on the server, so that records can only be appended.
//!
//! The server's default lets every user write, delete and cut every stream. `setup` narrows the
//! default rights once for all streams rather than stream by stream: one user appends, and nobody but
//! administrators deletes streams or writes their metadata (a keeper may, to take destroyed keys out).
//! Administrators of the server are above all rights; what they do leaves traces (see `findings`).

use std::time::Duration;

use eventstore::ExpectedRevision;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::address::Address;
use crate::connection::{Refusal, connect};
use crate::failure::Failure;
use crate::findings::SETTINGS_STREAM;
use crate::generation::{Generation, Lane};
use crate::names::METADATA_TYPE;
use crate::wire::Proposed;

const ADMINS: &str = "$admins";
const EVERYBODY: &str = "$all";
/// The metadata of the stream of all events, where it stands who may read it.
const ALL_METADATA: &str = "$$$all";
const SETTINGS_TYPE: &str = "update-default-acl";
const PATIENCE: Duration = Duration::from_secs(5);
/// How often somebody else may write the rights in between.
const CONFLICTS_MAX: usize = 5;

/// Whom rights are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Users {
    /// Appends and reads: the user of the Annals nodes.
    pub writer: String,
    /// Writes the metadata of the streams of destroyed keys and of those that retention cuts; without one,
    /// administrators do.
    pub keeper: Option<String>,
}

/// What is to be said of the rights of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rights {
    /// Records can be appended by one user and changed by administrators alone.
    Narrow {
        /// Who may append.
        writers: Vec<String>,
    },
    /// Others can write, delete or cut streams.
    Wide {
        /// What is too wide, each in a sentence.
        reasons: Vec<String>,
    },
    /// The user may not see the rights.
    Hidden,
}

/// Writes the default rights. The address names an administrator.
pub async fn setup(address: &Address, users: &Users) -> Result<(), Refusal> {
    let generation = connect(0, address, "").await?;
    let refused = |failure: Failure| Refusal::of(address, &failure);
    write(&generation, SETTINGS_STREAM, SETTINGS_TYPE, |_| default_rights(users))
        .await
        .map_err(refused)?;
    let readers = json!([users.writer, ADMINS]);
    write(&generation, ALL_METADATA, METADATA_TYPE, |metadata| with_readers(metadata, &readers))
        .await
        .map_err(refused)
}

/// Looks at the default rights, as the user of the address.
pub async fn look(address: &Address) -> Result<Rights, Refusal> {
    let generation = connect(0, address, "").await?;
    match generation.read_last(SETTINGS_STREAM, PATIENCE).await {
        Ok(settings) => {
            let settings = settings.map(|event| event.data).unwrap_or_default();
            Ok(judge(&serde_json::from_slice(&settings).unwrap_or_default()))
        }
        Err(Failure::Denied) => Ok(Rights::Hidden),
        Err(failure) => Err(Refusal::of(address, &failure)),
    }
}

/// Whether the content of `$settings` keeps everybody but one writer and administrators out.
pub(crate) fn protect_records(settings: &[u8]) -> bool {
    let settings = serde_json::from_slice(settings).unwrap_or_default();
    matches!(judge(&settings), Rights::Narrow { .. })
}

/// Appends a changed value to a stream whose newest event is what counts.
async fn write(
    generation: &Generation,
    stream: &str,
    event_type: &str,
    change: impl Fn(Value) -> Value,
) -> Result<(), Failure> {
    for _ in 0..CONFLICTS_MAX {
        let last = generation.read_last(stream, PATIENCE).await?;
        let expected = match &last {
            Some(event) => ExpectedRevision::Exact(event.revision),
            None => ExpectedRevision::NoStream,
        };
        let before: Value =
            last.and_then(|event| serde_json::from_slice(&event.data).ok()).unwrap_or_default();
        let after = change(before.clone());
        if before == after {
            return Ok(());
        }
        let event = Proposed::json(Uuid::new_v4(), event_type, &after)
            .map_err(|error| Failure::Refused(error.to_string()))?;
        match generation.append(Lane::Aside, stream, expected, &[event], PATIENCE).await {
            Err(Failure::Conflict) => {}
            outcome => return outcome.map(|_| ()),
        }
    }
    Err(Failure::unknown(format!("somebody else writes `{stream}` all the time")))
}

fn default_rights(users: &Users) -> Value {
    let mut metadata_writers = vec![ADMINS];
    metadata_writers.extend(users.keeper.as_deref());
    json!({
        "$userStreamAcl": {
            "$r": [users.writer, ADMINS],
            "$w": [users.writer],
            "$d": [ADMINS],
            "$mr": [users.writer, ADMINS],
            "$mw": metadata_writers,
        },
        "$systemStreamAcl": {
            "$r": [ADMINS], "$w": [ADMINS], "$d": [ADMINS], "$mr": [ADMINS], "$mw": [ADMINS],
        },
    })
}

fn with_readers(mut metadata: Value, readers: &Value) -> Value {
    if !metadata.is_object() {
        metadata = json!({});
    }
    metadata["$acl"]["$r"] = readers.clone();
    metadata
}

/// What default rights mean for records.
fn judge(settings: &Value) -> Rights {
    let rights = &settings["$userStreamAcl"];
    let named = |right: &str| names(&rights[right]);
    let mut reasons = Vec::new();
    let writers: Vec<String> = named("$w").unwrap_or_else(|| vec![EVERYBODY.into()]);
    let writers: Vec<String> = writers.into_iter().filter(|name| name != ADMINS).collect();
    if writers.iter().any(|name| name == EVERYBODY) || writers.len() > 1 {
        reasons.push(format!("{} may append to streams", writers.join(", ")));
    }
    for (right, what) in [("$d", "delete streams"), ("$mw", "cut streams and change their rights")]
    {
        let who = named(right).unwrap_or_else(|| vec![EVERYBODY.into()]);
        let too_many =
            who.iter().any(|name| name == EVERYBODY || writers.contains(name)) || who.len() > 2;
        if too_many {
            reasons.push(format!("{} may {what}", who.join(", ")));
        }
    }
    match reasons.is_empty() {
        true => Rights::Narrow { writers },
        false => Rights::Wide { reasons },
    }
}

/// A right is given to one name or to a list; one that is not there is given to all users.
fn names(right: &Value) -> Option<Vec<String>> {
    match right {
        Value::String(name) => Some(vec![name.clone()]),
        Value::Array(names) => {
            Some(names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
