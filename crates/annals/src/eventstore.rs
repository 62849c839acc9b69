//! `annals eventstore`: prepares and checks a server that the log is to be kept on.

mod conformance;

use annals_store_eventstoredb::Address;
use annals_store_eventstoredb::rights::{self, Users};

use crate::exit::{self, Failure};

/// What can be done with a server.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum EventstoreCommand {
    Setup(SetupArgs),
    Conformance(conformance::ConformanceArgs),
}

/// Narrows the server's default rights: one user appends, nobody but administrators deletes streams or
/// writes their metadata.
///
/// The users must exist. Rights of single streams, where somebody set them, stay as they are.
#[derive(Debug, clap::Args)]
pub(crate) struct SetupArgs {
    /// The server, with an administrator: `esdb://admin:password@host:2113`
    #[arg(long, value_name = "URL", env = "ANNALS_STORE__URL", hide_env_values = true)]
    url: String,
    /// The user of the Annals nodes
    #[arg(long, value_name = "USER")]
    writer: String,
    /// A user who may write the metadata of streams, to take destroyed keys out of the server's files
    #[arg(long, value_name = "USER")]
    keeper: Option<String>,
}

pub(crate) async fn run(command: EventstoreCommand) -> anyhow::Result<()> {
    match command {
        EventstoreCommand::Setup(args) => setup(args).await,
        EventstoreCommand::Conformance(args) => conformance::run(args).await,
    }
}

async fn setup(args: SetupArgs) -> anyhow::Result<()> {
    let address = parsed(&args.url)?;
    let users = Users { writer: args.writer, keeper: args.keeper };
    rights::setup(&address, &users)
        .await
        .map_err(|refusal| Failure::new(exit::FAILED, refusal.to_string()))?;
    println!(
        "`{}` may append and read, {} may write the metadata of streams, administrators may delete; \
         nobody else may do anything",
        users.writer,
        users.keeper.as_deref().map_or("no other user".into(), |keeper| format!("`{keeper}`")),
    );
    Ok(())
}

fn parsed(url: &str) -> anyhow::Result<Address> {
    Ok(Address::parse(url).map_err(|error| Failure::new(exit::USAGE, error.to_string()))?)
}
