//! REST: `/api/v1/…` (requirement X-06) and the service's own pages.

mod access;
mod addresses;
mod api_keys;
mod bodies;
pub(crate) mod body;
mod break_glass;
mod bulk;
mod cleanup;
mod comparison;
mod complete;
mod conditions;
mod deliveries;
mod disputes;
mod docs_page;
mod endpoints;
mod erasures;
mod exports;
mod health;
mod holds;
mod idempotency;
mod if_match;
mod keys;
mod link_pages;
mod logs;
mod notification_rules;
pub mod openapi;
mod parameters;
mod preferences;
mod quarantine;
mod rebuild;
mod related;
mod relay;
mod retention;
mod revocations;
mod stats;
mod stream;
mod tlog;
mod views;

pub(crate) use docs_page::Document;
pub(crate) use parameters::{context as query_context, pairs, parse_query};

use axum::routing::on;

use crate::auth::Permission::{
    BreakGlass, CleanUp, ExportEvents, IssueRelayTokens, MaintainIndex, ManageApiKeys,
    ManageErasures, ManageHolds, ManageKeys, ManageNotifications, ManageQuarantine,
    ManageRetention, ReadAccessPolicy, ReadCatalogue, ReadOwnEvents, ReadTenantEvents,
    RecordEvents, RelayEvents, RevokeAccess,
};
use crate::router::Access::{ByField, Needs, Open, Socket};
use crate::router::Route;
use crate::router::Verb::{Delete, Get, Post, Put};

/// Whoever may see some events.
const READERS: &[crate::auth::Permission] = &[ReadOwnEvents, ReadTenantEvents];

