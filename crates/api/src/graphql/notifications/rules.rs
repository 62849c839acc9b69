//! Which events tell whom.

use annals_domain::EventId;
use annals_domain::notification::{Audience, Dedupe, Digest, Rule, Throttle};
use annals_domain::problem::{ErrorCode, FieldError};
use async_graphql::{Context, ID, InputObject, Result, SimpleObject};

use super::super::failure::failed;
use super::super::mutation::UserError;
use super::super::query::{AllQueries, caller};
use super::super::scalars::{DateTime, Severity};
use super::{NotificationChannel, recorder, user_errors};
use crate::error::ApiError;
use crate::notification_rules::{self, Shown};

/// Events that agree in these fields are told once in a window.
#[derive(SimpleObject, InputObject)]
#[graphql(input_name = "NotificationDedupeInput")]
pub(in crate::graphql) struct NotificationDedupe {
    /// Fields such as `client.ip`; none: all events of the rule are alike.
    #[graphql(default)]
    key: Vec<String>,
    /// How long after the first one.
    window_seconds: u64,
}

/// A recipient gets so many messages of the rule in a window.
#[derive(SimpleObject, InputObject)]
#[graphql(input_name = "NotificationThrottleInput")]
pub(in crate::graphql) struct NotificationThrottle {
    /// How many.
    messages: u32,
    /// In how long a time.
    window_seconds: u64,
}

/// Which events tell whom, and how.
#[derive(SimpleObject)]
pub(in crate::graphql) struct NotificationRule {
    /// Kebab-case.
    id: ID,
    /// For people.
    name: String,
    /// Whether it shall tell anybody.
    enabled: bool,
    /// Which events, in the query language.
    filter: String,
    /// Whom: `subject`, `actor`, `role:<name>`, `person:<id>`, `endpoint:<id>`, `endpoints`.
    audience: Vec<String>,
    /// Through what.
    channels: Vec<NotificationChannel>,
    /// Events below this severity tell nobody.
    severity: Severity,
    /// Name of the template that words it.
    template: String,
    /// What is told once in a window.
    dedupe: Option<NotificationDedupe>,
    /// How many messages a recipient gets in a window.
    throttle: Option<NotificationThrottle>,
    /// Messages are gathered for so long, seconds.
    digest_seconds: Option<u64>,
    /// Whether messages wait for the end of a person's quiet hours.
    quiet: bool,
    /// Whether people cannot switch it off.
    mandatory: bool,
    /// Whether it ships with Annals.
    is_shipped: bool,
    /// Whether it stands in the place of a shipped one.
    replaces_shipped: bool,
    /// Whether it tells anybody.
    is_in_effect: bool,
    /// When it was set; null for a shipped one.
    set_at: Option<DateTime>,
    /// The event that set it; null for a shipped one.
    event_id: Option<ID>,
}

