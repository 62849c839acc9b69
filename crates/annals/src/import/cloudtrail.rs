//! AWS CloudTrail records: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

use annals_domain::event::{JsonObject, Operation, OutcomeStatus, Session, Target};
use serde_json::Value;

use super::draft::{self, Draft};
use super::fields::{self, as_text, text_at};
use super::{names, operations, timestamps};

mod identity;
#[cfg(test)]
mod tests;

/// AWS's own spelling of the fields that are read here.
const FIELDS: &[&str] = &[
    "additionalEventData",
    "apiVersion",
    "awsRegion",
    "errorCode",
    "errorMessage",
    "eventCategory",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "managementEvent",
    "readOnly",
    "recipientAccountId",
    "requestID",
    "requestParameters",
    "resources",
    "responseElements",
    "sharedEventID",
    "sourceIPAddress",
    "userAgent",
    "userIdentity",
];

/// Request parameters that name what was acted upon, and the type AWS gives such a thing.
const NAMING_PARAMETERS: &[(&str, &str)] = &[
    ("bucketName", "AWS::S3::Bucket"),
    ("dBClusterIdentifier", "AWS::RDS::DBCluster"),
    ("dBInstanceIdentifier", "AWS::RDS::DBInstance"),
    ("functionName", "AWS::Lambda::Function"),
    ("groupId", "AWS::EC2::SecurityGroup"),
    ("instanceId", "AWS::EC2::Instance"),
    ("keyId", "AWS::KMS::Key"),
    ("policyArn", "AWS::IAM::Policy"),
    ("roleArn", "AWS::IAM::Role"),
    ("roleName", "AWS::IAM::Role"),
    ("secretId", "AWS::SecretsManager::Secret"),
    ("tableName", "AWS::DynamoDB::Table"),
    ("trailName", "AWS::CloudTrail::Trail"),
    ("userName", "AWS::IAM::User"),
];

/// Maps one record.
pub(crate) fn map(mut record: JsonObject) -> Result<Draft, String> {
    fields::respell(&mut record, FIELDS);
    identity::respell(&mut record);
    let name = text_at(&record, &["eventName"]).ok_or("has no `eventName`: no act is told")?;
    let source = text_at(&record, &["eventSource"]);
    let mut draft = Draft::new(
        event_type(source.as_deref(), &name),
        source.as_deref().unwrap_or("cloudtrail.amazonaws.com"),
    );
    draft.vendor_id = text_at(&record, &["eventID"]);
    draft.occurred_at =
        timestamps::take_first(&mut record, &["eventTime", "@timestamp", "p_event_time"]);
    draft.operation = operation(&name, &record);
    draft.targets = targets(&mut record);
    draft.subject = identity::person_concerned(&record);
    draft.outcome = outcome(&mut record);
    draft.grade_by_outcome();
    // The session takes a temporary key before the actor takes what is left of the identity.
    draft.set_session(session(&mut record));
    draft.actor = identity::actor(&mut record);
    draft.client = draft::client(
        fields::take_ip(&mut record, "sourceIPAddress"),
        fields::take_text(&mut record, "userAgent"),
    );
    draft.request.id = fields::take_text(&mut record, "requestID");
    draft.request.correlation_id = fields::take_text(&mut record, "sharedEventID");
    draft.metadata = record;
    Ok(draft)
}

fn event_type(source: Option<&str>, name: &str) -> String {
    let service = source.map(|source| source.split('.').next().unwrap_or(source));
    let service = service.map(names::snake).filter(|service| !service.is_empty());
    let action = names::snake(names::without_api_version(name));
    format!("aws.{}.{action}", service.as_deref().unwrap_or("unknown"))
}

fn operation(name: &str, record: &JsonObject) -> Operation {
    let action = names::snake(names::without_api_version(name));
    let by_name = match action.as_str() {
        "run_instances" => Some(Operation::Create),
        "start_export_task" => Some(Operation::Export),
        "get_session_token" | "get_federation_token" | "create_token" => Some(Operation::Login),
        "put_user_policy" | "put_role_policy" | "put_group_policy" => Some(Operation::Grant),
        action => operations::named_by(action),
    };
    let reads = record.get("readOnly").and_then(fields::is_true) == Some(true);
    by_name.unwrap_or(if reads { Operation::Read } else { Operation::Other })
}

