//! Who may do what, written down a second time: what the roles of `access.toml` and the tables of the
//! service come to must be this.

/// Every role that ships, and one that is none.
pub(super) const ROLES: &[&str] = &[
    "admin",
    "auditor",
    "user",
    "writer",
    "analyst",
    "security_analyst",
    "responder",
    "records_officer",
    "security_officer",
    "privacy_officer",
    "boss",
];

const ALL: &str = "admin auditor user writer analyst security_analyst responder records_officer \
                   security_officer privacy_officer boss";
const KNOWN: &str = "admin auditor user writer analyst security_analyst responder records_officer \
                     security_officer privacy_officer";
const READERS: &str = "admin auditor user analyst security_analyst responder records_officer security_officer privacy_officer";
const PEOPLE: &str = "admin auditor user security_analyst responder records_officer security_officer privacy_officer";
const RECORDERS: &str = "admin writer";
const EXPORTERS: &str = "admin auditor security_analyst";
const COPIERS: &str = "admin auditor security_analyst privacy_officer";
const KEEPERS: &str = "admin";
const GUARDS: &str = "admin security_officer";
const OVERSEERS: &str = "admin auditor records_officer security_officer privacy_officer";
const RECORDS: &str = "admin records_officer";
const PRIVACY: &str = "admin privacy_officer";
const RECORDS_OR_PRIVACY: &str = "admin records_officer privacy_officer";
const NOBODY: &str = "";

/// An address and who may use it.
pub(super) struct Row {
    pub(super) verb: &'static str,
    pub(super) path: &'static str,
    pub(super) roles: &'static str,
    /// Whether it also answers without a token.
    pub(super) open: bool,
}

const fn row(verb: &'static str, path: &'static str, roles: &'static str) -> Row {
    Row { verb, path, roles, open: false }
}

const fn open(path: &'static str) -> Row {
    Row { verb: "GET", path, roles: ALL, open: true }
}

const fn open_post(path: &'static str) -> Row {
    Row { verb: "POST", path, roles: ALL, open: true }
}

