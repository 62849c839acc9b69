//! What the streams are called on the server.
//!
//! All names of one installation begin with its namespace, so that several can share a server, and the
//! conformance suite leaves nothing among the streams of others.

use std::sync::Arc;

/// Tells that a namespace of a server is used by Annals.
const INSTALLATION: &str = "annals-installation";
/// The key of the installation, wrapped.
const ROOT_KEY: &str = "annals-rootkey";
/// Before the name of a tenant.
const TENANT_KEY_PREFIX: &str = "annals-tenantkey-";
/// Before the name of a tenant and the pseudonym of a person.
const PERSON_KEY_PREFIX: &str = "annals-key-";
/// Before the name of a register.
const REGISTER_PREFIX: &str = "annals-register-";
/// Before the name of a stream, for its metadata.
pub(crate) const METADATA_PREFIX: &str = "$$";
/// Type of the events that hold metadata.
pub(crate) const METADATA_TYPE: &str = "$metadata";
/// What the names of streams that hold records begin with.
const RECORD_PREFIXES: [&str; 3] = ["person-", "service-", "system"];
/// The most characters of a namespace.
const NAMESPACE_MAX: usize = 64;

/// The names of one installation's streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    namespace: Arc<str>,
}

impl Names {
    pub(crate) fn new(namespace: &str) -> Self {
        Self { namespace: namespace.into() }
    }

    /// A stream of records, as the server calls it.
    pub(crate) fn on_server(&self, stream: &str) -> String {
        format!("{}{stream}", self.namespace)
    }

    pub(crate) fn installation(&self) -> String {
        self.on_server(INSTALLATION)
    }

    pub(crate) fn root_key(&self) -> String {
        self.on_server(ROOT_KEY)
    }

    pub(crate) fn tenant_key(&self, tenant: &str) -> String {
        format!("{}{TENANT_KEY_PREFIX}{tenant}", self.namespace)
    }

    pub(crate) fn person_key(&self, tenant: &str, pseudonym: &str) -> String {
        format!("{}{PERSON_KEY_PREFIX}{tenant}.{pseudonym}", self.namespace)
    }

    pub(crate) fn register(&self, name: &str) -> String {
        format!("{}{REGISTER_PREFIX}{name}", self.namespace)
    }

    /// Our name of a stream that holds records; `None` for all others.
    pub(crate) fn of_records<'a>(&self, on_server: &'a str) -> Option<&'a str> {
        let name = on_server.strip_prefix(&*self.namespace)?;
        let ours = name == "system"
            || ["person-", "service-", "system-"].iter().any(|prefix| name.starts_with(prefix));
        ours.then_some(name)
    }

    /// What to ask the server for, to be told of all records and of the metadata of their streams.
    pub(crate) fn filter_prefixes(&self) -> impl Iterator<Item = String> {
        RECORD_PREFIXES.iter().flat_map(|prefix| {
            let name = self.on_server(prefix);
            [format!("{METADATA_PREFIX}{name}"), name]
        })
    }
}

/// Why a namespace cannot be used; `None`: it can.
pub(crate) fn trouble_with(namespace: &str) -> Option<String> {
    let sane = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let fits = namespace.len() <= NAMESPACE_MAX && namespace.chars().all(sane);
    (!fits).then(|| {
        format!(
            "the namespace of the event log may have up to {NAMESPACE_MAX} letters, digits, `-`, \
             `.` and `_`"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_streams_of_records_of_the_namespace_are_ours() {
        let plain = Names::new("");
        assert_eq!(plain.of_records("person-acme.x"), Some("person-acme.x"));
        assert_eq!(plain.of_records("system"), Some("system"));
        assert_eq!(plain.of_records("system-acme"), Some("system-acme"));
        for other in ["systems", "orders-1", "annals-key-acme.x", "$$person-acme.x", "x.person-a"] {
            assert_eq!(plain.of_records(other), None, "{other}");
        }
        let named = Names::new("test.");
        assert_eq!(named.of_records("test.person-acme.x"), Some("person-acme.x"));
        assert_eq!(named.of_records("person-acme.x"), None);
        assert_eq!(named.on_server("person-acme.x"), "test.person-acme.x");
    }

    #[test]
    fn a_namespace_has_plain_letters_and_a_limit() {
        assert_eq!(trouble_with(""), None);
        assert_eq!(trouble_with(&"a".repeat(NAMESPACE_MAX)), None);
        assert!(trouble_with(&"a".repeat(NAMESPACE_MAX + 1)).is_some());
        assert!(trouble_with("$system").is_some() && trouble_with("a b").is_some());
    }
}
