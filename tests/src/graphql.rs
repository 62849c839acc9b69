//! Speaking GraphQL to the service, by the operations of `graphql/operations/`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::caller::{Answer, Caller};

/// Lists the operations, each with the file of the same name.
macro_rules! operations {
    ($($name:ident,)+) => {
        /// An operation of `graphql/operations/`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Operation { $(#[doc = concat!("`", stringify!($name), ".graphql`")] $name,)+ }

        impl Operation {
            /// Every operation.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its name, which is also that of its file.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            fn own_text(self) -> &'static str {
                match self {
                    $(Self::$name => include_str!(concat!(
                        "../../graphql/operations/", stringify!($name), ".graphql"
                    )),)+
                }
            }
        }
    };
}

operations! {
    ApproveErasure,
    ArchiveNotifications,
    AuditEvent,
    AuditEventStream,
    AuditEvents,
    AuditEventsCount,
    Certificate,
    Erasures,
    EventTypes,
    LegalHolds,
    MarkNotificationsRead,
    Me,
    NotificationStream,
    Person,
    PlaceLegalHold,
    ProposeRetentionPolicy,
    RecordEvents,
    RequestErasure,
    Retention,
}

/// What several operations show of an event; a file beside them.
pub(crate) const FRAGMENT: &str = include_str!("../../graphql/operations/AuditEventFields.graphql");

impl Operation {
    /// The document: the operation and what it uses.
    pub fn text(self) -> String {
        let text = self.own_text();
        match text.contains("...AuditEventFields") {
            true => format!("{text}\n{FRAGMENT}"),
            false => text.to_owned(),
        }
    }
}

/// An answer of GraphQL.
#[derive(Debug, Clone)]
pub struct GraphqlAnswer {
    /// HTTP status.
    pub status: u16,
    /// `data`.
    pub data: Value,
    /// `errors`.
    pub errors: Vec<Value>,
    /// The whole body.
    pub text: String,
}

impl Caller {
    /// Runs an operation and returns its data.
    ///
    /// # Panics
    /// When there are errors.
    pub async fn run(&self, operation: Operation, variables: Value) -> Value {
        let answer = self.ask(&operation.text(), variables).await;
        assert!(answer.errors.is_empty(), "{}: {:#?}", operation.name(), answer.errors);
        answer.data
    }

    /// Sends a document.
    pub async fn ask(&self, document: &str, variables: Value) -> GraphqlAnswer {
        let body = json!({ "query": document, "variables": variables });
        let request = self.request(Method::POST, "/graphql").json(&body);
        GraphqlAnswer::of(Answer::of(request).await.expect("the service answers"))
    }
}

impl GraphqlAnswer {
    /// Reads an answer.
    pub fn of(answer: Answer) -> Self {
        let mut body = answer.json();
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        let data = body["data"].take();
        Self { status: answer.status, data, errors, text: answer.text }
    }

    /// The code of its first error.
    pub fn code(&self) -> &str {
        let first = self.errors.first();
        first.and_then(|error| error["extensions"]["code"].as_str()).unwrap_or_default()
    }
}