/// Every address.
pub(super) const REST: &[Row] = &[
    row("GET", "/api/v1/logs", READERS),
    row("POST", "/api/v1/logs", RECORDERS),
    row("POST", "/api/v1/logs/bulk", RECORDERS),
    row("GET", "/api/v1/logs/stream", READERS),
    row("GET", "/api/v1/logs/stats", READERS),
    row("GET", "/api/v1/logs/suggest", READERS),
    row("GET", "/api/v1/logs/comparison", READERS),
    row("GET", "/api/v1/views", READERS),
    row("POST", "/api/v1/views", READERS),
    row("PUT", "/api/v1/views/default", READERS),
    row("GET", "/api/v1/views/{id}", READERS),
    row("PUT", "/api/v1/views/{id}", READERS),
    row("DELETE", "/api/v1/views/{id}", READERS),
    row("GET", "/api/v1/logs/complete", READERS),
    row("GET", "/api/v1/logs/export", EXPORTERS),
    row("DELETE", "/api/v1/logs/cleanup", "admin records_officer"),
    row("GET", "/api/v1/logs/{id}", READERS),
    row("GET", "/api/v1/logs/{id}/related", READERS),
    row("GET", "/api/v1/logs/{id}/proof", READERS),
    open("/tlog/log.json"),
    open("/tlog/log/heads/{day}"),
    open("/tlog/{shard}/checkpoint"),
    open("/tlog/{shard}/checkpoint.cosigned"),
    open("/tlog/{shard}/tile/{*path}"),
    row("GET", "/api/v1/targets/{type}/{id}/history", READERS),
    row("GET", "/api/v1/retention", OVERSEERS),
    row("POST", "/api/v1/retention/proposals", RECORDS),
    row("POST", "/api/v1/retention/proposals/{id}/approve", RECORDS),
    row("POST", "/api/v1/retention/proposals/{id}/reject", RECORDS),
    row("POST", "/api/v1/retention/simulation", RECORDS),
    row("POST", "/api/v1/retention/clock", RECORDS),
    row("GET", "/api/v1/certificates/{id}", RECORDS_OR_PRIVACY),
    row("POST", "/api/v1/holds", RECORDS),
    row("GET", "/api/v1/holds", RECORDS_OR_PRIVACY),
    row("GET", "/api/v1/holds/{id}", RECORDS_OR_PRIVACY),
    row("POST", "/api/v1/holds/{id}/approve", RECORDS),
    row("POST", "/api/v1/holds/{id}/release", RECORDS),
    row("POST", "/api/v1/access-requests", PRIVACY),
    row("POST", "/api/v1/rectifications", PRIVACY),
    row("POST", "/api/v1/erasures", PRIVACY),
    row("GET", "/api/v1/erasures", PRIVACY),
    row("GET", "/api/v1/erasures/{id}", PRIVACY),
    row("POST", "/api/v1/erasures/{id}/approve", PRIVACY),
    row("POST", "/api/v1/erasures/{id}/reject", PRIVACY),
    row("POST", "/api/v1/exports", EXPORTERS),
    row("GET", "/api/v1/exports", COPIERS),
    row("GET", "/api/v1/exports/{id}", COPIERS),
    row("DELETE", "/api/v1/exports/{id}", COPIERS),
    row("GET", "/api/v1/exports/{id}/file", COPIERS),
    row("GET", "/api/v1/exports/{id}/manifest", COPIERS),
    row("GET", "/api/v1/limits", KNOWN),
    row("POST", "/api/v1/search/rebuild", KEEPERS),
    row("GET", "/api/v1/search/rebuild", KEEPERS),
    row("DELETE", "/api/v1/search/rebuild", KEEPERS),
    row("GET", "/api/v1/quarantine", KEEPERS),
    row("GET", "/api/v1/quarantine/{id}", KEEPERS),
    row("DELETE", "/api/v1/quarantine/{id}", KEEPERS),
    row("POST", "/api/v1/quarantine/{id}/replay", KEEPERS),
    row("POST", "/api/v1/api-keys", GUARDS),
    row("GET", "/api/v1/api-keys", GUARDS),
    row("POST", "/api/v1/api-keys/{id}/rotate", GUARDS),
    row("DELETE", "/api/v1/api-keys/{id}", GUARDS),
    row("POST", "/api/v1/revocations", GUARDS),
    row("GET", "/api/v1/revocations", GUARDS),
    row("POST", "/api/v1/relay/tokens", RECORDERS),
    row("POST", "/api/v1/relay", NOBODY),
    row("POST", "/api/v1/break-glass", "responder"),
    row("GET", "/api/v1/break-glass", OVERSEERS),
    row("DELETE", "/api/v1/break-glass/{id}", "responder admin security_officer"),
    row("GET", "/api/v1/access/policy", OVERSEERS),
    row("GET", "/api/v1/access/me", ALL),
    // Which fields may be asked for is another table.
    row("GET", "/graphql", ALL),
    row("POST", "/graphql", ALL),
    row("GET", "/graphql/schema.graphql", ALL),
    open("/graphql/playground"),
    open("/graphql/playground/playground.css"),
    open("/graphql/playground/playground.js"),
    open("/healthz"),
    open("/readyz"),
    open("/metrics"),
    row("GET", "/api/v1/health/conditions", OVERSEERS),
    open("/api/v1/openapi.json"),
    open("/api/v1/docs"),
    open("/api/v1/docs/docs.css"),
    open("/api/v1/docs/docs.js"),
    row("POST", "/api/v1/keys/rotation", GUARDS),
    row("GET", "/api/v1/notifications/rules", GUARDS),
    row("POST", "/api/v1/notifications/rules/preview", GUARDS),
    row("GET", "/api/v1/notifications/rules/{id}", GUARDS),
    // Security officers do not see all events whole.
    row("PUT", "/api/v1/notifications/rules/{id}", KEEPERS),
    row("DELETE", "/api/v1/notifications/rules/{id}", GUARDS),
    row("GET", "/api/v1/notifications/preferences", GUARDS),
    row("PUT", "/api/v1/notifications/preferences", GUARDS),
    row("GET", "/api/v1/notifications/disputes", GUARDS),
    row("GET", "/api/v1/me/notification-preferences", PEOPLE),
    row("PUT", "/api/v1/me/notification-preferences", PEOPLE),
    row("GET", "/api/v1/me/addresses", PEOPLE),
    row("POST", "/api/v1/me/addresses", PEOPLE),
    row("POST", "/api/v1/me/addresses/{id}/verify", PEOPLE),
    row("DELETE", "/api/v1/me/addresses/{id}", PEOPLE),
    row("POST", "/api/v1/me/disputes", PEOPLE),
    open("/not-me"),
    open_post("/not-me"),
    open("/unsubscribe"),
    open_post("/unsubscribe"),
    open("/verify-address"),
    open_post("/verify-address"),
    row("GET", "/api/v1/notifications/endpoints", GUARDS),
    row("POST", "/api/v1/notifications/endpoints", GUARDS),
    row("GET", "/api/v1/notifications/endpoints/{id}", GUARDS),
    row("PUT", "/api/v1/notifications/endpoints/{id}", GUARDS),
    row("DELETE", "/api/v1/notifications/endpoints/{id}", GUARDS),
    row("POST", "/api/v1/notifications/endpoints/{id}/rotate", GUARDS),
    row("POST", "/api/v1/notifications/endpoints/{id}/test", GUARDS),
    row("POST", "/api/v1/notifications/endpoints/{id}/replay", GUARDS),
    row("GET", "/api/v1/notifications/deliveries", GUARDS),
    row("GET", "/api/v1/notifications/deliveries/{id}/attempts", GUARDS),
];

