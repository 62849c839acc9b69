//! One event, from who acts to what changed, in the order of the event model.

use annals_domain::time::DateTime;
use jiff::Timestamp;
use jiff::tz::Offset;

use super::circumstances::{Application, BACKENDS, CONSOLES, PORTALS};
use super::json::Json;
use super::people::{People, Person, SERVICES, Service};
use super::plan::{Cast, Ending, Plan};
use super::random::{Random, mix};
use super::{Generator, changes, metadata};

/// Numbers the events of the one producer that does so.
pub(super) struct Numbering {
    producer: String,
    last: u64,
}

impl Numbering {
    pub(super) fn new(seed: u64) -> Self {
        Self { producer: format!("jobs-{seed:x}"), last: 0 }
    }
}

/// Who acts on whom, with what, in one event.
struct Scene {
    actor: Actor,
    /// The person it is about, when that is not the actor.
    subject: Option<Person>,
    application: Application,
    /// Which of the actor's devices.
    device: u64,
}

enum Actor {
    Person(Person),
    Service(Service),
    Nobody,
}

/// Codes and causes of failures.
const FAILURES: &[(&str, &str)] = &[
    ("timeout", "the service did not answer in time"),
    ("invalid_input", "a field was not as expected"),
    ("conflict", "somebody else changed it meanwhile"),
    ("unavailable", "the service was being restarted"),
];
const LOGIN_FAILURES: &[(&str, &str)] = &[
    ("invalid_credentials", "the password was wrong"),
    ("unknown_account", "there is no such account"),
    ("mfa_failed", "the second factor was wrong"),
    ("account_locked", "too many tries"),
];
const DENIALS: &[(&str, &str)] = &[
    ("AccessDenied", "the role does not allow it"),
    ("not_assigned", "the person is not in their care"),
    ("quota_exceeded", "too many requests"),
];
const METHODS: &[&str] = &["password", "passkey", "saml", "oidc"];

pub(super) fn write(generator: &mut Generator, at_ms: i64, buffer: &mut Vec<u8>) {
    let Generator { random, people, plans, words, numbering, tenants, .. } = generator;
    let plan = plans.draw(random);
    let scene = scene(plan, people, random);
    let json = &mut Json::new(buffer);
    json.open();
    json.key("id").plain(format_args!("{}", event_id(at_ms, random)));
    json.key("type").text(&plan.event_type);
    if let Some(tenants) = tenants {
        json.key("tenant").plain(format_args!("tenant-{}", tenants.draw()));
    }
    write_origin(&scene, at_ms, numbering, random, json);
    write_outcome(plan, random, json);
    if random.percent(85) {
        let count = random.between(6, 16);
        json.key("description").sentence(words.several(random, count));
    }
    write_actor(&scene, random, json);
    write_subject(&scene, random, json);
    if !plan.targets.is_empty() {
        write_target(plan, &scene, random, json);
    }
    if plan.has_changes {
        changes::write(plan, scene.person(), random, json);
    }
    write_client(&scene, random, json);
    write_session(&scene, at_ms, random, json);
    write_request(random, json);
    if plan.is_justified || (scene.subject.is_some() && random.percent(25)) {
        json.key("justification").open();
        let count = random.between(3, 8);
        json.key("reason").sentence(words.several(random, count));
        json.key("ticket").plain(format_args!("CASE-{}", random.between(10_000, 99_999)));
        json.close();
    }
    metadata::write(&plan.properties, words, random, json);
    if random.percent(10) {
        json.key("labels").open();
        json.key("team").text(random.pick(&["intake", "claims", "care", "platform"]));
        json.key("channel").text(random.pick(&["web", "mobile", "phone", "batch"]));
        json.close();
    }
    json.close();
}

