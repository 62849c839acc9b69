//! How fast events are found, by class of question: each class alone, and all mixed.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value, json};

use super::fill::{self, FillArgs};
use super::latency::Latencies;
use super::load::Load;
use super::questions::{CLASSES, Class, Request, Samples, mixture};
use super::service::Service;

/// Answers of a class that are looked into; reading all would take time from the service.
const LOOKED_INTO: usize = 20;

/// Measures finding.
#[derive(Debug, clap::Args)]
pub(crate) struct SearchArgs {
    /// Events to record first; 0 when the service is filled already
    #[arg(long, default_value_t = 1_000_000)]
    events: usize,
    /// Questions of each class, and of the mixture for each class in it
    #[arg(long, default_value_t = 500)]
    queries: usize,
    /// Questions a second, whether answers come or not; without it, one after the other
    #[arg(long)]
    rate: Option<f64>,
    /// Questions a second of the classes that count over all there is, when there is a rate
    #[arg(long, default_value_t = 2.0)]
    heavy_rate: f64,
    /// Connections that ask [default: 1, and 16 at a rate]
    #[arg(long)]
    connections: Option<usize>,
    /// Only these classes, and no mixture
    #[arg(long, value_delimiter = ',')]
    classes: Vec<String>,
    #[command(flatten)]
    fill: FillArgs,
}

pub(super) fn run(service: &Service, args: &SearchArgs, seed: u64) -> anyhow::Result<Value> {
    let filled = fill::ensure(service, args.events, &args.fill, seed)?;
    let samples = Samples::of(service)?;
    let connections = args.connections.unwrap_or(if args.rate.is_some() { 16 } else { 1 });
    let load = Load { requests: args.queries, rate: args.rate, connections };
    let chosen = |class: &&Class| {
        args.classes.is_empty() || args.classes.iter().any(|name| name == class.name)
    };
    let mut classes = Map::new();
    let mut together = Vec::new();
    for class in CLASSES.iter().filter(chosen) {
        let requests = class.requests(&samples);
        if requests.is_empty() {
            continue;
        }
        let load = if class.is_heavy() { load.slower(args.heavy_rate) } else { load };
        classes.insert(class.name.into(), alone(service, &load, &requests)?);
        together.push((class, requests));
    }
    let mixed = match args.classes.is_empty() {
        true => Some(mixed(service, &load, &together)?),
        false => None,
    };
    Ok(json!({
        "bench": "search",
        "filled": filled,
        "load": load.description(),
        "reads_are_recorded": true,
        "disk": service.disk(),
        "memory": service.memory(),
        "classes": classes,
        "mixed": mixed,
    }))
}

/// One class, and nothing beside it.
fn alone(service: &Service, load: &Load, requests: &[Request]) -> anyhow::Result<Value> {
    let tally = Tally::default();
    let outcome = load.run(
        service,
        1,
        |_| 0,
        |client, number| {
            let answer = requests[number % requests.len()].send(client)?;
            tally.note(number, &answer.body)
        },
    )?;
    let mut summary = outcome.summary();
    summary["rate_per_second"] = load.rate.into();
    summary["found_mean"] = tally.mean().into();
    Ok(summary)
}

/// All classes in turn, each as often as its share.
fn mixed(
    service: &Service,
    load: &Load,
    classes: &[(&Class, Vec<Request>)],
) -> anyhow::Result<Value> {
    let mix = Mix::of(classes);
    let load = Load { requests: load.requests * classes.len(), ..*load };
    let outcome = mix.run(service, &load)?;
    let mut summary = outcome.summary();
    summary["classes"] = mix.by_class(&outcome.by_kind);
    Ok(summary)
}

/// Questions of several classes in turn.
pub(super) struct Mix<'a> {
    classes: &'a [(&'a Class, Vec<Request>)],
    order: Vec<usize>,
}

impl<'a> Mix<'a> {
    pub(super) fn of(classes: &'a [(&'a Class, Vec<Request>)]) -> Self {
        let shares: Vec<usize> = classes.iter().map(|(class, _)| class.share).collect();
        Self { classes, order: mixture(&shares) }
    }

    pub(super) fn run(
        &self,
        service: &Service,
        load: &Load,
    ) -> anyhow::Result<super::load::Outcome> {
        let class = |number: usize| self.order[number % self.order.len()];
        load.run(service, self.classes.len(), class, |client, number| {
            let (_, requests) = &self.classes[class(number)];
            requests[(number / self.order.len()) % requests.len()].send(client).map(drop)
        })
    }

    /// The times of each class that is in the mixture.
    pub(super) fn by_class(&self, times: &[Latencies]) -> Value {
        let named = self.classes.iter().zip(times).filter(|((class, _), _)| class.share > 0);
        let classes: Map<String, Value> =
            named.map(|((class, _), times)| (class.name.to_owned(), times.summary())).collect();
        classes.into()
    }
}

/// How much was found, as far as answers were looked into.
#[derive(Default)]
struct Tally {
    answers: AtomicUsize,
    found: AtomicUsize,
}

impl Tally {
    fn note(&self, number: usize, body: &[u8]) -> anyhow::Result<()> {
        if number < LOOKED_INTO {
            let body: Value = serde_json::from_slice(body)?;
            self.answers.fetch_add(1, Ordering::Relaxed);
            self.found.fetch_add(found(&body), Ordering::Relaxed);
        }
        Ok(())
    }

    fn mean(&self) -> f64 {
        let (found, answers) =
            (self.found.load(Ordering::Relaxed), self.answers.load(Ordering::Relaxed));
        found as f64 / answers.max(1) as f64
    }
}

/// Events of a page, or the number that was counted.
fn found(body: &Value) -> usize {
    let counted = ["/count/value", "/count"].iter().find_map(|path| body.pointer(path)?.as_u64());
    let pages = ["/events", "/data/auditEvents/nodes", "/data/person/timeline/nodes"];
    let listed = pages.iter().find_map(|path| body.pointer(path)?.as_array());
    match (counted, listed) {
        (Some(count), _) => usize::try_from(count).unwrap_or(usize::MAX),
        (None, listed) => listed.map_or(0, Vec::len),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_counted_or_listed() {
        assert_eq!(found(&json!({ "events": [1, 2], "next_cursor": "x" })), 2);
        assert_eq!(found(&json!({ "events": [1], "count": { "value": 870 } })), 870);
        let profile = json!({ "data": { "person": { "timeline": { "nodes": [1, 2, 3] } } } });
        assert_eq!(found(&profile), 3);
        assert_eq!(found(&json!({ "data": { "person": null } })), 0);
    }
}
