//! Every field name that the query language knows, as one table: for reading queries, for
//! completion and for the documentation.

use FieldKind::{
    Address, EventId, Flag, Identifier, Number, OneOf, Presence, Severity, Since, Text, Time,
    Until, Value,
};
use Recorded::{No, Yes};

use crate::event::{ActorType, ChangeOperation, Operation, OutcomeStatus};

/// A field of the query language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldInfo {
    /// How it is written; `<key>` stands for any key.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// Paths of the facts it asks for, any of which may pass; that of a field with `<key>` ends
    /// where the key begins.
    pub paths: &'static [&'static str],
    /// What its values are.
    pub kind: FieldKind,
    /// What it is, for people.
    pub description: &'static str,
    /// A condition on it.
    pub example: &'static str,
}

/// What the values of a field are, and so how they can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Text compared as it is; `*` makes a pattern.
    Identifier,
    /// Text compared without regard to case; `*` makes a pattern.
    Text,
    /// Id of an event, a UUID.
    EventId,
    /// One of a few words.
    OneOf(&'static [&'static str]),
    /// One of the severities, which also rise: `severity>=warning`.
    Severity,
    /// `true` or `false`.
    Flag,
    /// An address or network.
    Address,
    /// A number or range of numbers.
    Number,
    /// Text, number or flag, whatever the event holds.
    Value,
    /// Free text, found by its words; only its presence can be asked for.
    Presence,
    /// A time or range of times.
    Time(Recorded),
    /// A time, from which on.
    Since(Recorded),
    /// A time, before which.
    Until(Recorded),
    /// Name of a field that has a value.
    Has,
    /// Name of a class of events.
    Class,
}

/// Which of the two times of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// When it happened.
    No,
    /// When it was recorded.
    Yes,
}

/// Every field, in the order of the documentation.
pub fn fields() -> &'static [FieldInfo] {
    FIELDS
}

impl FieldInfo {
    /// Whether the name goes on with a key of the caller's choice.
    pub fn takes_key(&self) -> bool {
        self.name.ends_with(KEY)
    }
}

const KEY: &str = ".<key>";

const fn field(
    name: &'static str,
    kind: FieldKind,
    aliases: &'static [&'static str],
    paths: &'static [&'static str],
    description: &'static str,
    example: &'static str,
) -> FieldInfo {
    FieldInfo { name, aliases, paths, kind, description, example }
}