fn scene(plan: &Plan, people: &People, random: &mut Random) -> Scene {
    let staff_acts = match plan.cast {
        Cast::Staff | Cast::StaffAlone => true,
        Cast::Either => random.percent(35),
        Cast::Own | Cast::Service | Cast::ServiceAlone => false,
    };
    let is_service = matches!(plan.cast, Cast::Service | Cast::ServiceAlone);
    // A failed sign-in is often all that is known of whoever tried.
    let is_nobody = plan.event_type == "user.login.failed" && random.percent(30);
    let (actor, applications) = if is_service {
        (Actor::Service(random.pick(SERVICES)), BACKENDS)
    } else if is_nobody {
        (Actor::Nobody, PORTALS)
    } else if staff_acts {
        (Actor::Person(people.staff(random)), CONSOLES)
    } else {
        (Actor::Person(people.person(random)), PORTALS)
    };
    let is_about_somebody_else = match plan.cast {
        Cast::Staff | Cast::Service => true,
        Cast::Either => staff_acts,
        Cast::Own => is_nobody,
        Cast::StaffAlone | Cast::ServiceAlone => false,
    };
    let subject = is_about_somebody_else.then(|| people.person(random));
    let device = match &actor {
        Actor::Person(person) => random.below(person.devices()),
        Actor::Service(_) | Actor::Nobody => 0,
    };
    Scene { actor, subject, application: random.pick(applications), device }
}

impl Scene {
    /// Whose data it is.
    fn person(&self) -> Option<Person> {
        match (self.subject, &self.actor) {
            (Some(subject), _) => Some(subject),
            (None, Actor::Person(person)) => Some(*person),
            (None, Actor::Service(_) | Actor::Nobody) => None,
        }
    }
}

/// Of version 7, as SDKs make them; the random part comes from the seed.
fn event_id(at_ms: i64, random: &mut Random) -> uuid::Uuid {
    let mut bits = [0; 10];
    bits[..8].copy_from_slice(&random.next().to_be_bytes());
    bits[8..].copy_from_slice(&random.next().to_be_bytes()[..2]);
    uuid::Builder::from_unix_timestamp_millis(at_ms.max(0) as u64, &bits).into_uuid()
}

fn write_origin(
    scene: &Scene,
    at_ms: i64,
    numbering: &mut Numbering,
    random: &mut Random,
    json: &mut Json<'_>,
) {
    json.key("source").text(scene.application.source);
    if random.percent(50) {
        json.key("environment").text(if random.percent(94) { "production" } else { "staging" });
        json.key("app_version").text(scene.application.version);
    }
    let told = local_time(scene, at_ms, random);
    json.key("occurred_at").plain(format_args!("{told}"));
    if scene.application.source == "urn:example:jobs" {
        numbering.last += 1;
        json.key("producer").open();
        json.key("id").text(&numbering.producer);
        json.key("seq").bare(numbering.last);
        json.close();
    }
}

/// Most applications tell the time in UTC, some in the person's own zone.
fn local_time(scene: &Scene, at_ms: i64, random: &mut Random) -> DateTime {
    let timestamp = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let offset = match &scene.actor {
        Actor::Person(person) if random.percent(12) => Offset::constant(person.city().offset),
        _ => Offset::UTC,
    };
    DateTime { timestamp, offset }
}

fn write_outcome(plan: &Plan, random: &mut Random, json: &mut Json<'_>) {
    let (status, causes): (_, &[(&str, &str)]) = match (plan.ending, random.below(100)) {
        (Ending::Failure, _) if plan.event_type.contains("login") => ("failure", LOGIN_FAILURES),
        (Ending::Failure, _) => ("failure", FAILURES),
        (Ending::Denied, _) => ("denied", DENIALS),
        (Ending::Usual, 0..2) => ("failure", FAILURES),
        (Ending::Usual, 2) => ("denied", DENIALS),
        (Ending::Usual, _) => {
            json.key("outcome").text("success");
            return;
        }
    };
    let (code, reason) = random.pick(causes);
    json.key("outcome").open();
    json.key("status").text(status);
    json.key("code").text(code);
    json.key("reason").text(reason);
    json.close();
}

