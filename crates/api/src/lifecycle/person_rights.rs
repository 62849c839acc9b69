//! What people may ask for beside being forgotten: a copy of everything that is kept about them, and that what
//! is wrong is put right.

use annals_domain::EventId;
use annals_domain::event::{Change, JsonObject, Subject, Target};
use annals_domain::filter::Scope;
use annals_domain::lifecycle::concerning;
use annals_domain::problem::{ErrorCode, FieldError};
use annals_domain::{Filter, Receipt};
use annals_engine::{ExportJob, ExportOrder, Form};
use annals_export::Format;
use serde::Deserialize;

use super::{justified, require_person};
use crate::caller::Caller;
use crate::context::ApiParts;
use crate::credentials;
use crate::error::ApiError;
use crate::exporting;
use crate::own_facts::{self, Fact};

/// Somebody asked for a copy of what is kept about them.
const ACCESS_REQUESTED: &str = "annals.person.access_requested";
/// Somebody had something about them put right.
const RECTIFIED: &str = "annals.person.rectified";
/// Changes of one rectification.
const CHANGES_MAX: usize = 100;

/// A copy that somebody asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedCopy {
    pub(crate) person: String,
    pub(crate) reason: String,
}

/// Something that is to be put right.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedRectification {
    pub(crate) person: String,
    pub(crate) reason: String,
    /// Which event is wrong; none: no single one.
    #[serde(default)]
    pub(crate) event: Option<uuid::Uuid>,
    /// What is right, in words.
    pub(crate) statement: String,
    /// What is right, field by field.
    #[serde(default)]
    pub(crate) changes: Vec<Change>,
}

/// Has a file written of all that is kept about a person, without what is about others (GDPR article 15).
pub(crate) async fn copy(
    api: &ApiParts,
    caller: &Caller,
    wanted: WantedCopy,
) -> Result<ExportJob, ApiError> {
    require_person(caller)?;
    let person = credentials::text("person", &wanted.person, 1, 256)?;
    let justification = justified(&wanted.reason)?;
    let exports = exporting::exports(api)?;
    let until = exports.snapshot().await?;
    let fact = Fact { subject: subject(&person), justification, ..Fact::new(ACCESS_REQUESTED) };
    own_facts::record(api, caller, fact).await?;
    let order = ExportOrder {
        requester: exporting::requester_about(caller, &person)?,
        scope: Scope::within(caller.principal.tenant.clone(), concerning(&person)),
        filter: Filter::All,
        form: Form::from(Format::Json),
        until,
    };
    exporting::request(api, caller, order, "person".into()).await
}

/// Records what is right beside what is wrong: stored events never change (GDPR article 16).
pub(crate) async fn rectify(
    api: &ApiParts,
    caller: &Caller,
    wanted: WantedRectification,
) -> Result<Receipt, ApiError> {
    require_person(caller)?;
    let person = credentials::text("person", &wanted.person, 1, 256)?;
    let statement = credentials::text("statement", &wanted.statement, 3, 4000)?;
    let justification = justified(&wanted.reason)?;
    if wanted.changes.len() > CHANGES_MAX {
        let message = format!("has more than {CHANGES_MAX} changes");
        let wrong = FieldError::new("changes", ErrorCode::TooLarge, message);
        return Err(ApiError::fields(vec![wrong]));
    }
    let targets = match wanted.event.map(EventId) {
        None => Vec::new(),
        Some(id) => vec![wrong_event(api, caller, &person, id).await?],
    };
    let mut metadata = JsonObject::new();
    metadata.insert("statement".into(), statement.into());
    let changes = wanted.changes;
    let subject = subject(&person);
    let fact = Fact { subject, targets, changes, justification, metadata, ..Fact::new(RECTIFIED) };
    own_facts::record(api, caller, fact).await
}

/// The event that is wrong, which must be about that person.
async fn wrong_event(
    api: &ApiParts,
    caller: &Caller,
    person: &str,
    id: EventId,
) -> Result<Target, ApiError> {
    api.require_reading()?;
    let scope = Scope::within(caller.principal.tenant.clone(), concerning(person));
    let found = api.queries.event(&scope, id).await?;
    found.ok_or_else(|| ApiError::not_found("event"))?;
    Ok(Target {
        target_type: "event".into(),
        id: Some(id.to_string()),
        name: None,
        owner: Some(person.to_owned()),
    })
}

fn subject(person: &str) -> Option<Subject> {
    Some(Subject { id: person.to_owned(), name: None, alt_ids: Default::default() })
}
