//! Batch append: many appends on one call, written as they come and answered in that order.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

use super::{Answers, Call, Node, wire};
use crate::access::Right;
use crate::event::Expected;
use crate::faults::AppendFault;
use crate::log::Written;
use crate::proto::streams::batch_append_req::{Options, options::ExpectedStreamPosition as Asked};
use crate::proto::streams::batch_append_resp::{
    ExpectedStreamPosition as Told, Result as Outcome, Status as ItemStatus,
};
use crate::proto::streams::{BatchAppendReq, BatchAppendResp, ProposedMessage};
use crate::proto::{StreamIdentifier, WireUuid};
use crate::refusal::Refusal;

/// How many items may wait for their sync.
const WAITING_MAX: usize = 4_096;

/// How many answers may wait for a slow reader.
const ANSWERS_MAX: usize = 256;

/// How many appends may come in parts at a time.
const PARTS_MAX: usize = 64;

/// One append, all parts of it.
struct Item {
    id: Uuid,
    stream: String,
    expected: Expected,
    messages: Vec<ProposedMessage>,
}

/// An append that is begun, or refused.
struct Begun {
    id: Uuid,
    stream: String,
    expected: Expected,
    outcome: Result<Written, Refusal>,
    fault: Option<AppendFault>,
}

pub(super) fn batch_append(
    node: &Arc<Node>,
    request: Request<Streaming<BatchAppendReq>>,
) -> Result<Response<Answers<BatchAppendResp>>, Status> {
    if !node.options.batch_append {
        return Err(Status::unimplemented("this server knows no batch append"));
    }
    let call = node.call(request.metadata())?;
    let (answers, outgoing) = channel(ANSWERS_MAX);
    let (begun, waiting) = channel(WAITING_MAX);
    tokio::spawn(take_in(Arc::clone(node), call, request.into_inner(), begun, answers.clone()));
    tokio::spawn(answer(Arc::clone(node), waiting, answers));
    Ok(Response::new(Answers::new(outgoing)))
}

/// Begins each append as it comes.
async fn take_in(
    node: Arc<Node>,
    call: Call,
    mut requests: Streaming<BatchAppendReq>,
    begun: Sender<Begun>,
    answers: Sender<Result<BatchAppendResp, Status>>,
) {
    let mut parts = HashMap::new();
    loop {
        let request = tokio::select! {
            request = requests.message() => request,
            () = answers.closed() => return,
        };
        let Ok(Some(request)) = request else { return };
        let item = match join_parts(&mut parts, request) {
            Ok(Some(item)) => item,
            Ok(None) => continue,
            Err(refusal) => {
                let _ = answers.send(Err(refusal.status())).await;
                return;
            }
        };
        node.counters.batch_item();
        if begun.send(begin(&node, &call, item)).await.is_err() {
            return;
        }
    }
}

/// Adds a request to what came of the same append before; gives the append once it is whole.
fn join_parts(
    parts: &mut HashMap<Uuid, Item>,
    request: BatchAppendReq,
) -> Result<Option<Item>, Refusal> {
    let id = WireUuid::read(request.correlation_id.as_ref())
        .ok_or_else(|| Refusal::BadRequest("the correlation id is empty".to_owned()))?;
    let mut item = match (parts.remove(&id), request.options) {
        (Some(item), _) => item,
        (None, Some(options)) => begin_item(id, options)?,
        (None, None) => return Err(Refusal::BadRequest("the append has no options".to_owned())),
    };
    item.messages.extend(request.proposed_messages);
    if request.is_final {
        return Ok(Some(item));
    }
    if parts.len() == PARTS_MAX {
        return Err(Refusal::BadRequest("too many appends come in parts".to_owned()));
    }
    parts.insert(id, item);
    Ok(None)
}

