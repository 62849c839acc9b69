//! An officer is erased: what they decided about keeping and forgetting holds on, here and after a rebuild, and
//! nothing tells that it was them.

use annals_domain::Event;
use annals_domain::access::state::{HOLD_PLACED, POLICY_APPROVED, POLICY_PROPOSED};
use annals_domain::notification::RULE_SET;
use serde_json::{Value, json};

use super::*;
use crate::tests::machine::id;

/// What an officer decided for the tenant.
fn decision(number: u64, event_type: &str, by: &str, metadata: Value) -> Event {
    let mut event = own(number, by);
    (event.event_type, event.source) = (event_type.into(), "annals".into());
    event.subject = None;
    event.metadata = metadata.as_object().unwrap().clone();
    event
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_erased_officer_decided_holds_on_and_after_a_rebuild() {
    let machine = Machine::default();
    let system = machine.start_knowing(catalogue(), settings()).await;
    let rules = json!([{ "type": "order.*", "keep": "P30D" }]);
    let proposed = json!({ "rules": rules, "shortens": true });
    let approved = json!({ "about": id(40).to_string(), "effective_at": "2026-01-01T00:00:00Z" });
    let rule = json!({ "rule": {
        "id": "refunds", "name": "Refunds", "filter": "type:refund.*",
        "audience": ["subject"], "channels": ["inbox"],
    } });
    let events = vec![
        decision(40, POLICY_PROPOSED, "bob", proposed),
        decision(41, POLICY_APPROVED, "ann", approved),
        decision(42, HOLD_PLACED, "ann", json!({ "matter": "2026-117", "query": "actor:eve" })),
        decision(43, RULE_SET, "ann", rule),
    ];
    let position = record_all(&system, events).await;
    wait_until_durable(&system, position).await;
    system.eraser.erase_persons(&tenant(), &names(&["ann", "bob"])).await.unwrap();
    let state = system.access.now();
    let lifecycle = state.tenant(&tenant()).unwrap().lifecycle();
    let hold = lifecycle.hold(id(42)).expect("the hold stands");
    assert_eq!((hold.query.as_str(), hold.placed.by.as_str()), ("actor:eve", ""));
    assert!(hold.is_in_force());
    let policy = lifecycle.proposals().find(id(40)).expect("the policy stands");
    assert_eq!((policy.proposed.by.as_str(), policy.policy.rules().len()), ("", 1));
    assert_eq!(policy.approved.as_ref().map(|by| by.by.as_str()), Some(""));
    assert!(policy.effective_at.is_some());
    assert!(state.tenant(&tenant()).unwrap().notifications().rule("refunds").is_some());
    is_as_rebuilt(&machine, &system).await;
    system.stop().await;
}
