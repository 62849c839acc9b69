//! An operation as it is sent: in a body, in parameters, or on a socket.

use annals_domain::event::JsonObject;
use annals_domain::json::{check_depth, count_values};
use annals_domain::problem::{ErrorCode, FieldError};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// Nesting of a request as sent.
const DEPTH_MAX: usize = 64;
/// Values in the request of a caller who may not record: filters, lists of ids.
const READER_VALUES_MAX: usize = 10_000;
/// Parameters of a GET; there are five.
const PARAMETERS_MAX: usize = 20;

/// What is sent. Names that are not here mean nothing and are passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    /// The document.
    #[serde(default)]
    pub(super) query: Option<String>,
    /// The document by its id, when the service knows it.
    #[serde(default)]
    pub(super) document_id: Option<String>,
    /// Which operation of the document.
    #[serde(default)]
    pub(super) operation_name: Option<String>,
    /// Values for its variables.
    #[serde(default)]
    pub(super) variables: Option<Object>,
    /// What is agreed between client and server.
    #[serde(default)]
    pub(super) extensions: Option<Object>,
}

/// An object; as everywhere, none may name a key twice.
#[derive(Debug, Deserialize)]
pub(super) struct Object(
    #[serde(deserialize_with = "annals_domain::json::object_without_repeated_keys")]
    pub(super)  JsonObject,
);

impl Operation {
    /// Reads the body of a POST.
    pub(super) fn from_body(bytes: &[u8]) -> Result<Self, ApiError> {
        check_depth(bytes, DEPTH_MAX).map_err(ApiError::field)?;
        // The reader would also take a list, and its items for the fields in their order.
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return Err(ApiError::bad_request(
                "the body is not a JSON object; send one request at a time",
            ));
        }
        serde_json::from_slice(bytes).map_err(|error| {
            ApiError::bad_request(format!(
                "the body is not {{\"query\": …, \"variables\": …, \"operationName\": …}}: {error}"
            ))
        })
    }

    /// Reads the query string of a GET.
    pub(super) fn from_parameters(query_string: &str) -> Result<Self, ApiError> {
        let mut operation = Self::default();
        let mut seen = Vec::new();
        for (name, value) in crate::rest::pairs(query_string, PARAMETERS_MAX)? {
            if seen.contains(&name) {
                let message = format!("the parameter `{name}` is there twice; name it once");
                return Err(ApiError::bad_request(message));
            }
            match name.as_str() {
                "query" => operation.query = Some(value),
                "documentId" => operation.document_id = Some(value),
                // An empty parameter is how forms send none.
                "operationName" => {
                    operation.operation_name = Some(value).filter(|name| !name.is_empty());
                }
                "variables" => operation.variables = object_of(&name, &value)?,
                "extensions" => operation.extensions = object_of(&name, &value)?,
                _ => {}
            }
            seen.push(name);
        }
        Ok(operation)
    }
}

/// The object that a parameter holds as JSON; `null` and nothing are none.
fn object_of(name: &str, json: &str) -> Result<Option<Object>, ApiError> {
    if json.is_empty() {
        return Ok(None);
    }
    check_depth(json.as_bytes(), DEPTH_MAX).map_err(ApiError::field)?;
    check_values(json.as_bytes())?;
    from_json(json).map_err(|error| {
        let message = format!("the parameter `{name}` is not a JSON object: {error}");
        ApiError::bad_request(message)
    })
}

fn from_json<T: DeserializeOwned>(json: &str) -> serde_json::Result<T> {
    serde_json::from_str(json)
}

/// Bounds what a request without a permit, or a message on a socket, grows to.
pub(super) fn check_values(json: &[u8]) -> Result<(), ApiError> {
    if count_values(json) <= READER_VALUES_MAX {
        return Ok(());
    }
    let message = format!("the request holds more than {READER_VALUES_MAX} values");
    Err(ApiError::field(FieldError::new("", ErrorCode::TooLarge, message)))
}

#[cfg(test)]
mod tests;
