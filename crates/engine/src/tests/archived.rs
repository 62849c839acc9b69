//! Events that only the archive has are found behind those of the log, by who may see them.

use std::sync::Arc;

use annals_domain::filter::{Filter, Order, PageKey, Scope, TimeRange};
use annals_domain::{Event, EventId, Position, TenantId};
use annals_ports::archive::{ArchiveReader, Month};
use annals_ports::contract::removable;
use annals_ports::memory::MemoryArchive;
use annals_ports::{ArchiveError, LogReader};
use annals_record::RootKey;
use jiff::Timestamp;
use uuid::Uuid;

use super::machine::{
    Machine, PATIENCE, event, event_of, everything_of, numbers, record_all, request, settings,
    start, tenant, wait_until_durable,
};
use super::retention::{NOW, at, hold_on, policy_of, received, recorded, standard};
use crate::queries::ARCHIVED_PIECES_MAX;
use crate::{
    ArchiveExpired, ArchiveParts, ArchivedPage, Due, PageRequest, QueryError, Retention, System,
};

const RUN: EventId = EventId(Uuid::from_u128(0x0a11));

struct Archived {
    machine: Machine,
    archive: Arc<MemoryArchive>,
    system: System,
}

fn month() -> Month {
    "2026-01".parse().unwrap()
}

impl Archived {
    /// A log in which the events are archived, so many in a piece, and the positions were removed.
    async fn new(events: Vec<Event>, in_piece: usize, removed: &[u64]) -> Self {
        let (machine, archive) = (Machine::default(), Arc::new(MemoryArchive::default()));
        let parts = ArchiveParts { reader: archive.clone(), writes: true };
        let ports = crate::Ports { archive: Some(parts), ..machine.ports() };
        let system = start(ports, Default::default(), settings()).await;
        let position = record_all(&system, events).await;
        wait_until_durable(&system, position).await;
        assert!(system.access.wait_for(position, PATIENCE).await);
        let entries = machine.log.read_all(Position::START, 10_000).await.unwrap();
        for name in ["acme", "other"] {
            let tenant = TenantId::new(name).unwrap();
            let its_own = entries.iter().filter(|entry| entry.record.tenant == tenant);
            let its_own: Vec<_> = its_own.cloned().collect();
            if !its_own.is_empty() {
                archive.keep(&tenant, month(), &its_own, in_piece);
            }
        }
        let run = system.retention(standard()).begin().unwrap();
        let mut gone = 0;
        for name in ["acme", "other"] {
            let events = removed.iter().map(|position| removable(Position(*position))).collect();
            let (tenant, due) = (TenantId::new(name).unwrap(), Due { events, ..Due::default() });
            gone += run.remove(&tenant, RUN, &due, Timestamp::MAX).await.all().unwrap();
        }
        assert_eq!(gone, removed.len() as u64);
        Self { machine, archive, system }
    }

    async fn page(&self, request: PageRequest) -> ArchivedPage {
        page_of(&self.system, request).await.unwrap()
    }

    /// The months of the tenant that are there.
    async fn months(&self) -> usize {
        self.archive.months(&tenant()).await.unwrap().len()
    }

    /// All pages, one behind the other.
    async fn pages(&self, request: PageRequest) -> (Vec<u64>, usize) {
        let (mut all, mut after, mut count) = (Vec::new(), request.after, 0);
        loop {
            let page = self.page(PageRequest { after, ..request.clone() }).await;
            all.extend(numbers(&page.events));
            count += 1;
            match page.next {
                None => return (all, count),
                next => after = next,
            }
        }
    }
}

async fn page_of(system: &System, request: PageRequest) -> Result<ArchivedPage, QueryError> {
    let retention = system.retention(standard());
    system.queries.page_with_archive(request, &retention, at(NOW).into()).await
}

async fn expire(retention: &Retention, now: &str) -> ArchiveExpired {
    let run = retention.begin().unwrap();
    run.expire_archive(at(now)).await.unwrap()
}

fn some(count: u64) -> Vec<Event> {
    (1..=count).map(|number| event(number, "ann", "some")).collect()
}

fn newest(limit: usize) -> PageRequest {
    request(Order::RecordedNewest, limit)
}

