//! The index counts what one by one is counted.

use std::time::Duration;

use annals_domain::filter::{Field, TimeRange};
use annals_domain::statistics::{
    EventTime, NumberTally, Question, Split, Tally, Timeline, first_values,
};
use annals_domain::{Filter, Position, Recorded};
use annals_ports::{SearchIndex, Values, ValuesRequest};
use jiff::Timestamp;
use proptest::prelude::*;

use super::events::{NOW_S, WORDS, event, filled_index, instant, log, pick, plain_event, recorded};
use super::one_semantics::{FIELDS, filter};
use crate::TantivyIndex;

const LONG: Duration = Duration::from_secs(3600);

fn field() -> impl Strategy<Value = Field> {
    pick(FIELDS).prop_map(Field)
}

fn timeline() -> impl Strategy<Value = Timeline> {
    let time = prop_oneof![Just(EventTime::Occurred), Just(EventTime::Received)];
    let edges = prop::collection::btree_set(-3_000_000_i64..6_000_000, 2..8);
    let values = prop::collection::btree_set(prop_oneof![pick(WORDS), pick(&["info", "1"])], 0..3);
    let split = prop::option::of((field(), values));
    (time, edges, split).prop_map(|(time, edges, split)| Timeline {
        time,
        edges: edges.into_iter().map(|second| (NOW_S + second) * 1_000_000).collect(),
        split: split.map(|(field, values)| Split { field, values: values.into_iter().collect() }),
    })
}

fn question() -> impl Strategy<Value = Question> {
    let fields = prop::collection::vec(field(), 0..4);
    let numbers = prop::sample::select(
        &["severity_rank", "metadata.a", "metadata.amount", "actor.id", "metadata"][..],
    );
    let numbers = numbers.prop_map(|name| Field(name.to_owned()));
    let beginning = prop::sample::select(&["", "", "", "u", "U", "e", "1", "a"][..]);
    (fields, prop::collection::vec(numbers, 0..2), prop::option::of(timeline()), beginning)
        .prop_map(|(fields, numbers, timeline, beginning)| Question {
            fields,
            numbers,
            timeline,
            beginning: beginning.into(),
        })
}

/// Filters that hold for runs of neighbours, as people's mostly do.
fn times() -> impl Strategy<Value = Filter> {
    (-3_000_000_i64..6_000_000, 0_i64..6_000_000).prop_map(|(from, length)| {
        let at = |second| Some(Timestamp::from_second(NOW_S + second).unwrap());
        Filter::Received(TimeRange { from: at(from), until: at(from + length) })
    })
}

fn one_by_one(log: &[Recorded], filter: &Filter, until: u64, question: &Question) -> Tally {
    let mut tally = Tally::of(question);
    let seen = log.iter().filter(|recorded| recorded.position.0 <= until);
    for recorded in seen.filter(|recorded| filter.matches(&recorded.event)) {
        tally.add(question, &recorded.event);
    }
    tally
}

/// Sums depend on the order in which they are made, a little.
fn without_sums(mut tally: Tally) -> (Tally, Vec<f64>) {
    let sums = tally.numbers.iter_mut().map(|numbers| std::mem::take(&mut numbers.sum)).collect();
    (tally, sums)
}

fn slack(numbers: &NumberTally) -> f64 {
    let (least, greatest) = numbers.span.unwrap_or_default();
    least.abs().max(greatest.abs()) * numbers.count as f64 * 1e-9
}

