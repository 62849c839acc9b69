//! Saved views.

use super::super::model::{ANSWER, Answer, Operation, Parameter, ROW, json};

const VIEW_ID: Parameter = Parameter {
    name: "id",
    place: "path",
    description: "Id of the view.",
    schema: r#"{"type":"string","minLength":1}"#,
    example: "\"01890a5d-ac96-774b-bcce-b302099a8057\"",
};
const IF_MATCH: Parameter = Parameter {
    name: "If-Match",
    place: "header",
    description: "`ETag` of the view that was seen: its version in quotes; or `*`.",
    schema: r#"{"type":"string"}"#,
    example: "\"\\\"1\\\"\"",
};

pub(super) const ROWS: &[Operation] = &[
    Operation {
        path: "/api/v1/views",
        id: "listViews",
        group: "Views",
        summary: "List the saved views",
        description: "Needs `read_tenant_events` or `read_own_events`. The caller's own views and \
                      those that are shared, by name.",
        answers: &[Answer {
            description: "The views.",
            content: &[json("#ViewList", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/views",
        id: "createView",
        group: "Views",
        summary: "Save a view",
        description: "Needs `read_tenant_events` or `read_own_events`, and `share_views` for one \
                      that is shared.",
        body: &[json("#ViewInput", &["viewInput"])],
        answers: &[Answer {
            status: 201,
            description: "The view.",
            content: &[json("#View", &[])],
            headers: &["Location", "ETag"],
            ..ANSWER
        }],
        problems: &[409],
        ..ROW
    },
    Operation {
        method: "PUT",
        path: "/api/v1/views/default",
        id: "setDefaultView",
        group: "Views",
        summary: "Choose the view that lists begin with",
        description: "Needs `read_tenant_events` or `read_own_events`; for the whole tenant \
                      `share_views`.",
        body: &[json("#DefaultViewInput", &["defaultViewInput"])],
        answers: &[Answer { status: 204, description: "It is done.", ..ANSWER }],
        problems: &[404],
        ..ROW
    },
    Operation {
        path: "/api/v1/views/{id}",
        id: "getView",
        group: "Views",
        summary: "Read a saved view",
        description: "Needs `read_tenant_events` or `read_own_events`. 404 also for a view that is \
                      another person's own. `ETag` is the version in quotes.",
        parameters: &[VIEW_ID],
        answers: &[Answer { description: "The view.", content: &[json("#View", &[])], ..ANSWER }],
        problems: &[404],
        ..ROW
    },
    Operation {
        method: "PUT",
        path: "/api/v1/views/{id}",
        id: "changeView",
        group: "Views",
        summary: "Change a saved view",
        description: "The caller's own, or with `share_views` a shared one. What the body does not \
                      name is as in a new view. 412 when it was changed since it was seen.",
        parameters: &[VIEW_ID, IF_MATCH],
        body: &[json("#ViewInput", &["viewInput"])],
        answers: &[Answer {
            description: "The view as it is now.",
            content: &[json("#View", &[])],
            ..ANSWER
        }],
        problems: &[404, 409, 412, 428],
        ..ROW
    },
    Operation {
        method: "DELETE",
        path: "/api/v1/views/{id}",
        id: "deleteView",
        group: "Views",
        summary: "Delete a saved view",
        description: "The caller's own, or with `share_views` a shared one. Lists that began with it \
                      begin with none.",
        parameters: &[VIEW_ID, IF_MATCH],
        answers: &[Answer { status: 204, description: "It is gone.", ..ANSWER }],
        problems: &[404, 412],
        ..ROW
    },
];
