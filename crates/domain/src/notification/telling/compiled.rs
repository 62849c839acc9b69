//! Rules made ready to be held against many events.

use std::sync::Arc;

use jiff::Timestamp;

use super::{STANDING_RULE, TEST_RULE, VERIFICATION_RULE};
use crate::catalogue::Catalogue;
use crate::filter::{Candidates, EventView, Matcher};
use crate::limits::QueryLimits;
use crate::notification::rule::{Rule, shipped_rules};
use crate::notification::state::TenantNotifications;
use crate::query::QueryContext;

/// By these go messages of Annals itself; of them a tenant's rule has only that of a shipped one.
const OWN_IDS: [&str; 3] = [VERIFICATION_RULE, TEST_RULE, STANDING_RULE];

/// Rules with their filters read, in the order in which they tell.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    rules: Vec<Ready>,
    candidates: Candidates,
}

#[derive(Debug, Clone)]
struct Ready {
    rule: Arc<Rule>,
    matcher: Matcher,
    /// It ships, or stands in the place of one that does.
    shipped: bool,
}

/// Whether a tenant may have a rule: in the place of the shipped one of its id, or under an id that nothing of
/// Annals goes by.
pub fn may_stand(shipped: Option<&Rule>, own: &Rule) -> bool {
    match shipped {
        Some(shipped) => may_replace(shipped, own),
        None => !OWN_IDS.contains(&own.id.as_str()),
    }
}

/// A mandatory rule may become more, and never less.
fn may_replace(shipped: &Rule, own: &Rule) -> bool {
    let keeps = |this: &Rule| {
        let audience = shipped.audience.iter().all(|who| this.audience.contains(who));
        audience && this.channels.is_superset(&shipped.channels)
    };
    let unthinned = own.dedupe.is_none() && own.throttle.is_none() && own.digest.is_none();
    !shipped.mandatory
        || (own.mandatory
            && own.enabled
            && own.filter == shipped.filter
            && own.severity <= shipped.severity
            && unthinned
            && keeps(own))
}

impl Compiled {
    pub(super) fn shipped(catalogue: &Catalogue, limits: &QueryLimits) -> Self {
        let rules = shipped_rules(catalogue).into_iter().map(Arc::new);
        let ready =
            rules.filter_map(|rule| ready(&rule, Timestamp::UNIX_EPOCH, true, catalogue, limits));
        Self::of(ready.collect())
    }

    /// These, and what a tenant has of its own, which stands in the place of what has the same id.
    pub(super) fn with(
        &self,
        said: &TenantNotifications,
        catalogue: &Catalogue,
        limits: &QueryLimits,
    ) -> Self {
        let mut rules = self.rules.clone();
        for set in said.rules() {
            let place = rules.iter().position(|one| one.shipped && one.rule.id == set.rule.id);
            if !may_stand(place.map(|place| &*rules[place].rule), &set.rule) {
                continue;
            }
            let rule = Arc::new(set.rule.clone());
            // What was let through when it was set and can no longer be read tells nobody.
            let own = ready(&rule, set.set_at, place.is_some(), catalogue, limits);
            if let Some(place) = place {
                rules.remove(place);
            }
            rules.extend(own);
        }
        Self::of(rules)
    }

    fn of(mut rules: Vec<Ready>) -> Self {
        rules.retain(|ready| ready.rule.enabled);
        rules.sort_by(|a, b| {
            let order = |one: &Ready| (!one.rule.mandatory, !one.shipped, one.rule.id.clone());
            order(a).cmp(&order(b))
        });
        let mut candidates = Candidates::default();
        for (number, ready) in (0..).zip(&rules) {
            candidates.enter(number, &ready.matcher);
        }
        Self { rules, candidates }
    }

    /// The rules whose filter holds for the event: those that cannot be switched off first, and of these the
    /// shipped ones, so that no rule of a tenant takes the room or the route of one that must tell.
    pub(super) fn matching(&self, view: &EventView<'_>) -> Vec<&Rule> {
        let mut numbers = self.candidates.of(view);
        numbers.sort_unstable();
        let found = numbers.into_iter().filter_map(|number| self.rules.get(number as usize));
        let holds = |ready: &&Ready| {
            view.event().severity >= ready.rule.severity && ready.matcher.matches(view)
        };
        found.filter(holds).map(|ready| &*ready.rule).collect()
    }
}

fn ready(
    rule: &Arc<Rule>,
    now: Timestamp,
    shipped: bool,
    catalogue: &Catalogue,
    limits: &QueryLimits,
) -> Option<Ready> {
    let filter = rule.check(&QueryContext { limits, now, catalogue }).ok()?;
    Some(Ready { rule: Arc::clone(rule), matcher: Matcher::new(&filter), shipped })
}
