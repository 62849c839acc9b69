//! What people wish to be told.

use std::collections::BTreeMap;

use annals_domain::notification::{Preferences, QuietHours as Held};
use annals_domain::problem::{ErrorCode, FieldError};
use async_graphql::{Context, ID, InputObject, Result, SimpleObject};

use super::super::failure::failed;
use super::super::query::{AllQueries, caller, recorder};
use super::super::user_error::{UserError, user_errors};
use super::NotificationChannel;
use crate::error::ApiError;
use crate::preferences::{self, Kind, Wishes};

/// A kind of message.
#[derive(SimpleObject)]
pub(in crate::graphql) struct NotificationKind {
    /// The rule that tells of it.
    id: ID,
    /// For people.
    name: String,
    /// Whether it comes whatever people wish.
    is_mandatory: bool,
    /// Through which channels it reaches people.
    channels: Vec<NotificationChannel>,
}

/// Whether a kind comes through a channel.
#[derive(SimpleObject, InputObject)]
#[graphql(input_name = "NotificationChoiceInput")]
pub(in crate::graphql) struct NotificationChoice {
    /// The kind, by the id of its rule.
    kind: ID,
    /// The channel.
    channel: NotificationChannel,
    /// Whether it comes.
    comes: bool,
}

/// Hours of each day when nothing is sent that can wait; they may go over midnight.
#[derive(SimpleObject, InputObject)]
#[graphql(input_name = "QuietHoursInput")]
pub(in crate::graphql) struct QuietHours {
    /// From when on, such as `22:00`.
    from: String,
    /// Until when.
    to: String,
    /// Where the clock hangs, such as `Europe/Berlin`.
    zone: String,
}

/// What somebody wishes.
#[derive(SimpleObject, InputObject)]
#[graphql(input_name = "NotificationPreferencesInput")]
pub(in crate::graphql) struct NotificationPreferences {
    /// Whether kinds come; what is not here comes.
    #[graphql(default)]
    choices: Vec<NotificationChoice>,
    /// Language, such as `de` or `en-GB`.
    language: Option<String>,
    /// When it must be quiet.
    quiet: Option<QuietHours>,
    /// Mail is gathered for so long, seconds.
    digest_seconds: Option<u64>,
}

/// As input it has the same fields.
pub(in crate::graphql) type NotificationPreferencesInput = NotificationPreferences;

/// What the caller wishes, and among what they choose.
#[derive(SimpleObject)]
pub(in crate::graphql) struct PersonNotificationPreferences {
    /// Null: they said nothing.
    preferences: Option<NotificationPreferences>,
    /// What holds where they said nothing.
    defaults: Option<NotificationPreferences>,
    /// What can be chosen.
    kinds: Vec<NotificationKind>,
}

/// What holds for all of the tenant who said nothing.
#[derive(SimpleObject)]
pub(in crate::graphql) struct TenantNotificationPreferences {
    /// Null: nothing was said.
    preferences: Option<NotificationPreferences>,
    /// What can be chosen.
    kinds: Vec<NotificationKind>,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql) struct SetNotificationPreferencesPayload {
    /// As it is now; null when nothing was changed.
    preferences: Option<PersonNotificationPreferences>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql) struct SetTenantNotificationPreferencesPayload {
    /// As it is now; null when nothing was changed.
    preferences: Option<TenantNotificationPreferences>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

pub(super) fn own(context: &Context<'_>) -> Result<PersonNotificationPreferences> {
    let (api, caller) = caller(context)?;
    Ok(preferences::own(api, caller).map_err(failed)?.into())
}

pub(super) fn defaults(context: &Context<'_>) -> Result<TenantNotificationPreferences> {
    let (api, caller) = caller(context)?;
    Ok(preferences::defaults(api, caller).map_err(failed)?.into())
}

pub(super) async fn set_own(
    context: &Context<'_>,
    input: NotificationPreferences,
) -> Result<SetNotificationPreferencesPayload> {
    let (api, caller) = recorder(context)?;
    let set = match read(input) {
        Ok(wanted) => preferences::set_own(api, caller, wanted).await,
        Err(error) => Err(error),
    };
    let (preferences, user_errors) = match set {
        Ok(wishes) => (Some(wishes.into()), Vec::new()),
        Err(error) => (None, user_errors(error, "choices")?),
    };
    let query = AllQueries::default();
    Ok(SetNotificationPreferencesPayload { preferences, user_errors, query })
}

pub(super) async fn set_defaults(
    context: &Context<'_>,
    input: NotificationPreferences,
) -> Result<SetTenantNotificationPreferencesPayload> {
    let (api, caller) = recorder(context)?;
    let set = match read(input) {
        Ok(wanted) => preferences::set_defaults(api, caller, wanted).await,
        Err(error) => Err(error),
    };
    let (preferences, user_errors) = match set {
        Ok(wishes) => (Some(wishes.into()), Vec::new()),
        Err(error) => (None, user_errors(error, "choices")?),
    };
    let query = AllQueries::default();
    Ok(SetTenantNotificationPreferencesPayload { preferences, user_errors, query })
}

fn read(input: NotificationPreferences) -> Result<Preferences, ApiError> {
    let NotificationPreferences { choices, language, quiet, digest_seconds } = input;
    let mut kinds: BTreeMap<String, BTreeMap<_, bool>> = BTreeMap::new();
    for NotificationChoice { kind, channel, comes } in choices {
        kinds.entry(kind.0).or_default().insert(channel.into(), comes);
    }
    let quiet = quiet.map(|quiet| {
        let time = |path: &str, text: &str| {
            text.parse().map_err(|_| {
                let message = "must be a time of the day, such as `22:00`";
                ApiError::fields(vec![FieldError::new(path, ErrorCode::Malformed, message)])
            })
        };
        let (from, to) = (time("quiet.from", &quiet.from)?, time("quiet.to", &quiet.to)?);
        Ok::<_, ApiError>(Held { from, to, zone: quiet.zone })
    });
    Ok(Preferences { kinds, language, quiet: quiet.transpose()?, digest_seconds })
}

impl From<Preferences> for NotificationPreferences {
    fn from(held: Preferences) -> Self {
        let choices = held.kinds.into_iter().flat_map(|(kind, channels)| {
            channels.into_iter().map(move |(channel, comes)| NotificationChoice {
                kind: ID(kind.clone()),
                channel: channel.into(),
                comes,
            })
        });
        let quiet = held.quiet.map(|quiet| QuietHours {
            from: quiet.from.to_string(),
            to: quiet.to.to_string(),
            zone: quiet.zone,
        });
        Self {
            choices: choices.collect(),
            language: held.language,
            quiet,
            digest_seconds: held.digest_seconds,
        }
    }
}

impl From<Kind> for NotificationKind {
    fn from(kind: Kind) -> Self {
        Self {
            id: ID(kind.id),
            name: kind.name,
            is_mandatory: kind.mandatory,
            channels: kind.channels.into_iter().map(NotificationChannel::from).collect(),
        }
    }
}

impl From<Wishes> for PersonNotificationPreferences {
    fn from(Wishes { own, defaults, kinds }: Wishes) -> Self {
        Self {
            preferences: own.map(NotificationPreferences::from),
            defaults: defaults.map(NotificationPreferences::from),
            kinds: kinds.into_iter().map(NotificationKind::from).collect(),
        }
    }
}

impl From<Wishes> for TenantNotificationPreferences {
    fn from(Wishes { defaults, kinds, .. }: Wishes) -> Self {
        Self {
            preferences: defaults.map(NotificationPreferences::from),
            kinds: kinds.into_iter().map(NotificationKind::from).collect(),
        }
    }
}
