//! Keeps one working connection to the server, for as long as it takes.

mod checks;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::{info, warn};

use crate::address::Address;
use crate::diagnosis::diagnose;
use crate::failure::Failure;
use crate::generation::Generation;
use crate::settings::Settings;

pub use checks::Refusal;
use checks::check_surroundings;
pub(crate) use checks::{FOREIGN_EVENTS_LOOKED_AT, Identity, key_check_of, refuse_foreign};

/// How long to wait before a server is asked again that refused us: an operator must do something.
const REFUSED_PAUSE: Duration = Duration::from_secs(3);
/// How long making a connection may take beyond the time for finding a node.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// How long checking a server may take.
const CHECK_PATIENCE: Duration = Duration::from_secs(20);

/// How the connection is.
#[derive(Clone)]
pub(crate) enum State {
    /// No attempt has ended yet.
    New,
    /// There is none; why, and since when.
    Down { trouble: String, since: Instant },
    /// The server does not let us work with it.
    Refused(Refusal),
    /// It works.
    Up(Arc<Generation>),
}

/// A connection that is made anew whenever it breaks. Ends with this value.
pub(crate) struct Connection {
    shared: Arc<Shared>,
    supervisor: JoinHandle<()>,
}

struct Shared {
    address: Address,
    settings: Settings,
    /// What the log must be; none for a connection that only looks for keys.
    identity: Option<Identity>,
    state: watch::Sender<State>,
    /// Woken when the current generation is reported broken.
    broken: Notify,
}

impl Connection {
    /// Begins to connect.
    pub(crate) fn open(address: Address, settings: Settings, identity: Option<Identity>) -> Self {
        let (state, _) = watch::channel(State::New);
        let shared = Arc::new(Shared { address, settings, identity, state, broken: Notify::new() });
        let supervisor = tokio::spawn(supervise(Arc::clone(&shared)));
        Self { shared, supervisor }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.shared.address
    }

    pub(crate) fn watch(&self) -> watch::Receiver<State> {
        self.shared.state.subscribe()
    }

    /// Waits until the first attempt to connect has ended.
    pub(crate) async fn first_attempt(&self) -> State {
        let mut state = self.watch();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = state.wait_for(|state| !matches!(state, State::New)).await;
        state.borrow().clone()
    }

    /// The working connection. Waits for it a while after it broke; says at once that there is none
    /// when it has been away for longer.
    pub(crate) async fn generation(&self, deadline: Instant) -> Result<Arc<Generation>, Failure> {
        let mut watch = self.watch();
        loop {
            let state = watch.borrow_and_update().clone();
            let until = match state {
                State::Up(generation) => return Ok(generation),
                State::Refused(refusal) => return Err(Failure::unknown(refusal.to_string())),
                State::New => deadline,
                State::Down { since, trouble } => {
                    let patience = since + self.shared.settings.append_patience;
                    if patience <= Instant::now() {
                        return Err(Failure::unknown(trouble));
                    }
                    deadline.min(patience)
                }
            };
            if tokio::time::timeout_at(until, watch.changed()).await.is_err() {
                return Err(Failure::unknown("the server could not be reached in time"));
            }
        }
    }

    /// Tells what was met on a connection, so that a broken one is replaced.
    pub(crate) fn report(&self, generation: &Generation, failure: &Failure) {
        let dead = matches!(failure, Failure::Unknown { client_is_dead: true, .. });
        if dead || generation.is_broken() {
            self.replace(generation, failure);
        }
    }

    /// Checks again that this is the log that the node has followed: a server that was restarted may
    /// have been restored or exchanged, and the client library connects again without a word.
    pub(crate) async fn check(&self, generation: &Generation) -> Result<(), Failure> {
        let Err(refusal) = checked(&self.shared, generation).await else { return Ok(()) };
        let failure = Failure::unknown(refusal.to_string());
        // What is wrong is found again when the connection is made anew, and told to all.
        self.replace(generation, &failure);
        Err(failure)
    }