/// A rule as it shall be.
#[derive(InputObject)]
pub(in crate::graphql) struct NotificationRuleInput {
    /// Kebab-case. What has the id of a shipped rule stands in its place.
    id: ID,
    /// For people.
    name: String,
    /// Whether it tells anybody.
    #[graphql(default = true)]
    enabled: bool,
    /// Which events, in the query language.
    filter: String,
    /// Whom: `subject`, `actor`, `role:<name>`, `person:<id>`, `endpoint:<id>`, `endpoints`.
    audience: Vec<String>,
    /// Through what.
    channels: Vec<NotificationChannel>,
    /// Events below this severity tell nobody; `INFO` when absent.
    severity: Option<Severity>,
    /// Name of the template that words it; `event` when absent.
    template: Option<String>,
    /// What is told once in a window.
    dedupe: Option<NotificationDedupe>,
    /// How many messages a recipient gets in a window.
    throttle: Option<NotificationThrottle>,
    /// Messages are gathered for so long, seconds.
    digest_seconds: Option<u64>,
    /// Whether messages wait for the end of a person's quiet hours.
    #[graphql(default = true)]
    quiet: bool,
    /// Whether people cannot switch it off.
    #[graphql(default)]
    mandatory: bool,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql) struct SetNotificationRulePayload {
    /// The rule; null when it could not be set.
    rule: Option<NotificationRule>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

/// Which rule to take away.
#[derive(InputObject)]
pub(in crate::graphql) struct RemoveNotificationRuleInput {
    /// Identifies it.
    id: ID,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql) struct RemoveNotificationRulePayload {
    /// The rule that is gone; null when it could not be taken away.
    removed_id: Option<ID>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

/// A rule to try.
#[derive(InputObject)]
pub(in crate::graphql) struct PreviewNotificationRuleInput {
    /// The rule.
    rule: NotificationRuleInput,
    /// An event that the caller may see; without it, what is worded is a sample.
    event_id: Option<ID>,
    /// Language, such as `de`; `en` when absent.
    locale: Option<String>,
}

/// How many a rule would reach through a channel.
#[derive(SimpleObject)]
pub(in crate::graphql) struct NotificationReach {
    /// The channel.
    channel: NotificationChannel,
    /// How many.
    count: u64,
}

/// What a rule would do.
#[derive(SimpleObject)]
pub(in crate::graphql) struct NotificationRulePreview {
    /// Whether the rule is about the event; null without an event or when the rule cannot be used.
    matches: Option<bool>,
    /// How many it would reach, where it would reach anybody.
    reached: Vec<NotificationReach>,
    /// What happened, in a few words.
    title: Option<String>,
    /// What happened, in a sentence.
    sentence: Option<String>,
    /// Subject of the mail, as its template words it.
    subject: Option<String>,
    /// Text of the mail.
    text: Option<String>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

pub(super) fn list(context: &Context<'_>) -> Result<Vec<NotificationRule>> {
    let (api, caller) = caller(context)?;
    let all = notification_rules::list(api, caller).map_err(failed)?;
    Ok(all.into_iter().map(NotificationRule::from).collect())
}

pub(super) async fn set(
    context: &Context<'_>,
    input: NotificationRuleInput,
) -> Result<SetNotificationRulePayload> {
    let (api, caller) = recorder(context)?;
    let set = match read(input) {
        Ok(rule) => notification_rules::set(api, caller, rule).await,
        Err(error) => Err(error),
    };
    let (rule, user_errors) = match set {
        Ok(shown) => (Some(shown.into()), Vec::new()),
        Err(error) => (None, user_errors(error, "id")?),
    };
    Ok(SetNotificationRulePayload { rule, user_errors, query: AllQueries::default() })
}

pub(super) async fn remove(
    context: &Context<'_>,
    input: RemoveNotificationRuleInput,
) -> Result<RemoveNotificationRulePayload> {
    let (api, caller) = recorder(context)?;
    let (removed_id, user_errors) = match notification_rules::remove(api, caller, &input.id).await {
        Ok(()) => (Some(input.id), Vec::new()),
        Err(error) => (None, user_errors(error, "id")?),
    };
    Ok(RemoveNotificationRulePayload { removed_id, user_errors, query: AllQueries::default() })
}

pub(super) async fn preview(
    context: &Context<'_>,
    input: PreviewNotificationRuleInput,
) -> Result<NotificationRulePreview> {
    let (api, caller) = caller(context)?;
    let PreviewNotificationRuleInput { rule, event_id, locale } = input;
    let event = event_id.map(|id| id.parse().map(EventId)).transpose();
    let tried = match (read(rule), event) {
        (Ok(rule), Ok(event)) => {
            notification_rules::preview(api, caller, &rule, event, locale.as_deref()).await
        }
        (Err(error), _) => Err(error),
        (_, Err(_)) => Err(ApiError::not_found("event")),
    };
    let nothing = |user_errors| NotificationRulePreview {
        matches: None,
        reached: Vec::new(),
        title: None,
        sentence: None,
        subject: None,
        text: None,
        user_errors,
    };
    let preview = match tried {
        Ok(preview) => preview,
        Err(error) => return Ok(nothing(user_errors(error, "eventId")?)),
    };
    let reached = preview.reached.into_iter();
    let (subject, text) = preview.worded.map(|words| (words.subject, words.text)).unzip();
    Ok(NotificationRulePreview {
        matches: preview.matches,
        reached: reached
            .map(|(channel, count)| NotificationReach {
                channel: channel.into(),
                count: count as u64,
            })
            .collect(),
        title: preview.title,
        sentence: preview.sentence,
        subject,
        text,
        user_errors: Vec::new(),
    })
}

fn read(input: NotificationRuleInput) -> Result<Rule, ApiError> {
    let audience = input.audience.iter().map(|who| who.parse::<Audience>());
    let audience = audience.collect::<Result<Vec<_>, _>>().map_err(|error| {
        let wrong = FieldError::new("audience", ErrorCode::Malformed, error.to_string());
        ApiError::fields(vec![wrong])
    })?;
    let dedupe = input.dedupe.map(|it| Dedupe { key: it.key, window_seconds: it.window_seconds });
    let throttle = input
        .throttle
        .map(|it| Throttle { messages: it.messages, window_seconds: it.window_seconds });
    Ok(Rule {
        id: input.id.0,
        name: input.name,
        enabled: input.enabled,
        filter: input.filter,
        audience,
        channels: input.channels.into_iter().map(Into::into).collect(),
        severity: input.severity.unwrap_or(Severity::Info).into(),
        template: input.template.unwrap_or_else(|| "event".into()),
        dedupe,
        throttle,
        digest: input.digest_seconds.map(|every_seconds| Digest { every_seconds }),
        quiet: input.quiet,
        mandatory: input.mandatory,
    })
}

impl From<Shown> for NotificationRule {
    fn from(shown: Shown) -> Self {
        let Shown { rule, shipped, replaces_shipped, in_effect, set_at, event } = shown;
        let dedupe = rule
            .dedupe
            .map(|it| NotificationDedupe { key: it.key, window_seconds: it.window_seconds });
        let throttle = rule.throttle.map(|it| NotificationThrottle {
            messages: it.messages,
            window_seconds: it.window_seconds,
        });
        Self {
            id: ID(rule.id),
            name: rule.name,
            enabled: rule.enabled,
            filter: rule.filter,
            audience: rule.audience.iter().map(ToString::to_string).collect(),
            channels: rule.channels.into_iter().map(NotificationChannel::from).collect(),
            severity: rule.severity.into(),
            template: rule.template,
            dedupe,
            throttle,
            digest_seconds: rule.digest.map(|digest| digest.every_seconds),
            quiet: rule.quiet,
            mandatory: rule.mandatory,
            is_shipped: shipped,
            replaces_shipped,
            is_in_effect: in_effect,
            set_at: set_at.map(DateTime::from),
            event_id: event.map(|id| ID(id.to_string())),
        }
    }
}