fn write_actor(scene: &Scene, random: &mut Random, json: &mut Json<'_>) {
    json.key("actor").open();
    match &scene.actor {
        Actor::Nobody => json.key("type").text("anonymous"),
        Actor::Service(service) => {
            json.key("type").text("service");
            json.key("id").text(service.id);
            json.key("name").text(service.name);
        }
        Actor::Person(person) => {
            json.key("type").text("user");
            json.key("id").text(&person.id());
            json.key("name").text(&person.name());
            if random.percent(45) {
                json.key("email").text(&person.email());
            }
            if let Some(role) = person.role() {
                json.key("roles").open_list();
                json.text(role);
                json.close_list();
            }
        }
    }
    json.close();
}

fn write_subject(scene: &Scene, random: &mut Random, json: &mut Json<'_>) {
    let Some(person) = scene.subject else { return };
    json.key("subject").open();
    json.key("id").text(&person.id());
    json.key("name").text(&person.name());
    if random.percent(40) {
        json.key("alt_ids").open();
        json.key("icn").text(&person.icn());
        json.close();
    }
    json.close();
}

/// Things belong to somebody: a person has a few of each kind.
fn write_target(plan: &Plan, scene: &Scene, random: &mut Random, json: &mut Json<'_>) {
    let kind = random.pick_text(&plan.targets);
    let owner = scene.person().filter(|person| !person.is_staff);
    let which = random.below(6);
    let bits = mix(owner.map_or(which, |person| person.bits ^ which) ^ kind.len() as u64);
    json.key("targets").open_list();
    json.open();
    json.key("type").text(kind);
    json.key("id").plain(format_args!("{}-{:08x}", &kind[..3.min(kind.len())], bits >> 32));
    if random.percent(60) {
        let title = ["Primary", "Annual", "Follow-up", "Regional", "Shared", "Archived"];
        json.key("name").plain(format_args!("{} {}", title[which as usize], bits % 1000));
    }
    json.close();
    json.close_list();
}

fn write_client(scene: &Scene, random: &mut Random, json: &mut Json<'_>) {
    json.key("client").open();
    match &scene.actor {
        Actor::Person(person) => {
            json.key("ip").text(&person.address(scene.device));
            json.key("user_agent").text(person.user_agent(scene.device));
            if !person.is_staff && random.percent(15) {
                let city = person.city();
                json.key("geo").open();
                json.key("country").text(city.country);
                json.key("region").text(city.region);
                json.key("city").text(city.name);
                json.close();
            }
        }
        Actor::Service(service) => {
            json.key("ip").plain(format_args!(
                "10.1.{}.{}",
                random.below(8),
                random.between(2, 250)
            ));
            json.key("user_agent").text(service.user_agent);
        }
        Actor::Nobody => {
            let (third, last) = (random.below(256), random.between(1, 254));
            json.key("ip").plain(format_args!("185.220.{third}.{last}"));
            json.key("user_agent").text("python-requests/2.31.0");
        }
    }
    json.close();
}

/// A session of a person lasts for the hours that one sits at one device.
fn write_session(scene: &Scene, at_ms: i64, random: &mut Random, json: &mut Json<'_>) {
    let Actor::Person(person) = &scene.actor else { return };
    let sitting = at_ms.div_euclid(2 * 3_600_000) as u64;
    let bits = mix(person.bits ^ mix(sitting) ^ scene.device);
    json.key("session").open();
    json.key("id").plain(format_args!("ses-{:012x}", bits >> 16));
    json.key("auth_method").text(METHODS[(bits % METHODS.len() as u64) as usize]);
    if random.percent(60) {
        json.key("mfa").bare(bits.is_multiple_of(3));
    }
    json.close();
}

fn write_request(random: &mut Random, json: &mut Json<'_>) {
    json.key("request").open();
    json.key("id").plain(format_args!("req-{:012x}", random.next() >> 16));
    if random.percent(15) {
        json.key("correlation_id").plain(format_args!("cor-{:012x}", random.next() >> 16));
    }
    if random.percent(12) {
        let [high, low, span] = [random.next(), random.next(), random.next()];
        json.key("traceparent").plain(format_args!("00-{high:016x}{low:016x}-{span:016x}-01"));
    }
    json.close();
}
