//! Which types of event come how often, and who plays in them.

use annals_domain::catalogue::{Catalogue, EventType};
use annals_domain::event::Operation;

use super::metadata::{Property, properties_of};
use super::random::Random;

/// Who acts, on whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cast {
    /// A person, on their own account.
    Own,
    /// A person, or now and then a member of staff on a person.
    Either,
    /// A member of staff, on a person.
    Staff,
    /// A member of staff, on a thing.
    StaffAlone,
    /// A program, on a person.
    Service,
    /// A program, on a thing.
    ServiceAlone,
}

/// How often types come that do; all others have a weight of 1.
const FREQUENT: &[(&str, u64, Cast)] = &[
    ("user.login.succeeded", 130, Cast::Own),
    ("user.login.failed", 35, Cast::Own),
    ("user.logout.requested", 50, Cast::Own),
    ("user.session.expired", 40, Cast::Service),
    ("user.mfa.challenged", 45, Cast::Service),
    ("user.mfa.verified", 45, Cast::Own),
    ("access_token.issued", 50, Cast::ServiceAlone),
    ("service.login.succeeded", 25, Cast::ServiceAlone),
    ("user.profile.updated", 40, Cast::Either),
    ("user.preferences.updated", 25, Cast::Own),
    ("user.notification_settings.updated", 15, Cast::Own),
    ("user.password.changed", 8, Cast::Own),
    ("user.email.changed", 4, Cast::Own),
    ("user.phone.changed", 4, Cast::Own),
    ("user.device.added", 10, Cast::Own),
    ("user.role.granted", 3, Cast::Staff),
    ("record.viewed", 140, Cast::Either),
    ("record.searched", 40, Cast::StaffAlone),
    ("record.updated", 90, Cast::Either),
    ("record.created", 20, Cast::Either),
    ("record.exported", 6, Cast::Either),
    ("document.viewed", 40, Cast::Either),
    ("document.downloaded", 25, Cast::Own),
    ("document.uploaded", 12, Cast::Own),
    ("message.sent", 25, Cast::Either),
    ("message.read", 30, Cast::Own),
    ("appointment.booked", 15, Cast::Either),
    ("prescription.refill.requested", 12, Cast::Own),
    ("claim.submitted", 6, Cast::Own),
    ("claim.status.changed", 10, Cast::Staff),
    ("report.generated", 8, Cast::StaffAlone),
    ("dataset.queried", 12, Cast::ServiceAlone),
    ("configuration.changed", 4, Cast::StaffAlone),
    ("rate_limit.exceeded", 6, Cast::ServiceAlone),
    ("network.connection.blocked", 6, Cast::ServiceAlone),
];

/// Everything about a type that stays the same from event to event.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) event_type: String,
    pub(super) cast: Cast,
    /// Whether it reports a change of values.
    pub(super) has_changes: bool,
    /// Whether it reports that something did not succeed.
    pub(super) ending: Ending,
    /// Whether staff say why.
    pub(super) is_justified: bool,
    /// Kinds of things that are acted upon; empty when there is none.
    pub(super) targets: Vec<String>,
    pub(super) properties: Vec<Property>,
}

/// How events of a type end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Nearly always well.
    Usual,
    /// The type itself says that it failed.
    Failure,
    /// The type itself says that it was not allowed.
    Denied,
}

/// The plans of all types that callers may send.
pub(super) struct Plans {
    plans: Vec<Plan>,
    /// Sum of the weights up to and with each plan.
    sums: Vec<u64>,
}

impl Plans {
    pub(super) fn shipped() -> Self {
        let catalogue = Catalogue::shipped();
        let mut plans = Vec::new();
        let mut sums = Vec::new();
        let mut sum = 0;
        // Of what Annals alone writes nobody can send anything.
        let is_sent = |name: &String| !name.starts_with("annals.");
        for family in catalogue.families().iter().filter(|family| family.types.iter().all(is_sent))
        {
            for entry in family.types.iter().filter_map(|name| catalogue.find(name)) {
                let (weight, plan) = plan_of(entry, &family.name);
                sum += weight;
                sums.push(sum);
                plans.push(plan);
            }
        }
        Self { plans, sums }
    }

    /// A plan, by weight.
    pub(super) fn draw(&self, random: &mut Random) -> &Plan {
        let total = *self.sums.last().expect("the shipped catalogue has types");
        let drawn = random.below(total);
        &self.plans[self.sums.partition_point(|sum| *sum <= drawn)]
    }
}

fn plan_of(entry: &EventType, family: &str) -> (u64, Plan) {
    let frequent = FREQUENT.iter().find(|(name, ..)| *name == entry.name);
    let (weight, cast) = frequent
        .map_or_else(|| (1, usual_cast(entry, family)), |(_, weight, cast)| (*weight, *cast));
    let last_word = entry.name.rsplit('.').next().unwrap_or_default();
    let plan = Plan {
        event_type: entry.name.clone(),
        cast,
        has_changes: entry.operation == Operation::Update && last_word != "requested",
        ending: match last_word {
            "failed" => Ending::Failure,
            "denied" | "blocked" | "exceeded" => Ending::Denied,
            _ => Ending::Usual,
        },
        is_justified: matches!(
            entry.name.as_str(),
            "break_glass.used" | "user.impersonation.started" | "sensitive_record.viewed"
        ),
        targets: targets_of(entry),
        properties: properties_of(entry),
    };
    (weight, plan)
}

fn usual_cast(entry: &EventType, family: &str) -> Cast {
    let about_a_person = entry.sentence.contains("{subject}");
    let name = entry.name.as_str();
    match family {
        _ if name.starts_with("user.impersonation") || name == "break_glass.used" => Cast::Staff,
        _ if name.starts_with("service.") => Cast::ServiceAlone,
        "administration" if about_a_person => Cast::Staff,
        "administration" => Cast::StaffAlone,
        "data_access" if name == "sensitive_record.viewed" => Cast::Staff,
        "data_access" if about_a_person => Cast::Either,
        "data_access" => Cast::StaffAlone,
        "security" if about_a_person => Cast::Service,
        "security" => Cast::ServiceAlone,
        _ => Cast::Own,
    }
}

/// What a type is about, when its sentence names a target: the things of its first word.
fn targets_of(entry: &EventType) -> Vec<String> {
    if !entry.sentence.contains("{target}") {
        return Vec::new();
    }
    let first_word = entry.name.split('.').next().unwrap_or_default();
    let kinds: &[&str] = match first_word {
        "record" | "sensitive_record" | "break_glass" => {
            &["medical_record", "lab_result", "benefit_record", "imaging_study", "vaccination"]
        }
        "document" => &["benefit_letter", "consent_form", "discharge_summary", "tax_form"],
        "user" => &["person"],
        "payment" => &["invoice"],
        "malware" => &["file"],
        "data_loss" | "backup" => &["database"],
        "certificate"
        | "firewall"
        | "network"
        | "logging"
        | "vulnerability"
        | "deployment"
        | "credential_stuffing" => &["system"],
        other => return vec![other.to_owned()],
    };
    kinds.iter().map(|&kind| kind.to_owned()).collect()
}
