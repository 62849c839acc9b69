//! What carries messages to endpoints in tests, and says where endpoints may be.

use std::sync::Mutex;

use annals_domain::notification::SignatureKind;
use annals_ports::{Carrier, DeliveryError, EndpointRules, Handed, Target};
use async_trait::async_trait;
use uuid::Uuid;

/// Keeps what it was given.
#[derive(Default)]
pub(crate) struct TestCarrier {
    taken: Mutex<Vec<Taken>>,
}

/// A message that was carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) id: String,
    pub(crate) rule: String,
    pub(crate) url: String,
    /// How many secrets sign.
    pub(crate) secrets: usize,
}

impl TestCarrier {
    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    /// Ids of messages, in the order in which they were carried.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.taken().into_iter().map(|one| one.id).collect()
    }
}

#[async_trait]
impl Carrier for TestCarrier {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn carries_to(&self, target: &Target) -> bool {
        matches!(target, Target::Endpoint(_))
    }

    async fn carry(
        &self,
        message: &annals_domain::notification::Outgoing,
        target: &Target,
    ) -> Result<Handed, DeliveryError> {
        let Target::Endpoint(open) = target else { panic!("not an endpoint") };
        self.taken.lock().unwrap().push(Taken {
            id: message.id.to_string(),
            rule: message.rule.clone(),
            url: open.endpoint.url.clone(),
            secrets: open.secrets.len(),
        });
        let refuses = open.endpoint.url.ends_with("/refuse");
        let (doing, source) = ("deliver to the endpoint", "it said 410".into());
        match refuses {
            true => Err(DeliveryError { doing, permanent: true, retry_after: None, source }),
            false => Ok(Handed { code: Some(204) }),
        }
    }
}

/// Takes URLs of `https` alone.
pub(crate) struct TestRules;

impl EndpointRules for TestRules {
    fn origin(&self, url: &str) -> Result<String, String> {
        let rest = url.strip_prefix("https://").ok_or("must begin with https://")?;
        let host = rest.split('/').next().unwrap_or_default();
        match host.contains('@') {
            true => Err("holds a user name or password; leave them out".into()),
            false => Ok(format!("https://{host}")),
        }
    }

    fn verified_with(&self, signature: SignatureKind, secret: &[u8; 32]) -> String {
        match signature {
            SignatureKind::Hmac => format!("whsec_{}", data_encoding::BASE64.encode(secret)),
            // Stands for a key of which the secret does not follow.
            SignatureKind::Ed25519 => {
                format!("whpk_{}", Uuid::new_v5(&Uuid::nil(), secret).simple())
            }
        }
    }
}
