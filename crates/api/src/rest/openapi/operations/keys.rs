//! `/api/v1/keys/rotation`: the key of the tenant.

use super::super::model::{ANSWER, Answer, Operation, ROW, json};

pub(super) const ROWS: &[Operation] = &[Operation {
    method: "POST",
    path: "/api/v1/keys/rotation",
    id: "rotateTenantKey",
    group: "Operation",
    summary: "Rotate the key of the tenant",
    description: "Needs the permission `manage_keys`. The key of the caller's tenant gets a new version, \
                  which wraps the keys of persons from then on. The others are wrapped anew in the \
                  background, and the older version goes at least ten minutes later. No event is written \
                  anew, no stream gets another name. Leaves an event of type `annals.key.rotated`. 409 \
                  while older versions are not gone yet and there is room for no more.",
    answers: &[Answer {
        status: 202,
        description: "The new version is in force.",
        content: &[json("#KeyRotation", &[])],
        ..ANSWER
    }],
    problems: &[409, 507],
    ..ROW
}];
