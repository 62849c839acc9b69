//! `/api/v1/logs`: recording and reading events.

use super::super::model::{ANSWER, Answer, Content, Operation, Parameter, ROW, json, query};
use super::filters::FILTERS;
use crate::layers::etag::Tag;

const TEXT: &str = r#"{"type":"string","minLength":1}"#;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        method: "POST",
        path: "/api/v1/logs",
        id: "recordEvent",
        group: "Events",
        summary: "Record an event",
        description: "Needs the permission `record_events`. 201 only when the event is on disk. The \
                      same event sent again is answered with 200 and its first receipt; another \
                      event under the same id with 409.",
        parameters: &[IDEMPOTENCY_KEY],
        body: &[json("#EventInput", &["passwordChanged", "roleGranted", "shortNames"])],
        answers: &[
            Answer {
                status: 201,
                description: "It is recorded.",
                content: &[json("#Receipt", &["receipt"])],
                headers: &["Location"],
                links: &[("theEvent", "getEvent", "id", "$response.body#/id")],
            },
            Answer {
                description: "It was recorded before: the receipt of that time.",
                content: &[json("#Receipt", &["receipt"])],
                headers: &["Location"],
                links: &[("theEvent", "getEvent", "id", "$response.body#/id")],
                ..ANSWER
            },
            Answer {
                status: 202,
                description: "It is on disk and not in the log yet: it waits until the log takes \
                              events again (`spooled`), or for somebody to look at it \
                              (`quarantined`).",
                content: &[json("#Accepted", &[])],
                ..ANSWER
            },
        ],
        problems: &[409, 422, 507],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/logs/bulk",
        id: "recordEvents",
        group: "Events",
        summary: "Record many events",
        description: "Needs the permission `record_events`. A JSON array, or a line of JSON for each \
                      event. Each event is answered for itself: look at `results`, also when the \
                      status is 207. With an `Idempotency-Key`, events without an id get one made \
                      of the key and their place in the body.",
        parameters: &[IDEMPOTENCY_KEY],
        body: &[
            json("#EventInputs", &["twoEvents"]),
            Content {
                media_type: "application/x-ndjson",
                schema: r#"{"type":"string"}"#,
                examples: &["twoLines"],
            },
        ],
        answers: &[
            Answer {
                status: 201,
                description: "All are recorded, now or before.",
                content: &[json("#BulkAnswer", &["bulkAnswer"])],
                ..ANSWER
            },
            Answer {
                status: 202,
                description: "All are on disk, none is in the log yet.",
                content: &[json("#BulkAnswer", &[])],
                ..ANSWER
            },
            Answer {
                status: 207,
                description: "Some are recorded.",
                content: &[json("#BulkAnswer", &["mixedBulkAnswer"])],
                ..ANSWER
            },
            Answer {
                status: 422,
                description: "None can be recorded, for reasons of their own.",
                content: &[json("#BulkAnswer", &["refusedBulkAnswer"])],
                ..ANSWER
            },
        ],
        problems: &[507],
        ..ROW
    },
    Operation {
        path: "/api/v1/logs",
        id: "listEvents",
        group: "Events",
        summary: "Find events",
        description: "Needs `read_tenant_events`, or `read_own_events` for the caller's own. Newest \
                      first. `next_cursor` leads to the next page. Filters are joined by AND; \
                      several values of one filter, separated by commas or given again, by OR; `*` \
                      makes a pattern.",
        parameters: LIST,
        filters: FILTERS,
        answers: &[Answer {
            description: "A page of events.",
            content: &[json("#EventPage", &["eventPage"])],
            ..ANSWER
        }],
        tag_of_answer: Some(Tag::Weak),
        // The view that it begins with; an archive, where none is kept.
        problems: &[404, 501],
        ..ROW
    },
    Operation {
        path: "/api/v1/logs/{id}",
        id: "getEvent",
        group: "Events",
        summary: "Read an event",
        description: "Needs `read_tenant_events`, or `read_own_events` for the caller's own. 404 \
                      also for what the caller may not see. An event never changes, but how it is \
                      shown depends on who looks; so does its tag.",
        parameters: &[Parameter {
            name: "id",
            place: "path",
            description: "Id of the event.",
            schema: r#"{"type":"string","format":"uuid"}"#,
            example: "\"01890a5d-ac96-774b-bcce-b302099a8057\"",
        }],
        answers: &[Answer {
            description: "The event.",
            content: &[json("#Event", &["event"])],
            ..ANSWER
        }],
        problems: &[404],
        tag_of_answer: Some(Tag::Strong),
        ..ROW
    },
    Operation {
        path: "/api/v1/logs/stream",
        id: "streamEvents",
        group: "Events",
        summary: "Follow events as they come",
        description: "A WebSocket (RFC 6455) of the subprotocol `annals.v1`. Each message is \
                      `{\"events\": […], \"cursor\": \"…\", \"backlog\": 0}`. Whoever is cut off \
                      comes back with `after` set to the last cursor and misses nothing. Browsers \
                      name the token as the subprotocol `bearer.<token>`, and, for a token of \
                      several tenants, `tenant.<name>`. It takes the filters of `GET /api/v1/logs`.",
        parameters: STREAM,
        filters: FILTERS,
        answers: &[Answer {
            status: 101,
            description: "From here on the two speak WebSocket.",
            ..ANSWER
        }],
        problems: &[400],
        ..ROW
    },
];

const IDEMPOTENCY_KEY: Parameter = Parameter {
    name: "Idempotency-Key",
    place: "header",
    description: "Makes sending again safe for events without an `id`: 1 to 255 printable ASCII \
                  characters, bare or as a quoted string. The caller's same key means the same \
                  event, for ever.",
    schema: r#"{"type":"string","minLength":1,"maxLength":257,"pattern":"^[ -~]+$"}"#,
    example: "\"8e03978e-40d5-43e8-bc93-6894a57f9324\"",
};

const LIST: &[Parameter] = &[
    query(
        "limit",
        "Events on the page at most.",
        r#"{"type":"integer","minimum":1,"maximum":"limit:query.page_max","default":"limit:query.page_default"}"#,
        "",
    ),
    query("cursor", "`next_cursor` of the page before.", TEXT, ""),
    query(
        "order",
        "By when they were recorded, or by when they happened.",
        r#"{"type":"string","enum":["newest","oldest","occurred_newest","occurred_oldest"]}"#,
        "",
    ),
    query(
        "highlight",
        "Whether each event tells where the words and values of the question stand in it.",
        r#"{"type":"string","enum":["true","false","1","0"]}"#,
        "\"true\"",
    ),
    query(
        "view",
        "Id of a saved view, whose conditions hold too, and whose order when none is named.",
        TEXT,
        "",
    ),
    query(
        "min_position",
        "`position` of a receipt: waits, for a bounded time, until searches see it.",
        TEXT,
        "",
    ),
    query(
        "count",
        "Whether to count all that is found, up to a limit.",
        r#"{"type":"string","enum":["true","false","1","0"]}"#,
        "\"true\"",
    ),
    query(
        "include_archived",
        "Whether what only the archive has is looked for, too; newest first alone. A page may then end \
         early, also without events, and `next_cursor` goes on.",
        r#"{"type":"string","enum":["true","false","1","0"]}"#,
        "\"false\"",
    ),
];

const STREAM: &[Parameter] =
    &[query("after", "The last `cursor` that was received; without it, from now on.", TEXT, "")];
