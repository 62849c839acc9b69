//! Reading a stream or the whole log, once and to an end.

use std::sync::Arc;

use tokio::sync::mpsc::{Sender, channel};
use tonic::{Request, Response, Status};

use super::filter::Filter;
use super::{Answers, Node, subscribe, wire};
use crate::access::Right;
use crate::log::StreamPage;
use crate::proto::streams::read_req::Options;
use crate::proto::streams::read_req::options::all_options::AllOption;
use crate::proto::streams::read_req::options::stream_options::RevisionOption;
use crate::proto::streams::read_req::options::uuid_option::Content as UuidForm;
use crate::proto::streams::read_req::options::{
    CountOption, FilterOption, ReadDirection, StreamOption,
};
use crate::proto::streams::read_resp::{Content, StreamNotFound};
use crate::proto::streams::{ReadReq, ReadResp};
use crate::proto::{Position, StreamIdentifier};
use crate::refusal::Refusal;

/// How many answers may wait for a slow reader.
const ANSWERS_MAX: usize = 64;

/// How many events are taken from the log at a time.
pub(super) const PAGE: usize = 512;

/// What is read, and from where.
pub(super) enum What {
    Stream { name: String, from: RevisionOption },
    All { from: AllOption, filter: Option<Filter> },
}

/// A stream of answers that may end because nobody listens any more.
pub(super) type To = Sender<Result<ReadResp, Status>>;

pub(super) fn read(
    node: &Arc<Node>,
    request: Request<ReadReq>,
) -> Result<Response<Answers<ReadResp>>, Status> {
    let call = node.call(request.metadata())?;
    let options = request.into_inner().options.unwrap_or_default();
    let direction = options.read_direction();
    let (count, uuid_option, control) =
        (options.count_option, options.uuid_option, options.control_option);
    let begin = || -> Result<What, Refusal> {
        node.check_leader(&call, false)?;
        let what = what(options)?;
        let stream = match &what {
            What::Stream { name, .. } => name,
            What::All { .. } => "$all",
        };
        node.store.may(&call.caller, stream, Right::Read)?;
        check_position(node, &what)?;
        Ok(what)
    };
    let what = begin().map_err(|refusal| refusal.status())?;
    let structured = match uuid_option.and_then(|option| option.content) {
        Some(UuidForm::Structured(())) => true,
        Some(UuidForm::String(())) => false,
        None => return Err(Status::invalid_argument("the form of ids is not given")),
    };
    let compatible = control.is_some_and(|option| option.compatibility >= 1);
    let (answers, outgoing) = channel(ANSWERS_MAX);
    let node = Arc::clone(node);
    match count {
        Some(CountOption::Subscription(_)) => {
            tokio::spawn(subscribe::subscribe(node, what, structured, answers));
        }
        Some(CountOption::Count(count)) => {
            node.counters.read();
            let backwards = direction == ReadDirection::Backwards;
            let reading = Reading { node, backwards, structured, compatible, answers };
            tokio::spawn(reading.run(what, usize::try_from(count).unwrap_or(usize::MAX)));
        }
        None => return Err(Status::invalid_argument("neither count nor subscription is given")),
    }
    Ok(Response::new(Answers::new(outgoing)))
}

fn what(options: Options) -> Result<What, Refusal> {
    let filter = match options.filter_option {
        Some(FilterOption::Filter(filter)) => Some(Filter::read(filter)?),
        Some(FilterOption::NoFilter(())) | None => None,
    };
    match options.stream_option {
        Some(StreamOption::Stream(stream)) => Ok(What::Stream {
            name: wire::name(stream.stream_identifier)?,
            from: stream.revision_option.unwrap_or(RevisionOption::Start(())),
        }),
        Some(StreamOption::All(all)) => {
            Ok(What::All { from: all.all_option.unwrap_or(AllOption::Start(())), filter })
        }
        None => Err(Refusal::BadRequest("neither a stream nor $all is asked for".to_owned())),
    }
}

