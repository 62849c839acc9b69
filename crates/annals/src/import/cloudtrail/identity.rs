//! Who acted, and whose account it was, from `userIdentity` and the request.

use annals_domain::event::{Actor, ActorType, JsonObject, Subject};
use serde_json::Value;

use crate::import::draft;
use crate::import::fields::{self, text_at};

/// AWS's own spelling of the fields at every level of an identity.
const IDENTITY_FIELDS: &[&str] = &[
    "type",
    "arn",
    "principalId",
    "accountId",
    "accessKeyId",
    "userName",
    "invokedBy",
    "sessionContext",
    "sessionIssuer",
    "attributes",
    "mfaAuthenticated",
    "creationDate",
];

/// Gives the fields of `userIdentity` AWS's own spelling, at every level that is read.
pub(super) fn respell(record: &mut JsonObject) {
    let mut level = record.get_mut("userIdentity");
    for below in ["sessionContext", "attributes"] {
        let Some(Value::Object(object)) = level else { return };
        fields::respell(object, IDENTITY_FIELDS);
        if let Some(Value::Object(issuer)) = object.get_mut("sessionIssuer") {
            fields::respell(issuer, IDENTITY_FIELDS);
        }
        level = object.get_mut(below);
    }
    if let Some(Value::Object(attributes)) = level {
        fields::respell(attributes, IDENTITY_FIELDS);
    }
}

/// The actor. What of `userIdentity` finds no place stays for the metadata.
pub(super) fn actor(record: &mut JsonObject) -> Actor {
    let Some(mut identity) = fields::take_object(record, "userIdentity") else {
        return without_identity(record);
    };
    let mut actor = identified(&identity).unwrap_or_else(|| without_identity(record));
    let named = actor.id.is_some() && actor.actor_type != ActorType::Anonymous;
    if named {
        let alt_ids = [
            ("principal_id", "principalId"),
            ("account_id", "accountId"),
            ("access_key_id", "accessKeyId"),
        ];
        for (name, field) in alt_ids {
            if let Some(id) = fields::take_text(&mut identity, field) {
                actor.alt_ids.insert(name.to_owned(), id);
            }
        }
        identity.remove("arn");
        identity.remove("userName");
    }
    if !identity.is_empty() {
        record.insert("userIdentity".to_owned(), Value::Object(identity));
    }
    actor
}

fn identified(identity: &JsonObject) -> Option<Actor> {
    let text = |field: &str| text_at(identity, &[field]);
    let kind = text("type").unwrap_or_default();
    let invoked_by = text("invokedBy");
    let session = text("arn").as_deref().and_then(assumed_role);
    let id = text("arn")
        .or_else(|| text("principalId"))
        .or_else(|| text("userName"))
        .or_else(|| invoked_by.clone())
        .or_else(|| text("accountId"))?;
    let actor_type = match kind.as_str() {
        "AWSService" | "AWSAccount" => ActorType::Service,
        "AssumedRole" if session_is_a_program(session.as_ref()) => ActorType::Service,
        _ if Some(&id) == invoked_by.as_ref() => ActorType::Service,
        _ => ActorType::User,
    };
    let mut actor = draft::actor(actor_type, id.as_str());
    let last_of_arn = || id.rsplit(['/', ':']).next().map(str::to_owned);
    actor.name = match &session {
        Some(role) => role.session.clone().or_else(|| Some(role.name.clone())),
        None => text("userName").or_else(|| last_of_arn().filter(|last| *last != id)),
    };
    actor.email = actor.name.as_deref().and_then(fields::email);
    let issuer = text_at(identity, &["sessionContext", "sessionIssuer", "userName"]);
    actor.roles = session.map(|role| role.name).or(issuer).into_iter().collect();
    Some(actor)
}

struct AssumedRole {
    name: String,
    session: Option<String>,
}

/// `arn:aws:sts::123456789012:assumed-role/Admin/ann` is `ann` in the role `Admin`.
fn assumed_role(arn: &str) -> Option<AssumedRole> {
    let (_, path) = arn.split_once(":assumed-role/")?;
    let (name, session) = match path.split_once('/') {
        Some((name, session)) => (name, Some(session.to_owned())),
        None => (path, None),
    };
    Some(AssumedRole { name: name.to_owned(), session })
}

/// Only what is plainly a program is one: everybody else is treated as a person, so that their data
/// is sealed under a key of their own.
fn session_is_a_program(role: Option<&AssumedRole>) -> bool {
    let Some(session) = role.and_then(|role| role.session.as_deref()) else {
        return true;
    };
    let is_instance = session
        .strip_prefix("i-")
        .is_some_and(|id| id.len() >= 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    is_instance
        || session.bytes().all(|byte| byte.is_ascii_digit())
        || ["aws-sdk", "aws-go-sdk", "botocore-session"].iter().any(|word| session.contains(word))
}

/// AWS acts itself, or nobody is named.
fn without_identity(record: &JsonObject) -> Actor {
    let service_event = text_at(record, &["eventType"]).as_deref() == Some("AwsServiceEvent");
    let host = text_at(record, &["sourceIPAddress"])
        .filter(|host| host.ends_with(".amazonaws.com"))
        .or_else(|| text_at(record, &["eventSource"]).filter(|_| service_event));
    host.map_or_else(draft::anonymous, |host| draft::actor(ActorType::Service, host))
}

/// The IAM user whom an IAM call is about. Named as they are when they act, so that both meet in one
/// stream: `arn:aws:iam::<account>:user/<name>` where the account is known.
pub(super) fn person_concerned(record: &JsonObject) -> Option<Subject> {
    if text_at(record, &["eventSource"]).as_deref() != Some("iam.amazonaws.com") {
        return None;
    }
    let name = text_at(record, &["requestParameters", "userName"])
        .or_else(|| text_at(record, &["responseElements", "user", "userName"]))
        .or_else(|| text_at(record, &["responseElements", "accessKey", "userName"]))?;
    let account = text_at(record, &["recipientAccountId"]);
    let arn = text_at(record, &["responseElements", "user", "arn"])
        .or_else(|| account.map(|account| format!("arn:aws:iam::{account}:user/{name}")));
    let mut subject = draft::subject(arn.unwrap_or_else(|| name.clone()));
    subject.name = Some(name);
    Some(subject)
}
