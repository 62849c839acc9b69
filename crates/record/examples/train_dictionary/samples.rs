//! Made-up events of every type in the catalogue, as like real ones as a dictionary needs.

use std::collections::BTreeMap;

use annals_domain::catalogue::{Catalogue, EventType};
use annals_domain::event::{
    Actor, ActorType, Change, ChangeOperation, Client, Device, Event, Geo, JsonObject,
    Justification, Outcome, OutcomeStatus, Producer, Request, Session, Subject, Target,
};
use annals_domain::time::DateTime;
use annals_domain::{EventId, TenantId};
use serde_json::{Value, json};
use words::*;

mod words;

/// Numbers that look random and are the same each time (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    fn one_of<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len() as u64) as usize]
    }

    fn uuid(&mut self) -> uuid::Uuid {
        let high = u128::from(self.next());
        uuid::Builder::from_random_bytes((high << 64 | u128::from(self.next())).to_be_bytes())
            .into_uuid()
    }

    fn text(&mut self, choices: &[&str]) -> Option<String> {
        Some(self.one_of(choices).to_owned())
    }
}

/// One event of the given type.
pub(crate) fn event(dice: &mut Dice, entry: &EventType) -> Event {
    let person = person(dice);
    let actor = match dice.below(20) {
        0 => Actor {
            actor_type: ActorType::Service,
            id: dice.text(&["billing", "sync-job", "svc-backup", "importer", "scheduler"]),
            ..nameless()
        },
        1 => Actor {
            actor_type: ActorType::System,
            id: dice.text(&["annals", "system", "cron"]),
            ..nameless()
        },
        2 => nameless(),
        3 => Actor {
            actor_type: ActorType::Agent,
            id: dice.text(&["assistant", "agent-7", "copilot"]),
            ..nameless()
        },
        _ => person.clone(),
    };
    let subject = match dice.below(10) {
        0..=6 if actor.is_person() => subject_of(&actor),
        0..=8 => subject_of(&self::person(dice)),
        _ => subject_of(&actor),
    };
    let occurred = 1_700_000_000_000 + dice.below(150_000_000_000) as i64;
    let received = occurred + dice.below(2_000) as i64;
    let failed = dice.percent(12);
    Event {
        id: EventId(dice.uuid()),
        event_type: entry.name.clone(),
        schema_version: entry.version,
        tenant: TenantId::new(dice.one_of(TENANTS)).expect("the names are tenants' names"),
        source: dice.one_of(SOURCES).to_owned(),
        environment: if dice.percent(50) {
            dice.text(&["production", "staging", "prod", "test", "development"])
        } else {
            None
        },
        app_version: dice
            .percent(30)
            .then(|| format!("{}.{}.{}", dice.below(9), dice.below(30), dice.below(20))),
        occurred_at: date_time(occurred, dice),
        received_at: DateTime::utc(milliseconds(received)),
        producer: dice.percent(15).then(|| Producer {
            id: format!("web-{}", dice.below(20)),
            seq: dice.below(5_000_000),
        }),
        operation: entry.operation,
        severity: entry.severity,
        outcome: Outcome {
            status: if failed { failure(dice) } else { OutcomeStatus::Success },
            code: if failed { dice.text(CODES) } else { None },
            reason: (failed && dice.percent(50)).then(|| sentence(dice)),
        },
        description: dice.percent(20).then(|| sentence(dice)),
        actor,
        on_behalf_of: if dice.percent(4) { vec![self::person(dice)] } else { Vec::new() },
        subject,
        targets: (0..[0, 0, 1, 1, 1, 2][dice.below(6) as usize]).map(|_| target(dice)).collect(),
        changes: match entry.operation {
            annals_domain::event::Operation::Update => {
                (0..=dice.below(3)).map(|_| change(dice)).collect()
            }
            _ => Vec::new(),
        },
        client: if dice.percent(85) { client(dice) } else { Client::default() },
        session: dice.percent(75).then(|| session(dice)),
        request: if dice.percent(70) { request(dice) } else { Request::default() },
        justification: dice.percent(5).then(|| Justification {
            reason: Some(sentence(dice)),
            ticket: dice.percent(60).then(|| format!("SUP-{}", dice.below(90_000))),
            legal_basis: dice.text(&["consent", "contract", "legal obligation"]),
        }),
        metadata: metadata(dice, &entry.metadata),
        labels: if dice.percent(15) {
            BTreeMap::from([
                ("team".to_owned(), dice.one_of(&["identity", "payments", "care"]).to_owned()),
                ("region".to_owned(), dice.one_of(&["eu-central-1", "us-east-1"]).to_owned()),
            ])
        } else {
            BTreeMap::new()
        },
    }
}

/// `count` events, of every type in turn.
pub(crate) fn events(seed: u64, count: usize) -> Vec<Event> {
    let catalogue = Catalogue::shipped();
    let types: Vec<_> = catalogue.types().collect();
    let mut dice = Dice(seed);
    types.iter().cycle().take(count).map(|entry| event(&mut dice, entry)).collect()
}

fn milliseconds(time: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(time).expect("the times are of this century")
}

fn date_time(time: i64, dice: &mut Dice) -> DateTime {
    let hours = if dice.percent(25) { dice.below(20) as i8 - 9 } else { 0 };
    let whole_second = dice.percent(30);
    let time = if whole_second { time / 1_000 * 1_000 } else { time };
    DateTime { timestamp: milliseconds(time), offset: jiff::tz::offset(hours) }
}

fn failure(dice: &mut Dice) -> OutcomeStatus {
    if dice.percent(50) { OutcomeStatus::Failure } else { OutcomeStatus::Denied }
}

