//! Legal holds: what they cover neither expires nor is erased.

use annals_domain::lifecycle::{Hold, HoldStatus as Status};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};

use super::listing::{Asked, Connection, Listed};
use super::{Decision, DecisionInput, event_id, known};
use crate::graphql::failure::failed;
use crate::graphql::permissions::{Allowed, Root};
use crate::graphql::query::{AllQueries, caller, page_size, recorder};
use crate::graphql::user_error::{UserError, told};
use crate::lifecycle::holds::{self, Wanted};

/// What is not found.
const WHAT: &str = "hold";

/// How a hold stands.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "LegalHoldStatus", remote = "Status")]
pub(super) enum LegalHoldStatus {
    /// In force; nobody else has agreed yet.
    Placed,
    /// In force, and agreed on.
    Approved,
    /// In force; somebody wants it to end.
    ReleaseAsked,
    /// Over.
    Released,
}

/// A legal hold. It is in force from when it is placed, before anybody agrees.
#[derive(SimpleObject)]
pub(super) struct LegalHold {
    /// The event that placed it.
    id: ID,
    /// How it stands.
    status: LegalHoldStatus,
    /// The case it is for.
    matter: String,
    /// Which events it covers, in the query language and without anything relative; also those to come. Empty:
    /// every event of the tenant.
    query: String,
    /// Who placed it.
    placed: Decision,
    /// The second person who agreed that it is right.
    approved: Option<Decision>,
    /// Who wants it to end.
    release_asked: Option<Decision>,
    /// The second person who ended it.
    released: Option<Decision>,
}

impl From<Hold> for LegalHold {
    fn from(hold: Hold) -> Self {
        Self {
            id: ID(hold.event.to_string()),
            status: hold.status().into(),
            matter: hold.matter,
            query: hold.query,
            placed: hold.placed.into(),
            approved: hold.approved.map(Into::into),
            release_asked: hold.release_asked.map(Into::into),
            released: hold.released.map(Into::into),
        }
    }
}

impl Listed for LegalHold {
    fn id(&self) -> &ID {
        &self.id
    }
}

/// What to hold, and why.
#[derive(InputObject)]
pub(super) struct PlaceLegalHoldInput {
    /// The case it is for, 1 to 200 characters.
    matter: String,
    /// Which events, in the query language; empty: every event of the tenant. What is relative, such as
    /// `after:-P7D`, counts from now.
    query: String,
    /// Why, 3 to 1000 characters.
    reason: String,
}

/// What became of it.
#[derive(SimpleObject)]
pub(super) struct LegalHoldPayload {
    /// The hold as it is now; null when nothing was done.
    hold: Option<LegalHold>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

#[derive(Default)]
pub(crate) struct HoldsQuery;

#[Object(guard = "Allowed(Root::Query)")]
impl HoldsQuery {
    /// The legal holds of the tenant, newest first, also those that are over. That somebody looked is itself an
    /// event.
    #[graphql(complexity = "page_size(first, None) * child_complexity")]
    async fn legal_holds(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "At most so many.")] first: Option<i32>,
        #[graphql(desc = "Begin after this cursor.")] after: Option<String>,
    ) -> Result<Connection<LegalHold>> {
        let (api, caller) = caller(context)?;
        let asked = Asked::checked(api, first, after).map_err(failed)?;
        let page = holds::page(api, caller, asked.after, asked.limit);
        Ok(asked.shown(page.map_err(failed)?))
    }

    /// A legal hold; null when there is none. That somebody looked is itself an event.
    #[graphql(complexity = "10 + child_complexity")]
    async fn legal_hold(&self, context: &Context<'_>, id: ID) -> Result<Option<LegalHold>> {
        let (api, caller) = caller(context)?;
        let found = event_id(&id, WHAT).and_then(|id| holds::one(api, caller, id));
        Ok(known(found)?.map(Into::into))
    }
}

#[derive(Default)]
pub(crate) struct HoldsMutation;

#[Object(guard = "Allowed(Root::Mutation)")]
impl HoldsMutation {
    /// Places a legal hold, in force with the answer. An API key places none. That is itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn place_legal_hold(
        &self,
        context: &Context<'_>,
        input: PlaceLegalHoldInput,
    ) -> Result<LegalHoldPayload> {
        let (api, caller) = recorder(context)?;
        let PlaceLegalHoldInput { matter, query, reason } = input;
        let wanted = Wanted { matter, query, reason };
        payload(told(holds::place(api, caller, wanted).await, "")?)
    }

    /// Agrees, as somebody else than who placed it, that a legal hold is right. That is itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn approve_legal_hold(
        &self,
        context: &Context<'_>,
        input: DecisionInput,
    ) -> Result<LegalHoldPayload> {
        let (api, caller) = recorder(context)?;
        let done = match event_id(&input.id, WHAT) {
            Ok(id) => holds::approve(api, caller, id, &input.reason).await,
            Err(error) => Err(error),
        };
        payload(told(done, "id")?)
    }

    /// Asks for the end of a legal hold; ends it when another person has asked before. That is itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn release_legal_hold(
        &self,
        context: &Context<'_>,
        input: DecisionInput,
    ) -> Result<LegalHoldPayload> {
        let (api, caller) = recorder(context)?;
        let done = match event_id(&input.id, WHAT) {
            Ok(id) => holds::release(api, caller, id, &input.reason).await,
            Err(error) => Err(error),
        };
        payload(told(done, "id")?)
    }
}

fn payload((hold, user_errors): (Option<Hold>, Vec<UserError>)) -> Result<LegalHoldPayload> {
    let hold = hold.map(Into::into);
    Ok(LegalHoldPayload { hold, user_errors, query: AllQueries::default() })
}
