//! Who asks: recognised, within their quota, and shown what they may see.

use std::sync::Arc;

use annals_domain::access::{shape_of, without_reads};
use annals_domain::filter::{Field, Filter, Scope, Test};
use annals_domain::{Event, Recorded};
use annals_engine::Queries;
use annals_record::MaskingKey;
use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::auth::{Permission, Principal};
use crate::context::{Api, ApiParts};
use crate::error::{ApiError, Code};
use crate::masking::{self, Masking};
use crate::one_state::OneState;
use crate::rate_limits::Usage;
use crate::self_audit::{Read, Reads, common_subject};

/// A caller whose request was counted.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    /// What the request took of their quotas, for the answer.
    pub(crate) usage: Usage,
    /// What the request shows them of others.
    pub(crate) reads: Reads,
    /// Id of the request, for the events that tell of it.
    pub(crate) request_id: Option<String>,
    /// What the questions of the request are answered from.
    pub(crate) state: OneState,
    /// The key of their tenant's masking; none when no rule makes pseudonyms.
    pub(crate) masking_key: Option<MaskingKey>,
}

/// A question as it may be asked.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// Which events the caller may see.
    pub(crate) scope: Scope,
    /// Which of them they want.
    pub(crate) filter: Filter,
    /// Its shape, for the trace it leaves.
    pub(crate) shape: String,
}

impl Caller {
    /// Counts a request of somebody who was recognised.
    pub(crate) async fn counted(
        api: &ApiParts,
        principal: Principal,
        usage: Usage,
    ) -> Result<Self, ApiError> {
        api.rate_limits.take_request(&principal, &usage).await?;
        let masking_key = masking::key_of(api, &principal.tenant).await?;
        Ok(Self {
            masking_key,
            principal,
            usage,
            reads: Reads::default(),
            request_id: None,
            state: OneState::default(),
        })
    }

    /// The same caller, who is told apart from now on what they are shown.
    pub(crate) fn apart(&self) -> Self {
        Self { reads: Reads::default(), ..self.clone() }
    }

    /// The same caller, all of whose questions are answered from one state of the log.
    pub(crate) fn of_one_state(self) -> Self {
        Self { state: OneState::of_first_question(), ..self }
    }

    /// Answers the caller's questions.
    pub(crate) fn queries(&self, api: &ApiParts) -> Queries {
        self.state.of(&api.queries)
    }

    /// The same caller in a request of that id.
    pub(crate) fn with_request_id(self, request_id: Option<String>) -> Self {
        Self { request_id, ..self }
    }

    /// Makes a question of what the caller asked for: within what they may see, not about what is
    /// hidden from them, and without the traces of reading unless it names these.
    pub(crate) fn asks(&self, api: &ApiParts, filter: Filter) -> Result<Question, ApiError> {
        let scope = self.principal.scope()?;
        self.require_visible(api, &filter)?;
        let shape = shape_of(&filter);
        let filter = self.finds(api, without_reads(filter));
        Ok(Question { scope, filter, shape })
    }

    /// The filter, which also finds what stands in the log as a pseudonym.
    pub(crate) fn finds(&self, api: &ApiParts, filter: Filter) -> Filter {
        Masking::of(api, self).search(filter)
    }

    /// Refuses conditions on what is hidden from the caller: whether they hold would tell it.
    pub(crate) fn require_visible(&self, api: &ApiParts, filter: &Filter) -> Result<(), ApiError> {
        match self.principal.grants.masks().hidden_in(filter, &api.catalogue) {
            Some(hidden) => Err(self.hidden(&hidden)),
            None => Ok(()),
        }
    }

    /// Refuses to tell the values of a field that is hidden from the caller.
    pub(crate) fn require_field(&self, api: &ApiParts, path: &str) -> Result<(), ApiError> {
        match self.principal.grants.masks().hides(path, &api.catalogue) {
            true => Err(self.hidden(&format!("`{path}`"))),
            false => Ok(()),
        }
    }

    /// Refuses whoever does not see all events of the tenant whole, when they would have what is in them told
    /// to others, or to themselves. What they see for a moment, by emergency access or for a purpose, does not
    /// count: the telling would outlast it, and leaves no trace of reading.
    pub(crate) fn require_all_of_tenant(&self, api: &ApiParts) -> Result<(), ApiError> {
        let own = api.access.grants(self.principal.roles.iter().map(String::as_str));
        if own.sees_all_of_tenant() {
            return Ok(());
        }
        Err(ApiError::forbidden(
            "whom this tells would see of events what your roles do not show you: beside \
             `manage_notifications` it needs `read_tenant_events` in a role that shows all events and hides \
             nothing of them",
        ))
    }

