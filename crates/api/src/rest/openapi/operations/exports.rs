//! `/api/v1/logs/export` and `/api/v1/exports`: events as files.

use super::super::model::{ANSWER, Answer, Content, Operation, Parameter, ROW, json, query};
use super::filters::FILTERS;

const TEXT: &str = r#"{"type":"string","minLength":1}"#;
const BINARY: &str = r#"{"type":"string","format":"binary"}"#;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        path: "/api/v1/logs/export",
        id: "exportEvents",
        group: "Exports",
        summary: "Take events out of the log",
        description: "Needs the permission `export_events`. All events that match and that the \
                      caller may see, oldest first, straight into the answer. It takes the filters of \
                      `GET /api/v1/logs`. Trailers tell how many events and bytes there were and \
                      their SHA-256; an answer that is broken off is not whole. That it was asked \
                      for is recorded before the first byte.",
        parameters: EXPORT,
        filters: FILTERS,
        answers: &[Answer {
            description: "The events.",
            content: EVENTS,
            headers: &["Content-Disposition"],
            ..ANSWER
        }],
        problems: &[507],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/exports",
        id: "requestExport",
        group: "Exports",
        summary: "Have a file of events written",
        description: "Needs the permission `export_events`. The file is written in the background and \
                      holds the events that matched at this moment. It can be downloaded by whoever \
                      asked for it, for a day unless configured otherwise.",
        body: &[json("#ExportOrder", &["exportOrder"])],
        answers: &[Answer {
            status: 202,
            description: "It is taken on.",
            content: &[json("#Export", &["export"])],
            headers: &["Location"],
            ..ANSWER
        }],
        problems: &[507],
        ..ROW
    },
    Operation {
        path: "/api/v1/exports",
        id: "listExports",
        group: "Exports",
        summary: "List exports",
        description: "Needs the permission `export_events`. The caller's own, newest first.",
        answers: &[Answer {
            description: "The exports.",
            content: &[json("#Exports", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        path: "/api/v1/exports/{id}",
        id: "getExport",
        group: "Exports",
        summary: "See how far an export is",
        description: "Needs the permission `export_events`. 404 also for exports of others.",
        parameters: &[ID],
        answers: &[Answer {
            description: "The export.",
            content: &[json("#Export", &["export"])],
            ..ANSWER
        }],
        problems: &[404],
        ..ROW
    },
    Operation {
        method: "DELETE",
        path: "/api/v1/exports/{id}",
        id: "cancelExport",
        group: "Exports",
        summary: "End an export",
        description: "Needs the permission `export_events`. Ends an export that is under way; \
                      removes the file, and what is known, of one that has ended.",
        parameters: &[ID],
        answers: &[Answer {
            description: "The export as it is now, or was.",
            content: &[json("#Export", &["export"])],
            ..ANSWER
        }],
        problems: &[404],
        ..ROW
    },
    Operation {
        path: "/api/v1/exports/{id}/file",
        id: "downloadExport",
        group: "Exports",
        summary: "Download the file of an export",
        description: "Needs the permission `export_events`. Each download is recorded before the \
                      first byte. 404 for exports of others, and before the file is done.",
        parameters: &[ID, RANGE],
        answers: &[
            Answer {
                description: "The file.",
                content: FILE,
                headers: &["Content-Disposition"],
                ..ANSWER
            },
            Answer {
                status: 206,
                description: "The part that was asked for.",
                content: FILE,
                headers: &["Content-Disposition"],
                ..ANSWER
            },
        ],
        problems: &[404, 416, 507],
        ..ROW
    },
    Operation {
        path: "/api/v1/exports/{id}/manifest",
        id: "getExportManifest",
        group: "Exports",
        summary: "Read the manifest of an export",
        description: "Needs the permission `export_events`. What was asked for, by whom, over which \
                      part of the log, and the digest of the file.",
        parameters: &[ID],
        answers: &[Answer {
            description: "The manifest.",
            content: &[json("#ExportManifest", &["exportManifest"])],
            ..ANSWER
        }],
        problems: &[404],
        ..ROW
    },
];

const EVENTS: &[Content] = &[EVENTS_JSON, NDJSON, CSV, PARQUET];

/// A file can be an evidence bundle, too.
const FILE: &[Content] = &[EVENTS_JSON, NDJSON, CSV, PARQUET, BUNDLE];

const EVENTS_JSON: Content = json("#ExportedEvents", &[]);
const NDJSON: Content =
    Content { media_type: "application/x-ndjson", schema: r#"{"type":"string"}"#, examples: &[] };
const CSV: Content = Content {
    media_type: "text/csv; charset=utf-8; header=present",
    schema: r#"{"type":"string"}"#,
    examples: &[],
};
const PARQUET: Content =
    Content { media_type: "application/vnd.apache.parquet", schema: BINARY, examples: &[] };
const BUNDLE: Content = Content { media_type: "application/zip", schema: BINARY, examples: &[] };

const ID: Parameter = Parameter {
    name: "id",
    place: "path",
    description: "Id of the export.",
    schema: r#"{"type":"string","format":"uuid"}"#,
    example: "\"5f0c6a7e-3a52-4a0e-9d3b-0f5a7c1d2e3f\"",
};

const RANGE: Parameter = Parameter {
    name: "Range",
    place: "header",
    description: "A part of the file: one range of bytes.",
    schema: r#"{"type":"string"}"#,
    example: "\"bytes=0-1023\"",
};

const EXPORT: &[Parameter] = &[
    query(
        "format",
        "In which form.",
        r#"{"type":"string","enum":["json","ndjson","csv","parquet"],"default":"ndjson"}"#,
        "\"csv\"",
    ),
    query(
        "bom",
        "CSV begins with a byte order mark.",
        r#"{"type":"string","enum":["true","false","1","0"]}"#,
        "",
    ),
    query(
        "min_position",
        "`position` of a receipt: waits, for a bounded time, until searches see it.",
        TEXT,
        "",
    ),
];
