//! Whether a person may be erased is looked at until the moment in which the key goes.

use std::sync::atomic::{AtomicUsize, Ordering};

use annals_domain::TenantId;
use annals_domain::access::state::HOLD_PLACED;

use super::*;
use crate::LastLook;
use crate::tests::machine::record_one;

/// Places a hold while it looks for the first time, when nothing is closed yet, and then goes by holds.
struct HoldComes<'a> {
    system: &'a System,
    looks: AtomicUsize,
}

#[async_trait]
impl LastLook for HoldComes<'_> {
    async fn may_go(
        &self,
        tenant: &TenantId,
        _: &[String],
    ) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
        if self.looks.fetch_add(1, Ordering::SeqCst) == 0 {
            let mut placed = own(60, "bob");
            (placed.event_type, placed.source) = (HOLD_PLACED.into(), "annals".into());
            placed.subject = None;
            let facts = json!({ "matter": "2026-117", "query": "actor:ann" });
            placed.metadata = facts.as_object().unwrap().clone();
            record_one(self.system, placed).await?;
            return Ok(true);
        }
        let state = self.system.access.now();
        let held = state.tenant(tenant).is_some_and(|one| one.lifecycle().holds().count() > 0);
        Ok(!held)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_that_comes_while_an_erasure_is_under_way_stops_it() {
    let machine = Machine::default();
    let system = filled(&machine).await;
    let look = HoldComes { system: &system, looks: AtomicUsize::new(0) };
    let persons = names(&["ann"]);
    let stopped = system.eraser.erase_persons_after(&tenant(), &persons, &look).await;
    assert!(matches!(stopped, Err(EraseError::Forbidden)), "{stopped:?}");
    assert_eq!(look.looks.load(Ordering::SeqCst), 2);
    let named = system.eraser.name(&tenant(), &persons).await.unwrap();
    assert!(named[0].key_check.is_some(), "the key is there");
    assert!(!found(&system, Filter::equals("actor.id", "ann")).await.is_empty());
    system.stop().await;
}

/// Always the same word.
struct Says(bool);

#[async_trait]
impl LastLook for Says {
    async fn may_go(
        &self,
        _: &TenantId,
        _: &[String],
    ) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.0)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forbidden_from_the_start_takes_nothing_out_of_what_waits() {
    let machine = Machine::default();
    let system = filled(&machine).await;
    let sent = refused("ann", r#"{"type":"a.b"}"#);
    let now = jiff::Timestamp::now();
    system.quarantine.keep(&tenant(), vec![sent], now).await.unwrap();
    let persons = names(&["ann"]);
    let stopped = system.eraser.erase_persons_after(&tenant(), &persons, &Says(false)).await;
    assert!(matches!(stopped, Err(EraseError::Forbidden)), "{stopped:?}");
    let done = system.eraser.erase_persons_after(&tenant(), &persons, &Says(true)).await.unwrap();
    assert_eq!((done.keys, done.quarantined), (1, 1));
    system.stop().await;
}
