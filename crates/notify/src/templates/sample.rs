//! A message to try templates on.

use annals_domain::notification::{Outgoing, Route};
use annals_domain::time::DateTime;
use annals_domain::{EventId, Position, TenantId};
use jiff::Timestamp;
use uuid::Uuid;

use crate::MessageLinks;

/// Nobody's, about nothing that happened.
pub(super) fn message() -> Outgoing {
    let at = Timestamp::from_second(1_795_253_400).expect("it is within what time has");
    Outgoing {
        id: Uuid::nil(),
        tenant: TenantId::new("sample").expect("it is a name of a tenant"),
        recipient: Some("sample-person".into()),
        route: Route::Email { address: "sample@example.org".into() },
        rule: "sample-rule".into(),
        severity: "warning".into(),
        template: super::DEFAULT.into(),
        locale: "en".into(),
        title: "Password changed".into(),
        body: "Sam changed the password of Alex.".into(),
        event: EventId(Uuid::nil()),
        event_type: "user.password.changed".into(),
        occurred_at: DateTime::utc(at),
        recorded_at: at,
        position: Position(0),
        more: vec![EventId(Uuid::nil()), EventId(Uuid::max())],
        is_theirs: true,
    }
}

/// One of each.
pub(super) fn links() -> MessageLinks {
    let link = |path: &str| Some(format!("https://example.org/{path}"));
    MessageLinks {
        wasnt_me: link("was-not-me"),
        unsubscribe: link("unsubscribe"),
        verify: link("verify"),
        code: Some("K7QX-M2PD".into()),
    }
}
