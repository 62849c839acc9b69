//! `annals schema`: the contracts that other programs build on.

use annals_domain::catalogue::Catalogue;
use annals_domain::catalogue::reference::render_markdown;

use crate::telemetry::described;

/// What can be printed.
#[derive(Debug, Clone, Copy, clap::Subcommand)]
pub(crate) enum SchemaCommand {
    /// The GraphQL schema, as in graphql/schema.graphql
    Graphql,
    /// The REST contract, as in docs/openapi.json
    Openapi,
    /// Working requests for Postman, as in `docs/annals.postman_collection.json`
    Postman,
    /// Every type of event, as in docs/events.md
    Events,
    /// Every metric, as in docs/metrics.md
    Metrics,
}

pub(crate) fn run(what: SchemaCommand) -> anyhow::Result<()> {
    match what {
        SchemaCommand::Graphql => print!("{}", annals_api::graphql::schema_text()),
        SchemaCommand::Openapi => print!("{}", annals_api::rest::openapi::openapi_text()),
        SchemaCommand::Postman => print!("{}", annals_api::rest::openapi::postman_text()),
        SchemaCommand::Events => print!("{}", render_markdown(&Catalogue::shipped())),
        SchemaCommand::Metrics => print!("{}", described::as_markdown()),
    }
    Ok(())
}