const RULE: &str = "(input: { id: \"seen\", name: \"Seen\", filter: \"type:a.b\", \
                    audience: [\"subject\"], channels: [INBOX] })";
const PREVIEW: &str = "(input: { rule: { id: \"seen\", name: \"Seen\", filter: \"type:a.b\", \
                       audience: [\"subject\"], channels: [INBOX] } })";

/// A root, a field of it with its arguments, and who may ask for it.
pub(super) type FieldRow = (&'static str, &'static str, &'static str, &'static str);

/// Every field that a document can begin with. `ID` stands for the id of an event, `CURSOR` for
/// the beginning of the log.
pub(super) const FIELDS: &[FieldRow] = &[
    ("query", "auditEvents", "", READERS),
    ("query", "auditEventsCount", "", READERS),
    ("query", "auditEvent", "(id: \"ID\")", READERS),
    ("query", "facets", "(fields: [\"type\", \"actor.id\"])", READERS),
    ("query", "histogram", "(interval: DAY, query: \"after:-P1D\")", READERS),
    ("query", "numbers", "(fields: [\"metadata.n\"])", READERS),
    ("query", "suggestions", "(field: \"actor.id\", prefix: \"can\")", READERS),
    ("query", "completions", "(query: \"actor.id:can\")", READERS),
    ("query", "comparison", "(field: \"actor.id\")", READERS),
    ("query", "savedViews", "", READERS),
    ("query", "savedView", "(id: \"ID\")", READERS),
    ("mutation", "saveView", "(input: { name: \"mine\" })", READERS),
    ("mutation", "deleteSavedView", "(input: { id: \"ID\" })", READERS),
    ("mutation", "setDefaultView", "(input: {})", READERS),
    ("query", "targetHistory", "(type: \"canary\", id: \"canary\")", READERS),
    (
        "query",
        "targetValues",
        "(type: \"canary\", id: \"canary\", at: \"2100-01-01T00:00:00Z\")",
        READERS,
    ),
    ("query", "me", "", PEOPLE),
    ("query", "person", "(id: \"canary-person\")", "admin auditor"),
    ("query", "eventTypes", "", KNOWN),
    ("query", "quarantine", "", KEEPERS),
    ("query", "export", "(id: \"ID\")", COPIERS),
    ("query", "exports", "", COPIERS),
    ("query", "searchIndexRebuild", "", KEEPERS),
    ("query", "integrity", "", READERS),
    ("mutation", "rebuildSearchIndex", "(input: {})", KEEPERS),
    ("mutation", "cancelSearchIndexRebuild", "(input: {})", KEEPERS),
    ("mutation", "recordEvents", "(input: { events: [{ type: \"a.b\" }] })", RECORDERS),
    ("mutation", "requestExport", "(input: { format: NDJSON })", EXPORTERS),
    ("mutation", "cancelExport", "(input: { id: \"ID\" })", COPIERS),
    ("mutation", "replayQuarantined", "(input: { id: \"ID\" })", KEEPERS),
    ("mutation", "discardQuarantined", "(input: { id: \"ID\" })", KEEPERS),
    ("mutation", "markNotificationsRead", "(input: { ids: [\"ID\"] })", PEOPLE),
    ("query", "notificationRules", "", GUARDS),
    ("query", "previewNotificationRule", PREVIEW, GUARDS),
    ("query", "tenantNotificationPreferences", "", GUARDS),
    ("query", "notificationDisputes", "", GUARDS),
    ("query", "notificationPreferences", "", PEOPLE),
    ("query", "notificationAddresses", "", PEOPLE),
    ("mutation", "setNotificationRule", RULE, KEEPERS),
    ("mutation", "removeNotificationRule", "(input: { id: \"ID\" })", GUARDS),
    ("mutation", "setTenantNotificationPreferences", "(input: {})", GUARDS),
    ("mutation", "setNotificationPreferences", "(input: {})", PEOPLE),
    ("mutation", "addNotificationAddress", "(input: { address: \"x\" })", PEOPLE),
    ("mutation", "verifyNotificationAddress", "(input: { id: \"ID\", code: \"x\" })", PEOPLE),
    ("mutation", "removeNotificationAddress", "(input: { id: \"ID\" })", PEOPLE),
    ("mutation", "disputeNotification", "(input: { eventId: \"ID\" })", PEOPLE),
    ("query", "notificationEndpoints", "", GUARDS),
    ("query", "notificationDeliveries", "", GUARDS),
    (
        "mutation",
        "createNotificationEndpoint",
        "(input: { name: \"Shop\", kind: SLACK, url: \"nowhere\" })",
        GUARDS,
    ),
    ("mutation", "changeNotificationEndpoint", "(input: { id: \"ID\" })", GUARDS),
    ("mutation", "removeNotificationEndpoint", "(input: { id: \"ID\" })", GUARDS),
    ("mutation", "rotateNotificationEndpoint", "(input: { id: \"ID\" })", GUARDS),
    ("mutation", "testNotificationEndpoint", "(input: { id: \"ID\" })", GUARDS),
    (
        "mutation",
        "replayNotificationEndpoint",
        "(input: { id: \"ID\", from: \"2026-03-01T09:00:00Z\", to: \"2026-03-01T10:00:00Z\" })",
        GUARDS,
    ),
    ("mutation", "archiveNotifications", "(input: { ids: [\"ID\"] })", PEOPLE),
    ("subscription", "auditEventStream", "(after: \"CURSOR\")", READERS),
    ("subscription", "notificationStream", "(after: \"CURSOR\")", PEOPLE),
    ("subscription", "jobProgress", "(id: \"ID\")", COPIERS),
];

