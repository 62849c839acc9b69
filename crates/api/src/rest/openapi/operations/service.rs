//! The service's own pages, and the documentation.

use super::super::model::{ANSWER, Answer, Content, Operation, ROW, json};
use crate::layers::etag::Tag;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        path: "/api/v1/limits",
        id: "getLimits",
        group: "Operation",
        summary: "Read the limits",
        description: "How large events, requests and queries may be.",
        answers: &[Answer {
            description: "The limits.",
            content: &[json("#Limits", &[])],
            ..ANSWER
        }],
        tag_of_answer: Some(Tag::Strong),
        ..ROW
    },
    Operation {
        path: "/healthz",
        id: "isAlive",
        group: "Operation",
        summary: "Ask whether the process answers",
        description: "For whoever restarts a process that does not.",
        open: true,
        answers: &[Answer { description: "It does.", content: &[json("#Alive", &[])], ..ANSWER }],
        ..ROW
    },
    Operation {
        path: "/readyz",
        id: "isReady",
        group: "Operation",
        summary: "Ask whether the service does what it is for",
        description: "What this node does, whether events are taken and, if not, why, whether \
                      searches are current, and how far each projection is behind.",
        open: true,
        answers: &[
            Answer { description: "It is ready.", content: &[json("#Ready", &[])], ..ANSWER },
            Answer {
                status: 503,
                description: "It is not; the body tells why.",
                content: &[json("#Ready", &[])],
                ..ANSWER
            },
        ],
        ..ROW
    },
    Operation {
        path: "/metrics",
        id: "getMetrics",
        group: "Operation",
        summary: "Read the numbers",
        description: "For Prometheus. No names of tenants or people are in it.",
        open: true,
        answers: &[Answer {
            description: "The numbers, as Prometheus reads them.",
            content: &[Content {
                media_type: "text/plain; version=0.0.4; charset=utf-8",
                schema: r#"{"type":"string"}"#,
                examples: &[],
            }],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        path: "/api/v1/health/conditions",
        id: "getHealthConditions",
        group: "Operation",
        summary: "See what is wrong with the service",
        description: "Needs the permission `maintain_index` or `read_access_policy`. Every condition \
                      that this node of Annals watches itself for: whether it is raised, since when, \
                      by which number, what it means and what to do. What is raised and cleared is \
                      also recorded (`annals.health.raised`, `annals.health.cleared`).",
        answers: &[Answer {
            description: "All conditions.",
            content: &[json("#HealthConditions", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        path: "/api/v1/openapi.json",
        id: "getOpenApi",
        group: "Documentation",
        summary: "Read this document",
        description: "OpenAPI 3.0.3, with the limits of this service.",
        open: true,
        answers: &[Answer {
            description: "The document.",
            content: &[json(DOCUMENT, &[])],
            ..ANSWER
        }],
        tag_of_answer: Some(Tag::Strong),
        ..ROW
    },
    Operation {
        path: "/api/v1/docs",
        id: "getDocs",
        group: "Documentation",
        summary: "Read the documentation in a browser",
        description: "A page that shows this document and tries its operations. It needs nothing \
                      from elsewhere. 404 where it is turned off (`docs` in `[server]`).",
        open: true,
        answers: &[PAGE],
        problems: &[404],
        tag_of_answer: Some(Tag::Strong),
        ..ROW
    },
    Operation {
        path: "/api/v1/docs/docs.css",
        id: "getDocsStyle",
        group: "Documentation",
        summary: "The style of the documentation",
        description: "Part of the page.",
        open: true,
        answers: &[STYLE],
        problems: &[404],
        tag_of_answer: Some(Tag::Strong),
        ..ROW
    },
    Operation {
        path: "/api/v1/docs/docs.js",
        id: "getDocsScript",
        group: "Documentation",
        summary: "The script of the documentation",
        description: "Part of the page.",
        open: true,
        answers: &[SCRIPT],
        problems: &[404],
        tag_of_answer: Some(Tag::Strong),
        ..ROW
    },
];

const DOCUMENT: &str = r#"{
    "type": "object",
    "required": ["openapi", "info", "paths"],
    "properties": {
        "openapi": { "type": "string" },
        "info": { "type": "object" },
        "paths": { "type": "object" }
    }
}"#;

const PAGE: Answer = Answer {
    description: "The page.",
    content: &[Content {
        media_type: "text/html; charset=utf-8",
        schema: r#"{"type":"string"}"#,
        examples: &[],
    }],
    ..ANSWER
};
const STYLE: Answer = Answer {
    description: "The style.",
    content: &[Content {
        media_type: "text/css; charset=utf-8",
        schema: r#"{"type":"string"}"#,
        examples: &[],
    }],
    ..ANSWER
};
const SCRIPT: Answer = Answer {
    description: "The script.",
    content: &[Content {
        media_type: "text/javascript; charset=utf-8",
        schema: r#"{"type":"string"}"#,
        examples: &[],
    }],
    ..ANSWER
};
