//! `annals witness`: cosigns the checkpoints of other logs, and never two logs of one name.
//!
//! It lives beside the service's API and not within: it has no tokens, no scopes and no data directory, and
//! a route of the API cannot be without them.

mod desk;
mod files;
mod server;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tracing::info;

use self::desk::Desk;
use self::files::Files;
use crate::configuration::Settings;
use crate::{serve, telemetry};

/// Cosigns the checkpoints of other logs, as a witness whom their operators do not rule.
///
/// Prints its public key: who runs a log names it in `[[integrity.witnesses]]`, with the address.
#[derive(Debug, clap::Args)]
pub(crate) struct WitnessArgs {
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8088")]
    listen: String,
    /// What was cosigned last of each log. Never put it back to an older state
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// The private key; made when there is neither key nor state
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Name of the key when it is made, such as witness.example.org [default: a random one]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Public keys of the logs, one for each tree that `/tlog/log.json` names
    #[arg(long, value_name = "VKEY", value_delimiter = ',', required_unless_present = "logs")]
    log: Vec<String>,
    /// File with public keys of logs, one a line; what follows a `#` is left out
    #[arg(long, value_name = "FILE")]
    logs: Option<PathBuf>,
    /// Write the port that was taken into this file, once the witness listens
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
}

pub(crate) async fn run(args: WitnessArgs) -> anyhow::Result<()> {
    let mut log = Settings::load(None)?.log;
    log.file = PathBuf::new();
    let _log = telemetry::start_log(&log, std::path::Path::new("."))?;
    let keys = files::watched(&args.log, args.logs.as_deref())?;
    let files = Files::open(&args.state, &args.key, args.name.as_deref())?;
    let key = files.key.verifying_key().to_string();
    let desk = Arc::new(Desk::open(files, keys)?);
    let listener = TcpListener::bind(&args.listen)
        .await
        .with_context(|| format!("listening on {}", args.listen))?;
    let address = listener.local_addr().context("reading the address that was taken")?;
    if let Some(file) = &args.port_file {
        serve::write_port(file, address.port())?;
    }
    println!("{key}");
    info!("listening on http://{address}");
    server::serve(listener, desk, &key, serve::told_to_stop()?).await;
    info!("stopped");
    Ok(())
}
