//! What a rule would do with an event, without doing it: for whoever writes rules.

use std::collections::{BTreeMap, BTreeSet};

use super::Carried;
use super::message::{self, Worded};
use super::recipients::{self, Reach};
use crate::catalogue::Catalogue;
use crate::filter::{EventView, Filter, Matcher};
use crate::notification::outgoing::{Channel, Outgoing, Route};
use crate::notification::rule::Rule;
use crate::notification::state::TenantNotifications;
use crate::record::Recorded;

/// What would become of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Whether the rule is about it at all.
    pub matches: bool,
    /// How many it would reach through each channel that leads to anybody.
    pub reached: BTreeMap<Channel, usize>,
    /// The message as it would be worded.
    pub message: Outgoing,
}

/// Tries a rule on an event. What was told before, and so is held back, is not looked at.
pub fn trial(
    rule: &Rule,
    filter: &Filter,
    recorded: &Recorded,
    said: &TenantNotifications,
    channels: &BTreeSet<Channel>,
    catalogue: &Catalogue,
) -> Trial {
    let event = &*recorded.event;
    let matches =
        event.severity >= rule.severity && Matcher::new(filter).matches(&EventView::of(event));
    let mut reached = BTreeMap::new();
    if matches {
        let carried = Carried { channels: channels.clone(), standing: Vec::new() };
        let found = recipients::of(rule, event, said, &carried);
        let mut count = |channel| *reached.entry(channel).or_insert(0) += 1;
        found.inboxes.iter().for_each(|_| count(Channel::Inbox));
        found.routes.iter().filter_map(|reach| channel_of(&reach.route, said)).for_each(count);
    }
    let sample = Reach {
        recipient: event.subject.as_ref().map(|subject| subject.id.clone()),
        route: Route::Syslog,
        language: None,
        preferences: None,
    };
    let message = message::outgoing(&Worded::of(recorded, catalogue), rule, &sample);
    Trial { matches, reached, message }
}

fn channel_of(route: &Route, said: &TenantNotifications) -> Option<Channel> {
    match route {
        Route::Email { .. } => Some(Channel::Email),
        Route::Syslog => Some(Channel::Syslog),
        Route::Endpoint { id } => said.endpoint(*id).map(|kept| kept.endpoint.kind.channel()),
    }
}