#[rustfmt::skip]
const FIELDS: &[FieldInfo] = &[
    // name, kind, aliases, paths, description, example
    field("id", EventId, &["event_id"], &["id"], "id of the event", "id:0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"),
    field("type", Text, &["action"], &["type"], "type of the event", "type:user.password.*"),
    field("operation", OneOf(Operation::WORDS), &[], &["operation"], "kind of act", "operation:delete"),
    field("severity", Severity, &[], &["severity"], "how much attention it deserves", "severity>=warning"),
    field("severity_rank", Number, &[], &["severity_rank"], "severity as a number, 0 info to 3 critical", "severity_rank:1..2"),
    field("outcome", OneOf(OutcomeStatus::WORDS), &["outcome.status", "status"], &["outcome"], "how it ended", "-outcome:success"),
    field("outcome.code", Text, &[], &["outcome.code"], "machine-readable cause of the outcome", "outcome.code:AccessDenied"),
    field("outcome.reason", Presence, &[], &["outcome.reason"], "cause of the outcome for people", "has:outcome.reason"),
    field("description", Presence, &["message"], &["description"], "free text for people", "has:description"),
    // when
    field("after", Since(No), &["since", "from"], &[], "happened at that time or later", "after:2026-01-01"),
    field("before", Until(No), &["until", "to"], &[], "happened before that time", "before:-P7D"),
    field("occurred", Time(No), &["occurred_at", "timestamp"], &[], "when it happened", "occurred:2026-01-01..2026-02-01"),
    field("recorded_after", Since(Yes), &[], &[], "recorded at that time or later", "recorded_after:-PT1H"),
    field("recorded_before", Until(Yes), &[], &[], "recorded before that time", "recorded_before:2026-01-01T12:00:00+01:00"),
    field("recorded", Time(Yes), &["recorded_at", "received_at"], &[], "when it was recorded", "recorded:2026-01-01"),
    // who
    field("actor", Text, &[], &["actor.id", "actor.name", "actor.email"], "who acted, by id, name or e-mail address", "actor:ann"),
    field("actor.id", Identifier, &["user_id", "actor_id"], &["actor.id"], "id of who acted", "actor.id:u-17"),
    field("actor.name", Text, &[], &["actor.name"], "name of who acted", "actor.name:\"Ann Lee\""),
    field("actor.email", Text, &[], &["actor.email"], "e-mail address of who acted", "actor.email:*@example.org"),
    field("actor.type", OneOf(ActorType::WORDS), &["actor_type"], &["actor.type"], "what kind of being acted", "actor.type:service"),
    field("actor.role", Text, &["actor.roles", "role"], &["actor.role"], "a role of who acted", "actor.role:admin"),
    field("actor.alt_ids.<key>", Identifier, &[], &["actor.alt_ids."], "id of who acted in another system", "actor.alt_ids.icn:1012"),
    field("on_behalf_of.id", Identifier, &["on_behalf_of"], &["on_behalf_of.id"], "id of somebody in whose name it was done", "on_behalf_of.id:u-17"),
    field("on_behalf_of.name", Text, &[], &["on_behalf_of.name"], "name of somebody in whose name it was done", "on_behalf_of.name:ann*"),
    field("on_behalf_of.email", Text, &[], &["on_behalf_of.email"], "e-mail address of somebody in whose name it was done", "on_behalf_of.email:ann@example.org"),
    field("on_behalf_of.type", OneOf(ActorType::WORDS), &[], &["on_behalf_of.type"], "what kind of being it was done for", "on_behalf_of.type:user"),
    field("on_behalf_of.role", Text, &["on_behalf_of.roles"], &["on_behalf_of.role"], "a role of somebody in whose name it was done", "on_behalf_of.role:admin"),
    field("on_behalf_of.alt_ids.<key>", Identifier, &[], &["on_behalf_of.alt_ids."], "id in another system of somebody in whose name it was done", "on_behalf_of.alt_ids.icn:1012"),
    field("subject", Text, &[], &["subject.id", "subject.name"], "whose account or data, by id or name", "subject:u-17"),
    field("subject.id", Identifier, &["subject_id"], &["subject.id"], "id of whose account or data", "subject.id:u-17"),
    field("subject.name", Text, &[], &["subject.name"], "name of whose account or data", "subject.name:ann*"),
    field("subject.alt_ids.<key>", Identifier, &[], &["subject.alt_ids."], "id of the subject in another system", "subject.alt_ids.csp_uuid:9f2"),
    field("user", Identifier, &[], &["actor.id", "subject.id"], "who acted or whose account it is, by id", "user:u-17"),
    // what
    field("target", Text, &["resource"], &["target.id", "target.name"], "what was acted upon, by id or name", "target:INV-7"),
    field("target.type", Text, &["resource_type", "target_type"], &["target.type"], "kind of thing that was acted upon", "target.type:invoice"),
    field("target.id", Identifier, &["resource_id", "target_id"], &["target.id"], "id of what was acted upon", "target.id:INV-7"),
    field("target.name", Text, &[], &["target.name"], "name of what was acted upon", "target.name:\"Q3 report\""),
    field("target.owner", Identifier, &[], &["target.owner"], "id of the owner of what was acted upon", "target.owner:u-17"),
    field("changes.path", Text, &["change.path"], &["changes.path"], "JSON pointer of what changed", "changes.path:/role"),
    field("changes.op", OneOf(ChangeOperation::WORDS), &["change.op"], &["changes.op"], "what happened to a value", "changes.op:remove"),
    field("metadata.<key>", Value, &[], &["metadata."], "a value in the metadata", "metadata.amount>100"),
    field("labels.<key>", Text, &["label.<key>"], &["labels."], "value of a label", "label.env:prod"),
    // from where
    field("client.ip", Address, &["ip", "ip_address"], &["client.ip"], "address it came from", "ip:10.0.0.0/8"),
    field("client.user_agent", Text, &["user_agent"], &["client.user_agent"], "program it came from, as that calls itself", "client.user_agent:curl*"),
    field("client.device", Text, &["device"], &["client.device"], "device it came from", "device:iphone"),
    field("client.device_type", Text, &["device_type"], &["client.device_type"], "kind of device", "client.device_type:mobile"),
    field("client.os", Text, &["os"], &["client.os"], "operating system", "os:windows*"),
    field("client.browser", Text, &["browser"], &["client.browser"], "browser or client program", "browser:firefox"),
    field("client.country", Text, &["country"], &["client.country"], "country, two letters", "country:NL"),
    field("client.region", Text, &["region"], &["client.region"], "state or region", "region:utrecht"),
    field("client.city", Text, &["city"], &["client.city"], "city", "city:\"New York\""),
    // in which context
    field("session.id", Identifier, &["session", "session_id"], &["session.id"], "sign-in session", "session:s-1"),
    field("session.auth_method", Text, &["auth_method"], &["session.auth_method"], "how the session began", "auth_method:saml"),
    field("session.mfa", Flag, &["mfa"], &["session.mfa"], "whether a second factor was used", "mfa:false"),
    field("request.id", Identifier, &["request", "request_id"], &["request.id"], "request", "request:r-1"),
    field("request.correlation_id", Identifier, &["correlation", "correlation_id"], &["request.correlation_id"], "business operation it belongs to", "correlation:order-7"),
    field("request.causation_id", Identifier, &["causation", "causation_id"], &["request.causation_id"], "event or command that caused it", "causation:cmd-7"),
    field("request.trace_id", Identifier, &["trace", "trace_id"], &["request.trace_id"], "trace (W3C)", "trace:4bf92f3577b34da6a3ce929d0e0e4736"),
    field("justification.reason", Presence, &[], &["justification.reason"], "why, for people", "has:justification.reason"),
    field("justification.ticket", Text, &["ticket"], &["justification.ticket"], "ticket or case that asked for it", "ticket:OPS-12"),
    field("justification.legal_basis", Text, &["legal_basis"], &["justification.legal_basis"], "legal basis", "legal_basis:consent"),
    field("tenant", Identifier, &[], &["tenant"], "whose log", "tenant:acme"),
    field("source", Identifier, &[], &["source"], "application that reported it", "source:https://shop.example.org"),
    field("environment", Text, &["env"], &["environment"], "such as production", "environment:production"),
    field("app_version", Text, &[], &["app_version"], "version of the reporting application", "app_version:2.*"),
    field("producer.id", Identifier, &["producer"], &["producer.id"], "producing process", "producer:worker-3"),
    field("is", FieldKind::Class, &[], &[], "the event belongs to a class", "is:significant"),
    field("has", FieldKind::Has, &[], &[], "the field, or something inside it, has a value", "has:metadata.ticket"),
];