#[tokio::test]
async fn what_the_log_has_no_more_is_found_in_its_place_and_nothing_twice() {
    let world = Archived::new(some(9), 2, &[1, 2, 4, 7]).await;
    let page = world.page(newest(20)).await;
    assert_eq!(numbers(&page.events), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!((page.next, page.archive.complete), (None, true));
    let live = world.system.queries.page(newest(20)).await.unwrap();
    assert_eq!(numbers(&live.events), [9, 8, 6, 5, 3], "only who asks for the archive gets it");
}

#[tokio::test]
async fn pages_of_any_size_give_every_event_once() {
    let world = Archived::new(some(9), 2, &[1, 2, 4, 7, 9]).await;
    for limit in 1..=10 {
        let (all, _) = world.pages(newest(limit)).await;
        assert_eq!(all, [9, 8, 7, 6, 5, 4, 3, 2, 1], "{limit} on a page");
    }
}

#[tokio::test]
async fn a_page_that_fetched_enough_says_so_and_the_next_goes_on() {
    let count = ARCHIVED_PIECES_MAX as u64;
    let all: Vec<u64> = (1..=count).collect();
    let world = Archived::new(some(count), 1, &all).await;
    let page = world.page(newest(100)).await;
    assert_eq!((page.archive.pieces, page.archive.complete), (ARCHIVED_PIECES_MAX, true));
    assert_eq!(page.next, None, "as many as one page fetches");

    let all: Vec<u64> = (1..=count + 1).collect();
    let world = Archived::new(some(count + 1), 1, &all).await;
    let page = world.page(newest(100)).await;
    assert_eq!((page.archive.pieces, page.archive.complete), (ARCHIVED_PIECES_MAX, false));
    assert_eq!(numbers(&page.events).len() as u64, count);
    assert_eq!(world.pages(newest(100)).await, (all.into_iter().rev().collect(), 2));

    // A page on which nothing matches has a next one all the same.
    let rare = PageRequest { filter: Filter::equals("id", id_text(1)), ..newest(100) };
    let page = world.page(rare.clone()).await;
    assert!(page.events.is_empty() && page.next.is_some() && !page.archive.complete);
    assert_eq!(world.pages(rare).await, (vec![1], 2));
}

fn id_text(number: u64) -> String {
    super::machine::id(number).to_string()
}

#[tokio::test]
async fn what_lies_in_the_log_and_was_not_looked_behind_waits_for_its_page() {
    let count = ARCHIVED_PIECES_MAX as u64 + 4;
    // The oldest is still in the log, beyond what one page fetches.
    let removed: Vec<u64> = (2..=count).collect();
    let world = Archived::new(some(count), 1, &removed).await;
    let page = world.page(newest(100)).await;
    assert!(!numbers(&page.events).contains(&1), "older events would come behind it");
    assert_eq!(world.pages(newest(100)).await.0, (1..=count).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn nobody_sees_what_is_out_of_their_scope() {
    let mut events = some(3);
    events.push(event_of("other", 4, "bob", "some"));
    events.push(event(5, "bob", "some"));
    let world = Archived::new(events, 2, &[1, 2, 3, 4, 5]).await;
    let (all, _) = world.pages(newest(2)).await;
    assert_eq!(all, [5, 3, 2, 1], "of the own tenant");
    let other = PageRequest { scope: everything_of("other"), ..newest(10) };
    assert_eq!(world.pages(other).await.0, [4]);
    let stranger = PageRequest { scope: everything_of("stranger"), ..newest(10) };
    assert_eq!(world.pages(stranger).await.0, [0; 0]);
    let part = Scope::within(TenantId::new("acme").unwrap(), Filter::equals("actor.id", "bob"));
    assert_eq!(world.pages(PageRequest { scope: part, ..newest(10) }).await.0, [5]);
}

#[tokio::test]
async fn pieces_of_other_times_are_not_fetched() {
    let at = |number: u64, text: &str| received(event(number, "ann", "some"), text);
    let events = vec![at(1, "2026-01-03T00:00:00Z"), at(2, "2026-01-04T00:00:00Z")];
    let world = Archived::new(events, 1, &[1, 2]).await;
    let until = |text: &str| TimeRange { until: Some(text.parse().unwrap()), from: None };
    let filter = Filter::Received(until("2026-01-04T00:00:00Z"));
    let page = world.page(PageRequest { filter, ..newest(10) }).await;
    assert_eq!((numbers(&page.events), page.archive.pieces), (vec![1], 1));
    let filter = Filter::And(vec![Filter::Received(until("2026-01-03T00:00:00Z"))]);
    let page = world.page(PageRequest { filter, ..newest(10) }).await;
    assert_eq!((page.events.len(), page.archive.pieces), (0, 0));
}

#[tokio::test]
async fn what_is_due_is_not_shown_from_the_archive() {
    let due = of_2010(1, "ann");
    let world = Archived::new(vec![due, event(2, "ann", "some")], 5, &[1, 2]).await;
    assert_eq!(world.pages(newest(10)).await.0, [2]);
}

fn of_2010(number: u64, person: &str) -> Event {
    received(event(number, person, "some"), "2010-01-01T00:00:00Z")
}

#[tokio::test]
async fn the_rules_and_holds_of_the_tenant_say_what_the_archive_shows() {
    let summer = received(event(3, "ben", "some"), "2026-07-01T00:00:00Z");
    let events = vec![of_2010(1, "ann"), of_2010(2, "ben"), summer];
    let world = Archived::new(events, 5, &[1, 2, 3]).await;
    assert_eq!(world.pages(newest(10)).await.0, [3], "by the installation");
    recorded(&world.system, vec![hold_on(11, "ann"), policy_of("acme", 12, "P30D")]).await;
    assert_eq!(world.pages(newest(10)).await.0, [12, 11, 1], "what is held, and nothing else");
    recorded(&world.system, vec![policy_of("acme", 13, "P20Y")]).await;
    assert_eq!(world.pages(newest(10)).await.0, [13, 12, 11, 3, 2, 1], "what is kept longer");
}

/// Somebody decides something about the hold of an event.
fn about_hold(number: u64, person: &str, decision: &str, hold: &Event) -> Event {
    let metadata = [("about".to_owned(), hold.id.to_string().into())];
    let event_type = format!("annals.hold.{decision}");
    let actor = event(number, person, "").actor;
    let metadata = metadata.into_iter().collect();
    Event { event_type, metadata, actor, ..hold_on(number, "ann") }
}

#[tokio::test]
async fn a_month_goes_from_the_archive_once_all_of_it_is_due_and_nothing_held() {
    // What is always kept is in the log, and does not keep the month.
    let revoked = Event { event_type: "annals.access.revoked".into(), ..of_2010(3, "ann") };
    let events = vec![of_2010(1, "ann"), of_2010(2, "ben"), revoked];
    let world = Archived::new(events, 2, &[1, 2]).await;
    let retention = world.system.retention(standard());
    let hold = hold_on(11, "ben");
    recorded(&world.system, vec![hold.clone()]).await;
    assert_eq!(expire(&retention, NOW).await, ArchiveExpired::default(), "it is held");
    let asked = about_hold(12, "rita", "release_asked", &hold);
    recorded(&world.system, vec![asked, about_hold(13, "rob", "released", &hold)]).await;
    let expired = expire(&retention, NOW).await;
    assert_eq!((expired.deleted.len(), expired.locked.len()), (1, 0));
    assert_eq!((&expired.deleted[0].tenant, expired.deleted[0].records), (&tenant(), 3));
    assert_eq!(world.months().await, 0);
    assert_eq!(expire(&retention, NOW).await, ArchiveExpired::default());
}

#[tokio::test]
async fn a_month_stays_in_the_archive_for_its_newest_event_and_as_long_as_it_is_locked() {
    let summer = received(event(2, "ben", "some"), "2026-07-01T00:00:00Z");
    let world = Archived::new(vec![of_2010(1, "ann"), summer], 1, &[1, 2]).await;
    let retention = world.system.retention(standard());
    assert_eq!(expire(&retention, "2033-06-30T23:59:59Z").await, ArchiveExpired::default());
    // That it stays until then is remembered, but not beyond a change of the rules.
    recorded(&world.system, vec![policy_of("acme", 11, "P1Y")]).await;
    world.archive.lock(&tenant(), month(), at("2040-01-01T00:00:00Z"));
    let locked = expire(&retention, "2027-07-01T00:00:00Z").await;
    assert_eq!((locked.deleted.len(), locked.locked.len()), (0, 1));
    assert_eq!(locked.locked[0].until, Some(at("2040-01-01T00:00:00Z")));
    assert_eq!(world.months().await, 1);
    let entries = world.archive.piece(&tenant(), month(), 0).await.unwrap();
    world.archive.keep(&tenant(), month(), &entries, 1);
    assert_eq!(expire(&retention, "2027-07-01T00:00:00Z").await.deleted.len(), 1);
}

#[tokio::test]
async fn a_node_that_does_not_write_the_archive_deletes_nothing_from_it() {
    let world = Archived::new(vec![of_2010(1, "ann")], 1, &[1]).await;
    let reads = ArchiveParts { reader: world.archive.clone(), writes: false };
    let ports = crate::Ports { archive: Some(reads), ..world.machine.ports() };
    let reader = start(ports, Default::default(), settings()).await;
    reader.access.until_current().await;
    let expired = expire(&reader.retention(standard()), NOW).await;
    assert_eq!((expired, world.months().await), (ArchiveExpired::default(), 1));
}

#[tokio::test]
async fn an_archive_that_cannot_be_read_is_an_error() {
    let world = Archived::new(some(2), 1, &[1]).await;
    world.archive.fail_next(1);
    let error = page_of(&world.system, newest(10)).await.unwrap_err();
    assert!(matches!(error, QueryError::Archive(ArchiveError::Unavailable { .. })), "{error}");
    assert_eq!(world.pages(newest(10)).await.0, [2, 1]);
    let without = world.machine.start().await;
    let error = page_of(&without, newest(10)).await.unwrap_err();
    assert!(matches!(error, QueryError::NoArchive), "{error}");
}

#[tokio::test]
async fn with_other_keys_it_is_an_error_and_never_wrong_data() {
    let world = Archived::new(some(2), 1, &[1, 2]).await;
    let parts = ArchiveParts { reader: world.archive.clone(), writes: true };
    let ports = crate::Ports { archive: Some(parts), ..world.machine.ports() };
    let master = RootKey::from_bytes([8; 32]);
    let other = System::start(ports, master, Arc::default(), settings()).await.unwrap();
    let error = page_of(&other, newest(10)).await.unwrap_err();
    assert!(matches!(error, QueryError::Read(_)), "{error}");
}

#[tokio::test]
async fn a_cursor_that_was_given_out_goes_on_in_the_archive() {
    let world = Archived::new(some(5), 2, &[1, 2, 3]).await;
    let after = Some(PageKey { position: Position(3), occurred_us: 0 });
    assert_eq!(world.pages(PageRequest { after, ..newest(1) }).await.0, [2, 1]);
}
