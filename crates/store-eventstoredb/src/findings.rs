//! Traces in the log of what Annals did not do.
//!
//! Annals only ever appends to the streams of records, and cuts them where retention removed what they
//! began with, under a mark. Whoever else deletes such a stream, cuts it or writes something else into it
//! leaves a trace, which is recognised here while the log is copied.

use std::fmt;

use annals_domain::Position;
use eventstore::RecordedEvent;
use uuid::Uuid;

use crate::names::{METADATA_PREFIX, Names};

/// Type of the event that the server writes into a stream that is deleted for good.
const TOMBSTONE_TYPE: &str = "$streamDeleted";
/// The stream of the default rights.
pub(crate) const SETTINGS_STREAM: &str = "$settings";

/// Something in the log that Annals did not write, or that is missing from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// In which stream.
    pub stream: String,
    /// Where in the log it was noticed.
    pub position: Position,
    /// The event that it was noticed by; the same on every node.
    pub event: Uuid,
    /// When the server wrote that event, seconds since 1970.
    pub noticed_at: i64,
}

/// Kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FindingKind {
    /// A stream of records was deleted for good.
    StreamDeleted,
    /// The metadata of a stream of records was changed: it may have been cut, or its rights changed.
    MetadataChanged,
    /// The default rights of streams were changed.
    RightsChanged,
    /// A stream of records holds something that is none.
    ForeignEvent,
    /// Revisions of a stream are missing from the log.
    RecordsMissing,
    /// Two records have the same id.
    IdUsedTwice,
}

impl FindingKind {
    /// A word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StreamDeleted => "stream_deleted",
            Self::MetadataChanged => "metadata_changed",
            Self::RightsChanged => "rights_changed",
            Self::ForeignEvent => "foreign_event",
            Self::RecordsMissing => "records_missing",
            Self::IdUsedTwice => "id_used_twice",
        }
    }
}

/// A sentence for operators.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, stream, position, .. } = self;
        match kind {
            FindingKind::StreamDeleted => {
                write!(f, "the stream `{stream}` was deleted, at position {position}")
            }
            FindingKind::MetadataChanged => {
                write!(
                    f,
                    "the metadata of the stream `{stream}` was changed, at position {position}"
                )
            }
            FindingKind::RightsChanged => {
                write!(f, "the default rights of streams were changed, at position {position}")
            }
            FindingKind::ForeignEvent => {
                write!(f, "the stream `{stream}` holds what is no record, at position {position}")
            }
            FindingKind::RecordsMissing => {
                write!(f, "records are missing in the stream `{stream}` before position {position}")
            }
            FindingKind::IdUsedTwice => write!(
                f,
                "a record in the stream `{stream}` at position {position} has the id of an earlier one"
            ),
        }
    }
}

impl Finding {
    pub(crate) fn new(kind: FindingKind, event: &RecordedEvent) -> Self {
        let stream = &event.stream_id;
        Self {
            kind,
            // Of metadata the stream that it describes.
            stream: stream.strip_prefix(METADATA_PREFIX).unwrap_or(stream).to_owned(),
            position: Position(event.position.commit),
            event: event.id,
            noticed_at: event.created.timestamp(),
        }
    }
}

/// What an event of the server is to Annals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort<'a> {
    /// It should be a record, of the stream of this name.
    Record(&'a str),
    /// It is the metadata of the stream of records of this name.
    Metadata(&'a str),
    /// It tells of something that Annals did not do.
    Finding(FindingKind),
    /// The default rights were written.
    Rights,
    /// It does not concern us.
    Other,
}

/// Tells what an event is by its stream, as the server calls it, and its type.
pub(crate) fn sort<'a>(names: &Names, on_server: &'a str, event_type: &str) -> Sort<'a> {
    if on_server == SETTINGS_STREAM {
        return Sort::Rights;
    }
    if let Some(described) = on_server.strip_prefix(METADATA_PREFIX) {
        return match names.of_records(described) {
            Some(name) => Sort::Metadata(name),
            None => Sort::Other,
        };
    }
    match (names.of_records(on_server), event_type) {
        (None, _) => Sort::Other,
        (Some(_), TOMBSTONE_TYPE) => Sort::Finding(FindingKind::StreamDeleted),
        (Some(_), other) if other.starts_with('$') => Sort::Finding(FindingKind::ForeignEvent),
        (Some(name), _) => Sort::Record(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_apart_by_stream_and_type() {
        use FindingKind as F;
        for (stream, event_type, sorted) in [
            ("person-acme.x", "user.login", Sort::Record("person-acme.x")),
            ("system-acme", "annals.log.read", Sort::Record("system-acme")),
            ("orders-1", "created", Sort::Other),
            ("annals-key-acme.x", "annals.key.wrapped", Sort::Other),
            ("$$orders-1", "$metadata", Sort::Other),
            ("$$annals-key-acme.x", "$metadata", Sort::Other),
            ("person-acme.x", "$streamDeleted", Sort::Finding(F::StreamDeleted)),
            ("person-acme.x", "$>", Sort::Finding(F::ForeignEvent)),
            ("$$person-acme.x", "$metadata", Sort::Metadata("person-acme.x")),
            ("$$system", "$metadata", Sort::Metadata("system")),
            ("$settings", "update-default-acl", Sort::Rights),
        ] {
            assert_eq!(sort(&Names::new(""), stream, event_type), sorted, "{stream} {event_type}");
        }
    }
}