fn nameless() -> Actor {
    Actor {
        actor_type: ActorType::Anonymous,
        id: None,
        name: None,
        email: None,
        roles: Vec::new(),
        alt_ids: BTreeMap::new(),
    }
}

fn person(dice: &mut Dice) -> Actor {
    let (given, family) = (dice.one_of(GIVEN), dice.one_of(FAMILY));
    let email = format!("{}.{}@{}", given.to_lowercase(), family.to_lowercase(), dice.one_of(MAIL));
    let id = match dice.below(4) {
        0 => format!("u-{}", dice.below(1_000_000)),
        1 => email.clone(),
        2 => format!("user_{}", dice.below(100_000)),
        _ => dice.uuid().to_string(),
    };
    Actor {
        actor_type: ActorType::User,
        id: Some(id),
        name: dice.percent(70).then(|| format!("{given} {family}")),
        email: dice.percent(60).then_some(email),
        roles: (0..dice.below(3)).map(|_| dice.one_of(ROLES).to_owned()).collect(),
        alt_ids: if dice.percent(8) {
            BTreeMap::from([("icn".to_owned(), format!("{}V{}", dice.next(), dice.below(999_999)))])
        } else {
            BTreeMap::new()
        },
    }
}

fn subject_of(actor: &Actor) -> Option<Subject> {
    let id = actor.id.clone().filter(|_| actor.is_person())?;
    Some(Subject { id, name: actor.name.clone(), alt_ids: actor.alt_ids.clone() })
}

fn target(dice: &mut Dice) -> Target {
    let target_type = dice.one_of(TARGETS);
    Target {
        target_type: target_type.to_owned(),
        id: Some(match dice.below(3) {
            0 => dice.uuid().to_string(),
            1 => dice.below(10_000_000).to_string(),
            _ => format!("{target_type}-{}", dice.below(100_000)),
        }),
        name: dice.percent(30).then(|| sentence(dice)),
        owner: dice.percent(8).then(|| format!("u-{}", dice.below(1_000_000))),
    }
}

fn change(dice: &mut Dice) -> Change {
    let (path, before, after) = FIELDS[dice.below(FIELDS.len() as u64) as usize];
    Change {
        path: path.to_owned(),
        op: ChangeOperation::Replace,
        before: Value::from(before),
        after: Value::from(after),
    }
}

fn client(dice: &mut Dice) -> Client {
    let user_agent = dice.one_of(AGENTS).chars().map(|c| match c {
        '@' => char::from(b'0' + dice.below(10) as u8),
        c => c,
    });
    let user_agent = user_agent.collect();
    let ip = [198, 51, dice.below(256) as u8, dice.below(256) as u8];
    let enriched = dice.percent(65);
    let (device_type, os, browser, name) = DEVICES[dice.below(DEVICES.len() as u64) as usize];
    let (country, region, city) = PLACES[dice.below(PLACES.len() as u64) as usize];
    let some = |text: &str| Some(text.to_owned());
    Client {
        ip: Some(ip.into()),
        user_agent: Some(user_agent),
        device: enriched.then(|| Device {
            name: some(name),
            device_type: some(device_type),
            os: some(os),
            browser: some(browser),
        }),
        geo: (enriched && dice.percent(60)).then(|| Geo {
            country: some(country),
            region: some(region),
            city: some(city),
        }),
    }
}

fn session(dice: &mut Dice) -> Session {
    Session {
        id: Some(match dice.below(2) {
            0 => dice.uuid().to_string(),
            _ => format!("sess_{:016x}", dice.next()),
        }),
        auth_method: dice
            .text(&["password", "saml", "oidc", "api_key", "webauthn", "sso", "token"]),
        mfa: dice.percent(70).then(|| dice.percent(50)),
    }
}

fn request(dice: &mut Dice) -> Request {
    let trace = dice.percent(25);
    Request {
        id: Some(match dice.below(3) {
            0 => format!("req-{:012x}", dice.next() >> 16),
            _ => dice.uuid().to_string(),
        }),
        correlation_id: dice.percent(30).then(|| dice.uuid().to_string()),
        causation_id: dice.percent(5).then(|| dice.uuid().to_string()),
        traceparent: trace.then(|| {
            format!("00-{:016x}{:016x}-{:016x}-01", dice.next(), dice.next(), dice.next())
        }),
    }
}

fn sentence(dice: &mut Dice) -> String {
    let words: Vec<_> = (0..3 + dice.below(6)).map(|_| dice.one_of(WORDS)).collect();
    words.join(" ")
}

/// Metadata as the schema of the type asks for it.
fn metadata(dice: &mut Dice, schema: &Value) -> JsonObject {
    let mut object = JsonObject::new();
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        if dice.percent(75) {
            object.insert(name.clone(), value(dice, property));
        }
    }
    if object.is_empty() && dice.percent(50) {
        object.insert("amount".into(), json!(dice.below(100_000) as f64 / 100.0));
        object.insert("currency".into(), json!(dice.one_of(&["EUR", "USD", "GBP"])));
    }
    object
}

fn value(dice: &mut Dice, schema: &Value) -> Value {
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        return choices[dice.below(choices.len() as u64) as usize].clone();
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("boolean") => json!(dice.percent(50)),
        Some("integer") => json!(dice.below(5_000)),
        Some("number") => json!(dice.below(10_000) as f64 / 100.0),
        Some("array") => json!([dice.one_of(WORDS), dice.one_of(WORDS)]),
        Some("object") => json!({}),
        _ => match dice.below(3) {
            0 => json!(format!("{}-{}", dice.one_of(TARGETS), dice.below(10_000))),
            1 => json!(dice.one_of(WORDS)),
            _ => json!(sentence(dice)),
        },
    }
}
