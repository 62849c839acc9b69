//! Asks witnesses to cosign the newest checkpoints, in rounds. Nothing waits for it: neither who records
//! nor who signs.
//!
//! In a round all witnesses are asked about the same checkpoint, so that one checkpoint gathers enough
//! cosignatures though the log grows on. A cosignature goes under the stored checkpoint as long as that
//! is still the newest; the newest checkpoint that a quorum has cosigned is kept beside it.

use std::sync::Arc;
use std::time::Duration;

use annals_ports::{ReadModelError, TreeStore};
use annals_tlog::cosignature;
use annals_tlog::witness::AddCheckpoint;
use annals_tlog::{Algorithm, Hash, Note, VerifyingKey};
use futures_util::stream::{FuturesUnordered, StreamExt};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::publishing::{Publishing, Witness};
use super::reading::{PublishedShard, Tiles, TilesError};

mod standing;
mod word;

use standing::Standing;
use word::{Asked, Refusal, Word, judge};

/// The first round comes so soon after the start.
const FIRST_AFTER: Duration = Duration::from_secs(1);
/// Asked once with the size that we think it knows, and once with the size that it says.
const TRIES_MAX: usize = 2;

/// Asks the witnesses.
#[derive(Clone)]
pub(crate) struct Witnessing {
    pub(crate) store: Arc<dyn TreeStore>,
    pub(crate) tiles: Tiles,
    pub(crate) publishing: Publishing,
    pub(crate) stopping: CancellationToken,
}

/// Sent to itself, once a round.
pub(crate) struct Round;

pub(crate) struct State {
    /// In the order of the witnesses.
    standings: Vec<Standing>,
    next: Instant,
}

/// What came of asking one witness.
enum Came {
    Word(Word),
    /// It could not be reached, or not in time.
    Unreachable(String),
    /// There is no such proof: the trees are being made anew.
    NoProof,
    Failed(TilesError),
}

impl Actor for Witnessing {
    type Msg = Round;
    type State = State;
    type Arguments = ();

    async fn pre_start(
        &self,
        myself: ActorRef<Round>,
        (): (),
    ) -> Result<State, ActorProcessingErr> {
        myself.cast(Round)?;
        let mut standings = Vec::new();
        standings.resize_with(self.publishing.witnesses.len(), Standing::default);
        Ok(State { standings, next: Instant::now() + FIRST_AFTER })
    }

    async fn handle(
        &self,
        myself: ActorRef<Round>,
        Round: Round,
        State { standings, next }: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        let round = async {
            tokio::time::sleep_until(*next).await;
            self.round(standings).await
        };
        tokio::select! {
            () = self.stopping.cancelled() => return Ok(()),
            done = round => if let Err(error) = done {
                warn!(error = &*error as &dyn std::error::Error, "cannot ask the witnesses");
            }
        }
        *next = Instant::now() + self.interval();
        myself.cast(Round)?;
        Ok(())
    }
}

impl Witnessing {
    fn interval(&self) -> Duration {
        Duration::from_secs(self.publishing.witnessing.interval_seconds.max(1))
    }

    /// Asks about every shard, newest first.
    async fn round(&self, standings: &mut [Standing]) -> Result<(), ActorProcessingErr> {
        let tiles = self.tiles.clone();
        let shards = tokio::task::spawn_blocking(move || tiles.shards()).await??;
        for shard in shards.iter().rev().filter(|shard| !shard.checkpoint.is_empty()) {
            self.gather(shard, standings).await?;
        }
        Ok(())
    }

    /// Asks all who have not cosigned the shard's newest checkpoint, and keeps what they give.
    async fn gather(
        &self,
        shard: &PublishedShard,
        standings: &mut [Standing],
    ) -> Result<(), ActorProcessingErr> {
        let signed = Note::parse(shard.checkpoint.as_bytes())?;
        let mut gathered = signed.clone();
        let now = Instant::now();
        let witnesses = self.publishing.witnesses.iter().zip(&*standings).enumerate();
        let due = witnesses.filter(|(_, (witness, standing))| {
            standing.is_due(&shard.name, now) && !has_cosigned(&signed, &witness.key)
        });
        let asks = due.map(|(number, (witness, standing))| {
            let known = standing.known(&shard.name);
            let asking = self.ask(witness, shard, &signed, known);
            async move { (number, asking.await) }
        });
        let mut asks: FuturesUnordered<_> = asks.collect();
        while let Some((number, came)) = asks.next().await {
            let witness = &self.publishing.witnesses[number];
            self.learn(&mut standings[number], witness, shard, &came);
            if let Came::Word(Word::Cosigned(lines)) = came {
                cosignature::merge(&mut gathered, &lines, std::slice::from_ref(&witness.key))?;
                self.keep(shard, &gathered).await?;
            }
        }
        Ok(())
    }

