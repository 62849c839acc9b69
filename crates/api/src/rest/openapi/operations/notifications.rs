//! Notification rules, and what holds for all people of a tenant.

use super::super::model::{ANSWER, Answer, Operation, Parameter, ROW, json};

const RULE_ID: Parameter = Parameter {
    name: "id",
    place: "path",
    description: "Id of the rule, in kebab-case.",
    schema: r#"{"type":"string","minLength":1,"maxLength":64}"#,
    example: "\"invoice-viewed\"",
};

const IF_MATCH: Parameter = Parameter {
    name: "If-Match",
    place: "header",
    description: "`ETag` of the rule that was seen; or `*`.",
    schema: r#"{"type":"string"}"#,
    example: "\"*\"",
};

pub(super) const ROWS: &[Operation] = &[
    Operation {
        path: "/api/v1/notifications/rules",
        id: "listNotificationRules",
        group: "Notifications",
        summary: "List the notification rules",
        description: "Needs `manage_notifications`. Those of the tenant and those that ship with Annals, by id. \
                      A shipped one in whose place another stands is left out.",
        answers: &[Answer {
            description: "The rules.",
            content: &[json("#NotificationRuleList", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/notifications/rules/preview",
        id: "previewNotificationRule",
        group: "Notifications",
        summary: "Try a notification rule",
        description: "Needs `manage_notifications`. What the rule would do with an event that the caller may \
                      see: whether it is about it, how many it would reach, and how it reads. Without an event \
                      a sample is worded. Nothing is sent, and what was told before is not looked at.",
        body: &[json("#NotificationRuleTrial", &["notificationRuleTrial"])],
        answers: &[Answer {
            description: "What it would do.",
            content: &[json("#NotificationRulePreview", &[])],
            ..ANSWER
        }],
        problems: &[404],
        ..ROW
    },
    Operation {
        path: "/api/v1/notifications/rules/{id}",
        id: "getNotificationRule",
        group: "Notifications",
        summary: "Read a notification rule",
        description: "Needs `manage_notifications`. The tenant's own before the shipped one.",
        parameters: &[RULE_ID],
        answers: &[Answer {
            description: "The rule.",
            content: &[json("#NotificationRule", &[])],
            ..ANSWER
        }],
        problems: &[404],
        ..ROW
    },
    Operation {
        method: "PUT",
        path: "/api/v1/notifications/rules/{id}",
        id: "setNotificationRule",
        group: "Notifications",
        summary: "Make or change a notification rule",
        description: "Needs `manage_notifications`, and `read_tenant_events` in a role that shows all events \
                      and hides nothing of them. What has the id of a shipped rule stands in its place; in \
                      the place of a mandatory one only if it tells at least as much. A mandatory rule has \
                      neither `dedupe` nor `throttle`. What the body does not name is as in a new rule. In \
                      effect when it is answered. What changes one of the tenant's own says with `If-Match` \
                      which was seen.",
        parameters: &[RULE_ID, IF_MATCH],
        body: &[json("#NotificationRuleInput", &["notificationRuleInput"])],
        answers: &[Answer {
            description: "The rule as it is now.",
            content: &[json("#NotificationRule", &[])],
            ..ANSWER
        }],
        problems: &[404, 409, 412, 428],
        ..ROW
    },
    Operation {
        method: "DELETE",
        path: "/api/v1/notifications/rules/{id}",
        id: "removeNotificationRule",
        group: "Notifications",
        summary: "Take a notification rule away",
        description: "Needs `manage_notifications`. One of the tenant's own; where it stood in the place of a \
                      shipped one, that holds again. 409 for one that ships with Annals.",
        parameters: &[RULE_ID, IF_MATCH],
        answers: &[Answer { status: 204, description: "It is gone.", ..ANSWER }],
        problems: &[404, 409, 412],
        ..ROW
    },
    Operation {
        path: "/api/v1/notifications/preferences",
        id: "getTenantNotificationPreferences",
        group: "Notifications",
        summary: "Read what holds for people who said nothing",
        description: "Needs `manage_notifications`.",
        answers: &[Answer {
            description: "What holds, and what can be chosen.",
            content: &[json("#TenantNotificationPreferences", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        method: "PUT",
        path: "/api/v1/notifications/preferences",
        id: "setTenantNotificationPreferences",
        group: "Notifications",
        summary: "Say what holds for people who said nothing",
        description: "Needs `manage_notifications`. Whole: what is not named is as if it had never been said.",
        body: &[json("#NotificationPreferences", &["notificationPreferences"])],
        answers: &[Answer {
            description: "What holds now.",
            content: &[json("#TenantNotificationPreferences", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        path: "/api/v1/notifications/disputes",
        id: "listDisputes",
        group: "Notifications",
        summary: "List what people say was not them",
        description: "Needs `manage_notifications`. The last 1000, the newest first.",
        answers: &[Answer {
            description: "The disputes.",
            content: &[json("#DisputeList", &[])],
            ..ANSWER
        }],
        ..ROW
    },
];
