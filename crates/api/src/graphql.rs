//! GraphQL: `/graphql` by POST and GET, as events, and by WebSocket (graphql-transport-ws).

mod accept;
mod accessed_by;
mod batch;
mod comparison;
mod completions;
mod connection;
mod contract;
mod deliveries;
mod document;
mod documents;
mod endpoints;
mod event;
mod execution;
mod export;
mod failure;
mod filter;
mod http;
mod inbox;
mod input;
mod integrity;
mod lifecycle;
mod mutation;
mod notifications;
mod operation;
pub mod permissions;
mod person;
mod playground;
mod quarantine;
mod query;
mod rebuild;
mod receipt;
mod related;
mod scalars;
mod settings;
mod sightings;
mod socket;
mod sse;
mod statistics;
mod subscription;
mod tenant_keys;
mod user_error;
mod views;

use async_graphql::Schema;
use axum::routing::on;

use crate::context::Api;
use crate::router::{Access, Route, Verb};
use documents::Documents;
pub use documents::{DocumentMode, DocumentsError, TrustedDocuments};
pub use settings::{GraphqlParts, GraphqlSettings};

pub(crate) use http::refused_request as refused;

pub(crate) type AnnalsSchema =
    Schema<query::AllQueries, mutation::AllMutations, subscription::Subscription>;

/// The schema with the limits of the service.
pub(crate) fn schema(api: &Api) -> AnnalsSchema {
    let differences = permissions::differences(&schema_text());
    assert!(differences.is_empty(), "fields without a permission, or the reverse: {differences:?}");
    let limits = &api.limits.request;
    Schema::build(
        query::AllQueries::default(),
        mutation::AllMutations::default(),
        subscription::Subscription,
    )
    .limit_depth(limits.graphql_depth_max)
    .limit_complexity(limits.graphql_complexity_max)
    .limit_recursive_depth(limits.graphql_brackets_max)
    .limit_directives(limits.graphql_directives_max)
    .data(api.clone())
    .data(Documents::new(api.graphql.documents, api.graphql.trusted.clone(), limits))
    .finish()
}

/// The schema as text, for `graphql/schema.graphql`.
pub fn schema_text() -> String {
    let schema = Schema::build(
        query::AllQueries::default(),
        mutation::AllMutations::default(),
        subscription::Subscription,
    )
    .finish();
    let options = async_graphql::SDLExportOptions::new().sorted_fields().include_specified_by();
    schema.sdl_with_options(options)
}

/// Where GraphQL is spoken.
#[rustfmt::skip]
pub(crate) const ROUTES: &[Route] = &[
    Route { verb: Verb::Get, path: "/graphql", access: Access::ByFieldOrSocket, handler: |verb| on(verb, http::get) },
    Route { verb: Verb::Post, path: "/graphql", access: Access::ByField, handler: |verb| on(verb, http::post) },
    Route { verb: Verb::Get, path: "/graphql/schema.graphql", access: Access::ByField, handler: |verb| on(verb, contract::schema_file) },
    Route { verb: Verb::Get, path: "/graphql/playground", access: Access::Open, handler: |verb| on(verb, playground::page) },
    Route { verb: Verb::Get, path: "/graphql/playground/playground.js", access: Access::Open, handler: |verb| on(verb, playground::script) },
    Route { verb: Verb::Get, path: "/graphql/playground/playground.css", access: Access::Open, handler: |verb| on(verb, playground::style) },
];
