//! Roles, what they come to, and what they hide.

use super::*;
use crate::catalogue::Catalogue;
use crate::examples::{catalogue, full_event, tenant};
use crate::filter::Scope;
use crate::limits::Limits;
use crate::query::{self, QueryContext};

fn read(text: &str) -> Result<AccessPolicy, PolicyError> {
    let limits = Limits::shipped();
    let now = jiff::Timestamp::UNIX_EPOCH;
    let context = QueryContext { limits: &limits.query, now, catalogue: catalogue() };
    AccessPolicy::read(text, &context)
}

fn filter(text: &str) -> Filter {
    let limits = Limits::shipped();
    let now = jiff::Timestamp::UNIX_EPOCH;
    let context = QueryContext { limits: &limits.query, now, catalogue: catalogue() };
    query::parse(text, &context).unwrap()
}

fn role(lines: &str) -> String {
    format!("[roles.tried]\ntitle = \"Tried\"\n{lines}\n")
}

#[test]
fn the_shipped_roles_are_right() {
    let policy = AccessPolicy::shipped();
    let names: Vec<&str> = policy.roles().map(|(name, _)| name).collect();
    for name in ["admin", "auditor", "user", "writer"] {
        assert!(names.contains(&name), "`{name}` is promised to applications");
    }
}

#[test]
fn no_shipped_role_both_opens_everything_and_takes_access_away() {
    for (name, role) in AccessPolicy::shipped().roles() {
        let may = |permission| role.permissions.contains(&permission);
        assert!(!(may(Permission::BreakGlass) && may(Permission::RevokeAccess)), "{name}");
    }
}

#[test]
fn a_wrong_role_is_named_with_what_is_wrong() {
    for (lines, told) in [
        ("permissions = [\"fly\"]", "fly"),
        ("permissions = []\nmasks = [\"everything\"]", "everything"),
        ("permissions = []\nmasks = [\"names\"]", "read_tenant_events"),
        ("permissions = []\nevents = \"type:x.y\"", "read_tenant_events"),
        ("permissions = [\"read_tenant_events\"]\nevents = \"colour:red\"", "colour"),
        ("permissions = [\"relay_events\"]", "relay tokens"),
        (
            "permissions = [\"read_tenant_events\", \"read_profiles\"]\nmasks = [\"names\"]",
            "read_profiles",
        ),
        ("permissions = []\ncolour = 1", "colour"),
        ("permissions = []\ninboxes = [\"security\"]", "read_own_events"),
        ("permissions = [\"read_own_events\"]\ninboxes = [\"role:security\"]", "`inboxes`"),
        ("permissions = [\"read_own_events\"]\ninboxes = [\"\"]", "`inboxes`"),
    ] {
        let error = read(&role(lines)).unwrap_err();
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        let text = format!("{error} {cause}");
        assert!(text.contains(told), "`{lines}` is refused with `{text}`");
    }
    assert!(read("[roles.Loud]\ntitle = \"x\"\npermissions = []").is_err());
    assert!(read("[roles.x]\ntitle = \" \"\npermissions = []").is_err());
}

#[test]
fn who_has_no_role_that_is_known_may_nothing() {
    let grants = AccessPolicy::shipped().grants(["owner", ""]);
    assert_eq!(grants.permissions().count(), 0);
    assert!(grants.scope(&tenant(), "ann").is_none());
}

#[test]
fn several_roles_grant_what_each_grants() {
    let grants = AccessPolicy::shipped().grants(["user", "writer"]);
    assert!(grants.may(Permission::RecordEvents) && grants.may(Permission::ReadOwnEvents));
    assert!(!grants.may(Permission::ReadTenantEvents));
    assert_eq!(grants.scope(&tenant(), "u-Ann"), Some(Scope::person(tenant(), "u-Ann")));
}

