//! `DELETE /api/v1/logs/cleanup`: the retention job.

use super::super::model::{ANSWER, Answer, Operation, ROW, json, query};

pub(super) const ROWS: &[Operation] = &[Operation {
    method: "DELETE",
    path: "/api/v1/logs/cleanup",
    id: "removeExpiredEvents",
    group: "Operation",
    summary: "Remove events whose time is over",
    description: "Needs the permission `clean_up`. Looks for events of the caller's tenant that are \
                  older than the span of their retention class. Unless it is a dry run they are \
                  removed, for good, once an event of type `annals.retention.run` tells of it. Up to \
                  100,000 at a time; `more` tells that more are due. Their ids stay used, and places \
                  are not numbered anew. One run at a time (409). Where the log is kept on a server \
                  its streams are removed from their beginning: `waiting` tells what is due and lies \
                  behind something that stays.",
    parameters: &[query(
        "dry_run",
        "Whether to look only; so it is when not given.",
        r#"{"type":"boolean","default":true}"#,
        "true",
    )],
    answers: &[Answer {
        description: "What is due, and what was removed.",
        content: &[json("#RetentionRun", &[])],
        ..ANSWER
    }],
    problems: &[409, 501, 507],
    ..ROW
}];
