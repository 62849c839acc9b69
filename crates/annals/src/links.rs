//! The links and codes of messages: sealed tokens behind the address under which people reach the service.

use std::collections::BTreeSet;
use std::sync::Arc;

use annals_api::NotifyingParts;
use annals_api::links::{CODE_LASTS, Claim, LINK_LASTS, LinkTokens, Purpose};
use annals_domain::catalogue::Catalogue;
use annals_domain::notification::{
    ADDRESS_ADDED, Channel, Outgoing, Route, VERIFICATION_RULE, shipped_rules,
};
use annals_notify::{Links, MessageLinks, Templates};
use annals_record::RootKey;
use anyhow::{Context, ensure};
use jiff::SignedDuration;

use crate::configuration::Settings;

/// Messages of this template tell of what only the person themself should have done.
const ABOUT_ACCOUNTS: &str = "security-alert";
/// How long `server.public_url` may be, bytes; longer links break in mail.
const URL_BYTES_MAX: usize = 200;

/// Makes the links of messages.
pub(crate) struct SealedLinks {
    /// Where the service is reached; none: there are codes, and no links.
    base: Option<String>,
    tokens: LinkTokens,
    /// Rules that ship and cannot be switched off.
    mandatory: BTreeSet<String>,
}

impl SealedLinks {
    /// Under a key that follows from the root key.
    pub(crate) fn open(
        settings: &Settings,
        root: &RootKey,
        catalogue: &Catalogue,
    ) -> anyhow::Result<Self> {
        let rules = shipped_rules(catalogue).into_iter().filter(|rule| rule.mandatory);
        Ok(Self {
            base: base(&settings.server.public_url)?,
            tokens: tokens(root),
            mandatory: rules.map(|rule| rule.id).collect(),
        })
    }

    fn link(
        &self,
        message: &Outgoing,
        page: &str,
        purpose: Purpose,
        kind: &str,
        lasts: SignedDuration,
    ) -> Option<String> {
        let claim = Claim {
            purpose,
            tenant: message.tenant.clone(),
            person: message.recipient.clone()?,
            event: message.event,
            kind: kind.to_owned(),
            ends: message.recorded_at.checked_add(lasts).ok()?,
        };
        Some(format!("{}/{page}?t={}", self.base.as_ref()?, self.tokens.seal(&claim)))
    }
}

impl Links for SealedLinks {
    fn of(&self, message: &Outgoing) -> MessageLinks {
        let (Route::Email { address }, Some(person)) = (&message.route, &message.recipient) else {
            return MessageLinks::default();
        };
        if message.rule == VERIFICATION_RULE && message.event_type == ADDRESS_ADDED {
            // Code and link are of the address that the mail goes to: of another they verify nothing.
            let code = self.tokens.code(&message.tenant, person, message.event, address);
            let (page, purpose) = ("verify-address", Purpose::VerifyAddress);
            let verify = self.link(message, page, purpose, &code, CODE_LASTS);
            return MessageLinks { verify, code: Some(code), ..MessageLinks::default() };
        }
        // Whoever else is told could not say so: the page would know nothing of it.
        let disputable =
            message.template == ABOUT_ACCOUNTS && message.more.is_empty() && message.is_theirs;
        let link = |page, purpose| self.link(message, page, purpose, &message.rule, LINK_LASTS);
        let wasnt_me = || link("not-me", Purpose::WasntMe);
        let unsubscribe = || link("unsubscribe", Purpose::Unsubscribe);
        MessageLinks {
            wasnt_me: disputable.then(wasnt_me).flatten(),
            unsubscribe: (!self.mandatory.contains(&message.rule)).then(unsubscribe).flatten(),
            ..MessageLinks::default()
        }
    }
}

/// What the interface needs to speak of notifications.
pub(crate) fn notifying(
    settings: &Settings,
    root: &RootKey,
    catalogue: &Catalogue,
) -> anyhow::Result<NotifyingParts> {
    let templates = Templates::open(&settings.templates).context("opening `[templates]`")?;
    let mut channels = BTreeSet::from([Channel::Webhook, Channel::Slack, Channel::Adapter]);
    channels.extend((!settings.email.host.is_empty()).then_some(Channel::Email));
    channels.extend((!settings.syslog.host.is_empty()).then_some(Channel::Syslog));
    let wording = Some(Arc::new(templates) as _);
    Ok(NotifyingParts::new(channels, wording, tokens(root), catalogue))
}

fn tokens(root: &RootKey) -> LinkTokens {
    LinkTokens::new(&root.derive("links of messages"))
}

/// The address without a slash at its end; none when none is set.
pub(crate) fn base(url: &str) -> anyhow::Result<Option<String>> {
    let base = url.trim_end_matches('/');
    if base.is_empty() {
        return Ok(None);
    }
    let host = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"));
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"<>\"'`\\?#".contains(&byte);
    let sound = host.is_some_and(|host| !host.is_empty()) && base.bytes().all(plain);
    ensure!(
        sound && base.len() <= URL_BYTES_MAX,
        "`server.public_url` must be an address such as `https://annals.example.org`, of at most \
         {URL_BYTES_MAX} bytes and without `?` and `#`"
    );
    Ok(Some(base.to_owned()))
}

