//! `kill -9` at random moments while people are being told: everybody is told of everything, each message
//! has its effect once at a receiver that knows messages by their id, and each person hears in order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use annals_tests::{Caller, PATIENCE, Setup, TestService, samples, wait_until};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::killing::random_moment;
use crate::nodes::receiver::Receiver;
use crate::{ANNALS, text};

const WRITERS: usize = 4;

#[tokio::test]
async fn killed_again_and_again_it_tells_everybody_of_everything_once_and_in_order() {
    let kills = match std::env::var("ANNALS_TEST_KILLS") {
        Ok(count) => count.parse().expect("`ANNALS_TEST_KILLS` must be a number"),
        Err(_) => 20,
    };
    let receiver = Receiver::start_forgetful().await;
    let dir = tempfile::tempdir().unwrap();
    let setup = receiver.told_by(Setup::default(), dir.path());
    let mut service = TestService::start_as(ANNALS, setup).await;
    let writer = service.caller("load", "acme", "writer").await;
    // By person, in the order in which they were answered.
    let recorded: Arc<Mutex<BTreeMap<String, Vec<String>>>> = Arc::default();
    for _ in 0..kills {
        let writers = start_writers(&writer, &recorded);
        tokio::time::sleep(random_moment()).await;
        service.kill9().await;
        let cut_off: Vec<(String, Value)> = writers.join_all().await;
        service.restart().await;
        // Whoever got no answer sends again, as applications do.
        for (person, event) in cut_off {
            writer.record(&event).await;
            recorded.lock().unwrap().entry(person).or_default().push(text(&event["id"]));
        }
    }
    let recorded = recorded.lock().unwrap().clone();
    let count = recorded.values().map(Vec::len).sum::<usize>();
    let messages = wait_until("everybody is told", PATIENCE, async || {
        let messages = receiver.messages();
        (messages.effects.len() >= count).then_some(messages)
    })
    .await;
    assert_eq!(messages.effects.len(), count, "what was never recorded is told");
    assert!(messages.effects.values().all(|effects| *effects == 1), "told under two ids");
    assert!(messages.repeats > 0, "nobody had to say it again");
    for (person, events) in &recorded {
        let heard: Vec<&String> = messages.order.iter().filter(|id| events.contains(id)).collect();
        assert_eq!(heard, events.iter().collect::<Vec<_>>(), "{person} heard in another order");
    }
    assert!(!service.operations_log().contains("panicked"), "something panicked");
    println!("{kills} kills: {count} told, {} of them again", messages.repeats);
}

/// Each writes of one person, one event after the other, until the service is gone; they leave behind what
/// got no answer.
fn start_writers(
    writer: &Caller,
    recorded: &Arc<Mutex<BTreeMap<String, Vec<String>>>>,
) -> JoinSet<(String, Value)> {
    let mut writers = JoinSet::new();
    for index in 0..WRITERS {
        let (writer, recorded) = (writer.clone(), Arc::clone(recorded));
        writers.spawn(async move {
            let person = format!("person-{index}");
            loop {
                let event = samples::password_change(&person);
                match writer.try_record(&event).await {
                    Ok(answer) => {
                        assert_eq!(answer.status, 201, "{}", answer.text);
                        let mut recorded = recorded.lock().unwrap();
                        recorded.entry(person.clone()).or_default().push(text(&event["id"]));
                    }
                    Err(_) => return (person, event),
                }
            }
        });
    }
    writers
}
