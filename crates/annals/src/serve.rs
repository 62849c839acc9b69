//! `annals serve`: the service.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use annals_api::cursor::Cursors;
use annals_api::server::{self, TrustedProxies};
use annals_api::{ApiParts, Credentials, EndpointParts};
use annals_engine::enrich::{EnrichSettings, Enricher};
use annals_engine::{Clock, System};
use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::configuration::Settings;
use crate::exit::{self, Failure};
use crate::installation::Installation;
use crate::store::Kind;
use crate::{
    access, archive, backup, channels, findings, graphql, links, rate_limits, telemetry, traces,
    verifier, watching,
};

/// Runs the service until it is told to stop.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// Where everything is kept; made when it does not exist
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,
    /// Address and port; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Write the port that was taken into this file, once the service listens
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
    /// Settings that go before the built-in ones; see config/annals.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the log is kept: `sqlite`, embedded in the data directory, or `esdb://…`, on
    /// `EventStoreDB` or `KurrentDB` [default: sqlite]
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
}

pub(crate) async fn run(args: ServeArgs) -> anyhow::Result<()> {
    let mut settings = Settings::load(args.config.as_deref())?;
    if let Some(store) = args.store {
        settings.store.url = store;
    }
    let _log = telemetry::start_log(&settings.log, &args.data_dir)?;
    let metrics = telemetry::start_metrics()?;
    let installation = Installation::open(&args.data_dir, &settings).await?;
    let clock = Arc::new(installation.clock().await?);
    let stopping = CancellationToken::new();
    let verifier = Arc::new(verifier::open(&settings.auth, &args.data_dir, &stopping).await?);
    let database = &settings.enrich.geoip_database;
    let enrich = EnrichSettings {
        geoip_database: (!database.as_os_str().is_empty()).then(|| database.clone()),
    };
    let enricher = Arc::new(Enricher::new(enrich)?);
    // The first user agent would wait for the patterns to be made ready.
    let warming = Arc::clone(&enricher);
    std::thread::spawn(move || warming.warm_up());
    let detection = installation.detection(&settings, &clock)?;
    let mut system = installation.start_with(&settings, detection).await?;
    record_findings(&installation, &system, &clock).await;
    let archiving = archive_months(&installation, &system, &settings, &clock, &stopping)?;
    let api = Arc::new(ApiParts {
        recorder: system.recorder.clone(),
        quarantine: system.quarantine.clone(),
        queries: system.queries.clone(),
        exports: system.exports.clone(),
        rebuilding: system.rebuilding.clone(),
        key_rotation: system.key_rotation.clone(),
        tiles: system.tiles.clone(),
        retention: system.retention(installation.retention_rules(&settings)),
        eraser: system.eraser.clone(),
        lifecycle: installation.lifecycle(&settings).await?,
        log: installation.store.log.clone(),
        delivery: system.delivery.clone(),
        roles: settings.node.roles,
        rate_limits: rate_limits::open(&settings, &installation.root)?,
        inbox_news: system.inbox_news.clone(),
        catalogue: Arc::clone(&installation.catalogue),
        masker: Arc::clone(&installation.masker),
        access: Arc::new(access::policy(
            &settings.auth,
            &installation.limits,
            &installation.catalogue,
        )?),
        limits: Arc::clone(&installation.limits),
        unknown_types: settings.events.unknown_types,
        enricher,
        verifier,
        credentials: Credentials::new(
            system.access.clone(),
            settings.auth.access_rules(),
            installation.store.registers.clone(),
            &installation.root.derive("relay tokens"),
        ),
        endpoints: EndpointParts {
            secrets: Arc::clone(&system.endpoint_secrets),
            rules: channels::endpoint_rules(&settings.carriers())?,
        },
        cursors: Cursors::new(&installation.root.derive("cursor")),
        clock,
        stopping: stopping.clone(),
        live: annals_api::LiveParts::default(),
        graphql: graphql::parts(
            &settings,
            &installation.limits,
            args.listen.as_deref().unwrap_or(&settings.server.listen),
        )?,
        web: settings.server.web()?,
        notifying: links::notifying(&settings, &installation.root, &installation.catalogue)?,
        health: annals_api::HealthBoard::default(),
        metrics,
    });
    if let Some(exports) = &api.exports {
        exports.open_desk(annals_api::export_desk(&api));
    }
    let proxies = TrustedProxies::new(&settings.server.trusted_proxies)?;
    let listen = args.listen.as_deref().unwrap_or(&settings.server.listen);
    let listener =
        TcpListener::bind(listen).await.with_context(|| format!("listening on {listen}"))?;
    let address = listener.local_addr().context("reading the address that was taken")?;
    let serving = tokio::spawn(server::serve_behind(listener, api.clone(), proxies));
    traces::started(&api, &settings, &installation.root);
    annals_api::lifecycle::job::start(&api);
    backup::serve(&api, &settings, &args.data_dir, &installation.root);
    watching::start(&api, &settings, &args.data_dir, &installation)?;
    if let Some(file) = &args.port_file {
        write_port(file, address.port())?;
    }
    info!("listening on http://{address}, data in `{}`", args.data_dir.display());
    let ended = wait(&mut system).await?;
    stopping.cancel();
    if serving.await.is_err() {
        error!("the server ended in a panic");
    }
    if !ended {
        traces::stopping(&api).await;
    }
    drop(api);
    if let Some(archiving) = archiving
        && archiving.await.is_err()
    {
        error!("the task that archives closed months ended in a panic");
    }
    system.stop().await;
    installation.close().await;
    if ended {
        let message = "the engine gave up: a fault was not cured by restarting";
        return Err(Failure::new(exit::INTERNAL, message).into());
    }
    info!("stopped; everything that was taken on is recorded");
    Ok(())
}

