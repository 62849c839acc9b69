//! Which events tell whom.

mod forms;

use annals_domain::EventId;
use annals_domain::notification::{Audience, Dedupe, Digest, Rule, Throttle};
use annals_domain::problem::{ErrorCode, FieldError};
use async_graphql::{Context, ID, Result};

use super::super::failure::failed;
use super::super::query::{AllQueries, caller, recorder};
use super::super::scalars::{DateTime, Severity};
use super::super::user_error::user_errors;
use super::NotificationChannel;
use crate::error::ApiError;
use crate::notification_rules::{self, Shown};
use crate::seen::Seen;

pub(in crate::graphql) use forms::*;

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
    let seen = Seen::of_id(input.seen_event_id.as_ref().map(|id| id.as_str()));
    let set = match read(input) {
        Ok(rule) => notification_rules::set(api, caller, rule, seen).await,
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
    let seen = Seen::of_id(input.seen_event_id.as_ref().map(|id| id.as_str()));
    let removed = notification_rules::remove(api, caller, &input.id, seen).await;
    let (removed_id, user_errors) = match removed {
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
