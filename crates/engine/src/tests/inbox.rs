use annals_domain::Event;
use annals_domain::catalogue::Catalogue;
use annals_domain::notification::READ_TYPE;
use annals_domain::profile::PersonRef;
use serde_json::json;

use super::machine::{
    Machine, PATIENCE, event, record_all, record_one, settings, tenant, wait_until_durable,
};

const CATALOGUE: &str = r#"
family = "account"
title = "Account"

[[type]]
name = "user.password.changed"
version = 1
title = "Password changed"
description = "A password was changed."
operation = "update"
severity = "warning"
significant = true
sentence = "{actor} changed the password of {subject}"
"#;

/// Knows one type, of which subjects are told.
pub(super) fn catalogue() -> Catalogue {
    Catalogue::read([("account.toml", CATALOGUE)]).unwrap()
}

pub(super) fn password_change(number: u64, person: &str) -> Event {
    let mut event = event(number, person, "x");
    event.event_type = "user.password.changed".into();
    event
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_significant_event_arrives_once_and_is_read_by_an_event() {
    let machine = Machine::default();
    let mut system = machine.start_knowing(catalogue(), settings()).await;
    let mut news = system.inbox_news.subscribe();
    let ann = PersonRef { tenant: tenant(), id: "ann".into() };
    record_all(&system, vec![event(1, "ann", "x")]).await;
    record_all(&system, vec![password_change(2, "ann"), password_change(3, "bob")]).await;
    let position = record_all(&system, vec![password_change(4, "ann")]).await;
    for _ in 0..2 {
        wait_until_durable(&system, position).await;
        let items = system.queries.inbox(ann.clone(), None, None, 10).await.unwrap();
        let numbers: Vec<u128> =
            items.iter().map(|item| item.notification.event.0.as_u128()).collect();
        assert_eq!(numbers, [4, 2]);
        assert_eq!(items[0].notification.title, "Password changed");
        assert_eq!(system.queries.unread(ann.clone()).await.unwrap(), 2);
        // The same event once more, and once more after a restart.
        assert!(record_one(&system, password_change(4, "ann")).await.unwrap().duplicate);
        system.stop().await;
        system = machine.start_knowing(catalogue(), settings()).await;
    }
    let told = tokio::time::timeout(PATIENCE, news.recv()).await.unwrap().unwrap();
    assert_eq!(told.tenant, tenant());

    let items = system.queries.inbox(ann.clone(), None, None, 10).await.unwrap();
    let mut reading = event(5, "ann", "y");
    reading.event_type = READ_TYPE.into();
    let read = json!([items[1].notification.id.to_string()]);
    reading.metadata.insert("notifications".into(), read);
    let at = reading.received_at.timestamp;
    let position = record_all(&system, vec![reading]).await;
    wait_until_durable(&system, position).await;
    assert_eq!(system.queries.unread(ann.clone()).await.unwrap(), 1);
    let items = system.queries.inbox(ann.clone(), None, None, 10).await.unwrap();
    assert_eq!([items[0].read_at, items[1].read_at], [None, Some(at)]);
    let since = items[1].notification.position;
    let newer = system.queries.inbox_since(ann, since, 10).await.unwrap();
    assert_eq!(newer.len(), 1);
}
