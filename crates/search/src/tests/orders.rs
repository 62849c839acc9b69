//! Orders, pages and counts.

use std::cmp::Reverse;

use annals_domain::filter::{Count, Order, PageKey};
use annals_domain::{Filter, Position, Recorded};
use annals_ports::{Hit, SearchIndex};
use proptest::prelude::*;

use super::events::{NOW_S, event, filled_index, log, page, plain_event, recorded};
use crate::TantivyIndex;

const ORDERS: [Order; 4] =
    [Order::RecordedNewest, Order::RecordedOldest, Order::OccurredNewest, Order::OccurredOldest];

fn sorted(log: &[Recorded], filter: &Filter, order: Order, until: u64) -> Vec<Hit> {
    let matching = log.iter().filter(|one| one.position.0 <= until && filter.matches(&one.event));
    let mut hits: Vec<Hit> = matching
        .map(|one| Hit {
            position: one.position,
            occurred_us: one.event.occurred_at.timestamp.as_microsecond(),
        })
        .collect();
    match order {
        Order::RecordedNewest => hits.sort_by_key(|hit| Reverse(hit.position)),
        Order::RecordedOldest => hits.sort_by_key(|hit| hit.position),
        Order::OccurredNewest => hits.sort_by_key(|hit| Reverse((hit.occurred_us, hit.position))),
        Order::OccurredOldest => hits.sort_by_key(|hit| (hit.occurred_us, hit.position)),
    }
    hits
}

fn all_pages(
    index: &TantivyIndex,
    filter: &Filter,
    order: Order,
    until: u64,
    sizes: &[usize],
) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    for size in sizes.iter().cycle() {
        let after =
            hits.last().map(|hit| PageKey { position: hit.position, occurred_us: hit.occurred_us });
        let next = page(index, filter, order, after, until, *size);
        assert!(next.len() <= *size);
        if next.is_empty() {
            break;
        }
        hits.extend(next);
    }
    hits
}

fn filters() -> Vec<Filter> {
    vec![
        Filter::All,
        Filter::equals("tenant", "acme"),
        Filter::equals("severity", "critical"),
        Filter::Not(Box::new(Filter::equals("type", "user.login"))),
        Filter::Or(Vec::new()),
    ]
}

/// Cuts the log into parts of these sizes, in turn.
fn parts<'a>(log: &'a [Recorded], sizes: &[usize]) -> Vec<&'a [Recorded]> {
    let (mut rest, mut parts) = (log, Vec::new());
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (part, behind) = rest.split_at((*size).min(rest.len()));
        parts.push(part);
        rest = behind;
    }
    parts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn pages_put_together_are_the_whole_list(
        events in prop::collection::vec(event(), 1..60),
        commits in prop::collection::vec(1_usize..6, 1..5),
        sizes in prop::collection::vec(1_usize..9, 1..4),
        until in prop_oneof![Just(u64::MAX), 0_u64..200],
        limit in 0_u64..70,
    ) {
        let log = log(events);
        let (_dir, index) = filled_index(&parts(&log, &commits));
        for filter in filters() {
            for order in ORDERS {
                let expected = sorted(&log, &filter, order, until);
                let paged = all_pages(&index, &filter, order, until, &sizes);
                prop_assert_eq!(paged, expected, "{:?} {:?}", order, filter);
            }
            let all = sorted(&log, &filter, Order::RecordedNewest, until).len() as u64;
            let expected = Count { value: all.min(limit), at_least: all > limit };
            prop_assert_eq!(index.count(&filter, Position(until), limit).unwrap(), expected);
        }
    }
}

#[test]
fn order_survives_merges_of_segments() {
    let log: Vec<Recorded> = (1..=1200_u32)
        .map(|number| {
            let mut event = plain_event(NOW_S);
            // Occurred in an order of its own, with ties.
            event.occurred_at = super::events::instant(NOW_S - i64::from(number * 7919 % 97));
            event.tenant =
                annals_domain::TenantId::new(["acme", "globex"][number as usize % 2]).unwrap();
            recorded(u64::from(number), event)
        })
        .collect();
    let (dir, index) = filled_index(&parts(&log, &[5, 60, 1, 20]));
    let check = |index: &TantivyIndex| {
        for filter in filters() {
            for order in ORDERS {
                let expected = sorted(&log, &filter, order, 1100);
                let paged = all_pages(index, &filter, order, 1100, &[70, 3]);
                assert_eq!(paged, expected, "{order:?} {filter:?}");
            }
        }
    };
    check(&index);
    // Going on to the next month waits for merges.
    index.add(&[recorded(1201, plain_event(NOW_S + 40 * 24 * 3600))]).unwrap();
    check(&index);
    assert!(segment_count(&index) < 20, "{} segments", segment_count(&index));
    drop(index);
    check(&TantivyIndex::open(dir.path(), super::events::settings()).unwrap());
}

fn segment_count(index: &TantivyIndex) -> usize {
    index.view.load().segments.len()
}

#[test]
fn old_pages_are_read_through_windows_of_growing_size() {
    let log: Vec<Recorded> = (1..=20_000_u64)
        .map(|number| {
            let mut event = plain_event(NOW_S);
            if matches!(number, 3 | 11_000 | 19_990) {
                event.event_type = "rare.one".into();
            }
            recorded(number, event)
        })
        .collect();
    let (_dir, index) = filled_index(&[&log]);
    let rare = Filter::equals("type", "rare.one");
    let positions = |filter: &Filter, after: Option<u64>, limit| -> Vec<u64> {
        let after = after.map(|at| PageKey { position: Position(at), occurred_us: 0 });
        let hits = page(&index, filter, Order::RecordedOldest, after, u64::MAX, limit);
        hits.iter().map(|hit| hit.position.0).collect()
    };
    assert_eq!(positions(&rare, None, 10), [3, 11_000, 19_990]);
    assert_eq!(positions(&rare, Some(3), 1), [11_000]);
    assert_eq!(positions(&Filter::All, Some(4094), 5), [4095, 4096, 4097, 4098, 4099]);
    assert_eq!(positions(&Filter::All, Some(19_998), 5), [19_999, 20_000]);
    assert!(positions(&Filter::All, Some(20_000), 5).is_empty());
}
