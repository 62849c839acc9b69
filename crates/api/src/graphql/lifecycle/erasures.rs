//! Erasing a person: one asks, another agrees, and a certificate tells that it was done.

use annals_domain::lifecycle::{Erasure as Kept, ErasureStatus as Status};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};

use super::listing::{Asked, Connection, Listed};
use super::{Decision, DecisionInput, event_id, known};
use crate::graphql::failure::failed;
use crate::graphql::permissions::{Allowed, Root};
use crate::graphql::query::{AllQueries, caller, page_size, recorder};
use crate::graphql::scalars::DateTime;
use crate::graphql::user_error::{UserError, told};
use crate::lifecycle::certificates;
use crate::lifecycle::erasures::{self, Wanted};

/// What is not found.
const WHAT: &str = "erasure";

/// How a request stands.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "ErasureStatus", remote = "Status")]
pub(super) enum ErasureStatus {
    /// A second person has to agree.
    Requested,
    /// It is about to be done, or being done.
    Approved,
    /// It was refused, or taken back.
    Refused,
    /// Done.
    Completed,
}

/// A request to erase a person.
#[derive(SimpleObject)]
pub(super) struct Erasure {
    /// The event that asked for it.
    id: ID,
    /// How it stands.
    status: ErasureStatus,
    /// Who is to be erased; null once they were.
    person: Option<String>,
    /// Under which name the log goes on knowing them; null before the key is destroyed.
    pseudonym: Option<String>,
    /// Who asked.
    requested: Decision,
    /// The second person who agreed.
    approved: Option<Decision>,
    /// Who refused it, or took it back.
    refused: Option<Decision>,
    /// When it was done.
    completed_at: Option<DateTime>,
    /// The event that holds its certificate, to be asked for with `certificate`.
    certificate_id: Option<ID>,
}

impl From<Kept> for Erasure {
    fn from(erasure: Kept) -> Self {
        Self {
            id: ID(erasure.event.to_string()),
            status: erasure.status().into(),
            person: erasure.person,
            pseudonym: erasure.started.map(|started| started.person),
            requested: erasure.requested.into(),
            approved: erasure.approved.map(Into::into),
            refused: erasure.refused.map(Into::into),
            completed_at: erasure.completed_at.map(Into::into),
            certificate_id: erasure.completed.map(|event| ID(event.to_string())),
        }
    }
}

impl Listed for Erasure {
    fn id(&self) -> &ID {
        &self.id
    }
}

/// What proves that something was erased or removed.
#[derive(SimpleObject)]
pub(super) struct Certificate {
    /// The event that holds it.
    id: ID,
    /// A signed note, as `annals verify --certificate` takes it.
    note: String,
}

/// Whom to erase, and why.
#[derive(InputObject)]
pub(super) struct RequestErasureInput {
    /// Id of the person, 1 to 256 characters.
    person: String,
    /// Why, 3 to 1000 characters. It is sealed with the person's key, and goes with it.
    reason: String,
    /// By which law, such as `GDPR 17(1)(b)`; 1 to 200 characters.
    legal_basis: Option<String>,
}

/// What became of it.
#[derive(SimpleObject)]
pub(super) struct ErasurePayload {
    /// The request as it is now; null when nothing was done.
    erasure: Option<Erasure>,
    /// Why nothing was done: what is wrong with the input, or what forbids it.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

#[derive(Default)]
pub(crate) struct ErasuresQuery;

#[Object(guard = "Allowed(Root::Query)")]
impl ErasuresQuery {
    /// Requests to erase persons of the tenant, newest first. That somebody looked is itself an event.
    #[graphql(complexity = "page_size(first, None) * child_complexity")]
    async fn erasures(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "At most so many.")] first: Option<i32>,
        #[graphql(desc = "Begin after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only those that stand there.")] status: Option<ErasureStatus>,
    ) -> Result<Connection<Erasure>> {
        let (api, caller) = caller(context)?;
        let asked = Asked::checked(api, first, after).map_err(failed)?;
        let status = status.map(Status::from);
        let page = erasures::page(api, caller, status, asked.after, asked.limit);
        Ok(asked.shown(page.map_err(failed)?))
    }

    /// A request to erase a person; null when there is none. That somebody looked is itself an event.
    #[graphql(complexity = "10 + child_complexity")]
    async fn erasure(&self, context: &Context<'_>, id: ID) -> Result<Option<Erasure>> {
        let (api, caller) = caller(context)?;
        let found = event_id(&id, WHAT).and_then(|id| erasures::one(api, caller, id));
        Ok(known(found)?.map(Into::into))
    }

    /// The certificate of an erasure, or of a run of the retention job, by the event that holds it; null when
    /// there is none. That somebody looked is itself an event.
    #[graphql(complexity = "20 + child_complexity")]
    async fn certificate(&self, context: &Context<'_>, id: ID) -> Result<Option<Certificate>> {
        let (api, caller) = caller(context)?;
        let found = match event_id(&id, "certificate") {
            Ok(event) => certificates::one(api, caller, event).await,
            Err(error) => Err(error),
        };
        Ok(known(found)?.map(|note| Certificate { id, note }))
    }
}

#[derive(Default)]
pub(crate) struct ErasuresMutation;

#[Object(guard = "Allowed(Root::Mutation)")]
impl ErasuresMutation {
    /// Asks for the erasure of a person. Another person has to agree; an API key asks for nothing. That is
    /// itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn request_erasure(
        &self,
        context: &Context<'_>,
        input: RequestErasureInput,
    ) -> Result<ErasurePayload> {
        let (api, caller) = recorder(context)?;
        let RequestErasureInput { person, reason, legal_basis } = input;
        let wanted = Wanted { person, reason, legal_basis };
        payload(told(erasures::request(api, caller, wanted).await, "person")?)
    }

    /// Agrees to the erasure of a person, as somebody else than who asked for it. Where a legal hold or a law
    /// forbids it, it is refused with the reasons. That is itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn approve_erasure(
        &self,
        context: &Context<'_>,
        input: DecisionInput,
    ) -> Result<ErasurePayload> {
        let (api, caller) = recorder(context)?;
        let done = match event_id(&input.id, WHAT) {
            Ok(id) => erasures::approve(api, caller, id, &input.reason).await,
            Err(error) => Err(error),
        };
        payload(told(done, "id")?)
    }

    /// Refuses a request to erase a person, or takes one's own back, until it has begun. That is itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn reject_erasure(
        &self,
        context: &Context<'_>,
        input: DecisionInput,
    ) -> Result<ErasurePayload> {
        let (api, caller) = recorder(context)?;
        let done = match event_id(&input.id, WHAT) {
            Ok(id) => erasures::refuse(api, caller, id, &input.reason).await,
            Err(error) => Err(error),
        };
        payload(told(done, "id")?)
    }
}

fn payload((erasure, user_errors): (Option<Kept>, Vec<UserError>)) -> Result<ErasurePayload> {
    let erasure = erasure.map(Into::into);
    Ok(ErasurePayload { erasure, user_errors, query: AllQueries::default() })
}