#[test]
fn inboxes_of_roles_are_read_by_those_whom_the_policy_names_and_handed_on_by_no_other() {
    let policy = AccessPolicy::shipped();
    let of = |roles: &[&str]| policy.grants(roles.iter().copied());
    let readers = |inbox: &str| -> Vec<&str> {
        let names = policy.roles().map(|(name, _)| name);
        names.filter(|name| of(&[name]).inboxes().any(|own| own == inbox)).collect()
    };
    assert_eq!(readers("security"), ["admin", "security_analyst", "security_officer"]);
    assert_eq!(readers("admin"), ["admin"]);
    let all = of(&["security_analyst", "admin"]);
    assert_eq!(all.inboxes().collect::<Vec<_>>(), ["admin", "security"]);
    let role = |inboxes: &str| {
        let lines = format!("permissions = [\"read_own_events\"]\ninboxes = {inboxes}");
        read(&role(&lines)).unwrap().grants(["tried"])
    };
    assert_eq!(role("[]").lack_of(&role("[\"ops\"]")), Some("the inbox `ops`".into()));
    assert_eq!(role("[\"ops\", \"night\"]").lack_of(&role("[\"ops\"]")), None);
}

#[test]
fn a_scope_joins_own_events_and_those_of_the_role() {
    let policy = read(&role(
        "permissions = [\"read_own_events\", \"read_tenant_events\"]\nevents = \"type:no.such\"",
    ));
    let grants = policy.unwrap().grants(["tried"]);
    let event = full_event();
    let holds = |person: &str| grants.scope(&tenant(), person).unwrap().filter().matches(&event);
    assert!(holds("u-Ann"));
    assert!(!holds("u-Zoe"));
}

#[test]
fn masks_hide_their_class_and_leave_the_rest() {
    let catalogue = Catalogue::shipped();
    let whole = full_event();
    for mask in Mask::ALL {
        let mut event = whole.clone();
        [*mask].into_iter().collect::<Masks>().apply(&mut event, &catalogue);
        assert_eq!(event.id, whole.id);
        assert_eq!(event.actor.id, whole.actor.id);
        let hidden = serde_json::to_string(&event).unwrap();
        let canaries: &[&str] = match mask {
            Mask::Names => &[whole.actor.name.as_deref().unwrap()],
            Mask::Contact => &[whole.actor.email.as_deref().unwrap()],
            Mask::Network => &["192.0.2", whole.client.user_agent.as_deref().unwrap()],
            Mask::Texts => &[whole.description.as_deref().unwrap()],
            Mask::Personal | Mask::Values => &[],
        };
        for canary in canaries {
            assert!(!hidden.contains(canary), "{mask:?} leaves `{canary}` in {hidden}");
        }
    }
}

#[test]
fn values_of_changes_are_hidden_and_their_paths_are_not() {
    let mut event = full_event();
    [Mask::Values].into_iter().collect::<Masks>().apply(&mut event, &Catalogue::shipped());
    assert!(!event.changes.is_empty());
    for change in &event.changes {
        assert!(change.before.is_null() || change.before == MASKED);
        assert!(change.after.is_null() || change.after == MASKED);
    }
}

#[test]
fn what_is_hidden_cannot_be_asked_for() {
    let catalogue = Catalogue::shipped();
    let masks: Masks = Mask::ALL.iter().copied().collect();
    for asked in [
        "actor.email:ann*",
        "actor:ann",
        "-actor.name:ann",
        "ip:10.0.0.0/8",
        "type:x.y (severity:info OR city:utrecht)",
        "refund",
        "actor.alt_ids.icn:1",
    ] {
        assert!(masks.hidden_in(&filter(asked), &catalogue).is_some(), "{asked}");
    }
    for asked in ["type:x.y actor.id:ann", "severity>=warning", "has:client.ip", "after:2026-01-01"]
    {
        assert!(masks.hidden_in(&filter(asked), &catalogue).is_none(), "{asked}");
    }
    assert!(Masks::default().hidden_in(&filter("refund ip:10.0.0.1"), &catalogue).is_none());
}

#[test]
fn a_second_role_takes_masks_off_only_where_it_shows_the_event_itself() {
    let text = "[roles.masked]\ntitle = \"x\"\npermissions = [\"read_tenant_events\"]\nmasks = [\"names\"]\n\
                [roles.narrow]\ntitle = \"x\"\npermissions = [\"read_tenant_events\"]\nevents = \"type:no.such\"\n\
                [roles.own]\ntitle = \"x\"\npermissions = [\"read_own_events\"]";
    let policy = read(text).unwrap();
    let event = full_event();
    let hidden = |roles: &[&str], person: &str| {
        policy.grants(roles.iter().copied()).masks_of(&event, person).has(Mask::Names)
    };
    assert!(hidden(&["masked", "narrow", "own"], "u-Zoe"));
    assert!(hidden(&["masked"], "u-Ann"));
    assert!(!hidden(&["masked", "own"], "u-Ann"));
    let mut event = event.clone();
    event.event_type = "no.such".into();
    assert!(policy.grants(["masked", "narrow"]).masks_of(&event, "u-Zoe").is_empty());
}

