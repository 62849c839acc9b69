//! What it takes to use each field that a document can begin with: one table.
//!
//! A field that does not stand here keeps the service from starting, and is refused to everybody.

use std::collections::BTreeSet;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};
use async_graphql::{Context, Guard, Result};

use super::failure::failed;
use super::query::caller;
use crate::auth::Permission::{
    self, CleanUp, ExportEvents, MaintainIndex, ManageErasures, ManageHolds, ManageKeys,
    ManageNotifications, ManageQuarantine, ManageRetention, ReadAccessPolicy, ReadCatalogue,
    ReadOwnEvents, ReadProfiles, ReadTenantEvents, RecordEvents,
};
use crate::error::ApiError;

/// Where a document begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// `query`
    Query,
    /// `mutation`
    Mutation,
    /// `subscription`
    Subscription,
}

impl Root {
    fn of_type(name: &str) -> Option<Self> {
        match name {
            "Query" => Some(Self::Query),
            "Mutation" => Some(Self::Mutation),
            "Subscription" => Some(Self::Subscription),
            _ => None,
        }
    }
}

/// Whoever may see some events.
const READERS: &[Permission] = &[ReadOwnEvents, ReadTenantEvents];

/// Every field, and the permissions of which it takes one.
#[rustfmt::skip]
pub const FIELDS: &[(Root, &str, &[Permission])] = &[
    (Root::Query, "auditEvents", READERS),
    (Root::Query, "auditEventsCount", READERS),
    (Root::Query, "auditEvent", READERS),
    (Root::Query, "facets", READERS),
    (Root::Query, "histogram", READERS),
    (Root::Query, "numbers", READERS),
    (Root::Query, "suggestions", READERS),
    (Root::Query, "completions", READERS),
    (Root::Query, "comparison", READERS),
    (Root::Query, "savedViews", READERS),
    (Root::Query, "savedView", READERS),
    (Root::Query, "targetHistory", READERS),
    (Root::Query, "targetValues", READERS),
    (Root::Query, "me", &[ReadOwnEvents]),
    (Root::Query, "person", &[ReadOwnEvents, ReadProfiles]),
    (Root::Query, "eventTypes", &[ReadCatalogue]),
    (Root::Query, "quarantine", &[ManageQuarantine]),
    (Root::Query, "export", &[ExportEvents, ManageErasures]),
    (Root::Query, "exports", &[ExportEvents, ManageErasures]),
    (Root::Query, "searchIndexRebuild", &[MaintainIndex]),
    (Root::Query, "integrity", READERS),
    (Root::Mutation, "rebuildSearchIndex", &[MaintainIndex]),
    (Root::Mutation, "cancelSearchIndexRebuild", &[MaintainIndex]),
    (Root::Mutation, "recordEvents", &[RecordEvents]),
    (Root::Mutation, "saveView", READERS),
    (Root::Mutation, "deleteSavedView", READERS),
    (Root::Mutation, "setDefaultView", READERS),
    (Root::Mutation, "requestExport", &[ExportEvents]),
    (Root::Mutation, "cancelExport", &[ExportEvents, ManageErasures]),
    (Root::Mutation, "replayQuarantined", &[ManageQuarantine]),
    (Root::Mutation, "discardQuarantined", &[ManageQuarantine]),
    (Root::Mutation, "markNotificationsRead", &[ReadOwnEvents]),
    (Root::Query, "notificationRules", &[ManageNotifications]),
    (Root::Query, "previewNotificationRule", &[ManageNotifications]),
    (Root::Query, "tenantNotificationPreferences", &[ManageNotifications]),
    (Root::Query, "notificationDisputes", &[ManageNotifications]),
    (Root::Query, "notificationPreferences", &[ReadOwnEvents]),
    (Root::Query, "notificationAddresses", &[ReadOwnEvents]),
    (Root::Mutation, "setNotificationRule", &[ManageNotifications]),
    (Root::Mutation, "removeNotificationRule", &[ManageNotifications]),
    (Root::Mutation, "setTenantNotificationPreferences", &[ManageNotifications]),
    (Root::Mutation, "setNotificationPreferences", &[ReadOwnEvents]),
    (Root::Mutation, "addNotificationAddress", &[ReadOwnEvents]),
    (Root::Mutation, "verifyNotificationAddress", &[ReadOwnEvents]),
    (Root::Mutation, "removeNotificationAddress", &[ReadOwnEvents]),
    (Root::Mutation, "disputeNotification", &[ReadOwnEvents]),
    (Root::Query, "notificationEndpoints", &[ManageNotifications]),
    (Root::Query, "notificationDeliveries", &[ManageNotifications]),
    (Root::Mutation, "createNotificationEndpoint", &[ManageNotifications]),
    (Root::Mutation, "changeNotificationEndpoint", &[ManageNotifications]),
    (Root::Mutation, "removeNotificationEndpoint", &[ManageNotifications]),
    (Root::Mutation, "rotateNotificationEndpoint", &[ManageNotifications]),
    (Root::Mutation, "testNotificationEndpoint", &[ManageNotifications]),
    (Root::Mutation, "replayNotificationEndpoint", &[ManageNotifications]),
    (Root::Mutation, "archiveNotifications", &[ReadOwnEvents]),
    (Root::Query, "erasures", &[ManageErasures]),
    (Root::Query, "erasure", &[ManageErasures]),
    (Root::Query, "certificate", &[CleanUp, ManageErasures]),
    (Root::Query, "legalHolds", &[ManageHolds, ManageErasures]),
    (Root::Query, "legalHold", &[ManageHolds, ManageErasures]),
    (Root::Query, "retention", &[ReadAccessPolicy]),
    (Root::Query, "simulateRetention", &[ManageRetention]),
    (Root::Mutation, "requestErasure", &[ManageErasures]),
    (Root::Mutation, "approveErasure", &[ManageErasures]),
    (Root::Mutation, "rejectErasure", &[ManageErasures]),
    (Root::Mutation, "requestPersonCopy", &[ManageErasures]),
    (Root::Mutation, "rectifyPerson", &[ManageErasures]),
    (Root::Mutation, "placeLegalHold", &[ManageHolds]),
    (Root::Mutation, "approveLegalHold", &[ManageHolds]),
    (Root::Mutation, "releaseLegalHold", &[ManageHolds]),
    (Root::Mutation, "proposeRetentionPolicy", &[ManageRetention]),
    (Root::Mutation, "approveRetentionPolicy", &[ManageRetention]),
    (Root::Mutation, "rejectRetentionPolicy", &[ManageRetention]),
    (Root::Mutation, "confirmRetentionClock", &[ManageRetention]),
    (Root::Mutation, "runRetention", &[CleanUp]),
    (Root::Mutation, "rotateTenantKey", &[ManageKeys]),
    (Root::Subscription, "auditEventStream", READERS),
    (Root::Subscription, "notificationStream", &[ReadOwnEvents]),
    (Root::Subscription, "jobProgress", &[ExportEvents, ManageErasures]),
];

