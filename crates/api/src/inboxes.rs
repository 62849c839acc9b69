//! Whose messages a caller reads: their own, or those of a role whose inbox a role of theirs reads.

use annals_domain::event::Subject;
use annals_domain::notification::{is_role_inbox, role_inbox};
use annals_domain::profile::PersonRef;
use uuid::Uuid;

use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::own_facts::{self, Fact};
use crate::self_audit::Read;

/// An inbox that the caller reads.
#[derive(Clone)]
pub(crate) struct Inbox {
    /// Whose it is: a person, or the pseudo person of a role.
    pub(crate) person: PersonRef,
    /// The role, of the inbox of one.
    role: Option<String>,
}

impl Inbox {
    /// The caller's own, or that of a role.
    ///
    /// # Errors
    /// When no role of theirs reads it.
    pub(crate) fn of(caller: &Caller, role: Option<String>) -> Result<Self, ApiError> {
        let principal = &caller.principal;
        let id = match &role {
            Some(role) if !principal.grants.inboxes().any(|own| own == role) => {
                let own: Vec<&str> = principal.grants.inboxes().collect();
                let own = if own.is_empty() { "none".to_owned() } else { own.join(", ") };
                return Err(ApiError::forbidden(format!(
                    "your roles do not read this inbox; those of roles that they read: {own}"
                )));
            }
            Some(role) => role_inbox(role),
            None if is_role_inbox(&principal.id) => {
                return Err(ApiError::forbidden(
                    "the inbox of a role is read by whoever has the role, and named as `inbox`",
                ));
            }
            None => principal.id.clone(),
        };
        Ok(Self { person: PersonRef { tenant: principal.tenant.clone(), id }, role })
    }

    /// Shape of the question about it, where it tells of others.
    pub(crate) fn shape(&self) -> Option<String> {
        self.role.as_ref().map(|role| format!("inbox:{role}"))
    }

    /// Notes that the caller sees messages, unless they are their own.
    pub(crate) fn is_seen(&self, caller: &Caller, returned: usize) {
        if let Some(shape) = self.shape() {
            caller.reads.note(Read { what: "notifications", shape, returned, subject: None });
        }
    }

    /// Records what became of messages in it, and waits until it shows that.
    pub(crate) async fn mark(
        &self,
        api: &Api,
        caller: &Caller,
        fact_type: &'static str,
        messages: &[Uuid],
    ) -> Result<(), ApiError> {
        let messages: Vec<serde_json::Value> =
            messages.iter().map(|id| id.to_string().into()).collect();
        let mut fact = Fact::new(fact_type);
        fact.metadata.insert("notifications".into(), messages.into());
        match &self.role {
            Some(role) => {
                fact.metadata.insert("inbox".into(), role.as_str().into());
            }
            None => {
                let id = self.person.id.clone();
                fact.subject = Some(Subject { id, name: None, alt_ids: Default::default() });
            }
        }
        let receipt = own_facts::record(api, caller, fact).await?;
        let patience = std::time::Duration::from_millis(api.limits.query.wait_ms_max);
        Ok(api.queries.wait_for_inbox(receipt.position, patience).await?)
    }
}