#[test]
fn unmasking_takes_all_masks_off() {
    let mut grants = AccessPolicy::shipped().grants(["analyst"]);
    assert!(!grants.masks().is_empty());
    grants.unmask();
    assert!(grants.masks().is_empty() && grants.masks_of(&full_event(), "u-Zoe").is_empty());
}

#[test]
fn traces_of_reading_are_kept_out_unless_they_are_named() {
    let mut read = full_event();
    read.event_type = READ_TYPE.into();
    for (asked, found) in [
        ("", false),
        ("severity:info OR severity:warning OR severity:error", false),
        ("-type:user.login.succeeded", false),
        ("type:annals.log.read", true),
        ("type:annals.*", true),
        ("type:annals.log.* -severity:critical", true),
    ] {
        let filter = without_reads(filter(asked));
        assert_eq!(filter.matches(&read), found, "{asked}");
        assert!(asked.starts_with("type:annals") || filter.matches(&full_event()), "{asked}");
    }
}

#[test]
fn a_shape_tells_the_fields_and_none_of_the_values() {
    for (asked, shape) in [
        ("", "*"),
        ("actor.id:secret", "actor.id:?"),
        ("type:user.* secret", "type:?* \"?\""),
        ("ip:10.0.0.0/8 -severity:info", "client.ip:?/? -severity:?"),
        (
            "(subject.id:a OR subject.id:b) after:2026-01-01",
            "(subject.id:? OR subject.id:?) occurred:?",
        ),
        ("metadata.amount>100", "metadata.amount:?..?"),
    ] {
        assert_eq!(shape_of(&filter(asked)), shape, "{asked}");
    }
    let many: Vec<String> = (0..100).map(|i| format!("actor.id:{i}")).collect();
    assert!(shape_of(&filter(&many.join(" "))).len() <= 1010);
}

#[test]
fn nobody_passes_on_more_than_they_hold() {
    let text = "[roles.masked]\ntitle = \"x\"\npermissions = [\"read_tenant_events\"]\nmasks = [\"names\"]\n\
                [roles.more_masked]\ntitle = \"x\"\npermissions = [\"read_tenant_events\"]\nmasks = [\"names\", \"texts\"]\n\
                [roles.narrow]\ntitle = \"x\"\npermissions = [\"read_tenant_events\"]\nevents = \"type:a.b\"\n\
                [roles.other]\ntitle = \"x\"\npermissions = [\"read_tenant_events\"]\nevents = \"type:c.d\"\n\
                [roles.all]\ntitle = \"x\"\npermissions = [\"read_tenant_events\", \"record_events\"]\n\
                [roles.writer]\ntitle = \"x\"\npermissions = [\"record_events\"]";
    let policy = read(text).unwrap();
    let passes = |own: &str, passed: &str| {
        let (own, passed) = (policy.grants([own]), policy.grants([passed]));
        own.lack_of(&passed).is_none()
    };
    for (own, passed, may) in [
        ("all", "narrow", true),
        ("all", "masked", true),
        ("all", "writer", true),
        ("narrow", "narrow", true),
        ("masked", "more_masked", true),
        ("masked", "masked", true),
        ("writer", "all", false),
        ("narrow", "all", false),
        ("narrow", "other", false),
        ("masked", "all", false),
        ("more_masked", "masked", false),
        ("masked", "narrow", false),
        ("all", "nothing of that name", true),
    ] {
        assert_eq!(passes(own, passed), may, "{own} passes {passed} on");
    }
}

#[test]
fn what_is_withheld_is_refused() {
    let mut grants = AccessPolicy::shipped().grants(["auditor"]);
    grants.withhold(Permission::ExportEvents);
    assert!(!grants.may(Permission::ExportEvents) && grants.may(Permission::ReadTenantEvents));
}