    /// Asks one witness, with a proof from the size that it knows.
    async fn ask(
        &self,
        witness: &Witness,
        shard: &PublishedShard,
        signed: &Note,
        known: u64,
    ) -> Came {
        let patience = Duration::from_secs(self.publishing.witnessing.timeout_seconds.max(1));
        let mut old = known.min(shard.size);
        for _ in 0..TRIES_MAX {
            let proof = match self.proof(shard, old).await {
                Ok(Some(proof)) => proof,
                Ok(None) => return Came::NoProof,
                Err(error) => return Came::Failed(error),
            };
            let request = AddCheckpoint { old_size: old, proof, checkpoint: signed.clone() };
            let answer = match timeout(patience, witness.client.add_checkpoint(request.to_string()))
                .await
            {
                Ok(Ok(answer)) => answer,
                Ok(Err(error)) => return Came::Unreachable(crate::projection::with_causes(&error)),
                Err(_) => return Came::Unreachable("it did not answer in time".to_owned()),
            };
            let asked = Asked { old, size: shard.size, note: signed, key: &witness.key };
            match judge(answer, &asked) {
                Word::Knows(size) => old = size,
                word => return Came::Word(word),
            }
        }
        Came::Word(Word::Refuses(Refusal::Size))
    }

    async fn proof(
        &self,
        shard: &PublishedShard,
        old: u64,
    ) -> Result<Option<Vec<Hash>>, TilesError> {
        if old == 0 {
            return Ok(Some(Vec::new()));
        }
        let (tiles, name, size) = (self.tiles.clone(), shard.name.clone(), shard.size);
        let proof = tokio::task::spawn_blocking(move || tiles.consistency(&name, old, size)).await;
        proof.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }

    /// Remembers what came, and tells it.
    fn learn(
        &self,
        standing: &mut Standing,
        witness: &Witness,
        shard: &PublishedShard,
        came: &Came,
    ) {
        let (now, interval) = (Instant::now(), self.interval());
        let (name, shard_name) = (witness.key.name(), shard.name.as_str());
        let outcome = match came {
            Came::Word(Word::Cosigned(_)) => {
                standing.cosigned(shard_name, shard.size);
                "cosigned"
            }
            Came::Word(Word::Knows(_)) | Came::NoProof => {
                standing.refused(shard_name, now, interval);
                "refused"
            }
            Came::Word(Word::Refuses(refusal)) => {
                standing.refused(shard_name, now, interval);
                let error = refusal as &dyn std::error::Error;
                warn!(witness = name, shard = shard_name, error, "a witness did not cosign");
                "refused"
            }
            Came::Word(Word::Disputes(dispute)) => {
                standing.disputed(shard_name, now);
                let error = dispute as &dyn std::error::Error;
                error!(
                    witness = name,
                    shard = shard_name,
                    error,
                    "a witness saw another log of this name: find out who else signs under it, or \
                     whether the data and the mark were put back; the witness is asked again in an hour"
                );
                "disputed"
            }
            Came::Unreachable(cause) => {
                standing.unreachable(now, interval);
                warn!(witness = name, cause, "a witness cannot be reached");
                "unreachable"
            }
            Came::Failed(failure) => {
                let error = failure as &dyn std::error::Error;
                warn!(shard = shard_name, error, "no proof can be made for the witnesses");
                "unproven"
            }
        };
        let name = name.to_owned();
        metrics::counter!("annals_witness_answers_total", "witness" => name, "outcome" => outcome)
            .increment(1);
    }

    /// Stores a checkpoint with the cosignatures it has so far.
    async fn keep(&self, shard: &PublishedShard, note: &Note) -> Result<(), ActorProcessingErr> {
        let cosignatures =
            self.publishing.witnesses.iter().filter(|witness| has_cosigned(note, &witness.key));
        let is_enough = cosignatures.count() >= self.publishing.quorum();
        let (store, name, size) = (Arc::clone(&self.store), shard.name.clone(), shard.size);
        let note = note.to_string();
        let kept = tokio::task::spawn_blocking(move || {
            store.replace_note(&name, size, &note)?;
            match is_enough {
                true => store.keep_cosigned(&name, &note),
                false => Ok::<_, ReadModelError>(()),
            }
        });
        Ok(kept.await??)
    }
}

/// Whether a cosignature of this key is under the note; it was verified before it came there.
fn has_cosigned(note: &Note, key: &VerifyingKey) -> bool {
    key.algorithm() == Algorithm::Cosignature
        && note.signatures().iter().any(|signature| key.is_of(signature))
}

#[cfg(test)]
mod tests;
