//! Putting keys in groups: whoever comes while one transaction is being made durable goes into the
//! next, together with all others who came meanwhile.
//!
//! Under load many persons are seen for the first time at once, each in a request of its own; one
//! fsync for each would bound how fast events are recorded.

use std::sync::{Arc, Mutex, PoisonError};

use annals_domain::TenantId;
use annals_ports::KeyStoreError;
use annals_record::{KeyId, WrappedKey};
use tokio::sync::oneshot::{self, error::TryRecvError};

use super::{Files, failed, put_person_key, run_on};

const DOING: &str = "storing persons' keys";

/// Those who wait, and whose turn it is. Each waiting put belongs to a caller who waits for it, so
/// there are no more of them than callers.
#[derive(Debug, Default)]
pub(super) struct Puts {
    waiting: Mutex<Vec<Put>>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Put {
    tenant: TenantId,
    keys: Vec<(KeyId, WrappedKey)>,
    reply: oneshot::Sender<Vec<WrappedKey>>,
}

impl Puts {
    /// Puts the keys, and tells the ones in force, once they are durable.
    pub(super) async fn put(
        &self,
        tenant: TenantId,
        keys: Vec<(KeyId, WrappedKey)>,
        files: &Arc<Files>,
    ) -> Result<Vec<WrappedKey>, KeyStoreError> {
        let mut answer = self.queue(&tenant, &keys);
        let _turn = self.turn.lock().await;
        match answer.try_recv() {
            // Whoever had the turn before has put these too …
            Ok(in_force) => return Ok(in_force),
            // … or failed to; why, only they were told.
            Err(TryRecvError::Closed) => answer = self.queue(&tenant, &keys),
            Err(TryRecvError::Empty) => {}
        }
        let puts = std::mem::take(&mut *self.waiting());
        let stored = run_on(files, move |files| {
            let in_force = files.write(|transaction| {
                let all = |put: &Put| {
                    let keys = put.keys.iter();
                    keys.map(|(id, key)| put_person_key(transaction, &put.tenant, id, key))
                        .collect()
                };
                puts.iter().map(all).collect::<rusqlite::Result<Vec<Vec<WrappedKey>>>>()
            })?;
            for (put, in_force) in puts.into_iter().zip(in_force) {
                // The caller may have left; the keys are stored all the same.
                let _ = put.reply.send(in_force);
            }
            Ok(())
        });
        stored.await.map_err(|source| failed(DOING, source))?;
        answer.await.map_err(|dropped| failed(DOING, dropped.into()))
    }

    fn queue(
        &self,
        tenant: &TenantId,
        keys: &[(KeyId, WrappedKey)],
    ) -> oneshot::Receiver<Vec<WrappedKey>> {
        let (reply, answer) = oneshot::channel();
        let (tenant, keys) = (tenant.clone(), keys.to_vec());
        self.waiting().push(Put { tenant, keys, reply });
        answer
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Put>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