fn begin_item(id: Uuid, options: Options) -> Result<Item, Refusal> {
    let expected = match options.expected_stream_position {
        Some(Asked::StreamPosition(revision)) => Expected::Exact(revision),
        Some(Asked::NoStream(())) => Expected::NoStream,
        Some(Asked::StreamExists(())) => Expected::StreamExists,
        Some(Asked::Any(())) => Expected::Any,
        None => return Err(Refusal::BadRequest("no expected revision is given".to_owned())),
    };
    let stream = wire::name(options.stream_identifier)?;
    Ok(Item { id, stream, expected, messages: Vec::new() })
}

fn begin(node: &Node, call: &Call, item: Item) -> Begun {
    let Item { id, stream, expected, messages } = item;
    let mut fault = None;
    let outcome = (|| {
        node.check_leader(call, true)?;
        let events = wire::events(messages, node.options.max_append_size)?;
        node.store.may(&call.caller, &stream, Right::Write)?;
        fault = node.faults.take_append();
        match &fault {
            Some(AppendFault::Refuse(refusal)) => Err(refusal.clone()),
            Some(AppendFault::BreakSession) => {
                Err(Refusal::Unavailable("the session was broken on command".to_owned()))
            }
            Some(AppendFault::Swallow) => Ok(Written { revision: None, position: None, needs: 0 }),
            _ => node.store.begin_append(&stream, expected, events),
        }
    })();
    Begun { id, stream, expected, outcome, fault }
}

/// Answers each append once it is on disk; a refusal that is no item's ends the session.
async fn answer(
    node: Arc<Node>,
    mut waiting: Receiver<Begun>,
    answers: Sender<Result<BatchAppendResp, Status>>,
) {
    while let Some(begun) = waiting.recv().await {
        let outcome = match begun.outcome {
            Ok(written) => node.store.until_durable(written).await,
            Err(refusal) => Err(refusal),
        };
        let outcome = match (outcome, &begun.fault) {
            (Ok(_), Some(AppendFault::CommitThenFail(refusal))) => Err(refusal.clone()),
            (outcome, _) => outcome,
        };
        let outcome = match outcome {
            Ok(written) => Outcome::Success(wire::success(written)),
            Err(refusal) => match refusal.item() {
                Some((code, message)) => Outcome::Error(ItemStatus { code: code.into(), message }),
                None => {
                    let _ = answers.send(Err(refusal.status())).await;
                    return;
                }
            },
        };
        let reply = reply(begun.id, &begun.stream, begun.expected, outcome);
        let sent = match begun.fault {
            Some(AppendFault::CommitSilently | AppendFault::Swallow) => Ok(()),
            Some(AppendFault::AnswerLate) => {
                let (released, answers) = (node.faults.released(), answers.clone());
                tokio::spawn(async move {
                    released.await;
                    let _ = answers.send(Ok(reply)).await;
                });
                Ok(())
            }
            Some(AppendFault::AnswerTwice) => {
                let _ = answers.send(Ok(reply.clone())).await;
                answers.send(Ok(reply)).await
            }
            Some(AppendFault::AnswerStrayFirst) => {
                let mut stray = reply.clone();
                stray.correlation_id = Some(WireUuid::structured(Uuid::new_v4()));
                let _ = answers.send(Ok(stray)).await;
                answers.send(Ok(reply)).await
            }
            _ => answers.send(Ok(reply)).await,
        };
        if sent.is_err() {
            return;
        }
    }
}

fn reply(id: Uuid, stream: &str, expected: Expected, outcome: Outcome) -> BatchAppendResp {
    let expected = match expected {
        Expected::Exact(revision) => Told::StreamPosition(revision),
        Expected::NoStream => Told::NoStream(()),
        Expected::Any => Told::Any(()),
        Expected::StreamExists => Told::StreamExists(()),
    };
    BatchAppendResp {
        correlation_id: Some(WireUuid::structured(id)),
        result: Some(outcome),
        stream_identifier: Some(StreamIdentifier::of(stream)),
        expected_stream_position: Some(expected),
    }
}
