//! Unary append: options first, then the events.

use std::future::pending;
use std::sync::Arc;

use tonic::{Request, Response, Status, Streaming};

use super::{Call, Node, wire};
use crate::access::Right;
use crate::event::Expected;
use crate::faults::AppendFault;
use crate::log::Written;
use crate::proto::streams::append_req::Content;
use crate::proto::streams::append_resp::wrong_expected_version::{
    CurrentRevisionOption, ExpectedRevisionOption,
};
use crate::proto::streams::append_resp::{Result as Outcome, WrongExpectedVersion};
use crate::proto::streams::{AppendReq, AppendResp, ProposedMessage, WriteOptions};
use crate::refusal::Refusal;

pub(super) async fn append(
    node: &Arc<Node>,
    request: Request<Streaming<AppendReq>>,
) -> Result<Response<AppendResp>, Status> {
    let call = node.call(request.metadata())?;
    node.counters.append();
    let (options, messages) = collect(node, request.into_inner()).await?;
    let result = match write(node, &call, options, messages).await {
        Ok(written) => Outcome::Success(wire::success(written)),
        Err(Refusal::WrongExpectedVersion { expected, current }) => {
            Outcome::WrongExpectedVersion(wrong_version(expected, current))
        }
        Err(refusal) => return Err(refusal.status()),
    };
    Ok(Response::new(AppendResp { result: Some(result) }))
}

/// Reads all of the request; more than may be appended is not kept.
async fn collect(
    node: &Node,
    mut parts: Streaming<AppendReq>,
) -> Result<(WriteOptions, Vec<ProposedMessage>), Status> {
    let mut options = None;
    let mut messages = Vec::new();
    let mut size = 0;
    while let Some(part) = parts.message().await? {
        match part.content {
            Some(Content::Options(first)) => options = Some(first),
            Some(Content::ProposedMessage(message)) => {
                size += message.data.len() + message.custom_metadata.len();
                if size > node.options.max_append_size {
                    return Err(Refusal::TooLarge(node.options.max_append_size).status());
                }
                messages.push(message);
            }
            None => {}
        }
    }
    let options = options.ok_or_else(|| Status::invalid_argument("the request has no options"))?;
    Ok((options, messages))
}

async fn write(
    node: &Node,
    call: &Call,
    options: WriteOptions,
    messages: Vec<ProposedMessage>,
) -> Result<Written, Refusal> {
    node.check_leader(call, true)?;
    let (stream, expected) = wire::target(options)?;
    let events = wire::events(messages, node.options.max_append_size)?;
    node.store.may(&call.caller, &stream, Right::Write)?;
    let fault = node.faults.take_append();
    match &fault {
        Some(AppendFault::Refuse(refusal)) => return Err(refusal.clone()),
        Some(AppendFault::BreakSession) => {
            return Err(Refusal::Unavailable("the session was broken on command".to_owned()));
        }
        Some(AppendFault::Swallow) => pending().await,
        _ => {}
    }
    let released = node.faults.released();
    let written = node.store.begin_append(&stream, expected, events)?;
    let written = node.store.until_durable(written).await?;
    match fault {
        Some(AppendFault::CommitThenFail(refusal)) => Err(refusal),
        Some(AppendFault::CommitSilently) => pending().await,
        Some(AppendFault::AnswerLate) => {
            released.await;
            Ok(written)
        }
        _ => Ok(written),
    }
}

fn wrong_version(expected: Expected, current: Option<u64>) -> WrongExpectedVersion {
    let current = current
        .map_or(CurrentRevisionOption::CurrentNoStream(()), CurrentRevisionOption::CurrentRevision);
    let expected = match expected {
        Expected::Exact(revision) => ExpectedRevisionOption::ExpectedRevision(revision),
        Expected::Any => ExpectedRevisionOption::ExpectedAny(()),
        Expected::StreamExists => ExpectedRevisionOption::ExpectedStreamExists(()),
        Expected::NoStream => ExpectedRevisionOption::ExpectedNoStream(()),
    };
    WrongExpectedVersion {
        current_revision_option: Some(current),
        expected_revision_option: Some(expected),
    }
}