    fn hidden(&self, what: &str) -> ApiError {
        let further = match self.principal.may(Permission::Unmask) {
            true => "; say for what you need it in the header `Annals-Purpose`",
            false => "",
        };
        ApiError::new(
            Code::Forbidden,
            format!("your roles hide {what}, so it cannot be asked for{further}"),
        )
    }

    /// The events as the caller sees them, and the note that they do, if any concerns others.
    ///
    /// Everything that shows events to callers goes through here.
    pub(crate) fn sees(
        &self,
        api: &ApiParts,
        what: &'static str,
        shape: &str,
        mut events: Vec<Recorded>,
    ) -> Vec<Recorded> {
        if self.sees_others(&events) {
            let subjects = events.iter().map(|recorded| recorded.event.subject.as_ref());
            let subject = common_subject(subjects.map(|subject| Some(subject?.id.as_str())));
            let subject = subject.map(str::to_owned);
            let read = Read { what, shape: shape.to_owned(), returned: events.len(), subject };
            self.reads.note(read);
        }
        self.mask(api, &mut events);
        events
    }

    /// The events as the caller sees them among those that concern themselves.
    pub(crate) fn sees_own(&self, api: &ApiParts, events: Vec<Recorded>) -> Vec<Recorded> {
        match events.iter().any(|recorded| self.concerns_other(&recorded.event)) {
            true => self.sees(api, "events", "own", events),
            false => events,
        }
    }

    /// Notes that the caller learns something of others without seeing events: a number, a
    /// profile. Whoever sees only what concerns themselves learns nothing of others.
    pub(crate) fn learns(
        &self,
        what: &'static str,
        shape: &str,
        returned: usize,
        subject: Option<&str>,
    ) {
        let own = !self.principal.may(Permission::ReadTenantEvents)
            || subject == Some(self.principal.id.as_str());
        if !own {
            let subject = subject.map(str::to_owned);
            self.reads.note(Read { what, shape: shape.to_owned(), returned, subject });
        }
    }

    /// Notes that the caller learns something of the events that pass a filter without seeing them:
    /// their number, their values. Whoever sees only what they are subject or actor of learns of
    /// others when they acted on these.
    pub(crate) async fn learns_from(
        &self,
        api: &ApiParts,
        what: &'static str,
        shape: &str,
        returned: usize,
        (scope, filter): (&Scope, Filter),
    ) -> Result<(), ApiError> {
        if !self.principal.may(Permission::ReadTenantEvents) {
            let has_subject = Filter::Field(Field("subject.id".into()), Test::Exists);
            let own = Filter::equals("subject.id", self.principal.id.as_str());
            let of_others = filter.and(has_subject).and(Filter::Not(Box::new(own)));
            if self.queries(api).count(scope, of_others, 1).await?.value == 0 {
                return Ok(());
            }
        }
        let shape = shape.to_owned();
        self.reads.note(Read { what, shape, returned, subject: None });
        Ok(())
    }

    /// Notes that the caller sees a list of what was done to the access of people.
    pub(crate) fn sees_access(&self, what: &'static str, returned: usize) {
        self.reads.note(Read { what, shape: "*".into(), returned, subject: None });
    }

    /// Hides from the events what is hidden from the caller.
    pub(crate) fn mask(&self, api: &ApiParts, events: &mut [Recorded]) {
        for recorded in events {
            let masks = self.principal.grants.masks_of(&recorded.event, &self.principal.id);
            // An event that nothing is hidden of stays shared with all who read it.
            if !masks.is_empty() {
                masks.apply(Arc::make_mut(&mut recorded.event), &api.catalogue);
            }
        }
    }

    /// Whether showing these events is a look at others: always for those who see the tenant, also
    /// when nothing is found, which tells something too.
    pub(crate) fn sees_others(&self, events: &[Recorded]) -> bool {
        self.principal.may(Permission::ReadTenantEvents)
            || events.iter().any(|recorded| self.concerns_other(&recorded.event))
    }

    fn concerns_other(&self, event: &Event) -> bool {
        event.subject.as_ref().is_some_and(|subject| subject.id != self.principal.id)
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = ApiError;

    /// The caller whom the router has let through.
    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(ApiError::unauthenticated)
    }
}