/// CloudTrail writes an error code exactly when something failed; a console sign-in tells its
/// outcome in the response instead.
fn outcome(record: &mut JsonObject) -> annals_domain::event::Outcome {
    let code = fields::take_text(record, "errorCode");
    let reason = fields::take_text(record, "errorMessage");
    let sign_in = text_at(record, &["responseElements", "ConsoleLogin"]);
    let status = match code.as_deref() {
        Some(code) if denies(code) => OutcomeStatus::Denied,
        Some(_) => OutcomeStatus::Failure,
        None if reason.is_some() => OutcomeStatus::Failure,
        None if sign_in.as_deref() == Some("Failure") => OutcomeStatus::Failure,
        None => OutcomeStatus::Success,
    };
    annals_domain::event::Outcome { status, code, reason }
}

fn denies(code: &str) -> bool {
    ["AccessDenied", "Unauthorized", "Blocked", "Forbidden", "NotAuthorized"]
        .iter()
        .any(|word| code.contains(word))
}

fn session(record: &mut JsonObject) -> Session {
    let mfa_of_session = fields::value_at(
        record,
        &["userIdentity", "sessionContext", "attributes", "mfaAuthenticated"],
    );
    let mfa_of_sign_in = fields::value_at(record, &["additionalEventData", "MFAUsed"]);
    let mfa = mfa_of_sign_in.or(mfa_of_session).and_then(fields::is_true);
    let identity = record.get_mut("userIdentity").and_then(Value::as_object_mut);
    // Keys that begin with ASIA are temporary: AWS makes one for each session.
    let id = identity.and_then(|identity| {
        let temporary = text_at(identity, &["accessKeyId"])?.starts_with("ASIA");
        temporary.then(|| fields::take_text(identity, "accessKeyId")).flatten()
    });
    Session { id, auth_method: None, mfa }
}

/// The resources that AWS lists, then what well-known request parameters name.
fn targets(record: &mut JsonObject) -> Vec<Target> {
    let listed = fields::list_at(record, &["resources"]);
    let mut targets: Vec<Target> = listed.iter().filter_map(resource).collect();
    let every_one_fits = targets.len() == listed.len() && listed.len() <= 100;
    for instance in listed_instances(record) {
        add_unless_listed(&mut targets, "AWS::EC2::Instance", instance);
    }
    for (parameter, target_type) in NAMING_PARAMETERS {
        if let Some(id) = text_at(record, &["requestParameters", parameter]) {
            add_unless_listed(&mut targets, target_type, id);
        }
    }
    if every_one_fits {
        record.remove("resources");
    }
    targets
}

fn resource(resource: &Value) -> Option<Target> {
    let mut resource = resource.as_object()?.clone();
    fields::respell(&mut resource, &["ARN", "ARNPrefix", "accountId", "type"]);
    let id = text_at(&resource, &["ARN"]).or_else(|| text_at(&resource, &["ARNPrefix"]))?;
    let target_type = text_at(&resource, &["type"]).unwrap_or_else(|| type_in_arn(&id));
    Some(Target {
        target_type,
        id: Some(id),
        name: None,
        owner: text_at(&resource, &["accountId"]),
    })
}

/// `arn:aws:ssm:us-west-2:111122223333:parameter/x` is a thing of `ssm`.
fn type_in_arn(arn: &str) -> String {
    let service = arn.split(':').nth(2).filter(|service| !service.is_empty());
    format!("aws.{}", service.unwrap_or("resource"))
}

fn listed_instances(record: &JsonObject) -> Vec<String> {
    ["items", "item"]
        .iter()
        .flat_map(|list| fields::list_at(record, &["requestParameters", "instancesSet", list]))
        .filter_map(|item| as_text(item.get("instanceId")?))
        .collect()
}

fn add_unless_listed(targets: &mut Vec<Target>, target_type: &str, id: String) {
    let names_it = |target: &Target| {
        target.id.as_ref().is_some_and(|listed| {
            *listed == id
                || listed.ends_with(&format!("/{id}"))
                || listed.ends_with(&format!(":{id}"))
        })
    };
    if !targets.iter().any(names_it) {
        targets.push(draft::target(target_type, id));
    }
}
