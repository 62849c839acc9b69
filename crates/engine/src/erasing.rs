//! The physical side of erasing persons: their keys, and all that was derived from what the keys sealed.
//!
//! The log itself stays as it is, byte for byte. A person's key is destroyed, and with it everything that
//! lies under it; what was copied out of the log before goes after it: from memory, read models, index,
//! and from what waits beside the log. Each step can be done again, so whatever stops half-way is finished
//! by the next call. The index comes last of what is derived: as long as it has a person's words it tells
//! where they are.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use annals_domain::catalogue::Catalogue;
use annals_domain::lifecycle::ErasureClearance;
use annals_domain::{Position, Recorded, TenantId};
use annals_ports::SearchError;
use annals_record::KeyId;
use tracing::info;

use crate::access::{ACCESS, AccessKeeper};
use crate::key_ring::KeyRing;
use crate::opening::ReadError;
use crate::projection::Progress;
use crate::projections::{INBOX, INDEX, ModelsTurn, PROFILES};
use crate::quarantine::Quarantine;
use crate::queries::Queries;
use crate::reading::open_whole;
use crate::spool::Spooler;

pub(crate) mod faults;
mod finding;
mod mentions;
mod outcome;
mod retelling;

use faults::{Faults, Step};
use finding::Concerned;
use mentions::Mentions;
pub use outcome::{EraseError, Erased, Erasure, LastLook, Named, Sweep};

/// Persons that are erased at once.
pub const PERSONS_MAX: usize = 1000;
/// How long keys wait for recordings under way, which hold them; new ones of the tenant wait behind.
const GATE_PATIENCE: Duration = Duration::from_secs(10);
/// How long is waited for feed and projections, which mostly need a moment.
const CATCH_UP_PATIENCE: Duration = Duration::from_secs(60);
/// Events read at once.
const STEP: usize = 1024;

/// Erases persons; cheap to clone. One batch at a time.
#[derive(Clone)]
pub struct Eraser(pub(crate) Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) queries: Queries,
    pub(crate) keeper: Arc<AccessKeeper>,
    pub(crate) access: Arc<Progress>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) models: ModelsTurn,
    pub(crate) quarantine: Quarantine,
    pub(crate) spooler: Option<Arc<Spooler>>,
    pub(crate) sweeps: RwLock<Vec<Arc<dyn Sweep>>>,
    pub(crate) turn: tokio::sync::Mutex<()>,
    pub(crate) faults: Faults,
}

impl Eraser {
    /// Has something more swept with every erasure from now on.
    pub fn add_sweep(&self, sweep: Arc<dyn Sweep>) {
        self.0.sweeps.write().unwrap_or_else(PoisonError::into_inner).push(sweep);
    }

    /// What a ledger is to say of these persons, in the same order. To be kept durably before
    /// [`Eraser::erase`], which leaves nothing that could tell it.
    pub async fn name(
        &self,
        tenant: &TenantId,
        persons: &[String],
    ) -> Result<Vec<Named>, EraseError> {
        let ids = self.keys().pseudonyms_of(tenant, persons).await?;
        let checks = self.keys().checks_of(tenant, &ids).await?;
        let named = |(id, key_check): (&KeyId, _)| Named { pseudonym: id.as_text(), key_check };
        Ok(ids.iter().zip(checks).map(named).collect())
    }

    /// Erases persons of a tenant who may be: everything known of them up to now. When this returns without
    /// an error, nothing of what their keys sealed can be read on this node, in memory or in files.
    ///
    /// Where one has no key any more, the whole log is looked through for their events. When `last` says that one
    /// of them may not go, no key is destroyed.
    pub async fn erase(
        &self,
        tenant: &TenantId,
        cleared: &[ErasureClearance],
        last: &dyn LastLook,
    ) -> Result<Erasure, EraseError> {
        self.run(tenant, &persons_of(tenant, cleared), None, Some(last)).await
    }

