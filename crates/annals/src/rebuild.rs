//! `annals rebuild`: makes what is derived from the log anew.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use annals_domain::Position;
use annals_engine::{Progress, Queries, RebuildState, Rebuilding};
use annals_ports::{AccessStore, DetectionStore, InboxStore, ProfileStore, SearchIndex, TreeStore};
use annals_store_sqlite::DataDir;
use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::configuration::Settings;
use crate::exit::{self, Failure};
use crate::installation::Installation;
use crate::store::{self, Kind};
use crate::{telemetry, watching};

/// How often the progress is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Makes the search index, the profiles or the inboxes anew from the log. Stop the service first; a
/// running one fills its index anew when it is asked to, see docs/index.md.
#[derive(Debug, clap::Args)]
pub(crate) struct RebuildArgs {
    /// The data directory
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,
    /// Settings that go before the built-in ones
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the log is kept, as for `annals serve`
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// What to make anew
    #[arg(value_enum, default_value_t = What::All)]
    what: What,
}

/// What can be made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// The search index
    Index,
    /// Timelines, devices, places, sessions and counters of every person, and their inboxes
    Profiles,
    /// The Merkle trees of the log; the same trees as before, or no checkpoint of them is signed. They can
    /// be made anew only while retention has removed nothing
    Tiles,
    /// Everything that is derived from the log, but for the Merkle trees; of a log on a server also the copy of it
    All,
}

pub(crate) async fn run(args: RebuildArgs) -> anyhow::Result<()> {
    let mut settings = Settings::load(args.config.as_deref())?;
    if let Some(store) = args.store {
        settings.store.url = store;
    }
    let _log = telemetry::start_log(&settings.log, &args.data_dir)?;
    if args.what == What::All && !settings.store.is_embedded() {
        store::remove_copy(&DataDir::open(&args.data_dir)?)?;
    }
    let installation = Installation::open(&args.data_dir, &settings).await?;
    if let Some(trouble) = installation.store.log.health().trouble {
        bail!("{trouble}; the copy of the log is made when the server is back");
    }
    if let Kind::Remote(log) = &installation.store.kind {
        log.caught_up().await;
    }
    // An index that has something keeps it until the new one is whole.
    let beside = args.what == What::Index && installation.index.position() > Position::START;
    if matches!(args.what, What::Index | What::All) && !beside {
        installation.index.clear().context("clearing the search index")?;
    }
    if args.what == What::Tiles
        && let Some(trees) = &installation.trees
    {
        trees.clear().context("clearing the Merkle trees")?;
    }
    if matches!(args.what, What::Profiles | What::All) {
        installation.profiles.clear().context("clearing the profiles")?;
        installation.inbox.clear().context("clearing the inboxes")?;
    }
    if args.what == What::All {
        installation.access.clear().context("clearing the state of access")?;
        installation.detection.clear().context("clearing what detection has learned")?;
    }
    let started = Instant::now();
    let mut system = installation.start(&settings).await?;
    let access = system.access.clone();
    let queries = system.queries.clone();
    let rebuilding = system.rebuilding.clone().filter(|_| beside);
    let finished = tokio::select! {
        failed = async {
            let failed = match rebuilding {
                Some(rebuilding) => fill_anew(rebuilding).await,
                None => None,
            };
            follow(queries).await;
            access.until_current().await;
            failed
        } => Ok(failed),
        () = system.ended() => Err("a fault was not cured by restarting"),
    };
    let head = system.queries.head();
    let took = started.elapsed();
    let parked = system.queries.progress().iter().any(|progress| !progress.parked().is_empty());
    if args.what == What::All && finished == Ok(None) && !parked {
        let forgotten = watching::forget_poison(&*installation.own_registers()?).await;
        forgotten.context("noting that no event is left aside any more")?;
    }
    system.stop().await;
    installation.close().await;
    match finished {
        Ok(None) => {}
        Ok(Some(cause)) => return Err(gave_up(&cause)),
        Err(cause) => return Err(gave_up(cause)),
    }
    let per_second = head.0 as f64 / took.as_secs_f64().max(0.001);
    println!("rebuilt from {head} events in {:.1} s, {per_second:.0} a second", took.as_secs_f64());
    Ok(())
}

fn gave_up(cause: &str) -> anyhow::Error {
    Failure::new(exit::INTERNAL, format!("the rebuild gave up: {cause}")).into()
}

/// Fills the index anew beside the one that is there, and shows the progress; tells why it failed.
async fn fill_anew(rebuilding: Rebuilding) -> Option<String> {
    // One that was begun earlier goes on by itself.
    if rebuilding.status().state != RebuildState::Running
        && let Err(refused) = rebuilding.begin().await
    {
        return Some(refused.to_string());
    }
    let bar = ProgressBar::new(100);
    let style = ProgressStyle::with_template("{bar:40} {percent}% of the log, {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut watch = rebuilding.watch();
    loop {
        let status = watch.borrow_and_update().clone();
        bar.set_position(status.percent().into());
        let left = status.remaining().map_or(0, |left| left.as_secs());
        bar.set_message(format!("{:.0} events a second, {left} s left", status.events_per_second));
        match status.state {
            RebuildState::Running => {}
            RebuildState::Done => {
                bar.finish_and_clear();
                return None;
            }
            _ => return Some(status.cause.unwrap_or_else(|| "it was interrupted".to_owned())),
        }
        if watch.changed().await.is_err() {
            return Some("it was interrupted".to_owned());
        }
    }
}

/// Shows the progress until every projection has reached the head of the log.
async fn follow(queries: Queries) {
    let head = queries.head();
    let bar = ProgressBar::new(head.0 * queries.progress().len() as u64);
    let style = ProgressStyle::with_template("{bar:40} {percent}% of the log, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    loop {
        let behind = |progress: &Arc<Progress>| head.0.saturating_sub(progress.position().0);
        let left: u64 = queries.progress().iter().map(behind).sum();
        bar.set_position(bar.length().unwrap_or_default() - left);
        if left == 0 {
            bar.finish_and_clear();
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}
