//! Following a stream or the whole log: first what is there, then what comes.

use std::sync::Arc;

use tonic::Status;
use uuid::Uuid;

use super::filter::Filter;
use super::read::{PAGE, To, What};
use super::{Node, wire};
use crate::event::Event;
use crate::faults::SubscriptionEnd;
use crate::log::StreamPage;
use crate::proto::Position;
use crate::proto::streams::read_req::options::all_options::AllOption;
use crate::proto::streams::read_req::options::stream_options::RevisionOption;
use crate::proto::streams::read_resp::{Content, SubscriptionConfirmation};
use crate::refusal::Refusal;

/// Where a subscription stands.
enum Cursor {
    /// The next revision of a stream.
    Stream { name: String, next: u64 },
    /// The index of the next event, and how many were looked at since the last checkpoint.
    All { next: usize, filter: Option<Filter>, looked_at: u64 },
}

/// What comes next on a subscription.
enum Step {
    Events(Vec<Arc<Event>>),
    Nothing,
    Refused(Refusal),
}

struct Subscription {
    node: Arc<Node>,
    structured: bool,
    answers: To,
}

/// Why a subscription goes no further.
enum Ended {
    SubscriberGone,
    Refused(Refusal),
    OnlyConfirmed,
}

pub(super) async fn subscribe(node: Arc<Node>, what: What, structured: bool, answers: To) {
    let _open = node.counters.subscription();
    let mut ended = node.faults.ended();
    ended.mark_unchanged();
    let at_once = node.faults.take_subscription();
    let subscription = Subscription { node, structured, answers: answers.clone() };
    let end = tokio::select! {
        end = subscription.run(what, at_once.is_some()) => match end {
            Ended::SubscriberGone => return,
            Ended::Refused(refusal) => Some(refusal.status()),
            Ended::OnlyConfirmed => status_of(at_once),
        },
        _ = ended.changed() => status_of(*ended.borrow()),
        () = answers.closed() => return,
    };
    if let Some(status) = end {
        let _ = answers.send(Err(status)).await;
    }
}

fn status_of(end: Option<SubscriptionEnd>) -> Option<Status> {
    match end {
        None | Some(SubscriptionEnd::Ok) => None,
        Some(SubscriptionEnd::Unavailable) => {
            Some(Status::unavailable("the subscription was ended on command"))
        }
        Some(SubscriptionEnd::Aborted) => {
            Some(Status::aborted("the subscription was ended on command"))
        }
    }
}

impl Subscription {
    async fn run(&self, what: What, only_confirm: bool) -> Ended {
        let mut more = self.node.store.follow();
        let mut cursor = self.begin(what);
        let confirmation = SubscriptionConfirmation { subscription_id: Uuid::new_v4().to_string() };
        if self.send(Content::Confirmation(confirmation)).await.is_err() {
            return Ended::SubscriberGone;
        }
        if only_confirm {
            return Ended::OnlyConfirmed;
        }
        let mut live = false;
        loop {
            more.mark_unchanged();
            let events = match self.step(&mut cursor) {
                Step::Events(events) => events,
                Step::Refused(refusal) => return Ended::Refused(refusal),
                Step::Nothing => {
                    if !live {
                        live = true;
                        if self.send(Content::CaughtUp(())).await.is_err() {
                            return Ended::SubscriberGone;
                        }
                    }
                    if more.changed().await.is_err() {
                        return Ended::SubscriberGone;
                    }
                    continue;
                }
            };
            if self.pass_on(&mut cursor, &events).await.is_err() {
                return Ended::SubscriberGone;
            }
        }
    }

    /// A subscription begins behind the place it names.
    fn begin(&self, what: What) -> Cursor {
        let store = &self.node.store;
        match what {
            What::Stream { name, from } => {
                let next = match from {
                    RevisionOption::Start(()) => 0,
                    RevisionOption::Revision(revision) => revision.saturating_add(1),
                    RevisionOption::End(()) => match store.read_stream(&name, u64::MAX, true, 1) {
                        StreamPage::Events { last, .. } => last + 1,
                        StreamPage::Missing | StreamPage::Deleted => 0,
                    },
                };
                Cursor::Stream { name, next }
            }
            What::All { from, filter } => {
                let next = store.look(|log, durable| match from {
                    AllOption::Start(()) => 0,
                    AllOption::End(()) => durable,
                    AllOption::Position(Position { commit_position, .. }) => {
                        log.index_after(commit_position, durable)
                    }
                });
                Cursor::All { next, filter, looked_at: 0 }
            }
        }
    }

    fn step(&self, cursor: &mut Cursor) -> Step {
        match cursor {
            Cursor::Stream { name, next } => {
                match self.node.store.read_stream(name, *next, false, PAGE) {
                    StreamPage::Deleted => Step::Refused(Refusal::StreamDeleted(name.clone())),
                    StreamPage::Missing => Step::Nothing,
                    StreamPage::Events { events, .. } if events.is_empty() => Step::Nothing,
                    StreamPage::Events { events, .. } => {
                        *next = events.last().map_or(*next, |event| event.revision + 1);
                        Step::Events(events)
                    }
                }
            }
            Cursor::All { next, .. } => self.node.store.look(|log, durable| {
                if *next > durable {
                    let why = "the log was cut back behind this subscription";
                    return Step::Refused(Refusal::Unavailable(why.to_owned()));
                }
                let page = *next..durable.min(*next + PAGE);
                *next = page.end;
                if page.is_empty() { Step::Nothing } else { Step::Events(log.in_all(page)) }
            }),
        }
    }

    async fn pass_on(&self, cursor: &mut Cursor, events: &[Arc<Event>]) -> Result<(), ()> {
        for event in events {
            let Cursor::All { filter: Some(filter), looked_at, .. } = &mut *cursor else {
                self.send_event(event).await?;
                continue;
            };
            if filter.passes(event) {
                self.send_event(event).await?;
            }
            *looked_at += 1;
            if *looked_at >= filter.checkpoint_every {
                *looked_at = 0;
                self.send(Content::Checkpoint(Position::at(event.position))).await?;
            }
        }
        Ok(())
    }

    async fn send_event(&self, event: &Event) -> Result<(), ()> {
        let pause = self.node.faults.pause();
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        self.node.faults.subscriptions().pass().await;
        self.answers.send(Ok(wire::read_event(event, self.structured))).await.map_err(drop)
    }

    async fn send(&self, content: Content) -> Result<(), ()> {
        self.node.faults.subscriptions().pass().await;
        self.answers.send(Ok(wire::answer(content))).await.map_err(drop)
    }
}