/// A position must be an event's, or lie behind the end of the log.
fn check_position(node: &Node, what: &What) -> Result<(), Refusal> {
    let What::All { from: AllOption::Position(at), .. } = what else { return Ok(()) };
    let inside =
        node.store.look(|log, durable| log.is_inside_a_record(at.commit_position, durable));
    if inside {
        return Err(Refusal::BadRequest("Trying to read from an invalid position.".to_owned()));
    }
    Ok(())
}

struct Reading {
    node: Arc<Node>,
    backwards: bool,
    structured: bool,
    compatible: bool,
    answers: To,
}

impl Reading {
    async fn run(self, what: What, count: usize) {
        // An error here means that the reader has gone.
        let _ = match what {
            What::Stream { name, from } => self.stream(&name, from, count).await,
            What::All { from, filter } => self.all(from, filter, count).await,
        };
    }

    async fn stream(&self, name: &str, from: RevisionOption, mut left: usize) -> Result<(), ()> {
        let mut from = match from {
            RevisionOption::Revision(revision) => revision,
            RevisionOption::Start(()) => 0,
            RevisionOption::End(()) => u64::MAX,
        };
        let mut any = false;
        loop {
            let max = left.min(PAGE);
            let page = self.node.store.read_stream(name, from, self.backwards, max);
            let (events, last) = match page {
                StreamPage::Missing => {
                    let stream_identifier = Some(StreamIdentifier::of(name));
                    return self
                        .send(Content::StreamNotFound(StreamNotFound { stream_identifier }))
                        .await;
                }
                StreamPage::Deleted => {
                    let refusal = Refusal::StreamDeleted(name.to_owned());
                    return self.answers.send(Err(refusal.status())).await.map_err(drop);
                }
                StreamPage::Events { events, last } => (events, last),
            };
            left -= events.len();
            for event in &events {
                self.answers
                    .send(Ok(wire::read_event(event, self.structured)))
                    .await
                    .map_err(drop)?;
            }
            any |= !events.is_empty();
            let next = match events.last() {
                Some(event) if self.backwards => event.revision.checked_sub(1),
                Some(event) => Some(event.revision + 1),
                None => None,
            };
            match next {
                Some(next) if left > 0 && events.len() == max => from = next,
                _ if !self.compatible => return Ok(()),
                _ if any => return self.send(Content::LastStreamPosition(last)).await,
                _ => return self.send(Content::FirstStreamPosition(last + 1)).await,
            }
        }
    }

    async fn all(
        &self,
        from: AllOption,
        filter: Option<Filter>,
        mut left: usize,
    ) -> Result<(), ()> {
        // Backwards, `at` is the index behind the next event to give.
        let mut at = self.node.store.look(|log, durable| match from {
            AllOption::Start(()) => 0,
            AllOption::End(()) => durable,
            AllOption::Position(Position { commit_position, .. }) => {
                log.index_at(commit_position, durable)
            }
        });
        while left > 0 {
            let (page, looked_at) = self.node.store.look(|log, durable| {
                let at = at.min(durable);
                let indices = match self.backwards {
                    true => at.saturating_sub(PAGE)..at,
                    false => at..durable.min(at + PAGE),
                };
                let mut page = log.in_all(indices.clone());
                if self.backwards {
                    page.reverse();
                }
                (page, indices.len())
            });
            if looked_at == 0 {
                break;
            }
            at = if self.backwards { at.saturating_sub(looked_at) } else { at + looked_at };
            let wanted = |event: &&_| filter.as_ref().is_none_or(|filter| filter.passes(event));
            for event in page.iter().map(AsRef::as_ref).filter(wanted).take(left) {
                left -= 1;
                let answer = wire::read_event(event, self.structured);
                self.answers.send(Ok(answer)).await.map_err(drop)?;
            }
        }
        Ok(())
    }

    async fn send(&self, content: Content) -> Result<(), ()> {
        self.answers.send(Ok(wire::answer(content))).await.map_err(drop)
    }
}
