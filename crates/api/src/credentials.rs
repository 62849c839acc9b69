//! What else is looked at before somebody is let in: API keys, revocations, emergency access, and the
//! tokens of browsers.
//!
//! All of it follows from events in the log (`annals_domain::access::state`): a change is recorded, and
//! only then is it in effect, on every node.

pub(crate) mod api_keys;
pub(crate) mod break_glass;
pub(crate) mod relay;
pub(crate) mod revocations;
mod uses;

use std::sync::Arc;
use std::time::Duration;

use annals_domain::access::state::{AccessRules, AccessState};
use annals_domain::{Receipt, TenantId};
use annals_engine::AccessView;
use annals_ports::SharedRegisters;
use tokio::sync::{Mutex, MutexGuard};

use crate::auth::{Credential, Principal};
use crate::caller::Caller;
use crate::context::{Api, ApiParts};
use crate::error::{ApiError, Code};
use crate::own_facts::{self, Fact};
use crate::sockets;

/// How long an answer waits until the change is in effect here.
const EFFECT_PATIENCE: Duration = Duration::from_secs(5);
/// After how many seconds to come back to a node that does not yet know who was revoked.
const RETRY_SECONDS: u32 = 1;

/// What a node needs to recognise callers by more than their token.
pub struct Credentials {
    view: AccessView,
    rules: AccessRules,
    uses: Arc<uses::Uses>,
    relay: relay::Relay,
    /// Changes are checked and recorded one after the other, so that limits hold.
    turn: Mutex<()>,
}

impl Credentials {
    /// The state of access as the engine keeps it, what is kept of revocations, the registers in
    /// which the last uses of keys stand, and a key of which the tokens of browsers are made, the
    /// same on all nodes.
    pub fn new(
        view: AccessView,
        rules: AccessRules,
        registers: Arc<dyn SharedRegisters>,
        relay_key: &[u8; 32],
    ) -> Self {
        Self {
            uses: uses::Uses::new(registers, view.clone()),
            relay: relay::Relay::new(relay_key),
            turn: Mutex::default(),
            view,
            rules,
        }
    }

    /// Who may come in, as this node knows it.
    pub fn view(&self) -> &AccessView {
        &self.view
    }

    /// Holds up other changes, so that what was checked is still so when it is recorded.
    pub(crate) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }
}

impl ApiParts {
    /// Whether this node knows everything that was revoked; before that it lets nobody in. One that
    /// is cut off from its log goes by what it knew: it may have to open the newest events with keys
    /// that lie where it cannot reach, and would take nothing into its spool before.
    pub(crate) fn knows_access(&self) -> bool {
        let health = self.log.health();
        let knows = self.credentials.view.is_current() && !health.incomplete;
        knows || health.trouble.is_some()
    }

    /// The state of access, or a refusal while this node does not know it.
    pub(crate) fn access_state(&self) -> Result<Arc<AccessState>, ApiError> {
        if self.knows_access() {
            return Ok(self.credentials.view.now());
        }
        let message = "this node is still learning who was revoked; try again shortly";
        let error = ApiError::new(Code::Unavailable, message);
        Err(ApiError { retry_after: Some(RETRY_SECONDS), ..error })
    }

    /// The caller of a token that was verified: refused when it was revoked, seeing everything while
    /// their emergency access is open.
    pub(crate) fn admitted(&self, mut principal: Principal) -> Result<Principal, ApiError> {
        let state = self.access_state()?;
        if revocations::is_revoked(&state, &principal) {
            return Err(refused());
        }
        break_glass::open_for(&state, &mut principal, self.clock.now());
        Ok(principal)
    }

    /// Whether what a caller was let in by still holds.
    pub fn still_holds(&self, principal: &Principal) -> bool {
        let now = self.clock.now();
        let state = self.credentials.view.now();
        let credential = match &principal.credential {
            Credential::ApiKey { id, digest } => api_keys::holds(&state, id, digest, now),
            Credential::Token { .. } | Credential::Relay { .. } => {
                !revocations::is_revoked(&state, principal)
            }
        };
        let relayed_by = match &principal.credential {
            Credential::Relay { key: Some(key), .. } => api_keys::is_live(&state, key, now),
            _ => true,
        };
        let glass = principal.break_glass.as_ref();
        let glass = glass.is_none_or(|glass| break_glass::is_open(&state, principal, glass, now));
        now < principal.expires_at && credential && relayed_by && glass
    }
}

/// Resolves when what the caller was let in by holds no longer. For sockets and streams, which go on
/// after they were let in.
pub(crate) async fn lost(api: &Api, principal: &Principal) {
    let mut changes = api.credentials.view.changes();
    let glass_ends = async {
        match &principal.break_glass {
            Some(glass) => tokio::time::sleep_until(sockets::timer_of(glass.until)).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(glass_ends);
    while api.still_holds(principal) {
        tokio::select! {
            () = &mut glass_ends => return,
            changed = changes.changed() => {
                if changed.is_err() {
                    // The engine has ended, and with it the service.
                    return std::future::pending().await;
                }
            }
        }
    }
}

/// Records a change of access and waits until it is in effect here.
pub(crate) async fn record(
    api: &ApiParts,
    caller: &Caller,
    fact: Fact,
) -> Result<(Receipt, bool), ApiError> {
    api.require_recording()?;
    let receipt = own_facts::record(api, caller, fact).await?;
    let in_effect = api.credentials.view.wait_for(receipt.position, EFFECT_PATIENCE).await;
    Ok((receipt, in_effect))
}

/// The same for what Annals itself does to a tenant, as when somebody follows a link that it sent them.
pub(crate) async fn record_as_annals(
    api: &ApiParts,
    tenant: &TenantId,
    fact: Fact,
) -> Result<(Receipt, bool), ApiError> {
    api.require_recording()?;
    let receipt = own_facts::record_as_annals(api, tenant, fact).await?;
    let in_effect = api.credentials.view.wait_for(receipt.position, EFFECT_PATIENCE).await;
    Ok((receipt, in_effect))
}

/// A credential that does not hold. The caller is not told why: whoever tries learns nothing.
fn refused() -> ApiError {
    metrics::counter!("annals_tokens_refused_total").increment(1);
    ApiError::unauthenticated()
}

/// Refuses a text that is not of so many characters.
pub(crate) fn text(field: &str, text: &str, least: usize, most: usize) -> Result<String, ApiError> {
    use annals_domain::problem::{ErrorCode, FieldError};
    let text = text.trim();
    let wrong =
        |code, message: String| Err(ApiError::fields(vec![FieldError::new(field, code, message)]));
    if !(least..=most).contains(&text.chars().count()) {
        return wrong(ErrorCode::OutOfRange, format!("has {least} to {most} characters"));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return wrong(ErrorCode::ControlCharacter, "holds a control character".into());
    }
    Ok(text.to_owned())
}