    /// Has a connection replaced, unless it was already.
    pub(crate) fn replace(&self, generation: &Generation, failure: &Failure) {
        let is_current = |state: &State| matches!(state, State::Up(current) if current.number == generation.number);
        let replaced = self.shared.state.send_if_modified(|state| {
            let replaced = is_current(state);
            if replaced {
                *state = State::Down { trouble: failure.to_string(), since: Instant::now() };
            }
            replaced
        });
        if replaced {
            warn!(%failure, "the connection to the event log broke");
            self.shared.broken.notify_one();
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.supervisor.abort();
    }
}

async fn supervise(shared: Arc<Shared>) {
    let (shortest, longest) = shared.settings.reconnect_pause;
    let mut pause = shortest;
    let mut number = 0;
    let mut last_trouble = String::new();
    loop {
        number += 1;
        match attempt(&shared, number).await {
            Ok(generation) => {
                info!(
                    address = %shared.address,
                    version = %generation.version,
                    "connected to the event log"
                );
                metrics::counter!("annals_log_connections_total").increment(1);
                last_trouble.clear();
                let begun = Instant::now();
                shared.state.send_replace(State::Up(Arc::new(generation)));
                shared.broken.notified().await;
                if begun.elapsed() > longest {
                    pause = shortest;
                } else {
                    // A server that takes connections but no appends is not to be run down.
                    tokio::time::sleep(jittered(pause)).await;
                    pause = (2 * pause).min(longest);
                }
            }
            Err(refusal) if refusal.is_definite() => {
                report_once(&mut last_trouble, &refusal);
                shared.state.send_replace(State::Refused(refusal));
                tokio::time::sleep(REFUSED_PAUSE).await;
            }
            Err(refusal) => {
                report_once(&mut last_trouble, &refusal);
                go_down(&shared.state, refusal.to_string());
                tokio::time::sleep(jittered(pause)).await;
                pause = (2 * pause).min(longest);
            }
        }
    }
}

/// The operations log is told each trouble once, not at every attempt.
fn report_once(last: &mut String, refusal: &Refusal) {
    let trouble = refusal.to_string();
    if *last != trouble {
        warn!(%trouble, "no connection to the event log; trying on");
        *last = trouble;
    }
}

/// Since when it is down stays as it was.
fn go_down(state: &watch::Sender<State>, trouble: String) {
    state.send_modify(|state| {
        let since = match state {
            State::Down { since, .. } => *since,
            _ => Instant::now(),
        };
        *state = State::Down { trouble, since };
    });
}

async fn attempt(shared: &Shared, number: u64) -> Result<Generation, Refusal> {
    let generation = connect(number, &shared.address, &shared.settings.namespace).await?;
    checked(shared, &generation).await?;
    Ok(generation)
}

/// Whether this is a log to go on with.
async fn checked(shared: &Shared, generation: &Generation) -> Result<(), Refusal> {
    let Shared { address, settings, identity, .. } = shared;
    let Some(identity) = identity else { return Ok(()) };
    let checking = identity.check(generation, address, settings);
    tokio::time::timeout(CHECK_PATIENCE, checking).await.unwrap_or_else(|_| Err(silent(address)))
}

/// Makes one connection, or tells as well as possible why there is none.
pub(crate) async fn connect(
    number: u64,
    address: &Address,
    namespace: &str,
) -> Result<Generation, Refusal> {
    check_surroundings(address, namespace)?;
    let patience = CONNECT_PATIENCE + address.discovery_time();
    let connecting = Generation::connect(number, address);
    let Ok(outcome) = tokio::time::timeout(patience, connecting).await else {
        return Err(silent(address));
    };
    match outcome.map_err(|failure| Refusal::of(address, &failure)) {
        Err(Refusal::Unreachable { reason, .. }) => Err(diagnose(address, reason).await),
        outcome => outcome,
    }
}

fn silent(address: &Address) -> Refusal {
    let (address, reason) = (address.to_string(), "it does not answer".into());
    Refusal::Unreachable { address, reason }
}

/// Between half and all of a pause, so that nodes do not come all at once.
pub(crate) fn jittered(pause: Duration) -> Duration {
    // A random UUID is as good a source of a random number as any.
    let random = (uuid::Uuid::new_v4().as_u128() >> 64) as u32;
    let share = 0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX);
    pause.mul_f64(share)
}
