//! `/api/v1/quarantine`: refused events.

use super::super::model::{ANSWER, Answer, Operation, Parameter, ROW, json, query};

const ENTRY: Parameter = Parameter {
    name: "id",
    place: "path",
    description: "Id of the entry.",
    schema: r#"{"type":"string","format":"uuid"}"#,
    example: "\"01890a5d-ac96-774b-bcce-b302099a8057\"",
};

pub(super) const ROWS: &[Operation] = &[
    Operation {
        path: "/api/v1/quarantine",
        id: "listRefusedEvents",
        group: "Operation",
        summary: "List refused events",
        description: "Needs the permission `manage_quarantine`. Newest first: why each was refused, who \
                      sent it and how often it came. What was sent is shown one by one.",
        parameters: &[
            query(
                "limit",
                "At most so many.",
                r#"{"type":"integer","minimum":1,"maximum":"limit:query.page_max"}"#,
                "2",
            ),
            query(
                "cursor",
                "`next_cursor` of the page before.",
                r#"{"type":"string","format":"uuid"}"#,
                "",
            ),
            query(
                "reason",
                "Only those refused for this reason.",
                r##"{"$ref":"#/components/schemas/RefusalReason"}"##,
                "\"invalid\"",
            ),
        ],
        answers: &[Answer {
            description: "A page of entries.",
            content: &[json("#RefusedEventPage", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        path: "/api/v1/quarantine/{id}",
        id: "getRefusedEvent",
        group: "Operation",
        summary: "Read a refused event",
        description: "Needs the permission `manage_quarantine`. With what was sent.",
        parameters: &[ENTRY],
        answers: &[Answer {
            description: "The entry.",
            content: &[json("#RefusedEvent", &[])],
            ..ANSWER
        }],
        problems: &[404],
        ..ROW
    },
    Operation {
        method: "DELETE",
        path: "/api/v1/quarantine/{id}",
        id: "discardRefusedEvent",
        group: "Operation",
        summary: "Discard a refused event",
        description: "Needs the permission `manage_quarantine`. Leaves an event of type \
                      `annals.quarantine.discarded`.",
        parameters: &[ENTRY],
        answers: &[Answer { status: 204, description: "It is gone.", ..ANSWER }],
        problems: &[404, 507],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/quarantine/{id}/replay",
        id: "replayRefusedEvent",
        group: "Operation",
        summary: "Record a refused event after all",
        description: "Needs the permission `manage_quarantine`. With a corrected event as body, or with \
                      none: then as it was sent. It keeps its sender, and an event of type \
                      `annals.quarantine.replayed` tells who did it. Once recorded it leaves the \
                      quarantine.",
        parameters: &[ENTRY],
        body: &[json("#EventInput", &["passwordChanged"])],
        answers: &[
            Answer {
                status: 201,
                description: "It is recorded.",
                content: &[json("#Receipt", &["receipt"])],
                headers: &["Location"],
                ..ANSWER
            },
            Answer {
                description: "It was recorded before: the receipt of that time.",
                content: &[json("#Receipt", &["receipt"])],
                headers: &["Location"],
                ..ANSWER
            },
        ],
        problems: &[404, 409, 422, 507],
        ..ROW
    },
];