/// Every address, and who may use it.
#[rustfmt::skip]
pub(crate) const ROUTES: &[Route] = &[
    Route { verb: Post, path: "/api/v1/logs", access: Needs(&[RecordEvents]), handler: |verb| on(verb, logs::record) },
    Route { verb: Get, path: "/api/v1/logs", access: Needs(READERS), handler: |verb| on(verb, logs::list) },
    Route { verb: Post, path: "/api/v1/logs/bulk", access: Needs(&[RecordEvents]), handler: |verb| on(verb, bulk::record) },
    Route { verb: Get, path: "/api/v1/logs/stream", access: Socket(READERS), handler: |verb| on(verb, stream::stream) },
    Route { verb: Get, path: "/api/v1/logs/{id}", access: Needs(READERS), handler: |verb| on(verb, logs::one) },
    Route { verb: Get, path: "/api/v1/logs/stats", access: Needs(READERS), handler: |verb| on(verb, stats::stats) },
    Route { verb: Get, path: "/api/v1/logs/suggest", access: Needs(READERS), handler: |verb| on(verb, stats::suggest) },
    Route { verb: Get, path: "/api/v1/logs/complete", access: Needs(READERS), handler: |verb| on(verb, complete::complete) },
    Route { verb: Get, path: "/api/v1/logs/comparison", access: Needs(READERS), handler: |verb| on(verb, comparison::compare) },
    Route { verb: Get, path: "/api/v1/views", access: Needs(READERS), handler: |verb| on(verb, views::list) },
    Route { verb: Post, path: "/api/v1/views", access: Needs(READERS), handler: |verb| on(verb, views::create) },
    Route { verb: Put, path: "/api/v1/views/default", access: Needs(READERS), handler: |verb| on(verb, views::set_default) },
    Route { verb: Get, path: "/api/v1/views/{id}", access: Needs(READERS), handler: |verb| on(verb, views::one) },
    Route { verb: Put, path: "/api/v1/views/{id}", access: Needs(READERS), handler: |verb| on(verb, views::change) },
    Route { verb: Delete, path: "/api/v1/views/{id}", access: Needs(READERS), handler: |verb| on(verb, views::delete) },
    Route { verb: Get, path: "/api/v1/logs/{id}/related", access: Needs(READERS), handler: |verb| on(verb, related::related) },
    Route { verb: Get, path: "/api/v1/targets/{type}/{id}/history", access: Needs(READERS), handler: |verb| on(verb, related::history) },
    Route { verb: Get, path: "/api/v1/logs/export", access: Needs(&[ExportEvents]), handler: |verb| on(verb, exports::direct::export) },
    Route { verb: Delete, path: "/api/v1/logs/cleanup", access: Needs(&[CleanUp]), handler: |verb| on(verb, cleanup::run) },
    Route { verb: Post, path: "/api/v1/exports", access: Needs(&[ExportEvents]), handler: |verb| on(verb, exports::request) },
    Route { verb: Get, path: "/api/v1/exports", access: Needs(&[ExportEvents, ManageErasures]), handler: |verb| on(verb, exports::list) },
    Route { verb: Get, path: "/api/v1/exports/{id}", access: Needs(&[ExportEvents, ManageErasures]), handler: |verb| on(verb, exports::one) },
    Route { verb: Delete, path: "/api/v1/exports/{id}", access: Needs(&[ExportEvents, ManageErasures]), handler: |verb| on(verb, exports::cancel) },
    Route { verb: Get, path: "/api/v1/exports/{id}/file", access: Needs(&[ExportEvents, ManageErasures]), handler: |verb| on(verb, exports::file::download) },
    Route { verb: Get, path: "/api/v1/exports/{id}/manifest", access: Needs(&[ExportEvents, ManageErasures]), handler: |verb| on(verb, exports::manifest) },
    Route { verb: Get, path: "/api/v1/limits", access: Needs(&[ReadCatalogue]), handler: |verb| on(verb, health::limits) },
    Route { verb: Post, path: "/api/v1/search/rebuild", access: Needs(&[MaintainIndex]), handler: |verb| on(verb, rebuild::begin) },
    Route { verb: Get, path: "/api/v1/search/rebuild", access: Needs(&[MaintainIndex]), handler: |verb| on(verb, rebuild::status) },
    Route { verb: Delete, path: "/api/v1/search/rebuild", access: Needs(&[MaintainIndex]), handler: |verb| on(verb, rebuild::cancel) },
    Route { verb: Get, path: "/api/v1/quarantine", access: Needs(&[ManageQuarantine]), handler: |verb| on(verb, quarantine::list) },
    Route { verb: Get, path: "/api/v1/quarantine/{id}", access: Needs(&[ManageQuarantine]), handler: |verb| on(verb, quarantine::one) },
    Route { verb: Delete, path: "/api/v1/quarantine/{id}", access: Needs(&[ManageQuarantine]), handler: |verb| on(verb, quarantine::discard) },
    Route { verb: Post, path: "/api/v1/quarantine/{id}/replay", access: Needs(&[ManageQuarantine]), handler: |verb| on(verb, quarantine::replay) },
    Route { verb: Post, path: "/api/v1/api-keys", access: Needs(&[ManageApiKeys]), handler: |verb| on(verb, api_keys::create) },
    Route { verb: Get, path: "/api/v1/api-keys", access: Needs(&[ManageApiKeys]), handler: |verb| on(verb, api_keys::list) },
    Route { verb: Post, path: "/api/v1/api-keys/{id}/rotate", access: Needs(&[ManageApiKeys]), handler: |verb| on(verb, api_keys::rotate) },
    Route { verb: Delete, path: "/api/v1/api-keys/{id}", access: Needs(&[ManageApiKeys]), handler: |verb| on(verb, api_keys::revoke) },
    Route { verb: Post, path: "/api/v1/revocations", access: Needs(&[RevokeAccess]), handler: |verb| on(verb, revocations::revoke) },
    Route { verb: Get, path: "/api/v1/revocations", access: Needs(&[RevokeAccess]), handler: |verb| on(verb, revocations::list) },
    Route { verb: Post, path: "/api/v1/relay/tokens", access: Needs(&[IssueRelayTokens]), handler: |verb| on(verb, relay::issue) },
    Route { verb: Post, path: "/api/v1/relay", access: Needs(&[RelayEvents]), handler: |verb| on(verb, relay::record) },
    Route { verb: Post, path: "/api/v1/break-glass", access: Needs(&[BreakGlass]), handler: |verb| on(verb, break_glass::open) },
    Route { verb: Get, path: "/api/v1/break-glass", access: Needs(&[ReadAccessPolicy]), handler: |verb| on(verb, break_glass::list) },
    Route { verb: Delete, path: "/api/v1/break-glass/{id}", access: Needs(&[BreakGlass, RevokeAccess]), handler: |verb| on(verb, break_glass::close) },
    Route { verb: Get, path: "/api/v1/access/policy", access: Needs(&[ReadAccessPolicy]), handler: |verb| on(verb, access::policy) },
    Route { verb: Get, path: "/api/v1/access/me", access: ByField, handler: |verb| on(verb, access::me) },
    Route { verb: Get, path: "/api/v1/retention", access: Needs(&[ReadAccessPolicy]), handler: |verb| on(verb, retention::show) },
    Route { verb: Post, path: "/api/v1/retention/proposals", access: Needs(&[ManageRetention]), handler: |verb| on(verb, retention::propose) },
    Route { verb: Post, path: "/api/v1/retention/proposals/{id}/approve", access: Needs(&[ManageRetention]), handler: |verb| on(verb, retention::approve) },
    Route { verb: Post, path: "/api/v1/retention/proposals/{id}/reject", access: Needs(&[ManageRetention]), handler: |verb| on(verb, retention::reject) },
    Route { verb: Post, path: "/api/v1/retention/simulation", access: Needs(&[ManageRetention]), handler: |verb| on(verb, retention::simulate) },
    Route { verb: Post, path: "/api/v1/retention/clock", access: Needs(&[ManageRetention]), handler: |verb| on(verb, retention::confirm_clock) },
    Route { verb: Get, path: "/api/v1/certificates/{id}", access: Needs(&[CleanUp, ManageErasures]), handler: |verb| on(verb, retention::certificate) },
    Route { verb: Post, path: "/api/v1/holds", access: Needs(&[ManageHolds]), handler: |verb| on(verb, holds::place) },
    Route { verb: Get, path: "/api/v1/holds", access: Needs(&[ManageHolds, ManageErasures]), handler: |verb| on(verb, holds::list) },
    Route { verb: Get, path: "/api/v1/holds/{id}", access: Needs(&[ManageHolds, ManageErasures]), handler: |verb| on(verb, holds::one) },
    Route { verb: Post, path: "/api/v1/holds/{id}/approve", access: Needs(&[ManageHolds]), handler: |verb| on(verb, holds::approve) },
    Route { verb: Post, path: "/api/v1/holds/{id}/release", access: Needs(&[ManageHolds]), handler: |verb| on(verb, holds::release) },
    Route { verb: Post, path: "/api/v1/erasures", access: Needs(&[ManageErasures]), handler: |verb| on(verb, erasures::request) },
    Route { verb: Get, path: "/api/v1/erasures", access: Needs(&[ManageErasures]), handler: |verb| on(verb, erasures::list) },
    Route { verb: Get, path: "/api/v1/erasures/{id}", access: Needs(&[ManageErasures]), handler: |verb| on(verb, erasures::one) },
    Route { verb: Post, path: "/api/v1/erasures/{id}/approve", access: Needs(&[ManageErasures]), handler: |verb| on(verb, erasures::approve) },
    Route { verb: Post, path: "/api/v1/erasures/{id}/reject", access: Needs(&[ManageErasures]), handler: |verb| on(verb, erasures::reject) },
    Route { verb: Post, path: "/api/v1/access-requests", access: Needs(&[ManageErasures]), handler: |verb| on(verb, erasures::copy) },
    Route { verb: Post, path: "/api/v1/rectifications", access: Needs(&[ManageErasures]), handler: |verb| on(verb, erasures::rectify) },
    Route { verb: Get, path: "/healthz", access: Open, handler: |verb| on(verb, health::healthz) },
    Route { verb: Get, path: "/readyz", access: Open, handler: |verb| on(verb, health::readyz) },
    Route { verb: Get, path: "/metrics", access: Open, handler: |verb| on(verb, health::metrics) },
    Route { verb: Get, path: "/api/v1/health/conditions", access: Needs(&[MaintainIndex, ReadAccessPolicy]), handler: |verb| on(verb, conditions::list) },
    Route { verb: Get, path: "/tlog/log.json", access: Open, handler: |verb| on(verb, tlog::log) },
    Route { verb: Get, path: "/tlog/log/heads/{day}", access: Open, handler: |verb| on(verb, tlog::heads) },
    Route { verb: Get, path: "/tlog/{shard}/checkpoint", access: Open, handler: |verb| on(verb, tlog::checkpoint) },
    Route { verb: Get, path: "/tlog/{shard}/checkpoint.cosigned", access: Open, handler: |verb| on(verb, tlog::cosigned) },
    Route { verb: Get, path: "/tlog/{shard}/tile/{*path}", access: Open, handler: |verb| on(verb, tlog::tile) },
    Route { verb: Get, path: "/api/v1/logs/{id}/proof", access: Needs(READERS), handler: |verb| on(verb, tlog::proof) },
    Route { verb: Get, path: "/api/v1/openapi.json", access: Open, handler: |verb| on(verb, docs_page::document) },
    Route { verb: Get, path: "/api/v1/docs", access: Open, handler: |verb| on(verb, docs_page::page) },
    Route { verb: Get, path: "/api/v1/docs/docs.css", access: Open, handler: |verb| on(verb, docs_page::style) },
    Route { verb: Get, path: "/api/v1/docs/docs.js", access: Open, handler: |verb| on(verb, docs_page::script) },
    Route { verb: Get, path: "/api/v1/notifications/rules", access: Needs(&[ManageNotifications]), handler: |verb| on(verb, notification_rules::list) },
    Route { verb: Post, path: "/api/v1/notifications/rules/preview", access: Needs(&[ManageNotifications]), handler: |verb| on(verb, notification_rules::preview) },
    Route { verb: Get, path: "/api/v1/notifications/rules/{id}", access: Needs(&[ManageNotifications]), handler: |verb| on(verb, notification_rules::one) },
    Route { verb: Put, path: "/api/v1/notifications/rules/{id}", access: Needs(&[ManageNotifications]), handler: |verb| on(verb, notification_rules::set) },
    Route { verb: Delete, path: "/api/v1/notifications/rules/{id}", access: Needs(&[ManageNotifications]), handler: |verb| on(verb, notification_rules::remove) },
    Route { verb: Get, path: "/api/v1/notifications/preferences", access: Needs(&[ManageNotifications]), handler: |verb| on(verb, preferences::defaults) },
    Route { verb: Put, path: "/api/v1/notifications/preferences", access: Needs(&[ManageNotifications]), handler: |verb| on(verb, preferences::set_defaults) },
    Route { verb: Get, path: "/api/v1/notifications/disputes", access: Needs(&[ManageNotifications]), handler: |verb| on(verb, disputes::list) },
    Route { verb: Get, path: "/api/v1/me/notification-preferences", access: Needs(&[ReadOwnEvents]), handler: |verb| on(verb, preferences::own) },
    Route { verb: Put, path: "/api/v1/me/notification-preferences", access: Needs(&[ReadOwnEvents]), handler: |verb| on(verb, preferences::set_own) },
    Route { verb: Get, path: "/api/v1/me/addresses", access: Needs(&[ReadOwnEvents]), handler: |verb| on(verb, addresses::list) },
    Route { verb: Post, path: "/api/v1/me/addresses", access: Needs(&[ReadOwnEvents]), handler: |verb| on(verb, addresses::add) },
    Route { verb: Post, path: "/api/v1/me/addresses/{id}/verify", access: Needs(&[ReadOwnEvents]), handler: |verb| on(verb, addresses::verify) },
    Route { verb: Delete, path: "/api/v1/me/addresses/{id}", access: Needs(&[ReadOwnEvents]), handler: |verb| on(verb, addresses::remove) },
    Route { verb: Post, path: "/api/v1/me/disputes", access: Needs(&[ReadOwnEvents]), handler: |verb| on(verb, disputes::raise) },
    Route { verb: Get, path: "/not-me", access: Open, handler: |verb| on(verb, link_pages::wasnt_me) },
    Route { verb: Post, path: "/not-me", access: Open, handler: |verb| on(verb, link_pages::say_it_wasnt_me) },
    Route { verb: Get, path: "/unsubscribe", access: Open, handler: |verb| on(verb, link_pages::unsubscribe) },
    Route { verb: Post, path: "/unsubscribe", access: Open, handler: |verb| on(verb, link_pages::end_mail) },
    Route { verb: Get, path: "/verify-address", access: Open, handler: |verb| on(verb, link_pages::verify_address) },
    Route { verb: Post, path: "/verify-address", access: Open, handler: |verb| on(verb, link_pages::confirm_address) },
    Route { verb: Get, path: "/api/v1/notifications/endpoints", access: Needs(&[ManageNotifications]), handler: |verb| on(verb, endpoints::list) },
    Route { verb: Post, path: "/api/v1/notifications/endpoints", access: Needs(&[ManageNotifications]), handler: |verb| on(verb, endpoints::create) },
    Route { verb: Get, path: "/api/v1/notifications/endpoints/{id}", access: Needs(&[ManageNotifications]), handler: |verb| on(verb, endpoints::one) },
    Route { verb: Put, path: "/api/v1/notifications/endpoints/{id}", access: Needs(&[ManageNotifications]), handler: |verb| on(verb, endpoints::change) },
    Route { verb: Delete, path: "/api/v1/notifications/endpoints/{id}", access: Needs(&[ManageNotifications]), handler: |verb| on(verb, endpoints::remove) },
    Route { verb: Post, path: "/api/v1/notifications/endpoints/{id}/rotate", access: Needs(&[ManageNotifications]), handler: |verb| on(verb, endpoints::rotate) },
    Route { verb: Post, path: "/api/v1/notifications/endpoints/{id}/test", access: Needs(&[ManageNotifications]), handler: |verb| on(verb, endpoints::test) },
    Route { verb: Post, path: "/api/v1/notifications/endpoints/{id}/replay", access: Needs(&[ManageNotifications]), handler: |verb| on(verb, endpoints::replay) },
    Route { verb: Get, path: "/api/v1/notifications/deliveries", access: Needs(&[ManageNotifications]), handler: |verb| on(verb, deliveries::list) },
    Route { verb: Get, path: "/api/v1/notifications/deliveries/{id}/attempts", access: Needs(&[ManageNotifications]), handler: |verb| on(verb, deliveries::attempts) },
    Route { verb: Post, path: "/api/v1/keys/rotation", access: Needs(&[ManageKeys]), handler: |verb| on(verb, keys::rotate) },
];
