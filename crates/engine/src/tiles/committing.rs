//! Commits to where all streams ended, once a day.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::heads::Heads;

/// How often it is asked whether a day began.
const TURN: Duration = Duration::from_secs(1);
/// After a failure there is some peace.
const REST: Duration = Duration::from_secs(60);

/// Commits for each day by UTC, as soon as something was signed on it.
#[derive(Clone)]
pub(crate) struct DailyCommitment {
    pub(crate) heads: Heads,
    pub(crate) stopping: CancellationToken,
}

/// Sent by the actor to itself, once a turn.
pub(crate) struct Turn;

impl Actor for DailyCommitment {
    type Msg = Turn;
    /// How long to wait before the next turn.
    type State = Duration;
    type Arguments = ();

    async fn pre_start(
        &self,
        myself: ActorRef<Turn>,
        (): (),
    ) -> Result<Duration, ActorProcessingErr> {
        myself.cast(Turn)?;
        Ok(TURN)
    }

    async fn handle(
        &self,
        myself: ActorRef<Turn>,
        Turn: Turn,
        wait: &mut Duration,
    ) -> Result<(), ActorProcessingErr> {
        tokio::select! {
            () = self.stopping.cancelled() => return Ok(()),
            () = tokio::time::sleep(*wait) => {}
        }
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        *wait = match self.heads.commit(today).await {
            Ok(None) => TURN,
            Ok(Some(_)) => {
                info!(day = %today, "committed to where all streams ended");
                TURN
            }
            Err(error) => {
                metrics::counter!("annals_heads_failures_total").increment(1);
                let error = &error as &dyn std::error::Error;
                error!(error, "cannot commit to where all streams ended; trying again");
                REST
            }
        };
        myself.cast(Turn)?;
        Ok(())
    }
}