    /// Finishes an erasure that was begun before: destroys only the keys that have the check beside their
    /// person, so that what was recorded since stays. Looks through the whole log.
    pub async fn resume(
        &self,
        tenant: &TenantId,
        begun: &[(ErasureClearance, Option<String>)],
        last: &dyn LastLook,
    ) -> Result<Erasure, EraseError> {
        let (cleared, checks): (Vec<_>, Vec<Option<String>>) = begun.iter().cloned().unzip();
        self.run(tenant, &persons_of(tenant, &cleared), Some(&checks), Some(last)).await
    }

    /// Finishes an erasure that was begun before, of which nobody knows any more who the persons were: clears what
    /// goes by their keys and by the places of their events. What goes by the id of a person, such as their profile,
    /// their inbox and what waits in quarantine and spool, is not looked for.
    pub async fn resume_unknown(
        &self,
        tenant: &TenantId,
        begun: &[Named],
    ) -> Result<Erasure, EraseError> {
        let id = |named: &Named| {
            let id = KeyId::from_text(&named.pseudonym);
            id.ok_or_else(|| EraseError::NoPseudonym(named.pseudonym.clone()))
        };
        let ids = begun.iter().map(id).collect::<Result<Vec<KeyId>, _>>()?;
        let checks: Vec<Option<String>> = begun.iter().map(|one| one.key_check.clone()).collect();
        self.run_by(tenant, &[], &ids, Some(&checks), None).await
    }

    /// [`Eraser::erase`] of persons whom nobody cleared.
    #[cfg(test)]
    pub(crate) async fn erase_persons(
        &self,
        tenant: &TenantId,
        persons: &[String],
    ) -> Result<Erasure, EraseError> {
        self.run(tenant, persons, None, None).await
    }

    /// The same, with a last look.
    #[cfg(test)]
    pub(crate) async fn erase_persons_after(
        &self,
        tenant: &TenantId,
        persons: &[String],
        last: &dyn LastLook,
    ) -> Result<Erasure, EraseError> {
        self.run(tenant, persons, None, Some(last)).await
    }

    /// [`Eraser::resume`] of persons whom nobody cleared.
    #[cfg(test)]
    pub(crate) async fn resume_persons(
        &self,
        tenant: &TenantId,
        begun: &[(String, Option<String>)],
    ) -> Result<Erasure, EraseError> {
        let (persons, checks): (Vec<String>, Vec<Option<String>>) = begun.iter().cloned().unzip();
        self.run(tenant, &persons, Some(&checks), None).await
    }

    async fn run(
        &self,
        tenant: &TenantId,
        persons: &[String],
        only: Option<&[Option<String>]>,
        last: Option<&dyn LastLook>,
    ) -> Result<Erasure, EraseError> {
        let ids = self.keys().pseudonyms_of(tenant, persons).await?;
        self.run_by(tenant, persons, &ids, only, last).await
    }

    /// By the keys of persons, and by who they are as far as that is known: all of them or none.
    async fn run_by(
        &self,
        tenant: &TenantId,
        persons: &[String],
        ids: &[KeyId],
        only: Option<&[Option<String>]>,
        last: Option<&dyn LastLook>,
    ) -> Result<Erasure, EraseError> {
        if ids.len() > PERSONS_MAX {
            return Err(EraseError::TooMany(ids.len()));
        }
        if ids.is_empty() {
            return Ok(Erasure::default());
        }
        let _turn = self.0.turn.lock().await;
        may_go(last, tenant, persons).await?;
        let checks = self.keys().checks_of(tenant, ids).await?;
        let mut concerned = Concerned::by(tenant, ids);
        let is_exact = only.is_some() || checks.iter().any(Option::is_none);
        let looked_through = self.look(&mut concerned, persons, is_exact).await?;
        self.reached(Step::Looked)?;
        let (spooled, quarantined) = self.forget_what_waits(tenant, persons).await?;
        self.reached(Step::WaitingForgotten)?;
        let doomed = Doomed { tenant, persons, ids, only };
        let (keys, checks) = self.destroy(&doomed, last).await?;
        self.reached(Step::KeysDestroyed)?;
        let until = self.until().await?;
        concerned.scan(&*self.0.queries.log, looked_through, until).await?;
        self.replace_in_memory(&concerned).await?;
        self.reached(Step::MemoryReplaced)?;
        self.wait_for_projections(until).await?;
        self.retell(tenant, persons, &concerned, until).await?;
        self.reached(Step::ModelsRetold)?;
        let indexed = self.rewrite_index(&concerned).await?;
        self.reached(Step::IndexRewritten)?;
        let swept = self.sweep(tenant, persons).await?;
        self.keys().forget_names(tenant, persons);
        let events = concerned.positions.len() as u64;
        info!(%tenant, persons = ids.len(), keys, events, "persons were erased");
        let erased = |(id, key_check): (&KeyId, _)| Erased {
            pseudonym: id.as_text(),
            key_check,
            events: concerned.events_of(id),
        };
        let persons = ids.iter().zip(checks).map(erased).collect();
        Ok(Erasure { persons, keys, events, indexed, quarantined, spooled, swept })
    }