#[cfg(test)]
mod tests {
    use annals_domain::time::DateTime;
    use annals_domain::{EventId, Position, TenantId};
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn links(base: Option<&str>) -> SealedLinks {
        SealedLinks {
            base: base.map(str::to_owned),
            tokens: LinkTokens::new(&[1; 32]),
            mandatory: ["password-changed".to_owned()].into(),
        }
    }

    fn message(rule: &str, template: &str) -> Outgoing {
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        Outgoing {
            id: Uuid::nil(),
            tenant: TenantId::new("acme").unwrap(),
            recipient: Some("ann".into()),
            route: Route::Email { address: "ann@example.org".into() },
            rule: rule.into(),
            severity: "warning".into(),
            template: template.into(),
            locale: "en".into(),
            title: String::new(),
            body: String::new(),
            event: EventId(Uuid::from_u128(7)),
            event_type: "user.device.added".into(),
            occurred_at: DateTime::utc(at),
            recorded_at: at,
            position: Position(0),
            more: Vec::new(),
            is_theirs: true,
        }
    }

    #[test]
    fn a_message_has_the_links_that_make_sense_in_it() {
        let links = links(Some("https://annals.example"));
        let has = |message: &Outgoing| {
            let made = links.of(message);
            assert!(links.of(message) == made, "the same when it is sent again");
            [made.wasnt_me, made.unsubscribe, made.verify, made.code].map(|one| one.is_some())
        };
        assert_eq!(has(&message("new-device", "security-alert")), [true, true, false, false]);
        assert_eq!(
            has(&message("password-changed", "security-alert")),
            [true, false, false, false]
        );
        assert_eq!(has(&message("data-exported", "event")), [false, true, false, false]);
        let mut verification = message(VERIFICATION_RULE, VERIFICATION_RULE);
        verification.event_type = ADDRESS_ADDED.into();
        assert_eq!(has(&verification), [false, false, true, true]);
        let elsewhere = Outgoing {
            route: Route::Email { address: "eve@example.org".into() },
            ..verification.clone()
        };
        let [ours, theirs] = [&verification, &elsewhere].map(|message| links.of(message));
        assert!(ours.code != theirs.code, "elsewhere there is no code of the address");
        let token = ours.verify.unwrap();
        let token = token.strip_prefix("https://annals.example/verify-address?t=").unwrap();
        let now = Timestamp::from_second(1_800_000_001).unwrap();
        let claim = links.tokens.open(token, Purpose::VerifyAddress, now).unwrap();
        assert_eq!(Some(claim.kind), ours.code, "the link stands for the code");
        let digest = Outgoing {
            more: vec![EventId(Uuid::nil())],
            ..message("new-device", "security-alert")
        };
        assert_eq!(has(&digest), [false, true, false, false]);
        let of_another = Outgoing { is_theirs: false, ..message("new-device", "security-alert") };
        assert_eq!(
            has(&of_another),
            [false, true, false, false],
            "it was not them that it is about"
        );
        let role = Outgoing { recipient: None, ..message("new-device", "security-alert") };
        assert_eq!(has(&role), [false; 4]);
        let link = links.of(&message("new-device", "security-alert")).wasnt_me.unwrap();
        let token = link.strip_prefix("https://annals.example/not-me?t=").unwrap();
        let now = Timestamp::from_second(1_800_000_001).unwrap();
        let claim = links.tokens.open(token, Purpose::WasntMe, now).unwrap();
        assert_eq!((claim.person.as_str(), claim.kind.as_str()), ("ann", "new-device"));
    }

    #[test]
    fn without_an_address_there_are_codes_and_no_links() {
        let mut verification = message(VERIFICATION_RULE, VERIFICATION_RULE);
        verification.event_type = ADDRESS_ADDED.into();
        let made = links(None).of(&verification);
        assert!(made.verify.is_none() && made.code.is_some());
        assert!(
            links(None).of(&message("new-device", "security-alert")) == MessageLinks::default()
        );
    }

    #[test]
    fn an_address_that_is_none_stops_the_start() {
        assert_eq!(base("").unwrap(), None);
        assert_eq!(base("https://a.example/x/").unwrap().as_deref(), Some("https://a.example/x"));
        assert!(base(&format!("https://{}", "a".repeat(URL_BYTES_MAX - 8))).is_ok());
        let long = format!("https://{}", "a".repeat(URL_BYTES_MAX - 7));
        for wrong in ["a.example", "ftp://a", "https://", "https://a?b", "https://a b", &long] {
            assert!(base(wrong).is_err(), "{wrong}");
        }
    }
}
