//! What is given up: endpoints that take nothing for days, what is too much for a receiver, and rules that are
//! beyond the limits.

use std::sync::Arc;

use annals_domain::limits::{Limits, QueryLimits};
use annals_domain::notification::{DELIVERED, ENDPOINT_DISABLED, FAILED, RULE_SET, role_inbox};
use annals_domain::profile::PersonRef;
use annals_ports::Outbox;
use annals_ports::memory::MemoryInbox;
use annals_ports::outbox::{Attempt, AttemptOutcome, MessageState, MessagesAsked};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::inbox::{catalogue, password_change};
use super::machine::{Machine, event, record_all, settings, tenant, wait_until_durable};
use super::nodes::wait_until;
use super::posting::{
    Webhooks, add_endpoint, change_passwords, check_order, machine, start, taken, types, wait_for,
    wait_until_settled,
};
use crate::Settings;

/// Whether an endpoint is switched off when a message that was tried first so long ago is given up; `other`
/// says whether it took one to somebody else meanwhile.
async fn is_switched_off(tried_for: SignedDuration, other: bool) -> bool {
    let webhooks = Webhooks { fails_for: Some("ann"), ..Webhooks::default() };
    webhooks.holds.send_replace(true);
    let webhooks = Arc::new(webhooks);
    let machine = Machine { carriers: vec![webhooks.clone()], ..Machine::default() };
    let system = start(&machine).await;
    add_endpoint(&system, 500).await;
    record_all(&system, vec![password_change(1, "ann")]).await;
    let messages = || machine.inbox.page(&tenant(), &MessagesAsked::default(), 9).unwrap();
    wait_until("the message waits", async || !messages().is_empty()).await;
    let message = messages()[0].message.id;
    // What is written of it says that it was tried for long, and has one attempt left.
    let at = Timestamp::now() - tried_for;
    let (outcome, code, cause) = (AttemptOutcome::Again(at), None, None);
    let attempt = Attempt { message, at, outcome, code, cause };
    machine.inbox.attempted(&vec![attempt; 9]).unwrap();
    if other {
        record_all(&system, vec![password_change(2, "bob")]).await;
    }
    webhooks.holds.send_replace(false);
    wait_until("the log tells that it is given up", async || {
        types(&system).await.contains(&FAILED.to_owned())
    })
    .await;
    assert!(messages().iter().any(|one| one.state == MessageState::GivenUp));
    wait_until_settled(&machine, &system).await;
    let told = types(&system).await.contains(&ENDPOINT_DISABLED.to_owned());
    let security = PersonRef { tenant: tenant(), id: role_inbox("security") };
    let inbox = system.queries.inbox(security, None, None, 9).await.unwrap();
    let kinds: Vec<&str> = inbox.iter().map(|item| item.notification.kind.as_str()).collect();
    assert_eq!(kinds, vec![ENDPOINT_DISABLED; usize::from(told)], "security hears of it once");
    let sent = webhooks.taken.lock().unwrap().len();
    record_all(&system, vec![password_change(3, "cid")]).await;
    wait_until_settled(&machine, &system).await;
    let sends = webhooks.taken.lock().unwrap().len() > sent;
    assert_eq!(sends, !told, "what is switched off is sent nothing");
    system.stop().await;
    told
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_took_nothing_for_three_days_is_switched_off_and_security_is_told() {
    let days = SignedDuration::from_hours(72);
    assert!(is_switched_off(days, false).await);
    assert!(!is_switched_off(days - SignedDuration::from_mins(5), false).await);
    assert!(!is_switched_off(days, true).await, "others it took");
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_for_a_receiver_is_given_up_at_once_and_the_rest_waits() {
    let (mut machine, channel) = machine();
    machine.inbox = Arc::new(MemoryInbox::with_waiting_max(10));
    let system = start(&machine).await;
    channel.hold(true);
    change_passwords(&system, 0..12).await;
    let given_up = || {
        let messages = machine.inbox.page(&tenant(), &MessagesAsked::default(), 99).unwrap();
        let given_up = messages.iter().filter(|one| one.state == MessageState::GivenUp);
        let mut numbers: Vec<u128> = given_up.map(|one| one.message.event.0.as_u128()).collect();
        numbers.sort_unstable();
        numbers
    };
    wait_until("what is too much is given up", async || given_up().len() == 2).await;
    wait_until("the log tells of it", async || types(&system).await.contains(&FAILED.into())).await;
    assert_eq!(given_up(), [10, 11]);
    assert!(taken(&channel).is_empty());
    let messages = machine.inbox.page(&tenant(), &MessagesAsked::default(), 99).unwrap();
    let attempts = machine.inbox.attempts_of(messages[0].message.id).unwrap();
    let cause = attempts[0].cause.clone().unwrap();
    assert!(cause.contains("too many messages waited"), "{cause}");
    channel.hold(false);
    wait_for(&channel, 10).await;
    wait_until_settled(&machine, &system).await;
    change_passwords(&system, 12..15).await;
    wait_for(&channel, 13).await;
    let told = taken(&channel);
    check_order(&told);
    assert!(told.len() == 13 && !told.contains(&10) && !told.contains(&11), "{told:?}");
    system.stop().await;
}

/// A node is killed after a receiver took something and before the log told of it.
#[tokio::test(start_paused = true)]
async fn what_was_done_before_a_crash_is_told_when_the_node_delivers_again() {
    let (machine, channel) = machine();
    let system = start(&machine).await;
    channel.hold(true);
    change_passwords(&system, 0..1).await;
    let messages = || machine.inbox.page(&tenant(), &MessagesAsked::default(), 9).unwrap();
    wait_until("the message waits", async || !messages().is_empty()).await;
    system.stop().await;
    let (message, at) = (messages()[0].message.id, Timestamp::now());
    let (outcome, code, cause) = (AttemptOutcome::Delivered, None, None);
    machine.inbox.attempted(&[Attempt { message, at, outcome, code, cause }]).unwrap();
    let system = start(&machine).await;
    wait_until("the log tells of it", async || {
        types(&system).await.contains(&DELIVERED.to_owned())
    })
    .await;
    wait_until("that is known", async || machine.inbox.untold(9).unwrap().is_empty()).await;
    assert!(taken(&channel).is_empty(), "it is not sent again");
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn rules_are_held_to_the_limits_of_the_settings() {
    let terms = Limits::shipped().query.terms_max;
    let filter = vec!["type:user.password.changed"; terms + 1].join(" OR ");
    for (terms_max, told) in [(terms, 0), (terms + 1, 1)] {
        let machine = Machine::default();
        let query = QueryLimits { terms_max, ..settings().query };
        let system = machine.start_knowing(catalogue(), Settings { query, ..settings() }).await;
        let mut set = event(1, "root", "sets a rule");
        set.event_type = RULE_SET.into();
        set.source = "annals".into();
        let rule = json!({"rule": {"id": "wide", "name": "Wide", "filter": filter,
            "audience": ["role:admin"], "channels": ["inbox"]}});
        set.metadata = rule.as_object().unwrap().clone();
        let position = record_all(&system, vec![set, password_change(2, "ann")]).await;
        wait_until_durable(&system, position).await;
        let admins = PersonRef { tenant: tenant(), id: role_inbox("admin") };
        let inbox = system.queries.inbox(admins, None, None, 9).await.unwrap();
        assert_eq!(inbox.len(), told, "{terms_max} conditions");
        system.stop().await;
    }
}
