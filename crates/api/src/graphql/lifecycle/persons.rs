//! What people may ask for beside being forgotten: a copy of what is kept about them, and that what is wrong is
//! put right.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::event_id;
use crate::graphql::export::Export;
use crate::graphql::input::AuditChangeInput;
use crate::graphql::permissions::{Allowed, Root};
use crate::graphql::query::{AllQueries, recorder};
use crate::graphql::receipt::EventReceipt;
use crate::graphql::user_error::{UserError, told};
use crate::lifecycle::person_rights::{self, WantedCopy, WantedRectification};

/// Whose copy, and why.
#[derive(InputObject)]
pub(super) struct RequestPersonCopyInput {
    /// Id of the person, 1 to 256 characters.
    person: String,
    /// Why, 3 to 1000 characters.
    reason: String,
}

/// What became of it.
#[derive(SimpleObject)]
pub(super) struct RequestPersonCopyPayload {
    /// The job that writes the file; null when the input is wrong.
    export: Option<Export>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

/// What is right.
#[derive(InputObject)]
pub(super) struct RectifyPersonInput {
    /// Id of the person, 1 to 256 characters.
    person: String,
    /// Why, 3 to 1000 characters.
    reason: String,
    /// Which event is wrong; it must be about that person. Without it no single one is.
    event_id: Option<ID>,
    /// What is right, in words; 3 to 4000 characters.
    statement: String,
    /// What is right, field by field; at most 100.
    #[graphql(default)]
    changes: Vec<AuditChangeInput>,
}

/// What became of it.
#[derive(SimpleObject)]
pub(super) struct RectifyPersonPayload {
    /// Of the event that tells what is right; null when the input is wrong.
    receipt: Option<EventReceipt>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

#[derive(Default)]
pub(crate) struct PersonsMutation;

#[Object(guard = "Allowed(Root::Mutation)")]
impl PersonsMutation {
    /// Has a file written of all that is kept about a person, in which nothing of others stands (GDPR article
    /// 15). It is an export of the caller's. That is itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn request_person_copy(
        &self,
        context: &Context<'_>,
        input: RequestPersonCopyInput,
    ) -> Result<RequestPersonCopyPayload> {
        let (api, caller) = recorder(context)?;
        let RequestPersonCopyInput { person, reason } = input;
        let copied = person_rights::copy(api, caller, WantedCopy { person, reason }).await;
        let (job, user_errors) = told(copied, "person")?;
        let export = job.map(|job| Export::new(&job, api));
        Ok(RequestPersonCopyPayload { export, user_errors, query: AllQueries::default() })
    }

    /// Records what is right about a person, beside what is wrong: stored events never change (GDPR article 16).
    #[graphql(complexity = "500 + child_complexity")]
    async fn rectify_person(
        &self,
        context: &Context<'_>,
        input: RectifyPersonInput,
    ) -> Result<RectifyPersonPayload> {
        let (api, caller) = recorder(context)?;
        let RectifyPersonInput { person, reason, event_id: event, statement, changes } = input;
        let rectified = match event.map(|id| event_id(&id, "event")).transpose() {
            Ok(event) => {
                let event = event.map(|id| id.0);
                let changes = changes.into_iter().map(Into::into).collect();
                let wanted = WantedRectification { person, reason, event, statement, changes };
                person_rights::rectify(api, caller, wanted).await
            }
            Err(error) => Err(error),
        };
        let (receipt, user_errors) = told(rectified, "event_id")?;
        let receipt = receipt.map(|receipt| EventReceipt::new(&receipt, api));
        Ok(RectifyPersonPayload { receipt, user_errors, query: AllQueries::default() })
    }
}
