//! Telling people: notification rules, what people wish, their addresses, and "this wasn't me".

mod addresses;
mod disputes;
mod preferences;
mod rules;

use annals_domain::notification::Channel;
use async_graphql::{Context, Enum, Object, Result};

use super::permissions::{Allowed, Root};
use addresses::{
    AddNotificationAddressInput, NotificationAddress, NotificationAddressPayload,
    RemoveNotificationAddressInput, RemoveNotificationAddressPayload,
    VerifyNotificationAddressInput,
};
use disputes::{DisputeNotificationInput, DisputeNotificationPayload, NotificationDispute};
use preferences::{
    NotificationPreferencesInput, PersonNotificationPreferences, SetNotificationPreferencesPayload,
    SetTenantNotificationPreferencesPayload, TenantNotificationPreferences,
};
use rules::{
    NotificationRule, NotificationRuleInput, NotificationRulePreview, PreviewNotificationRuleInput,
    RemoveNotificationRuleInput, RemoveNotificationRulePayload, SetNotificationRulePayload,
};

/// How people are told.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Channel")]
pub(super) enum NotificationChannel {
    /// Their inbox here.
    Inbox,
    /// Mail to their addresses.
    Email,
    /// A signed POST to an endpoint.
    Webhook,
    /// A message as Slack's incoming webhooks take it.
    Slack,
    /// A POST to a service with templates of its own.
    Adapter,
    /// Syslog, for operators.
    Syslog,
}

#[derive(Default)]
pub(crate) struct NotificationsQuery;

#[Object(guard = "Allowed(Root::Query)")]
impl NotificationsQuery {
    /// The notification rules of the tenant and those that ship with Annals, by id.
    #[graphql(complexity = "50 + child_complexity")]
    async fn notification_rules(&self, context: &Context<'_>) -> Result<Vec<NotificationRule>> {
        rules::list(context)
    }

    /// What a rule would do with an event, before it is set.
    #[graphql(complexity = "50 + child_complexity")]
    async fn preview_notification_rule(
        &self,
        context: &Context<'_>,
        input: PreviewNotificationRuleInput,
    ) -> Result<NotificationRulePreview> {
        rules::preview(context, input).await
    }

    /// What the caller wishes to be told, and among what they choose.
    #[graphql(complexity = "50 + child_complexity")]
    async fn notification_preferences(
        &self,
        context: &Context<'_>,
    ) -> Result<PersonNotificationPreferences> {
        preferences::own(context)
    }

    /// What holds for all of the tenant who said nothing.
    #[graphql(complexity = "50 + child_complexity")]
    async fn tenant_notification_preferences(
        &self,
        context: &Context<'_>,
    ) -> Result<TenantNotificationPreferences> {
        preferences::defaults(context)
    }

    /// The mail addresses of the caller, the oldest first.
    #[graphql(complexity = "10 + child_complexity")]
    async fn notification_addresses(
        &self,
        context: &Context<'_>,
    ) -> Result<Vec<NotificationAddress>> {
        addresses::list(context)
    }

    /// What people of the tenant say was not them, the newest first.
    #[graphql(complexity = "50 + child_complexity")]
    async fn notification_disputes(
        &self,
        context: &Context<'_>,
    ) -> Result<Vec<NotificationDispute>> {
        disputes::list(context)
    }
}

#[derive(Default)]
pub(crate) struct NotificationsMutation;

#[Object(guard = "Allowed(Root::Mutation)")]
impl NotificationsMutation {
    /// Makes a notification rule, or changes the one of that id.
    #[graphql(complexity = "500 + child_complexity")]
    async fn set_notification_rule(
        &self,
        context: &Context<'_>,
        input: NotificationRuleInput,
    ) -> Result<SetNotificationRulePayload> {
        rules::set(context, input).await
    }

    /// Takes a notification rule of the tenant's own away. Where it stood in the place of a shipped one, that
    /// holds again.
    #[graphql(complexity = "500 + child_complexity")]
    async fn remove_notification_rule(
        &self,
        context: &Context<'_>,
        input: RemoveNotificationRuleInput,
    ) -> Result<RemoveNotificationRulePayload> {
        rules::remove(context, input).await
    }

    /// Says what the caller wishes to be told, whole.
    #[graphql(complexity = "500 + child_complexity")]
    async fn set_notification_preferences(
        &self,
        context: &Context<'_>,
        input: NotificationPreferencesInput,
    ) -> Result<SetNotificationPreferencesPayload> {
        preferences::set_own(context, input).await
    }

    /// Says what holds for all of the tenant who said nothing, whole.
    #[graphql(complexity = "500 + child_complexity")]
    async fn set_tenant_notification_preferences(
        &self,
        context: &Context<'_>,
        input: NotificationPreferencesInput,
    ) -> Result<SetTenantNotificationPreferencesPayload> {
        preferences::set_defaults(context, input).await
    }

    /// Names an address of the caller, and has a code sent to it.
    #[graphql(complexity = "500 + child_complexity")]
    async fn add_notification_address(
        &self,
        context: &Context<'_>,
        input: AddNotificationAddressInput,
    ) -> Result<NotificationAddressPayload> {
        addresses::add(context, input).await
    }

    /// Proves with the code that was sent there that an address is the caller's.
    #[graphql(complexity = "500 + child_complexity")]
    async fn verify_notification_address(
        &self,
        context: &Context<'_>,
        input: VerifyNotificationAddressInput,
    ) -> Result<NotificationAddressPayload> {
        addresses::verify(context, input).await
    }

    /// Takes an address of the caller away.
    #[graphql(complexity = "500 + child_complexity")]
    async fn remove_notification_address(
        &self,
        context: &Context<'_>,
        input: RemoveNotificationAddressInput,
    ) -> Result<RemoveNotificationAddressPayload> {
        addresses::remove(context, input).await
    }

    /// Says that something on the caller's account was not them. Security is told.
    #[graphql(complexity = "500 + child_complexity")]
    async fn dispute_notification(
        &self,
        context: &Context<'_>,
        input: DisputeNotificationInput,
    ) -> Result<DisputeNotificationPayload> {
        disputes::raise(context, input).await
    }
}