/// Begins to archive closed months, where that is wanted.
fn archive_months(
    installation: &Installation,
    system: &System,
    settings: &Settings,
    clock: &Arc<Clock>,
    stopping: &CancellationToken,
) -> anyhow::Result<Option<JoinHandle<()>>> {
    if !settings.archive.is_on() || !settings.archive.write {
        return Ok(None);
    }
    let archiver = installation.archiver(settings)?;
    let events = (system.recorder.clone(), Arc::clone(&installation.catalogue));
    let interval = Duration::from_secs(settings.archive.interval_seconds);
    let (clock, stopping) = (Arc::clone(clock), stopping.clone());
    Ok(Some(archive::keep(archiver, events, clock, interval, stopping)))
}

/// What a server's log shows of others becomes events.
async fn record_findings(installation: &Installation, system: &System, clock: &Arc<Clock>) {
    if let Kind::Remote(log) = &installation.store.kind
        && let Some(found) = log.findings().await
    {
        let recorder = system.recorder.clone();
        let catalogue = Arc::clone(&installation.catalogue);
        tokio::spawn(findings::record(found, recorder, catalogue, Arc::clone(clock)));
    }
}

/// Waits for a signal (false), or for the engine to give up (true).
async fn wait(system: &mut System) -> anyhow::Result<bool> {
    tokio::select! {
        () = told_to_stop()? => Ok(false),
        () = system.ended() => Ok(true),
    }
}

/// Waits for a signal.
pub(crate) fn told_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("waiting for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("waiting for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => info!("SIGTERM: stopping"),
            _ = interrupt.recv() => info!("SIGINT: stopping"),
        }
    })
}

/// Written under another name first, so that whoever waits for the file finds it complete.
pub(crate) fn write_port(file: &Path, port: u16) -> anyhow::Result<()> {
    let fresh = file.with_extension("new");
    std::fs::write(&fresh, format!("{port}\n"))
        .and_then(|()| std::fs::rename(&fresh, file))
        .with_context(|| format!("writing the port file `{}`", file.display()))
}
