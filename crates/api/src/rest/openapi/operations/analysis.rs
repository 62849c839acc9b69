//! Counts of events, events that belong together, and what became of a thing.

use super::super::model::{ANSWER, Answer, Operation, Parameter, ROW, json, query};
use super::filters::FILTERS;

const TEXT: &str = r#"{"type":"string","minLength":1}"#;
const FIELDS: &str =
    r#"{"type":"array","maxItems":5,"items":{"type":"string","minLength":1,"maxLength":200}}"#;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        path: "/api/v1/logs/stats",
        id: "getStatistics",
        group: "Analysis",
        summary: "Count events",
        description: "Needs `read_tenant_events`, or `read_own_events` for the caller's own. Counts \
                      the events that match: by the values of fields, over time, and numbers summed \
                      up. It takes the filters of `GET /api/v1/logs`. Counting ends after some \
                      seconds; `precision` tells whether it came to its end.",
        parameters: STATISTICS,
        filters: FILTERS,
        answers: &[Answer {
            description: "What was counted.",
            content: &[json("#Statistics", &["statistics"])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        path: "/api/v1/logs/comparison",
        id: "compareValues",
        group: "Analysis",
        summary: "Tell which values are new, and which are gone",
        description: "Needs `read_tenant_events`, or `read_own_events` for the caller's own. The \
                      values of a field in the period that the filters name, against those of the \
                      time before. It takes the filters of `GET /api/v1/logs`. Where `from` and `to` \
                      are open, the period is the last seven days.",
        parameters: COMPARISON,
        filters: FILTERS,
        answers: &[Answer {
            description: "What is new, and what is gone.",
            content: &[json("#Comparison", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        path: "/api/v1/logs/suggest",
        id: "suggestValues",
        group: "Analysis",
        summary: "Suggest values of a field",
        description: "Needs `read_tenant_events`, or `read_own_events` for the caller's own. Up to \
                      20 values that events have which the caller may see. It takes the filters of \
                      `GET /api/v1/logs`.",
        parameters: SUGGESTIONS,
        filters: FILTERS,
        answers: &[Answer {
            description: "Values in alphabetical order.",
            content: &[json("#Suggestions", &["suggestions"])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        path: "/api/v1/logs/complete",
        id: "completeQuery",
        group: "Analysis",
        summary: "Complete a query",
        description: "Needs `read_tenant_events`, or `read_own_events` for the caller's own. What \
                      could be written at the cursor of a query: names of fields, words, and the \
                      most frequent values of the events that the rest of the query finds, as far \
                      as the caller may see them.",
        parameters: COMPLETION,
        answers: &[Answer {
            description: "What could be written, best first.",
            content: &[json("#Completions", &["completions"])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        path: "/api/v1/logs/{id}/related",
        id: "relatedEvents",
        group: "Analysis",
        summary: "Read what belongs to an event",
        description: "Needs `read_tenant_events`, or `read_own_events` for the caller's own. Events \
                      of the same request, session, trace or business operation, its causes and \
                      effects, as they happened. 404 also for what the caller may not see.",
        parameters: &[
            Parameter {
                name: "id",
                place: "path",
                description: "Id of the event.",
                schema: r#"{"type":"string","format":"uuid"}"#,
                example: "\"01890a5d-ac96-774b-bcce-b302099a8057\"",
            },
            query(
                "by",
                "What relates them; all but `target` and `actor` when not named.",
                r#"{"type":"array","items":{"type":"string","enum":["request","session","trace","correlation","causation","target","actor"]}}"#,
                "",
            ),
            LIMIT,
            CURSOR,
        ],
        answers: &[Answer {
            description: "A page of events.",
            content: &[json("#RelatedPage", &["relatedPage"])],
            ..ANSWER
        }],
        problems: &[404],
        ..ROW
    },
    Operation {
        path: "/api/v1/targets/{type}/{id}/history",
        id: "getTargetHistory",
        group: "Analysis",
        summary: "Read what became of a thing",
        description: "Needs `read_tenant_events`, or `read_own_events` for the caller's own. Who \
                      changed which of its fields, from what to what, and when, newest first; or, \
                      with `at`, the last change of each field up to then.",
        parameters: &[
            Parameter {
                name: "type",
                place: "path",
                description: "Kind of thing.",
                schema: TEXT,
                example: "\"role\"",
            },
            Parameter {
                name: "id",
                place: "path",
                description: "Which one.",
                schema: TEXT,
                example: "\"editor\"",
            },
            query(
                "path",
                "JSON pointer of a field: its changes, and those of what is inside it.",
                r#"{"type":"string","maxLength":1024,"pattern":"^(/.*)?$"}"#,
                "\"/roles\"",
            ),
            query(
                "at",
                "Tells the values at this time; without `order`, `limit` and `cursor`.",
                r#"{"type":"string","format":"date-time"}"#,
                "",
            ),
            query(
                "order",
                "By when they happened.",
                r#"{"type":"string","enum":["newest","oldest"],"default":"newest"}"#,
                "",
            ),
            LIMIT,
            CURSOR,
        ],
        answers: &[Answer {
            description: "Changes, or values.",
            content: &[json("#TargetHistory", &["targetHistory", "targetValues"])],
            ..ANSWER
        }],
        problems: &[404],
        ..ROW
    },
];

const LIMIT: Parameter = query(
    "limit",
    "Events on the page at most.",
    r#"{"type":"integer","minimum":1,"maximum":"limit:query.page_max","default":"limit:query.page_default"}"#,
    "",
);
const CURSOR: Parameter = query("cursor", "`next_cursor` of the page before.", TEXT, "");
const MIN_POSITION: Parameter = query(
    "min_position",
    "`position` of a receipt: waits, for a bounded time, until searches see it.",
    TEXT,
    "",
);

const COMPARISON: &[Parameter] = &[
    query(
        "field",
        "The field.",
        r#"{"type":"string","minLength":1,"maxLength":200,"default":"type"}"#,
        "",
    ),
    query(
        "limit",
        "Values of each period at most.",
        r#"{"type":"integer","minimum":1,"maximum":100,"default":10}"#,
        "",
    ),
    query(
        "compare_from",
        "Where the earlier period begins; it ends where the other begins, and is as long otherwise.",
        r#"{"type":"string","format":"date-time"}"#,
        "",
    ),
    MIN_POSITION,
];

const STATISTICS: &[Parameter] = &[
    query("by", "Fields whose values are counted, up to 5.", FIELDS, ""),
    query(
        "limit",
        "Values of each field at most.",
        r#"{"type":"integer","minimum":1,"maximum":100,"default":10}"#,
        "",
    ),
    query("search", "Only values that begin so are counted in `by`.", r#"{"type":"string"}"#, ""),
    query("numbers", "Fields whose numbers are summed up, up to 5.", FIELDS, ""),
    query(
        "interval",
        "Counts over time, in stretches of this length.",
        r#"{"type":"string","enum":["1m","5m","1h","1d","1w","1mo"]}"#,
        "\"1h\"",
    ),
    query(
        "time",
        "By which time; with `interval`.",
        r#"{"type":"string","enum":["occurred","received"]}"#,
        "",
    ),
    query(
        "time_zone",
        "Whose calendar, a name of the IANA database; UTC otherwise; with `interval`.",
        TEXT,
        "",
    ),
    query("split", "Tells each stretch apart by values of this field; with `interval`.", TEXT, ""),
    MIN_POSITION,
];

const COMPLETION: &[Parameter] = &[
    query(
        "q",
        "As much of the query as is written.",
        r#"{"type":"string"}"#,
        "\"type:user.* outcome:\"",
    ),
    query(
        "cursor",
        "Characters before the cursor; the end of the query when not given.",
        r#"{"type":"integer","minimum":0}"#,
        "",
    ),
    query(
        "limit",
        "Offers at most.",
        r#"{"type":"integer","minimum":1,"maximum":100,"default":20}"#,
        "",
    ),
];

const SUGGESTIONS: &[Parameter] = &[
    query(
        "field",
        "The field.",
        r#"{"type":"string","minLength":1,"maxLength":200,"default":"type"}"#,
        "",
    ),
    query("prefix", "What the values begin with.", r#"{"type":"string"}"#, ""),
    MIN_POSITION,
];