fn assert_same(counted: Tally, expected: Tally, asked: &str) -> Result<(), TestCaseError> {
    let slack: Vec<f64> = expected.numbers.iter().map(slack).collect();
    let (counted, sums) = without_sums(counted);
    let (expected, expected_sums) = without_sums(expected);
    prop_assert_eq!(counted, expected, "{}", asked);
    for ((sum, expected), slack) in sums.iter().zip(&expected_sums).zip(slack) {
        let same = sum == expected || (sum - expected).abs() <= slack;
        prop_assert!(same, "{} instead of {} for {}", sum, expected, asked);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn counting_in_the_index_is_counting_one_by_one(
        events in prop::collection::vec(event(), 1..60),
        filters in prop::collection::vec(prop_oneof![filter(), times()], 40),
        questions in prop::collection::vec(question(), 40),
        cut in 0.0_f64..1.0,
        until in 0_u64..200,
    ) {
        let log = log(events);
        let (before, behind) = log.split_at((cut * log.len() as f64) as usize);
        let (_dir, index) = filled_index(&[before, behind]);
        for (filter, question) in filters.iter().zip(&questions) {
            for filter in [filter, &Filter::All] {
                for until in [u64::MAX, until] {
                    let counted = index.tally(filter, Position(until), question, LONG).unwrap();
                    let expected = one_by_one(&log, filter, until, question);
                    assert_same(counted, expected, &format!("{question:?} of {filter:?}"))?;
                }
            }
        }
    }

    #[test]
    fn suggested_values_are_those_of_matches(
        events in prop::collection::vec(event(), 1..60),
        filters in prop::collection::vec(filter(), 40),
        fields in prop::collection::vec(prop_oneof![field(), Just(Field("client.ip".into()))], 40),
        prefixes in prop::collection::vec(pick(&["", "", "a", "an", "1", "::", "2", "s", "é"]), 40),
        limit in 1_usize..6,
        until in 0_u64..200,
    ) {
        let log = log(events);
        let (before, behind) = log.split_at(log.len() / 2);
        let (_dir, index) = filled_index(&[before, behind]);
        for ((filter, field), prefix) in filters.iter().zip(&fields).zip(&prefixes) {
            for filter in [filter, &Filter::All] {
                let seen = log.iter().filter(|recorded| recorded.position.0 <= until);
                let matching = seen.map(|recorded| &*recorded.event).filter(|e| filter.matches(e));
                let expected = first_values(matching, &field.0, prefix, limit);
                let until = Position(until);
                let request =
                    ValuesRequest { filter, until, field, prefix, limit, patience: LONG };
                let values = index.values(&request).unwrap();
                prop_assert_eq!(values, Values { values: expected, complete: true }, "{:?}", request);
            }
        }
    }
}

fn by(field: &str) -> Question {
    Question { fields: vec![Field(field.into())], ..Question::default() }
}

fn tally(index: &TantivyIndex, filter: &Filter, question: &Question) -> Tally {
    index.tally(filter, Position(u64::MAX), question, LONG).unwrap()
}

/// Lists of documents are kept in blocks of 128; here are many of them, with runs and strays.
#[test]
fn long_lists_are_counted_where_they_overlap_the_matches() {
    let events = (0..3000_i64).map(|number| {
        let mut event = plain_event(NOW_S + number);
        event.occurred_at = instant(NOW_S + if number % 97 == 0 { number / 2 } else { number });
        event.environment = (number % 3 != 0).then(|| format!("e{}", number % 7));
        event.actor.id = Some(format!("user-{}", number % 700));
        event
    });
    let log: Vec<Recorded> = (1..).zip(events).map(|(at, event)| recorded(at, event)).collect();
    let (_dir, index) = filled_index(&[&log]);
    let at = |second| Some(Timestamp::from_second(NOW_S + second).unwrap());
    for (from, until) in [(0, 3000), (500, 700), (640, 641), (100, 2900), (2999, 5000), (9, 9)] {
        let filter = Filter::Occurred(TimeRange { from: at(from), until: at(until) });
        let timeline = Timeline {
            time: EventTime::Occurred,
            edges: (0..=30).map(|step| (NOW_S + step * 100) * 1_000_000).collect(),
            split: Some(Split { field: Field("environment".into()), values: vec!["e2".into()] }),
        };
        let fields = ["environment", "actor.id", "type"].map(|name| Field(name.into())).to_vec();
        let timeline = Some(timeline);
        let question = Question { fields, timeline, ..Question::default() };
        let expected = one_by_one(&log, &filter, u64::MAX, &question);
        assert_eq!(tally(&index, &filter, &question), expected, "{from} to {until}");
    }
}

#[test]
fn without_time_an_answer_is_not_called_complete() {
    let log: Vec<Recorded> =
        (1..300).map(|at| recorded(at, plain_event(NOW_S + at as i64))).collect();
    let (_dir, index) = filled_index(&[&log]);
    let until = Position(u64::MAX);
    let counted = index.tally(&Filter::All, until, &by("type"), Duration::ZERO).unwrap();
    assert!(!counted.complete);
    assert!(counted.events < 300);
    let field = Field("type".into());
    let request = ValuesRequest {
        filter: &Filter::All,
        until,
        field: &field,
        prefix: "",
        limit: 5,
        patience: Duration::ZERO,
    };
    assert!(!index.values(&request).unwrap().complete);
}

#[test]
fn values_of_another_tenant_are_neither_counted_nor_suggested() {
    let event = |tenant: &str, actor: &str| {
        let mut event = plain_event(NOW_S);
        event.tenant = annals_domain::TenantId::new(tenant).unwrap();
        event.actor.id = Some(actor.to_owned());
        event
    };
    let log = vec![
        recorded(1, event("acme", "ann")),
        recorded(2, event("globex", "anna-of-globex")),
        recorded(3, event("acme", "ann")),
    ];
    let (_dir, index) = filled_index(&[&log]);
    let filter = Filter::equals("tenant", "acme");
    let counted = tally(&index, &filter, &by("actor.id"));
    assert_eq!(counted.facets[0].counts.iter().collect::<Vec<_>>(), [(&"ann".to_owned(), &2)]);
    let field = Field("actor.id".into());
    let request = ValuesRequest {
        filter: &filter,
        until: Position(u64::MAX),
        field: &field,
        prefix: "an",
        limit: 20,
        patience: LONG,
    };
    assert_eq!(index.values(&request).unwrap().values, ["ann"]);
}