/// The same thing in REST and in GraphQL.
pub(super) const SAME: &[(&str, &str, &str)] = &[
    ("GET", "/api/v1/logs", "auditEvents"),
    ("GET", "/api/v1/logs/{id}", "auditEvent"),
    ("GET", "/api/v1/logs/stats", "facets"),
    ("GET", "/api/v1/logs/suggest", "suggestions"),
    ("GET", "/api/v1/logs/complete", "completions"),
    ("GET", "/api/v1/logs/comparison", "comparison"),
    ("GET", "/api/v1/views", "savedViews"),
    ("GET", "/api/v1/views/{id}", "savedView"),
    ("POST", "/api/v1/views", "saveView"),
    ("DELETE", "/api/v1/views/{id}", "deleteSavedView"),
    ("PUT", "/api/v1/views/default", "setDefaultView"),
    ("GET", "/api/v1/targets/{type}/{id}/history", "targetHistory"),
    ("GET", "/api/v1/notifications/endpoints", "notificationEndpoints"),
    ("POST", "/api/v1/notifications/endpoints", "createNotificationEndpoint"),
    ("PUT", "/api/v1/notifications/endpoints/{id}", "changeNotificationEndpoint"),
    ("DELETE", "/api/v1/notifications/endpoints/{id}", "removeNotificationEndpoint"),
    ("POST", "/api/v1/notifications/endpoints/{id}/rotate", "rotateNotificationEndpoint"),
    ("POST", "/api/v1/notifications/endpoints/{id}/test", "testNotificationEndpoint"),
    ("POST", "/api/v1/notifications/endpoints/{id}/replay", "replayNotificationEndpoint"),
    ("GET", "/api/v1/notifications/deliveries", "notificationDeliveries"),
    ("GET", "/api/v1/logs/stream", "auditEventStream"),
    ("POST", "/api/v1/logs/bulk", "recordEvents"),
    ("POST", "/api/v1/exports", "requestExport"),
    ("GET", "/api/v1/exports", "exports"),
    ("DELETE", "/api/v1/exports/{id}", "cancelExport"),
    ("POST", "/api/v1/search/rebuild", "rebuildSearchIndex"),
    ("GET", "/api/v1/search/rebuild", "searchIndexRebuild"),
    ("DELETE", "/api/v1/search/rebuild", "cancelSearchIndexRebuild"),
    ("GET", "/api/v1/quarantine", "quarantine"),
    ("POST", "/api/v1/quarantine/{id}/replay", "replayQuarantined"),
    ("DELETE", "/api/v1/quarantine/{id}", "discardQuarantined"),
    ("GET", "/api/v1/notifications/rules", "notificationRules"),
    ("POST", "/api/v1/notifications/rules/preview", "previewNotificationRule"),
    ("PUT", "/api/v1/notifications/rules/{id}", "setNotificationRule"),
    ("DELETE", "/api/v1/notifications/rules/{id}", "removeNotificationRule"),
    ("GET", "/api/v1/notifications/preferences", "tenantNotificationPreferences"),
    ("PUT", "/api/v1/notifications/preferences", "setTenantNotificationPreferences"),
    ("GET", "/api/v1/notifications/disputes", "notificationDisputes"),
    ("GET", "/api/v1/me/notification-preferences", "notificationPreferences"),
    ("PUT", "/api/v1/me/notification-preferences", "setNotificationPreferences"),
    ("GET", "/api/v1/me/addresses", "notificationAddresses"),
    ("POST", "/api/v1/me/addresses", "addNotificationAddress"),
    ("POST", "/api/v1/me/addresses/{id}/verify", "verifyNotificationAddress"),
    ("DELETE", "/api/v1/me/addresses/{id}", "removeNotificationAddress"),
    ("POST", "/api/v1/me/disputes", "disputeNotification"),
];
