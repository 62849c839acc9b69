//! Tells the engine how events look to a requester, whenever a job begins or goes on.

use std::sync::{Arc, Weak};

use annals_domain::lifecycle::copy_for;
use annals_domain::{Position, Recorded};
use annals_engine::{ExportDesk, ExportView, Requester};
use annals_export::Row;

use super::rights::{about, principal_of};
use crate::caller::Caller;
use crate::context::{Api, ApiParts};
use crate::rate_limits::Usage;
use crate::self_audit::Reads;
use crate::view::EventBody;

/// The desk of a service, to be opened once the service is complete
/// ([`annals_engine::Exports::open_desk`]).
pub fn export_desk(api: &Api) -> Arc<dyn ExportDesk> {
    Arc::new(Desk { api: Arc::downgrade(api) })
}

/// Exports belong to the service and must not keep it alive.
struct Desk {
    api: Weak<ApiParts>,
}

struct View {
    api: Api,
    caller: Caller,
    /// Whose copy it is; then it holds nothing of others, and all that is theirs.
    about: Option<String>,
}

impl ExportDesk for Desk {
    fn view(&self, requester: &Requester) -> Option<Arc<dyn ExportView>> {
        let api = self.api.upgrade()?;
        let principal = principal_of(&api, requester)?;
        let (usage, reads) = (Usage::default(), Reads::default());
        let state = Default::default();
        let caller = Caller { principal, usage, reads, request_id: None, state, masking_key: None };
        Some(Arc::new(View { api, caller, about: about(requester) }))
    }

    fn position(&self, position: Position) -> String {
        self.api.upgrade().map(|api| api.cursors.position(position)).unwrap_or_default()
    }
}

impl ExportView for View {
    fn show(
        &self,
        recorded: &Recorded,
        each: &mut dyn FnMut(&Row<'_>) -> serde_json::Result<()>,
    ) -> serde_json::Result<()> {
        let mut seen = [recorded.clone()];
        match &self.about {
            None => self.caller.mask(&self.api, &mut seen),
            Some(person) => {
                for recorded in &mut seen {
                    recorded.event = Arc::new(copy_for(&recorded.event, person));
                }
            }
        }
        let [seen] = &seen;
        let body = EventBody::new(seen, &self.api);
        each(&Row {
            event: &seen.event,
            sentence: body.sentence(),
            stream: seen.stream.as_str(),
            revision: seen.revision.0,
            position: body.position(),
            erased: &seen.erased,
            json: &|out| serde_json::to_writer(out, &body),
        })
    }
}
