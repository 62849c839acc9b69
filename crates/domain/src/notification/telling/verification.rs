//! The message that asks whether an address belongs to whom it was named by. It goes to that address alone,
//! which is told nothing else before.

use std::sync::LazyLock;

use super::message::{self, Worded};
use super::recipients::Reach;
use super::{Telling, TellingEntry, Told};
use crate::event::Severity;
use crate::notification::outgoing::{Channel, Route};
use crate::notification::preferences::Address;
use crate::notification::rule::{Audience, Rule, Throttle};
use crate::notification::state::{ADDRESS_ADDED, NotificationEntry};
use crate::record::Recorded;

/// The rule that messages with codes go by.
pub const VERIFICATION_RULE: &str = "address-verification";
/// Codes that one person has sent to one address in a day, however often they name it.
pub const VERIFICATIONS_MAX: u32 = 3;
const DAY_SECONDS: u64 = 24 * 60 * 60;

static RULE: LazyLock<Rule> = LazyLock::new(|| Rule {
    id: VERIFICATION_RULE.into(),
    name: "Code for an address".into(),
    enabled: true,
    filter: format!("type:{ADDRESS_ADDED}"),
    audience: vec![Audience::Subject],
    channels: [Channel::Email].into(),
    severity: Severity::Info,
    template: VERIFICATION_RULE.into(),
    dedupe: None,
    throttle: Some(Throttle { messages: VERIFICATIONS_MAX, window_seconds: DAY_SECONDS }),
    digest: None,
    quiet: false,
    // It waits for nothing, as nothing in it says so; what is mandatory would have no throttle.
    mandatory: false,
});

impl Telling {
    /// Sends the code to an address that this event added.
    pub(super) fn ask_to_verify(&mut self, recorded: &Recorded, told: &mut Told) {
        let Some(address) = added(told).filter(|_| self.carried.channels.contains(&Channel::Email))
        else {
            return;
        };
        let event = &*recorded.event;
        let Some(of_tenant) = self.tenants.get_mut(&event.tenant) else { return };
        let said = &of_tenant.said;
        let wishes = said.preferences_of(&address.person).into_iter().chain(said.defaults());
        let reach = Reach {
            language: wishes.filter_map(|wishes| wishes.language.clone()).next(),
            recipient: Some(address.person),
            route: Route::Email { address: address.address },
            preferences: None,
        };
        let worded = Worded::of(recorded, &self.catalogue);
        let message = message::outgoing(&worded, &RULE, &reach);
        of_tenant.send(&RULE, event, &reach, message, told);
    }
}

/// The address that was just added and waits for its code.
fn added(told: &Told) -> Option<Address> {
    told.kept.iter().find_map(|change| match &change.entry {
        Some(TellingEntry::Said(NotificationEntry::Address(address)))
            if address.code_digest.is_some() =>
        {
            Some(address.clone())
        }
        _ => None,
    })
}
