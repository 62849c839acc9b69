//! What is asked of notification rules, and what is answered.

use async_graphql::{ID, InputObject, SimpleObject};

use crate::graphql::notifications::NotificationChannel;
use crate::graphql::query::AllQueries;
use crate::graphql::scalars::{DateTime, Severity};
use crate::graphql::user_error::UserError;

/// Events that agree in these fields are told once in a window.
#[derive(SimpleObject, InputObject)]
#[graphql(input_name = "NotificationDedupeInput")]
pub(in crate::graphql) struct NotificationDedupe {
    /// Fields such as `client.ip`; none: all events of the rule are alike.
    #[graphql(default)]
    pub(super) key: Vec<String>,
    /// How long after the first one.
    pub(super) window_seconds: u64,
}

/// A recipient gets so many messages of the rule in a window.
#[derive(SimpleObject, InputObject)]
#[graphql(input_name = "NotificationThrottleInput")]
pub(in crate::graphql) struct NotificationThrottle {
    /// How many.
    pub(super) messages: u32,
    /// In how long a time.
    pub(super) window_seconds: u64,
}

/// Which events tell whom, and how.
#[derive(SimpleObject)]
pub(in crate::graphql) struct NotificationRule {
    /// Kebab-case.
    pub(super) id: ID,
    /// For people.
    pub(super) name: String,
    /// Whether it shall tell anybody.
    pub(super) enabled: bool,
    /// Which events, in the query language.
    pub(super) filter: String,
    /// Whom: `subject`, `actor`, `role:<name>`, `person:<id>`, `endpoint:<id>`, `endpoints`.
    pub(super) audience: Vec<String>,
    /// Through what.
    pub(super) channels: Vec<NotificationChannel>,
    /// Events below this severity tell nobody.
    pub(super) severity: Severity,
    /// Name of the template that words it.
    pub(super) template: String,
    /// What is told once in a window.
    pub(super) dedupe: Option<NotificationDedupe>,
    /// How many messages a recipient gets in a window.
    pub(super) throttle: Option<NotificationThrottle>,
    /// Messages are gathered for so long, seconds.
    pub(super) digest_seconds: Option<u64>,
    /// Whether messages wait for the end of a person's quiet hours.
    pub(super) quiet: bool,
    /// Whether people cannot switch it off.
    pub(super) mandatory: bool,
    /// Whether it ships with Annals.
    pub(super) is_shipped: bool,
    /// Whether it stands in the place of a shipped one.
    pub(super) replaces_shipped: bool,
    /// Whether it tells anybody.
    pub(super) is_in_effect: bool,
    /// When it was set; null for a shipped one.
    pub(super) set_at: Option<DateTime>,
    /// The event that set it; null for a shipped one.
    pub(super) event_id: Option<ID>,
}

/// A rule as it shall be.
#[derive(InputObject)]
pub(in crate::graphql) struct NotificationRuleInput {
    /// Kebab-case. What has the id of a shipped rule stands in its place.
    pub(super) id: ID,
    /// For people.
    pub(super) name: String,
    /// Whether it tells anybody.
    #[graphql(default = true)]
    pub(super) enabled: bool,
    /// Which events, in the query language.
    pub(super) filter: String,
    /// Whom: `subject`, `actor`, `role:<name>`, `person:<id>`, `endpoint:<id>`, `endpoints`.
    pub(super) audience: Vec<String>,
    /// Through what.
    pub(super) channels: Vec<NotificationChannel>,
    /// Events below this severity tell nobody; `INFO` when absent.
    pub(super) severity: Option<Severity>,
    /// Name of the template that words it; `event` when absent.
    pub(super) template: Option<String>,
    /// What is told once in a window.
    pub(super) dedupe: Option<NotificationDedupe>,
    /// How many messages a recipient gets in a window.
    pub(super) throttle: Option<NotificationThrottle>,
    /// Messages are gathered for so long, seconds.
    pub(super) digest_seconds: Option<u64>,
    /// Whether messages wait for the end of a person's quiet hours.
    #[graphql(default = true)]
    pub(super) quiet: bool,
    /// Whether people cannot switch it off.
    #[graphql(default)]
    pub(super) mandatory: bool,
    /// The `eventId` of the rule that was seen; without it, whatever there is is changed.
    pub(super) seen_event_id: Option<ID>,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql) struct SetNotificationRulePayload {
    /// The rule; null when it could not be set.
    pub(super) rule: Option<NotificationRule>,
    /// What is wrong with the input.
    pub(super) user_errors: Vec<UserError>,
    /// To ask further.
    pub(super) query: AllQueries,
}

/// Which rule to take away.
#[derive(InputObject)]
pub(in crate::graphql) struct RemoveNotificationRuleInput {
    /// Identifies it.
    pub(super) id: ID,
    /// The `eventId` of the rule that was seen; without it, whatever there is is taken away.
    pub(super) seen_event_id: Option<ID>,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql) struct RemoveNotificationRulePayload {
    /// The rule that is gone; null when it could not be taken away.
    pub(super) removed_id: Option<ID>,
    /// What is wrong with the input.
    pub(super) user_errors: Vec<UserError>,
    /// To ask further.
    pub(super) query: AllQueries,
}

/// A rule to try.
#[derive(InputObject)]
pub(in crate::graphql) struct PreviewNotificationRuleInput {
    /// The rule.
    pub(super) rule: NotificationRuleInput,
    /// An event that the caller may see; without it, what is worded is a sample.
    pub(super) event_id: Option<ID>,
    /// Language, such as `de`; `en` when absent.
    pub(super) locale: Option<String>,
}

/// How many a rule would reach through a channel.
#[derive(SimpleObject)]
pub(in crate::graphql) struct NotificationReach {
    /// The channel.
    pub(super) channel: NotificationChannel,
    /// How many.
    pub(super) count: u64,
}

/// What a rule would do.
#[derive(SimpleObject)]
pub(in crate::graphql) struct NotificationRulePreview {
    /// Whether the rule is about the event; null without an event or when the rule cannot be used.
    pub(super) matches: Option<bool>,
    /// How many it would reach, where it would reach anybody.
    pub(super) reached: Vec<NotificationReach>,
    /// What happened, in a few words.
    pub(super) title: Option<String>,
    /// What happened, in a sentence.
    pub(super) sentence: Option<String>,
    /// Subject of the mail, as its template words it.
    pub(super) subject: Option<String>,
    /// Text of the mail.
    pub(super) text: Option<String>,
    /// What is wrong with the input.
    pub(super) user_errors: Vec<UserError>,
}
