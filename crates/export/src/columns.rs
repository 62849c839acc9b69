//! The columns of tables: fixed, and in this order, so that programs can rely on them.
//!
//! New columns come at the end. The list in `docs/exporting.md` is compared with this one by a test.

use std::borrow::Cow;

use annals_domain::event::{Client, Session, Target};
use annals_domain::time::DateTime;

use crate::row::Row;

/// A column: its name, and where its values come from.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) value: Value,
}

/// What a column holds.
#[derive(Clone, Copy)]
pub(crate) enum Value {
    /// A text that is always there.
    Text(for<'a> fn(&Row<'a>) -> Cow<'a, str>),
    /// A text that may be absent.
    MaybeText(for<'a> fn(&Row<'a>) -> Option<Cow<'a, str>>),
    /// A list or an object as JSON; absent when it is empty.
    Json(fn(&Row<'_>) -> Option<serde_json::Result<String>>),
    /// An instant.
    Time(fn(&Row<'_>) -> DateTime),
    /// A whole number.
    Number(fn(&Row<'_>) -> u64),
    /// Yes, no, or not known.
    MaybeFlag(fn(&Row<'_>) -> Option<bool>),
}

/// The names of all columns of CSV, in order. Parquet has `json`, the whole event, behind them.
pub fn column_names() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().map(|column| column.name)
}

const fn text(name: &'static str, value: for<'a> fn(&Row<'a>) -> Cow<'a, str>) -> Column {
    Column { name, value: Value::Text(value) }
}

const fn maybe(name: &'static str, value: for<'a> fn(&Row<'a>) -> Option<Cow<'a, str>>) -> Column {
    Column { name, value: Value::MaybeText(value) }
}

const fn json(
    name: &'static str,
    value: fn(&Row<'_>) -> Option<serde_json::Result<String>>,
) -> Column {
    Column { name, value: Value::Json(value) }
}

pub(crate) const COLUMNS: &[Column] = &[
    text("position", |row| row.position.into()),
    text("id", |row| row.event.id.to_string().into()),
    text("type", |row| row.event.event_type.as_str().into()),
    Column { name: "occurred_at", value: Value::Time(|row| row.event.occurred_at) },
    Column { name: "received_at", value: Value::Time(|row| row.event.received_at) },
    text("operation", |row| row.event.operation.as_str().into()),
    text("severity", |row| row.event.severity.as_str().into()),
    text("outcome", |row| row.event.outcome.status.as_str().into()),
    maybe("outcome_code", |row| of(&row.event.outcome.code)),
    maybe("outcome_reason", |row| of(&row.event.outcome.reason)),
    text("sentence", |row| row.sentence.into()),
    maybe("description", |row| of(&row.event.description)),
    text("actor_type", |row| row.event.actor.actor_type.as_str().into()),
    maybe("actor_id", |row| of(&row.event.actor.id)),
    maybe("actor_name", |row| of(&row.event.actor.name)),
    maybe("actor_email", |row| of(&row.event.actor.email)),
    json("actor_roles", |row| listed(&row.event.actor.roles)),
    maybe("subject_id", |row| Some(row.event.subject.as_ref()?.id.as_str().into())),
    maybe("subject_name", |row| of(&row.event.subject.as_ref()?.name)),
    maybe("target_type", |row| Some(target(row)?.target_type.as_str().into())),
    maybe("target_id", |row| of(&target(row)?.id)),
    maybe("target_name", |row| of(&target(row)?.name)),
    maybe("target_owner", |row| of(&target(row)?.owner)),
    json("targets", |row| listed(&row.event.targets)),
    json("changes", |row| listed(&row.event.changes)),
    maybe("client_ip", |row| Some(client(row).ip?.to_string().into())),
    maybe("client_user_agent", |row| of(&client(row).user_agent)),
    maybe("client_device_name", |row| of(&client(row).device.as_ref()?.name)),
    maybe("client_device_type", |row| of(&client(row).device.as_ref()?.device_type)),
    maybe("client_os", |row| of(&client(row).device.as_ref()?.os)),
    maybe("client_browser", |row| of(&client(row).device.as_ref()?.browser)),
    maybe("client_country", |row| of(&client(row).geo.as_ref()?.country)),
    maybe("client_region", |row| of(&client(row).geo.as_ref()?.region)),
    maybe("client_city", |row| of(&client(row).geo.as_ref()?.city)),
    maybe("session_id", |row| of(&session(row)?.id)),
    maybe("session_auth_method", |row| of(&session(row)?.auth_method)),
    Column { name: "session_mfa", value: Value::MaybeFlag(|row| session(row)?.mfa) },
    maybe("request_id", |row| of(&row.event.request.id)),
    maybe("request_correlation_id", |row| of(&row.event.request.correlation_id)),
    maybe("request_causation_id", |row| of(&row.event.request.causation_id)),
    maybe("request_traceparent", |row| of(&row.event.request.traceparent)),
    maybe("justification_reason", |row| of(&row.event.justification.as_ref()?.reason)),
    maybe("justification_ticket", |row| of(&row.event.justification.as_ref()?.ticket)),
    maybe("justification_legal_basis", |row| of(&row.event.justification.as_ref()?.legal_basis)),
    json("on_behalf_of", |row| listed(&row.event.on_behalf_of)),
    json("metadata", |row| {
        let metadata = &row.event.metadata;
        (!metadata.is_empty()).then(|| serde_json::to_string(metadata))
    }),
    json("labels", |row| {
        let labels = &row.event.labels;
        (!labels.is_empty()).then(|| serde_json::to_string(labels))
    }),
    text("tenant", |row| row.event.tenant.as_str().into()),
    text("source", |row| row.event.source.as_str().into()),
    maybe("environment", |row| of(&row.event.environment)),
    maybe("app_version", |row| of(&row.event.app_version)),
    Column { name: "schema_version", value: Value::Number(|row| row.event.schema_version.into()) },
    text("stream", |row| row.stream.into()),
    Column { name: "revision", value: Value::Number(|row| row.revision) },
    json("erased", |row| listed(row.erased)),
];

fn of(text: &Option<String>) -> Option<Cow<'_, str>> {
    text.as_deref().map(Cow::Borrowed)
}

fn listed<T: serde::Serialize>(list: &[T]) -> Option<serde_json::Result<String>> {
    (!list.is_empty()).then(|| serde_json::to_string(list))
}

/// The first target; all of them are in `targets`.
fn target<'a>(row: &Row<'a>) -> Option<&'a Target> {
    row.event.targets.first()
}

fn client<'a>(row: &Row<'a>) -> &'a Client {
    &row.event.client
}

fn session<'a>(row: &Row<'a>) -> Option<&'a Session> {
    row.event.session.as_ref()
}
