//! Scalars of the schema.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};

/// An instant with its offset from UTC, as RFC 3339 writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DateTime(pub(super) annals_domain::time::DateTime);

/// A moment, with its zone, as RFC 3339 writes it.
#[Scalar(name = "DateTime", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        let parsed = annals_domain::time::DateTime::parse(text);
        parsed.map(Self).map_err(InputValueError::custom)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

impl From<jiff::Timestamp> for DateTime {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self(annals_domain::time::DateTime::utc(timestamp))
    }
}

/// Any JSON value.
pub(super) type Json = async_graphql::Json<serde_json::Value>;

/// Makes a GraphQL enum that mirrors one of the domain.
macro_rules! mirrored {
    ($(#[$doc:meta])* $name:ident of $domain:path { $($variant:ident,)+ }) => {
        $(#[$doc])*
        #[derive(async_graphql::Enum, Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum $name { $(#[doc = stringify!($variant)] $variant,)+ }

        impl From<$domain> for $name {
            fn from(value: $domain) -> Self {
                match value { $(<$domain>::$variant => Self::$variant,)+ }
            }
        }

        impl From<$name> for $domain {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$variant,)+ }
            }
        }
    };
}

mirrored! {
    /// What kind of act an event reports.
    Operation of annals_domain::event::Operation {
        Create, Read, Update, Delete, Execute, Login, Logout, Grant, Revoke, Export, Other,
    }
}
mirrored! {
    /// How much attention an event deserves, rising.
    Severity of annals_domain::event::Severity { Info, Warning, Error, Critical, }
}
mirrored! {
    /// How an act ended.
    OutcomeStatus of annals_domain::event::OutcomeStatus {
        Success, Failure, Denied, Partial, Unknown,
    }
}
mirrored! {
    /// What kind of being acts.
    ActorType of annals_domain::event::ActorType { User, Service, Agent, System, Anonymous, }
}
mirrored! {
    /// What happened to a value.
    ChangeOperation of annals_domain::event::ChangeOperation { Add, Remove, Replace, }
}