/// Stands before every field of a root.
pub(super) struct Allowed(pub(super) Root);

impl Guard for Allowed {
    async fn check(&self, context: &Context<'_>) -> Result<()> {
        let (_, caller) = caller(context)?;
        let name = context.field().name();
        let field = FIELDS.iter().find(|(root, field, _)| *root == self.0 && *field == name);
        let (_, _, needed) =
            field.ok_or_else(|| failed(ApiError::forbidden(format!("nobody may use `{name}`"))))?;
        caller.principal.require_one_of(needed).map_err(failed)
    }
}

/// Fields of the schema that the table does not know, and rows of the table for no field.
pub(super) fn differences(schema: &str) -> BTreeSet<String> {
    let document =
        parse_schema(schema).expect("the schema was written by the library that reads it");
    let mut fields = BTreeSet::new();
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let definition = definition.node;
        if let (Some(root), TypeKind::Object(object)) =
            (Root::of_type(definition.name.node.as_str()), definition.kind)
        {
            let names = object.fields.iter().map(|field| field.node.name.node.to_string());
            fields.extend(names.map(|name| (root, name)));
        }
    }
    let rows = FIELDS.iter().map(|(root, name, _)| (*root, (*name).to_owned())).collect();
    let told = |(root, name): &(Root, String)| format!("{root:?}.{name}");
    fields.symmetric_difference(&rows).map(told).collect()
}
