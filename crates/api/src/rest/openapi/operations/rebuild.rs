//! `/api/v1/search/rebuild`: the search index filled anew.

use super::super::model::{ANSWER, Answer, Operation, ROW, json};

pub(super) const ROWS: &[Operation] = &[
    Operation {
        method: "POST",
        path: "/api/v1/search/rebuild",
        id: "rebuildSearchIndex",
        group: "Operation",
        summary: "Fill the search index anew",
        description: "Needs the permission `maintain_index`. A second index is filled from the log while \
                      the first one answers, and takes its place when it has all that the first one has. \
                      It is the index of this node, for all tenants. Leaves an event of type \
                      `annals.index.rebuild`. One rebuild at a time (409). A restart does not end it: it \
                      goes on where it was.",
        answers: &[Answer {
            status: 202,
            description: "It has begun.",
            content: &[json("#IndexRebuild", &[])],
            ..ANSWER
        }],
        problems: &[409, 501, 507],
        ..ROW
    },
    Operation {
        path: "/api/v1/search/rebuild",
        id: "getSearchIndexRebuild",
        group: "Operation",
        summary: "See how the rebuild of the search index stands",
        description: "Needs the permission `maintain_index`. How far it has come, how fast it goes and \
                      about when it ends; or how the last one since the start of the service ended.",
        answers: &[Answer {
            description: "How it stands.",
            content: &[json("#IndexRebuild", &[])],
            ..ANSWER
        }],
        problems: &[501],
        ..ROW
    },
    Operation {
        method: "DELETE",
        path: "/api/v1/search/rebuild",
        id: "cancelSearchIndexRebuild",
        group: "Operation",
        summary: "End the rebuild of the search index",
        description: "Needs the permission `maintain_index`. What it made is deleted; the index that \
                      answers is not touched. Leaves an event of type `annals.index.rebuild`. 404 when \
                      there is no rebuild under way.",
        answers: &[Answer {
            description: "It has ended.",
            content: &[json("#IndexRebuild", &[])],
            ..ANSWER
        }],
        problems: &[404, 501, 507],
        ..ROW
    },
];
