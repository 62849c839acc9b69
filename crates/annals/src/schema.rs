//! `annals schema`: the contracts that other programs build on.

use annals_domain::catalogue::Catalogue;
use annals_domain::catalogue::reference::render_markdown;

/// What can be printed.
#[derive(Debug, Clone, Copy, clap::Subcommand)]
pub(crate) enum SchemaCommand {
    /// The GraphQL schema, as in graphql/schema.graphql
    Graphql,
    /// Every type of event, as in docs/events.md
    Events,
}

pub(crate) fn run(what: SchemaCommand) -> anyhow::Result<()> {
    match what {
        SchemaCommand::Graphql => print!("{}", annals_api::graphql::schema_text()),
        SchemaCommand::Events => print!("{}", render_markdown(&Catalogue::shipped())),
    }
    Ok(())
}
