//! The one connection to Redis, made anew away from those who use it: nobody waits for a Redis that
//! is not there.
//!
//! A connection on which a call failed or timed out is given up at once. Over a dead network it
//! would otherwise stay for as long as the system repeats its packets, about a quarter of an hour.

use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::limiter::CallError;
use crate::outage::{News, Outage};

/// How long connecting may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);
/// Between the end of a connection, or of an attempt, and the next attempt.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// Calls on their way to Redis at once; more wait, and give up in time.
const PIPELINE_MAX: usize = 1024;

/// Holds the connection while there is one.
pub(crate) struct Connection {
    state: watch::Sender<State>,
    keeper: AbortHandle,
}

enum State {
    /// Open; the number tells it from later ones.
    Open(u64, MultiplexedConnection),
    /// Being made.
    Opening,
    /// Given up because of this.
    Lost(CallError),
}

impl Connection {
    /// Begins to connect, on the tokio runtime that this is called on.
    pub(crate) fn keep(client: Client, timeout: Duration) -> Self {
        let (state, _) = watch::channel(State::Opening);
        let keeper = tokio::spawn(keep(client, timeout, state.clone())).abort_handle();
        Self { state, keeper }
    }

    /// The connection with its number, if there is one.
    pub(crate) fn open(&self) -> Option<(u64, MultiplexedConnection)> {
        match &*self.state.borrow() {
            State::Open(number, connection) => Some((*number, connection.clone())),
            State::Opening | State::Lost(_) => None,
        }
    }

    /// Gives up the connection of that number, if that did not happen meanwhile.
    pub(crate) fn lost(&self, number: u64, why: CallError) {
        self.state.send_if_modified(|state| {
            let current = matches!(state, State::Open(current, _) if *current == number);
            if current {
                *state = State::Lost(why);
            }
            current
        });
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Connects, waits until the connection is given up, and begins again, for ever.
async fn keep(client: Client, timeout: Duration, state: watch::Sender<State>) {
    let address = client.get_connection_info().addr().to_string();
    let mut outage = Outage::default();
    for number in 0.. {
        let failure = match connect(&client, timeout).await {
            Err(failure) => failure,
            Ok(connection) => {
                tell(outage.ended(), &address, None);
                state.send_replace(State::Open(number, connection));
                loss(&state).await
            }
        };
        tell(outage.failed(Instant::now()), &address, Some(&failure));
        tokio::time::sleep(RETRY_INTERVAL).await;
    }
}

/// Connects, and sees whether there is an answer: a proxy may take connections for a Redis that
/// is gone.
async fn connect(client: &Client, timeout: Duration) -> Result<MultiplexedConnection, CallError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_PATIENCE))
        .set_response_timeout(Some(timeout))
        .set_pipeline_buffer_size(PIPELINE_MAX);
    let connecting = async {
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        redis::cmd("PING").exec_async(&mut connection).await?;
        Ok(connection)
    };
    let connected = tokio::time::timeout(CONNECT_PATIENCE, connecting).await;
    connected.map_err(|_| CallError::TimeOut(CONNECT_PATIENCE))?.map_err(CallError::Redis)
}

/// Waits until the connection is given up, and tells why.
async fn loss(state: &watch::Sender<State>) -> CallError {
    // `state` lives, so waiting cannot fail.
    let _ = state.subscribe().wait_for(|state| matches!(state, State::Lost(_))).await;
    match state.send_replace(State::Opening) {
        State::Lost(why) => why,
        State::Open(..) | State::Opening => unreachable!("only the keeper opens a connection"),
    }
}

fn tell(news: News, address: &str, failure: Option<&CallError>) {
    match news {
        News::None => {}
        News::Back => {
            tracing::info!(address, "Redis answers again: all nodes count requests together");
        }
        News::Failing => tracing::warn!(
            address,
            error = failure.map(|failure| failure as &dyn std::error::Error),
            "Redis does not answer: until it does, this node counts requests for itself"
        ),
    }
}
