//! GraphQL: `/graphql` by POST and by WebSocket (graphql-transport-ws).

mod batch;
mod connection;
mod document;
mod event;
mod failure;
mod filter;
mod http;
mod inbox;
mod input;
mod mutation;
mod person;
mod query;
mod scalars;
mod socket;
mod subscription;

use async_graphql::Schema;
use axum::routing::get;

use crate::context::Api;
use crate::router::Route;

pub(crate) type AnnalsSchema = Schema<query::Query, mutation::Mutation, subscription::Subscription>;

/// The schema with the limits of the service.
pub(crate) fn schema(api: &Api) -> AnnalsSchema {
    let limits = &api.limits.request;
    Schema::build(query::Query, mutation::Mutation, subscription::Subscription)
        .limit_depth(limits.graphql_depth_max)
        .limit_complexity(limits.graphql_complexity_max)
        .limit_recursive_depth(limits.graphql_brackets_max)
        .limit_directives(limits.graphql_directives_max)
        .data(api.clone())
        .finish()
}

/// The schema as text, for `graphql/schema.graphql`.
pub fn schema_text() -> String {
    let schema =
        Schema::build(query::Query, mutation::Mutation, subscription::Subscription).finish();
    let options = async_graphql::SDLExportOptions::new().sorted_fields().include_specified_by();
    schema.sdl_with_options(options)
}

/// A socket says who it is after it was opened, so the address as such is not open.
pub(crate) const ROUTES: &[Route] = &[Route {
    path: "/graphql",
    open: false,
    handlers: || get(socket::upgrade).post(http::execute),
}];
