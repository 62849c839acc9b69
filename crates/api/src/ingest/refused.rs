//! Events that are refused: kept in the quarantine, so that none is lost for a mistake.

use annals_domain::EventId;
use annals_domain::admission::UnknownTypes;
use annals_domain::problem::ErrorCode;
use annals_engine::{KeptError, RefusalFacts, RefusedEvent};
use annals_ports::RefusalReason;
use bytes::Bytes;
use uuid::Uuid;

use super::{Accepted, Outcome};
use crate::auth::Principal;
use crate::context::ApiParts;
use crate::error::{ApiError, Code};
use crate::masking::Masking;

/// An event that is not taken on.
pub(super) struct Refused {
    /// What the sender is told.
    pub(super) error: Box<ApiError>,
    /// What was sent; none when it is larger than an event may be.
    pub(super) sent: Option<Bytes>,
    /// Which event it says it is.
    pub(super) event: Option<EventId>,
    reason: RefusalReason,
}

impl Refused {
    /// What was sent is not even of the form of an event.
    pub(super) fn malformed(error: ApiError, sent: Option<Bytes>) -> Self {
        let sent = sent.filter(|_| error.code != Code::TooLarge);
        Self { error: Box::new(error), sent, event: None, reason: RefusalReason::Malformed }
    }

    /// It is of the form of an event, and something in it is wrong.
    pub(super) fn invalid(error: ApiError, sent: Bytes, event: Option<EventId>) -> Self {
        let unknown =
            |error: &annals_domain::problem::FieldError| error.code == ErrorCode::UnknownType;
        let reason = match !error.errors.is_empty() && error.errors.iter().all(unknown) {
            true => RefusalReason::UnknownType,
            false => RefusalReason::Invalid,
        };
        Self { error: Box::new(error), sent: Some(sent), event, reason }
    }

    /// Its id belongs to another event.
    pub(super) fn conflict(error: ApiError, sent: Bytes, event: EventId) -> Self {
        let (error, reason) = (Box::new(error), RefusalReason::Conflict);
        Self { error, sent: Some(sent), event: Some(event), reason }
    }

    /// Hides in it what would be hidden in the event, before it is kept or told.
    fn mask(&mut self, masking: &Masking) {
        self.sent = self.sent.as_ref().map(|sent| masking.content(sent));
        *self.error = masking.error((*self.error).clone());
    }

    fn entry(&self, principal: &Principal) -> Option<RefusedEvent> {
        let facts = RefusalFacts {
            sender: principal.id.clone(),
            event: self.event,
            message: self.error.message.clone(),
            errors: self.error.errors.iter().map(KeptError::from).collect(),
        };
        Some(RefusedEvent { reason: self.reason, facts, content: self.sent.clone()? })
    }

    /// What becomes of it, once it is kept, or could not be.
    fn outcome(self, api: &ApiParts, kept: Option<Uuid>) -> Outcome {
        let waits = self.reason == RefusalReason::UnknownType
            && api.unknown_types == UnknownTypes::Quarantine;
        match (waits, kept) {
            (true, Some(id)) => Ok(Accepted::Quarantined { id, event: self.event }),
            // What is not on disk is not taken on.
            (true, None) => {
                let message = "the event cannot be kept at the moment; send it again";
                let error = ApiError::new(Code::Unavailable, message);
                Err(ApiError { retry_after: Some(RETRY_SECONDS), ..error })
            }
            (false, kept) => Err(ApiError { quarantine_id: kept, ..*self.error }),
        }
    }
}

/// After how many seconds to send again what could not be kept.
const RETRY_SECONDS: u32 = 5;

/// Keeps refused events and tells what becomes of each, with its place in the request. The refusals
/// go out also when they cannot be kept; the operations log tells then.
pub(super) async fn keep(
    api: &ApiParts,
    principal: &Principal,
    masking: &Masking,
    mut refused: Vec<(usize, Refused)>,
) -> Vec<(usize, Outcome)> {
    for (_, one) in &mut refused {
        one.mask(masking);
    }
    let entries: Vec<RefusedEvent> =
        refused.iter().filter_map(|(_, refused)| refused.entry(principal)).collect();
    let kept = match entries.is_empty() {
        true => Vec::new(),
        false => {
            let now = api.clock.now();
            api.quarantine.keep(&principal.tenant, entries, now).await.unwrap_or_default()
        }
    };
    let mut kept = kept.into_iter();
    let outcome = |(index, refused): (usize, Refused)| {
        let id = refused.sent.as_ref().and_then(|_| kept.next()).map(|id| id.into_inner());
        (index, refused.outcome(api, id))
    };
    refused.into_iter().map(outcome).collect()
}
