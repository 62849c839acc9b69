//! How many events a second detection takes in on one core.
//!
//! ```sh
//! annals generate --count 200000 --output events.ndjson
//! cargo run --release -p annals-domain --example detection_rate -- events.ndjson 100
//! ```
//!
//! The second argument is the number of rules: those that ship, and copies of them. Reading and checking the
//! events is not counted. What was found is told by rule.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "it measures time, which the domain does not")]

use std::collections::BTreeMap;
use std::time::Instant;

use annals_domain::admission::{Admission, UnknownTypes, admit};
use annals_domain::catalogue::Catalogue;
use annals_domain::detection::{Detector, RuleSet};
use annals_domain::input::EventInput;
use annals_domain::limits::Limits;
use annals_domain::{Event, EventId, TenantId};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().expect("name a file of events, one a line");
    let count: usize = arguments.next().map_or(100, |count| count.parse().expect("a number"));
    let catalogue = Catalogue::shipped();
    let text = std::fs::read_to_string(&file).expect("the file of events can be read");
    let events: Vec<Event> = text.lines().map(|line| event(line, &catalogue)).collect();
    let shipped = RuleSet::shipped(&catalogue).into_rules();
    let rules = (0..count).map(|number| {
        let mut rule = shipped[number % shipped.len()].clone();
        rule.id = format!("{}-{}", rule.id, number / shipped.len());
        rule
    });
    let mut detector = Detector::new(rules.collect());
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    let begun = Instant::now();
    for event in &events {
        for finding in detector.take(event) {
            *found.entry(finding.rule).or_default() += 1;
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let cells: usize = detector.cells().iter().sum();
    println!(
        "{} events, {count} rules: {:.0} events/s, {:.2} us each, {cells} cells",
        events.len(),
        events.len() as f64 / seconds,
        seconds * 1e6 / events.len() as f64
    );
    let kept = Instant::now();
    let bytes: usize =
        detector.save().expect("it can be written").iter().map(|saved| saved.state.len()).sum();
    println!("state: {bytes} bytes, written in {:.0} ms", kept.elapsed().as_secs_f64() * 1e3);
    for (rule, times) in found {
        println!("found {times} {rule}");
    }
}

fn event(line: &str, catalogue: &Catalogue) -> Event {
    let input = EventInput::from_json(line.as_bytes()).expect("each line is an event");
    let admission = Admission {
        catalogue,
        limits: &Limits::shipped().event,
        tenant: &TenantId::new("measured").expect("it is a name"),
        source: "measured",
        now: jiff::Timestamp::now(),
        fresh_id: EventId(uuid::Uuid::nil()),
        unknown_types: UnknownTypes::Accept,
        own_facts: true,
    };
    admit(input, &admission).expect("the event is well-formed")
}
