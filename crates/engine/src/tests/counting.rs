//! Counting and suggesting, wherever memory ends and the index begins.

use annals_domain::event::Severity;
use annals_domain::filter::{Field, Filter, Order, Scope};
use annals_domain::statistics::{EventTime, Precision, Question, Split, Tally, Timeline};
use annals_domain::time::DateTime;
use annals_ports::SearchIndex;
use jiff::Timestamp;

use super::machine::{
    Machine, event_of, events, everything_of, record_all, request, settings, tenant, wait_for,
};
use crate::{HistogramRequest, ProjectionSettings, Settings, StatisticsRequest, System};

const START_S: i64 = 1_700_000_000;

/// The index commits only when the test does.
fn committed_by_hand() -> Settings {
    let projections = ProjectionSettings { index_commit_ms: 3_600_000, ..settings().projections };
    Settings { projections, ..settings() }
}

fn field(name: &str) -> Field {
    Field(name.into())
}

fn asked(scope: Scope, filter: Filter) -> StatisticsRequest {
    StatisticsRequest {
        scope,
        filter,
        fields: vec![field("actor.id"), field("environment")],
        limit: 4,
        beginning: String::new(),
        numbers: vec![field("metadata.amount")],
        histogram: Some(HistogramRequest {
            time: EventTime::Occurred,
            edges: (0..=6).map(|step| (START_S + step * 3) * 1_000_000).collect(),
            by: Some(field("severity")),
        }),
    }
}

/// What the answer must be, from all events that are found.
async fn one_by_one(system: &System, filter: &Filter) -> Tally {
    let split = Split { field: field("severity"), values: Vec::new() };
    let StatisticsRequest { fields, numbers, histogram, .. } =
        asked(everything_of("acme"), Filter::All);
    let HistogramRequest { time, edges, .. } = histogram.unwrap();
    let timeline = Some(Timeline { time, edges, split: Some(split) });
    let mut question = Question { fields, numbers, timeline, ..Question::default() };
    let all = request(Order::RecordedOldest, 10_000);
    let page = system.queries.page(crate::PageRequest { filter: filter.clone(), ..all });
    let events = page.await.unwrap().events;
    let mut by = Tally::of(&Question { fields: vec![field("severity")], ..Question::default() });
    let severity = Question { fields: vec![field("severity")], ..Question::default() };
    events.iter().for_each(|event| by.add(&severity, &event.event));
    if let Some(split) = question.timeline.as_mut().and_then(|timeline| timeline.split.as_mut()) {
        split.values = by.top(20).remove(0).values.into_iter().map(|one| one.value).collect();
    }
    let mut tally = Tally::of(&question);
    events.iter().for_each(|event| tally.add(&question, &event.event));
    tally
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_are_right_wherever_memory_ends_and_the_index_begins() {
    let machine = Machine::default();
    let system = machine.start_with(committed_by_hand()).await;
    for round in 0_u64..8 {
        let mut chunk = events(round * 100, 7 + round);
        for (number, event) in (round..).zip(&mut chunk) {
            let second = Timestamp::from_second(START_S + (number * 7 % 20) as i64).unwrap();
            event.occurred_at = DateTime::utc(second);
            event.severity = [Severity::Info, Severity::Error][number as usize % 2];
            event.environment = (number % 3 > 0).then(|| "test".to_owned());
            event.metadata.insert("amount".into(), (number % 5).into());
        }
        let position = record_all(&system, chunk).await;
        wait_for(&system, position).await;
        if round % 3 == 1 {
            // Whatever it was given by now.
            machine.index.commit().unwrap();
        }
        for filter in [Filter::All, Filter::equals("severity", "error")] {
            let request = asked(everything_of("acme"), filter.clone());
            let counted = system.queries.statistics(request).await.unwrap();
            let expected = one_by_one(&system, &filter).await;
            assert_eq!(counted.events, expected.events);
            assert!(counted.events > 0);
            assert_eq!(counted.precision, Precision::Exact);
            assert_eq!(counted.facets, expected.top(4));
            assert_eq!(counted.numbers, expected.numbers);
            assert_eq!(counted.buckets, expected.buckets);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_and_suggestions_stay_within_the_scope() {
    let machine = Machine::default();
    let system = machine.start_with(committed_by_hand()).await;
    for (round, commits) in [(0, true), (1, false)] {
        let number = round * 10;
        let own = event_of("acme", number + 1, "ann", "one");
        let other = event_of("acme", number + 2, "anton", "two");
        let position = record_all(&system, vec![own, other]).await;
        let foreign = event_of("globex", number + 3, "anna", "three");
        wait_for(&system, record_all(&system, vec![foreign]).await.max(position)).await;
        if commits {
            machine.index.commit().unwrap();
        }
        let count = round + 1;
        let cases = [
            (Scope::person(tenant(), "ann"), vec![("ann", count)]),
            (everything_of("acme"), vec![("ann", count), ("anton", count)]),
            (everything_of("globex"), vec![("anna", count)]),
        ];
        for (scope, expected) in cases {
            let request = asked(scope.clone(), Filter::All);
            let counted = system.queries.statistics(request).await.unwrap();
            let values: Vec<(&str, u64)> =
                counted.facets[0].values.iter().map(|v| (v.value.as_str(), v.count)).collect();
            assert_eq!(values, expected);
            let prefix = "an".to_owned();
            let suggested =
                system.queries.suggestions(&scope, Filter::All, field("actor.id"), prefix);
            let names: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
            let suggested = suggested.await.unwrap();
            assert_eq!(
                (suggested.values, suggested.complete),
                (names.iter().map(|name| (*name).to_owned()).collect(), true)
            );
        }
    }
}
