//! Related events and the history of a thing for callers, by REST and by GraphQL.

use annals_domain::filter::{Filter, Order};
use annals_domain::problem::{ErrorCode, FieldError};
use annals_domain::{EventId, Recorded};
use annals_engine::{HistoryRequest, Part, RelatedRequest, Relation};
use jiff::Timestamp;

use crate::caller::{Caller, Question};
use crate::context::ApiParts;
use crate::error::ApiError;

/// Longer names of targets and paths are of no event.
const NAME_BYTES_MAX: usize = 1024;

/// Related events as the caller sees them, and the cursor of what follows.
pub(crate) struct RelatedSeen {
    pub(crate) events: Vec<(Recorded, Vec<Relation>)>,
    pub(crate) next: Option<String>,
}

/// Events as the caller sees them that changed a thing, and the cursor of what follows.
pub(crate) struct HistorySeen {
    pub(crate) events: Vec<Recorded>,
    pub(crate) next: Option<String>,
}

/// Events as the caller sees them that made a thing what it was.
pub(crate) struct PastSeen {
    pub(crate) events: Vec<Recorded>,
    pub(crate) complete: bool,
}

/// Events that are related to the event of that id; nothing when that is not the caller's.
pub(crate) async fn related(
    api: &ApiParts,
    caller: &Caller,
    id: EventId,
    by: Vec<Relation>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Option<RelatedSeen>, ApiError> {
    let Question { scope, filter, .. } = caller.asks(api, Filter::All)?;
    for relation in &by {
        caller.require_field(api, relation.field())?;
    }
    let after = cursor.map(|cursor| api.cursors.read(cursor)?.on_page(Order::OccurredOldest));
    let after = after.transpose()?;
    let words: Vec<&str> = by.iter().map(|relation| relation.as_str()).collect();
    let shape = format!("id:? by {}", words.join(" "));
    let Some(event) = api.queries.event(&scope, id).await? else {
        // That there is none was told, too.
        caller.sees(api, "related events", &shape, Vec::new());
        return Ok(None);
    };
    let request = RelatedRequest { scope, filter, event, by, after, limit };
    let page = api.queries.related(request).await?;
    let next = page.next.map(|key| api.cursors.page(key));
    let (events, because): (Vec<_>, Vec<_>) = page.events.into_iter().unzip();
    let seen = caller.sees(api, "related events", &shape, events);
    Ok(Some(RelatedSeen { events: seen.into_iter().zip(because).collect(), next }))
}

/// The events that changed a thing, in an order as they happened.
pub(crate) async fn history(
    api: &ApiParts,
    caller: &Caller,
    part: &Part,
    order: Order,
    cursor: Option<&str>,
    limit: usize,
) -> Result<HistorySeen, ApiError> {
    let Question { scope, filter, .. } = asked(api, caller, part)?;
    let after = cursor.map(|cursor| api.cursors.read(cursor)?.on_page(order)).transpose()?;
    let request = HistoryRequest { scope, filter, part: part.clone(), order, after, limit };
    let page = api.queries.history(request).await?;
    let next = page.next.map(|key| api.cursors.page(key));
    Ok(HistorySeen { events: caller.sees(api, "history", shape(part), page.events), next })
}

/// The events that made a thing what it was at a time.
pub(crate) async fn values_at(
    api: &ApiParts,
    caller: &Caller,
    part: &Part,
    at: Timestamp,
) -> Result<PastSeen, ApiError> {
    let Question { scope, filter, .. } = asked(api, caller, part)?;
    let past = api.queries.values_at(&scope, filter, part, at).await?;
    let events = caller.sees(api, "history", shape(part), past.events);
    Ok(PastSeen { events, complete: past.complete })
}

fn asked(api: &ApiParts, caller: &Caller, part: &Part) -> Result<Question, ApiError> {
    for field in ["target.type", "target.id", "changes.path"] {
        caller.require_field(api, field)?;
    }
    let path = part.path.as_deref().unwrap_or_default();
    for (name, text) in [("type", &*part.target_type), ("id", &*part.target_id), ("path", path)] {
        if text.len() > NAME_BYTES_MAX {
            let message = format!("is longer than {NAME_BYTES_MAX} bytes");
            return Err(wrong(name, &message));
        }
    }
    if !path.is_empty() && !path.starts_with('/') {
        return Err(wrong("path", "must be a JSON pointer, such as `/address/city`"));
    }
    caller.asks(api, Filter::All)
}

fn shape(part: &Part) -> &'static str {
    match part.path {
        Some(_) => "target.type:? target.id:? changes.path:?",
        None => "target.type:? target.id:?",
    }
}

fn wrong(parameter: &str, message: &str) -> ApiError {
    ApiError::field(FieldError::new(parameter, ErrorCode::OutOfRange, message))
}
