//! Takes the lease and renews it: carries out what [`Claim`] decides.

use std::sync::Arc;
use std::time::Duration;

use annals_ports::RegisterError;
use tokio::time::Instant;
use tracing::{info, warn};

use super::calls::Calls;
use super::status::DeliveryStatus;
use crate::lease::{Claim, Pace, Step, Write};

/// Name of the register in which the lease lies.
const LEASE: &str = "lease-delivery";
/// How often laying the lease down is tried.
const RELEASES_MAX: usize = 3;
/// How long laying the lease down may take; others take it over without that, only later.
const RELEASE_PATIENCE: Duration = Duration::from_secs(5);

/// Takes the lease and renews it.
pub(super) struct Keeper {
    calls: Calls,
    claim: Claim,
    pace: Pace,
    status: DeliveryStatus,
    /// The registers did not answer last time.
    cut_off: bool,
}

impl Keeper {
    pub(super) fn new(calls: Calls, node: &Arc<str>, pace: Pace, status: DeliveryStatus) -> Self {
        let claim = Claim::new(node.to_string(), pace);
        Self { calls, claim, pace, status, cut_off: false }
    }

    /// Waits until this node holds the lease; tells its epoch.
    pub(super) async fn acquire(&mut self) -> u64 {
        loop {
            if let Some((epoch, _)) = self.claim.held(Instant::now()) {
                info!(epoch, "this node delivers from now on");
                return epoch;
            }
            self.advance().await;
        }
    }

    /// Renews the lease for as long as this node holds it; returns when it does not any more.
    pub(super) async fn keep(&mut self, epoch: u64) {
        while let Some((held, until)) = self.claim.held(Instant::now()) {
            if held != epoch {
                break;
            }
            // However long a call takes: at that time it is over.
            let _ = tokio::time::timeout_at(until, self.advance()).await;
        }
        self.step_down();
        warn!(epoch, "this node no longer holds the lease and has stopped delivering");
    }

    /// Gives the lease up without laying it down.
    pub(super) fn step_down(&mut self) {
        self.claim.step_down();
        self.status.set(None);
    }

    /// Lays the lease down, so that another node takes it at its next look.
    pub(super) async fn release(&mut self) {
        self.status.set(None);
        if !self.claim.was_tried() {
            return;
        }
        let released = tokio::time::timeout(RELEASE_PATIENCE, self.try_release()).await;
        if released != Ok(true) {
            warn!("the lease could not be laid down; another node takes over when it expires");
        }
    }

    async fn try_release(&mut self) -> bool {
        for _ in 0..RELEASES_MAX {
            self.look().await;
            match self.claim.release() {
                // After a look that failed it is not known.
                None if self.cut_off => {}
                None => return true,
                Some(write) => self.write(write).await,
            }
        }
        false
    }

    async fn advance(&mut self) {
        match self.claim.step(Instant::now()) {
            Step::Wait(until) => tokio::time::sleep_until(until).await,
            Step::Look => self.look().await,
            Step::Write(write) => self.write(write).await,
        }
        self.status.set(self.claim.held(Instant::now()).map(|(_, until)| until));
    }

    async fn look(&mut self) {
        match self.calls.read(LEASE).await {
            Ok(register) => {
                self.claim.saw(register.as_ref(), Instant::now());
                self.answered();
            }
            Err(error) => self.not_answered(&error).await,
        }
    }

    async fn write(&mut self, write: Write) {
        let value = serde_json::to_vec(&write.lease).expect("a lease is plain JSON");
        self.claim.trying(&write);
        let sent = Instant::now();
        match self.calls.write(LEASE, write.expected, value).await {
            Ok(version) => {
                self.claim.wrote(write, sent, version);
                self.answered();
            }
            Err(RegisterError::Conflict { .. }) => self.claim.failed(),
            Err(error) => self.not_answered(&error).await,
        }
    }

    fn answered(&mut self) {
        if std::mem::take(&mut self.cut_off) {
            info!("the lease of delivery can be read and written again");
        }
    }

    async fn not_answered(&mut self, error: &RegisterError) {
        self.claim.failed();
        if !std::mem::replace(&mut self.cut_off, true) {
            let error = error as &dyn std::error::Error;
            warn!(error, "the lease of delivery cannot be read or written; trying again");
        }
        tokio::time::sleep(self.pace.look()).await;
    }
}