    fn keys(&self) -> &KeyRing {
        &self.0.queries.opener.keys
    }

    fn reached(&self, step: Step) -> Result<(), EraseError> {
        self.0.faults.reached(step)
    }

    async fn forget_what_waits(
        &self,
        tenant: &TenantId,
        persons: &[String],
    ) -> Result<(u64, u64), EraseError> {
        if persons.is_empty() {
            return Ok((0, 0));
        }
        let known: HashSet<String> = persons.iter().cloned().collect();
        let spooled = match &self.0.spooler {
            Some(spooler) => spooler.forget(tenant, &known).await?,
            None => 0,
        };
        let mentions = Mentions::of(&known);
        let quarantined = self.0.quarantine.remove_if(tenant, |facts, content| {
            mentions.are_in(content)
                || serde_json::to_vec(facts).is_ok_and(|facts| mentions.are_in(&facts))
        });
        Ok((spooled, quarantined.await?))
    }

    /// Nothing is sealed under the keys while they go, or later, and nothing is recorded between the last look
    /// and their end. Answers how many went, and what tells them from others.
    async fn destroy(
        &self,
        doomed: &Doomed<'_>,
        last: Option<&dyn LastLook>,
    ) -> Result<(u64, Vec<Option<String>>), EraseError> {
        let Doomed { tenant, persons, ids, only } = *doomed;
        let gate = self.keys().gates.close(tenant, GATE_PATIENCE).await;
        let _closed = gate.ok_or(EraseError::Recording)?;
        if last.is_some() {
            self.decisions_in_effect().await?;
        }
        may_go(last, tenant, persons).await?;
        let mut checks = self.keys().checks_of(tenant, ids).await?;
        let mut doomed = ids.to_vec();
        if let Some(only) = only {
            // What is gone is destroyed again: a store may have failed in the middle of that.
            let stays =
                |held: &Option<String>, meant: &Option<String>| held.is_some() && held != meant;
            let places = ids.iter().zip(checks.iter().zip(only));
            doomed = places
                .filter(|(_, (held, meant))| !stays(held, meant))
                .map(|(id, _)| *id)
                .collect();
            for (held, meant) in checks.iter_mut().zip(only) {
                *held = held.take().filter(|held| Some(held) == meant.as_ref());
            }
        }
        Ok((self.keys().destroy(tenant, &doomed).await?, checks))
    }

    /// Waits until what was decided, through any node, is in effect here.
    async fn decisions_in_effect(&self) -> Result<(), EraseError> {
        let head = self.0.queries.log.head().await?.max(self.keys().gates.newest());
        match self.0.access.reaches(head, GATE_PATIENCE).await {
            true => Ok(()),
            false => Err(EraseError::NotInEffect),
        }
    }

    /// Up to where something can lie under the destroyed keys. It is in the feed when this returns.
    async fn until(&self) -> Result<Position, EraseError> {
        let Queries { log, feed, .. } = &self.0.queries;
        let until = log.head().await?.max(self.keys().gates.newest());
        let mut seen = feed.watch();
        let there = seen.wait_for(|seen| *seen >= until);
        match tokio::time::timeout(CATCH_UP_PATIENCE, there).await {
            Ok(Ok(_)) => Ok(until),
            _ => Err(EraseError::Behind("feed")),
        }
    }

