//! How soon people are told: in their inbox over a subscription, by a webhook, and by mail, while events
//! are recorded at a steady rate of which a share is significant.
//!
//! The loop is open: a message's time runs from when its event was due to be sent until the receiver has
//! it. Each significant event changes the mail address of a person, so that the old and the new one are
//! told. It fails when a message is missing or comes twice.

mod arrivals;
mod inbox;
mod mail;
mod receivers;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::{Value, json};
use uuid::Uuid;

pub(super) use self::receivers::Receivers;
use super::pace::Pace;
use super::service::Service;

/// Measures telling people.
#[derive(Debug, clap::Args)]
pub(crate) struct TellingArgs {
    /// Events a second
    #[arg(long, default_value_t = 1000)]
    rate: u64,
    /// For so many seconds
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// One in so many is significant
    #[arg(long, default_value_t = 100)]
    one_in: u64,
    /// People who are told, each on a subscription of their own
    #[arg(long, default_value_t = 20)]
    people: u64,
    /// Events sent in one request
    #[arg(long, default_value_t = 10)]
    bulk: u64,
}

/// After the last event was sent, everybody has been told within this time.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether everything has come.
const LOOK: Duration = Duration::from_millis(50);

/// What is to come, by the name it comes under, and the number of the event that it tells of.
#[derive(Debug)]
struct Expected {
    /// In inboxes and by webhook: the id of the event.
    events: HashMap<String, u64>,
    /// The address.
    mail: HashMap<String, u64>,
}

pub(super) fn run(
    service: &Service,
    receivers: &Receivers,
    args: &TellingArgs,
    seed: u64,
) -> anyhow::Result<Value> {
    let pace = Pace::new(args.rate, args.seconds, args.bulk)?;
    if args.one_in == 0 || args.people == 0 {
        bail!("`--one-in` and `--people` must be 1 or more");
    }
    let person = |number: u64| format!("u{}", number / args.one_in % args.people);
    let ids: HashMap<u64, Uuid> = (0..pace.total)
        .step_by(usize::try_from(args.one_in)?)
        .map(|number| (number, Uuid::now_v7()))
        .collect();
    let expected = Expected::of(&ids);
    for number in 0..args.people {
        receivers.subscribe(service, &person(number * args.one_in))?;
    }
    service.wait_until_current()?;

    let event = |number| match ids.get(&number) {
        Some(id) => address_changed(*id, number, &person(number)),
        None => ordinary(&format!("telling-{seed}-{number}")),
    };
    let cpu = service.cpu();
    let start = Instant::now();
    let late = pace.send(service, start, event)?;
    wait_for(receivers, &expected)?;
    let seconds = start.elapsed().as_secs_f64();
    let used = service.cpu().zip(cpu).map(|(after, before)| (after - before).as_secs_f64());
    let due = |number| start + pace.due(number);
    Ok(json!({
        "bench": "telling",
        "rate_per_second": pace.rate,
        "events": pace.total,
        "significant": ids.len(),
        "people": args.people,
        "bulk": pace.bulk,
        "due_to_inbox": receivers.inbox.latencies(&expected.events, due)?.summary(),
        "due_to_webhook": receivers.webhook.latencies(&expected.events, due)?.summary(),
        "due_to_mail": receivers.mail.latencies(&expected.mail, due)?.summary(),
        "sender_late_max_ms": late.as_secs_f64() * 1000.0,
        "service": {
            "cpu_seconds": used,
            "cores": used.map(|used| used / seconds),
            "memory_kib": service.memory_kib(),
        },
    }))
}

impl Expected {
    fn of(ids: &HashMap<u64, Uuid>) -> Self {
        let events = ids.iter().map(|(number, id)| (id.to_string(), *number)).collect();
        let of_event = |number: &u64| addresses(*number).map(|address| (address, *number));
        Self { events, mail: ids.keys().flat_map(of_event).collect() }
    }
}

fn wait_for(receivers: &Receivers, expected: &Expected) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let all = [
        ("in inboxes", &receivers.inbox, &expected.events),
        ("by webhook", &receivers.webhook, &expected.events),
        ("by mail", &receivers.mail, &expected.mail),
    ];
    for (what, arrivals, expected) in all {
        while arrivals.count() < expected.len() {
            if Instant::now() > deadline {
                bail!("{} of {} messages came {what}", arrivals.count(), expected.len());
            }
            std::thread::sleep(LOOK);
        }
    }
    Ok(())
}

/// The addresses before and after the change that an event tells of.
fn addresses(number: u64) -> [String; 2] {
    ["old", "new"].map(|which| format!("{which}-{number}@example.org"))
}

fn address_changed(id: Uuid, number: u64, person: &str) -> Value {
    let [old, new] = addresses(number);
    json!({
        "id": id,
        "type": "user.email.changed",
        "actor": { "id": person },
        "subject": { "id": person },
        "changes": [{ "path": "/email", "op": "replace", "before": old, "after": new }],
    })
}

/// An event that tells nobody.
fn ordinary(session: &str) -> Value {
    json!({
        "type": "shop.order.changed",
        "actor": { "id": "somebody", "name": "Some Body" },
        "subject": { "id": "somebody" },
        "targets": [{ "type": "order", "id": session, "name": "An order" }],
        "description": "an order was changed by its owner",
        "client": { "ip": "10.1.2.3", "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0" },
        "session": { "id": session, "auth_method": "password", "mfa": true },
        "metadata": { "amount": 7, "currency": "EUR", "channel": "web" },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_significant_event_is_expected_once_and_twice_by_mail() {
        let ids = HashMap::from([(0, Uuid::from_u128(1)), (100, Uuid::from_u128(2))]);
        let expected = Expected::of(&ids);
        assert_eq!(expected.events.len(), 2);
        assert_eq!(expected.mail.len(), 4);
        assert_eq!(expected.mail["new-100@example.org"], 100);
    }
}