/// A field as it was named in a query.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) info: &'static FieldInfo,
    /// Paths of its facts, with the key.
    pub(super) paths: Vec<String>,
}

/// The field of that name; the case of letters matters only in a key.
pub(super) fn find(name: &str) -> Option<Named> {
    FIELDS.iter().find_map(|info| {
        let mut names = info.aliases.iter().chain([&info.name]);
        if !info.takes_key() {
            let paths = || info.paths.iter().map(|path| (*path).to_owned()).collect();
            return names
                .any(|known| known.eq_ignore_ascii_case(name))
                .then(|| Named { info, paths: paths() });
        }
        let key = names.find_map(|known| key_behind(known.strip_suffix("<key>")?, name))?;
        Some(Named { info, paths: vec![format!("{}{key}", info.paths[0])] })
    })
}

fn key_behind<'a>(prefix: &str, name: &'a str) -> Option<&'a str> {
    let (head, key) = name.split_at_checked(prefix.len())?;
    (head.eq_ignore_ascii_case(prefix) && !key.is_empty()).then_some(key)
}

/// A name that several fields begin with, such as `client`.
pub(super) fn find_group(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let inside = |path: &str| path.strip_prefix(&name).is_some_and(|rest| rest.starts_with('.'));
    FIELDS.iter().flat_map(|info| info.paths).any(|path| inside(path)).then_some(name)
}

/// How the fact of that path is called: the field of its own, and the key that it ends with.
pub(super) fn name_of(path: &str) -> (&'static FieldInfo, &str) {
    FIELDS
        .iter()
        .find_map(|info| match info.paths {
            [prefix] if info.takes_key() => {
                path.strip_prefix(prefix).filter(|key| !key.is_empty()).map(|key| (info, key))
            }
            [own] if *own == path => Some((info, "")),
            _ => None,
        })
        .unwrap_or((UNNAMED, path))
}

/// Stands for paths that no field has, such as `client`; only `has:` can ask for those.
const UNNAMED: &FieldInfo = &field("", Value, &[], &[], "", "");