    /// The feed's ring and what waits for subscribers.
    async fn replace_in_memory(&self, concerned: &Concerned) -> Result<(), EraseError> {
        let feed = &self.0.queries.feed;
        let begin = feed.begin();
        let recent: Vec<Position> =
            concerned.positions.iter().copied().filter(|position| *position > begin).collect();
        for some in recent.chunks(STEP) {
            let anew = self.read(some).await?;
            let anew: HashMap<Position, Recorded> =
                anew.into_iter().map(|event| (event.position, event)).collect();
            feed.replace(&anew);
        }
        Ok(())
    }

    /// What they took in before they came so far may be in the old form; what comes is not.
    async fn wait_for_projections(&self, until: Position) -> Result<(), EraseError> {
        let derived = self.0.queries.progress.iter();
        for progress in derived.chain([&self.0.access]) {
            let name = progress.name();
            let keeps_events = [INDEX, PROFILES, INBOX, ACCESS].contains(&name);
            if keeps_events && !progress.reaches(until, CATCH_UP_PATIENCE).await {
                return Err(EraseError::Behind(name));
            }
        }
        Ok(())
    }

    async fn rewrite_index(&self, concerned: &Concerned) -> Result<u64, EraseError> {
        let positions: Vec<Position> = concerned.positions.iter().copied().collect();
        let this = self.clone();
        let runtime = tokio::runtime::Handle::current();
        let rewriting = blocking(move || {
            let mut read = |positions: &[Position]| {
                runtime.block_on(this.read(positions)).map_err(|source| SearchError::Failed {
                    doing: "reading events anew",
                    source: Box::new(source),
                })
            };
            this.0.queries.index.rewrite(&positions, &mut read)
        });
        Ok(rewriting.await?)
    }

    async fn sweep(
        &self,
        tenant: &TenantId,
        persons: &[String],
    ) -> Result<BTreeMap<String, u64>, EraseError> {
        let sweeps = self.0.sweeps.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut swept = BTreeMap::new();
        for sweep in sweeps {
            let name = sweep.name();
            let removed = sweep.sweep(tenant, persons).await;
            let removed = removed.map_err(|source| EraseError::Sweep { name, source })?;
            swept.insert(name.to_owned(), removed);
        }
        Ok(swept)
    }

    /// The events at some positions as they are now, without those that are gone or damaged.
    async fn read(&self, positions: &[Position]) -> Result<Vec<Recorded>, ReadError> {
        let Queries { log, opener, .. } = &self.0.queries;
        let entries = log.read_at(positions).await?;
        open_whole(opener, entries.into_iter().flatten().collect()).await
    }
}

/// Whose keys are to go.
struct Doomed<'a> {
    tenant: &'a TenantId,
    persons: &'a [String],
    /// Their keys, in the same order.
    ids: &'a [KeyId],
    /// What the keys that are meant are told by; none: whatever keys there are.
    only: Option<&'a [Option<String>]>,
}

async fn may_go(
    last: Option<&dyn LastLook>,
    tenant: &TenantId,
    persons: &[String],
) -> Result<(), EraseError> {
    let Some(last) = last else { return Ok(()) };
    match last.may_go(tenant, persons).await.map_err(EraseError::Unknown)? {
        true => Ok(()),
        false => Err(EraseError::Forbidden),
    }
}

/// Who was cleared. What was cleared in another tenant clears nobody here.
fn persons_of(tenant: &TenantId, cleared: &[ErasureClearance]) -> Vec<String> {
    let all_here = cleared.iter().all(|one| one.tenant() == tenant);
    assert!(all_here, "a clearance is for the tenant in which two people agreed");
    cleared.iter().map(|one| one.person().to_owned()).collect()
}

/// Does something that takes its time off the async threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))
}
