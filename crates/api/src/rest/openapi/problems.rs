//! The refusals, as the document describes them.

use serde_json::{Value, json};

/// A refusal: its status, its name among the components, what it means, its code and title, and
/// whether it tells when to try again.
struct Refusal(u16, &'static str, &'static str, &'static str, &'static str, bool);

#[rustfmt::skip]
const REFUSALS: &[Refusal] = &[
    Refusal(400, "BadRequest", "The request is wrong; `errors` tells which field.", "BAD_USER_INPUT", "The request is wrong", false),
    Refusal(401, "Unauthenticated", "No token, or one that does not hold.", "UNAUTHENTICATED", "Not signed in", false),
    Refusal(403, "Forbidden", "The caller's roles do not allow this.", "FORBIDDEN", "Not allowed", false),
    Refusal(404, "NotFound", "There is none, or it is not the caller's: the same answer for both.", "NOT_FOUND", "Not found", false),
    Refusal(406, "NotAcceptable", "The address has no answer of a kind that `Accept` allows.", "NOT_ACCEPTABLE", "Not acceptable", false),
    Refusal(408, "Timeout", "The body did not arrive in time.", "TIMEOUT", "The request took too long", false),
    Refusal(409, "Conflict", "The id, or the `Idempotency-Key`, was used for another event; or the thing is in a state that does not allow this.", "IDEMPOTENCY_CONFLICT", "The id belongs to another event", false),
    Refusal(410, "Gone", "It was there, and is no longer kept.", "NOT_FOUND", "Not found", false),
    Refusal(412, "PreconditionFailed", "It is no longer as the caller saw it; look at it again.", "PRECONDITION_FAILED", "It was changed meanwhile", false),
    Refusal(413, "TooLarge", "The body is larger than the limit, also once it is unpacked.", "TOO_LARGE", "Too large", false),
    Refusal(415, "UnsupportedMediaType", "The body is of another kind, or compressed in another way; for the latter `Accept-Encoding` tells what is understood.", "UNSUPPORTED_MEDIA_TYPE", "Unsupported media type", false),
    Refusal(416, "RangeNotSatisfiable", "The file does not have these bytes; `Content-Range` tells how many it has.", "RANGE_NOT_SATISFIABLE", "No such bytes", false),
    Refusal(422, "InvalidEvent", "The body can be read, but breaks a rule that no schema tells: a limit in bytes, two fields that contradict each other, or the catalogue.", "BAD_USER_INPUT", "The event is not valid", false),
    Refusal(428, "PreconditionRequired", "The header `If-Match` must say what the caller saw.", "PRECONDITION_REQUIRED", "Say what you saw", false),
    Refusal(429, "RateLimited", "A quota is used up.", "RATE_LIMITED", "Too many requests", true),
    Refusal(500, "Internal", "A fault on our side.", "INTERNAL_SERVER_ERROR", "A fault on our side", false),
    Refusal(501, "NotImplemented", "The store that this service runs on has no way to do it; nothing was done.", "NOT_IMPLEMENTED", "Not possible with this store", false),
    Refusal(503, "Unavailable", "Not possible at this moment; nothing was done.", "UNAVAILABLE", "Not available now", true),
    Refusal(507, "StorageFull", "There is no space to record; nothing was done.", "STORAGE_FULL", "No space to record", true),
];

/// A reference to the refusal of this status.
pub(super) fn reference(status: u16) -> Value {
    let found = REFUSALS.iter().find(|refusal| refusal.0 == status);
    let name = found.map_or_else(|| panic!("describe {status} in problems.rs"), |found| found.1);
    json!({ "$ref": format!("#/components/responses/{name}") })
}

/// All refusals, for the components.
pub(super) fn responses(headers: &[&str]) -> Value {
    let named = |refusal: &Refusal| {
        let Refusal(status, name, description, code, title, waits) = *refusal;
        let mut told: Vec<&str> = headers.to_vec();
        told.extend(waits.then_some("Retry-After"));
        told.extend((status == 401).then_some("WWW-Authenticate"));
        told.extend((status == 415).then_some("Accept-Encoding"));
        let example = json!({
            "type": format!("urn:annals:problem:{}", code.to_lowercase().replace('_', "-")),
            "title": title,
            "status": status,
            "detail": description,
            "code": code,
        });
        let response = json!({
            "description": description,
            "headers": super::document::headers(&told),
            "content": { "application/problem+json": {
                "schema": { "$ref": "#/components/schemas/Problem" },
                "example": example,
            } },
        });
        (name.to_owned(), response)
    };
    Value::Object(REFUSALS.iter().map(named).collect())
}
