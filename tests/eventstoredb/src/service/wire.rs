//! Between the messages of the protocol and what the log takes and gives.

use std::collections::HashMap;

use crate::event::{Event, Expected, NewEvent};
use crate::log::Written;
use crate::proto::streams::read_resp::read_event::{Position as ReadPosition, RecordedEvent};
use crate::proto::streams::read_resp::{Content, ReadEvent};
use crate::proto::streams::success::{CurrentRevisionOption, PositionOption};
use crate::proto::streams::write_options::ExpectedStreamRevision;
use crate::proto::streams::{ProposedMessage, ReadResp, Success, WriteOptions};
use crate::proto::{Position, StreamIdentifier, WireUuid};
use crate::refusal::Refusal;

/// Stream and expectation of a write.
pub(crate) fn target(options: WriteOptions) -> Result<(String, Expected), Refusal> {
    let expected = match options.expected_stream_revision {
        Some(ExpectedStreamRevision::Revision(revision)) => Expected::Exact(revision),
        Some(ExpectedStreamRevision::NoStream(())) => Expected::NoStream,
        Some(ExpectedStreamRevision::StreamExists(())) => Expected::StreamExists,
        Some(ExpectedStreamRevision::Any(())) => Expected::Any,
        None => return Err(Refusal::BadRequest("no expected revision is given".to_owned())),
    };
    Ok((name(options.stream_identifier)?, expected))
}

pub(crate) fn name(stream: Option<StreamIdentifier>) -> Result<String, Refusal> {
    StreamIdentifier::name(stream)
        .ok_or_else(|| Refusal::BadRequest("the stream has no name".to_owned()))
}

/// Checks the events of one append.
pub(crate) fn events(
    messages: Vec<ProposedMessage>,
    max_size: usize,
) -> Result<Vec<NewEvent>, Refusal> {
    let size: usize =
        messages.iter().map(|message| message.data.len() + message.custom_metadata.len()).sum();
    if size > max_size {
        return Err(Refusal::TooLarge(max_size));
    }
    messages.into_iter().map(event).collect()
}

fn event(mut message: ProposedMessage) -> Result<NewEvent, Refusal> {
    let event_type = message.metadata.remove("type").ok_or(Refusal::MissingMetadata("type"))?;
    let content_type =
        message.metadata.remove("content-type").ok_or(Refusal::MissingMetadata("content-type"))?;
    if event_type.is_empty() {
        return Err(Refusal::BadRequest("the type of an event is empty".to_owned()));
    }
    let id = WireUuid::read(message.id.as_ref())
        .ok_or_else(|| Refusal::BadRequest("the id of an event is empty".to_owned()))?;
    Ok(NewEvent {
        id,
        event_type,
        content_type,
        metadata: message.custom_metadata,
        data: message.data,
    })
}

/// The answer to an append. Clients unwrap every part of it.
pub(crate) fn success(written: Written) -> Success {
    let revision = written
        .revision
        .map_or(CurrentRevisionOption::NoStream(()), CurrentRevisionOption::CurrentRevision);
    let position = written
        .position
        .map_or(PositionOption::NoPosition(()), |at| PositionOption::Position(Position::at(at)));
    Success { current_revision_option: Some(revision), position_option: Some(position) }
}

/// An event as readers and subscribers get it.
pub(crate) fn read_event(event: &Event, structured_id: bool) -> ReadResp {
    let id = if structured_id { WireUuid::structured(event.id) } else { WireUuid::text(event.id) };
    let metadata = HashMap::from([
        ("type".to_owned(), event.event_type.to_string()),
        ("created".to_owned(), event.created.to_string()),
        ("content-type".to_owned(), event.content_type.to_string()),
    ]);
    answer(Content::Event(ReadEvent {
        event: Some(RecordedEvent {
            id: Some(id),
            stream_identifier: Some(StreamIdentifier::of(&event.stream)),
            stream_revision: event.revision,
            prepare_position: event.position,
            commit_position: event.position,
            metadata,
            custom_metadata: event.metadata.clone(),
            data: event.data.clone(),
        }),
        link: None,
        position: Some(ReadPosition::CommitPosition(event.position)),
    }))
}

pub(crate) fn answer(content: Content) -> ReadResp {
    ReadResp { content: Some(content) }
}
