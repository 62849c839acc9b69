//! Places that take notifications, and messages on their way there.

use super::super::model::{ANSWER, Answer, Operation, Parameter, ROW, json, query};

const ENDPOINT_ID: Parameter = Parameter {
    name: "id",
    place: "path",
    description: "Id of the endpoint.",
    schema: r#"{"type":"string","format":"uuid"}"#,
    example: "\"01890a5d-ac96-774b-bcce-b302099a8057\"",
};
const DELIVERY_ID: Parameter = Parameter {
    name: "id",
    place: "path",
    description: "Id of the delivery, as its receiver has it.",
    schema: r#"{"type":"string","format":"uuid"}"#,
    example: "\"01890a5d-ac96-774b-bcce-b302099a8057\"",
};

const IF_MATCH: Parameter = Parameter {
    name: "If-Match",
    place: "header",
    description: "`ETag` of the endpoint that was seen; or `*`.",
    schema: r#"{"type":"string"}"#,
    example: "\"*\"",
};

pub(super) const ENDPOINTS: &[Operation] = &[
    Operation {
        path: "/api/v1/notifications/endpoints",
        id: "listNotificationEndpoints",
        group: "Notifications",
        summary: "List the endpoints",
        description: "Needs `manage_notifications`. By name, without secrets: of a URL scheme, host \
                      and port alone.",
        answers: &[Answer {
            description: "The endpoints.",
            content: &[json("#NotificationEndpointList", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/notifications/endpoints",
        id: "createNotificationEndpoint",
        group: "Notifications",
        summary: "Make an endpoint",
        description: "Needs `manage_notifications`; a full one needs `read_tenant_events` as well, in a role \
                      that shows all events and hides nothing of them. The secret is in this answer and \
                      nowhere else. 409 when the tenant has as many endpoints as it may.",
        body: &[json("#NotificationEndpointInput", &["notificationEndpointInput"])],
        answers: &[Answer {
            status: 201,
            description: "The endpoint, with its secret.",
            content: &[json("#NotificationEndpointMade", &[])],
            headers: &["Location"],
            ..ANSWER
        }],
        problems: &[409],
        secret: true,
        ..ROW
    },
    Operation {
        path: "/api/v1/notifications/endpoints/{id}",
        id: "getNotificationEndpoint",
        group: "Notifications",
        summary: "Read an endpoint",
        description: "Needs `manage_notifications`.",
        parameters: &[ENDPOINT_ID],
        answers: &[Answer {
            description: "The endpoint.",
            content: &[json("#NotificationEndpoint", &[])],
            ..ANSWER
        }],
        problems: &[404],
        ..ROW
    },
    Operation {
        method: "PUT",
        path: "/api/v1/notifications/endpoints/{id}",
        id: "changeNotificationEndpoint",
        group: "Notifications",
        summary: "Change an endpoint, or switch it on or off",
        description: "Needs `manage_notifications`; what is or becomes a full one needs `read_tenant_events` \
                      as well, in a role that shows all events and hides nothing of them, unless it is but \
                      switched off. What the body does not name stays as it is. Kind and signature do not \
                      change: make another endpoint. 412 when it was changed since it was seen.",
        parameters: &[ENDPOINT_ID, IF_MATCH],
        body: &[json("#NotificationEndpointChange", &["notificationEndpointChange"])],
        answers: &[Answer {
            description: "The endpoint as it is now.",
            content: &[json("#NotificationEndpoint", &[])],
            ..ANSWER
        }],
        problems: &[404, 409, 412, 428],
        ..ROW
    },
    Operation {
        method: "DELETE",
        path: "/api/v1/notifications/endpoints/{id}",
        id: "removeNotificationEndpoint",
        group: "Notifications",
        summary: "Remove an endpoint",
        description: "Needs `manage_notifications`. What is still on its way to it is given up.",
        parameters: &[ENDPOINT_ID, IF_MATCH],
        answers: &[Answer { status: 204, description: "It is gone.", ..ANSWER }],
        problems: &[404, 412],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/notifications/endpoints/{id}/rotate",
        id: "rotateNotificationEndpoint",
        group: "Notifications",
        summary: "Give an endpoint a new secret",
        description: "Needs `manage_notifications`. The secret before signs for a day longer beside the \
                      new one. 409 for endpoints for which nothing is signed.",
        parameters: &[ENDPOINT_ID],
        answers: &[Answer {
            description: "The endpoint, with its new secret.",
            content: &[json("#NotificationEndpointMade", &[])],
            ..ANSWER
        }],
        problems: &[404, 409],
        secret: true,
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/notifications/endpoints/{id}/test",
        id: "testNotificationEndpoint",
        group: "Notifications",
        summary: "Send an endpoint a message to see whether it takes one",
        description: "Needs `manage_notifications`. The message is delivered as any other. 409 while the \
                      endpoint is switched off.",
        parameters: &[ENDPOINT_ID],
        answers: &[Answer {
            status: 202,
            description: "It is on its way.",
            content: &[json("#NotificationTest", &[])],
            headers: &["Location"],
            ..ANSWER
        }],
        problems: &[404, 409],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/notifications/endpoints/{id}/replay",
        id: "replayNotificationEndpoint",
        group: "Notifications",
        summary: "Send an endpoint once more what it was sent",
        description: "Needs `manage_notifications`. Messages about events that were recorded in the range, \
                      delivered or given up, are sent in order with the same ids; up to 10 000, as far as \
                      the outbox still has them. 409 while the endpoint is switched off.",
        parameters: &[ENDPOINT_ID],
        body: &[json("#NotificationReplayInput", &["notificationReplayInput"])],
        answers: &[Answer {
            status: 202,
            description: "They are on their way.",
            content: &[json("#NotificationReplay", &[])],
            ..ANSWER
        }],
        problems: &[404, 409],
        ..ROW
    },
];

pub(super) const DELIVERIES: &[Operation] = &[
    Operation {
        path: "/api/v1/notifications/deliveries",
        id: "listNotificationDeliveries",
        group: "Notifications",
        summary: "List messages on their way out, and what became of them",
        description: "Needs `manage_notifications`. Newest first. What messages say, and whom they tell, is \
                      not shown. 503 on a node that does not deliver.",
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
                "endpoint_id",
                "Only those to this endpoint.",
                r#"{"type":"string","format":"uuid"}"#,
                "",
            ),
            query(
                "state",
                "Only those that stand there.",
                r##"{"$ref":"#/components/schemas/NotificationDeliveryState"}"##,
                "\"given_up\"",
            ),
        ],
        answers: &[Answer {
            description: "A page of messages.",
            content: &[json("#NotificationDeliveryPage", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        path: "/api/v1/notifications/deliveries/{id}/attempts",
        id: "listNotificationAttempts",
        group: "Notifications",
        summary: "List the attempts at a message",
        description: "Needs `manage_notifications`. Oldest first.",
        parameters: &[DELIVERY_ID],
        answers: &[Answer {
            description: "The attempts.",
            content: &[json("#NotificationAttemptList", &[])],
            ..ANSWER
        }],
        problems: &[404],
        ..ROW
    },
];
