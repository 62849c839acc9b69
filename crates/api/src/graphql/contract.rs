//! `GET /graphql/schema.graphql`: the schema for tools that make code of it.

use std::sync::LazyLock;

use axum::response::IntoResponse;
use http::{HeaderValue, header};

use super::schema_text;
use crate::caller::Caller;

static SCHEMA: LazyLock<String> = LazyLock::new(schema_text);

/// As in questions about the schema, it is enough to be signed in.
pub(super) async fn schema_file(_caller: Caller) -> axum::response::Response {
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    ([(header::CONTENT_TYPE, text)], SCHEMA.as_str()).into_response()
}
