//! What is said of an endpoint before anything is sent there.

use annals_domain::notification::SignatureKind;
use annals_ports::EndpointRules;

use super::signing::{ed25519_public_text, hmac_secret_text};
use crate::outgoing::{Forbidden, OutgoingHttp};

impl EndpointRules for OutgoingHttp {
    fn origin(&self, url: &str) -> Result<String, String> {
        let url = self.checked(url).map_err(|forbidden| match forbidden {
            Forbidden::Url(wrong) => wrong.to_owned(),
            other => format!("cannot be sent to: {other}"),
        })?;
        Ok(url.origin().ascii_serialization())
    }

    fn verified_with(&self, signature: SignatureKind, secret: &[u8; 32]) -> String {
        match signature {
            SignatureKind::Hmac => hmac_secret_text(secret),
            SignatureKind::Ed25519 => ed25519_public_text(secret),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outgoing::OutgoingSettings;

    fn rules(allow_hosts: &[&str]) -> OutgoingHttp {
        let settings = OutgoingSettings {
            allow_networks: Vec::new(),
            allow_hosts: allow_hosts.iter().map(|host| (*host).to_owned()).collect(),
            connect_seconds: 1,
            timeout_seconds: 1,
        };
        OutgoingHttp::open(&settings).unwrap()
    }

    #[test]
    fn an_origin_leaves_out_where_a_secret_may_be() {
        let rules = rules(&["hooks.lan"]);
        let origin = |url: &str| rules.origin(url);
        assert_eq!(
            origin("https://example.org/T0/B0/secret?key=1").unwrap(),
            "https://example.org"
        );
        assert_eq!(origin("https://EXAMPLE.org:8443/a").unwrap(), "https://example.org:8443");
        assert_eq!(origin("http://hooks.lan:9000/x").unwrap(), "http://hooks.lan:9000");
        assert_eq!(origin("https://[2606:4700::1]/x").unwrap(), "https://[2606:4700::1]");
        for (url, wrong) in [
            ("http://example.org/x", "must begin with https://"),
            ("https://ann:secret@example.org/", "holds a user name"),
            ("hook", "is none"),
            ("https://10.0.0.7/x", "private address"),
            ("https://169.254.169.254/x", "never sent to"),
        ] {
            let told = origin(url).unwrap_err();
            assert!(told.contains(wrong), "{url}: {told}");
            assert!(!told.contains("secret") && !told.contains("10.0.0.7"), "{told}");
        }
    }

    #[test]
    fn what_receivers_verify_with_is_written_as_they_know_it() {
        let rules = rules(&[]);
        assert!(rules.verified_with(SignatureKind::Hmac, &[7; 32]).starts_with("whsec_"));
        let public = rules.verified_with(SignatureKind::Ed25519, &[7; 32]);
        assert!(public.starts_with("whpk_") && !public.contains(&hmac_secret_text(&[7; 32])[6..]));
    }
}
