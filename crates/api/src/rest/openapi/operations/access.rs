//! API keys, revocations, tokens of browsers, emergency access, and who may do what.

use super::super::model::{ANSWER, Answer, Operation, Parameter, ROW, json};

const KEY_ID: Parameter = Parameter {
    name: "id",
    place: "path",
    description: "Public id of the key.",
    schema: r#"{"type":"string","minLength":1}"#,
    example: "\"mfrggzdfmztwq2lk\"",
};
const GLASS_ID: Parameter = Parameter {
    name: "id",
    place: "path",
    description: "Id of the emergency access: the event that opened it.",
    schema: r#"{"type":"string","format":"uuid"}"#,
    example: "\"01890a5d-ac96-774b-bcce-b302099a8057\"",
};
const NOTHING: Answer = Answer { status: 204, description: "It is done.", ..ANSWER };

pub(super) const ROWS: &[Operation] = &[
    Operation {
        method: "POST",
        path: "/api/v1/api-keys",
        id: "createApiKey",
        group: "Access",
        summary: "Make an API key",
        description: "Needs `manage_api_keys`. A key holds no more than its maker may do. The secret \
                      is in this answer and nowhere else.",
        body: &[json("#ApiKeyInput", &["apiKeyInput"])],
        answers: &[Answer {
            status: 201,
            description: "The key, with its secret.",
            content: &[json("#ApiKeyMade", &[])],
            ..ANSWER
        }],
        problems: &[409],
        secret: true,
        ..ROW
    },
    Operation {
        path: "/api/v1/api-keys",
        id: "listApiKeys",
        group: "Access",
        summary: "List the API keys",
        description: "Needs `manage_api_keys`. Oldest first, without secrets; also those that hold \
                      no longer.",
        answers: &[Answer {
            description: "The keys.",
            content: &[json("#ApiKeyList", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/api-keys/{id}/rotate",
        id: "rotateApiKey",
        group: "Access",
        summary: "Give an API key a new secret",
        description: "Needs `manage_api_keys`. The former secret goes on until the grace ends.",
        parameters: &[KEY_ID],
        body: &[json("#ApiKeyRotation", &["apiKeyRotation"])],
        answers: &[Answer {
            description: "The key, with its new secret.",
            content: &[json("#ApiKeyMade", &[])],
            ..ANSWER
        }],
        problems: &[404, 409],
        secret: true,
        ..ROW
    },
    Operation {
        method: "DELETE",
        path: "/api/v1/api-keys/{id}",
        id: "revokeApiKey",
        group: "Access",
        summary: "Revoke an API key",
        description: "Needs `manage_api_keys`. It holds no longer, on all nodes.",
        parameters: &[KEY_ID],
        answers: &[NOTHING],
        problems: &[404],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/revocations",
        id: "revokeAccess",
        group: "Access",
        summary: "Revoke tokens",
        description: "Needs `revoke_access`. One token, all of a person or service, or all of the \
                      tenant: those that were issued before now are refused, and open sockets close.",
        body: &[json("#RevocationInput", &["revocationInput"])],
        answers: &[Answer {
            status: 201,
            description: "What was revoked.",
            content: &[json("#Revocation", &[])],
            ..ANSWER
        }],
        problems: &[409],
        ..ROW
    },
    Operation {
        path: "/api/v1/revocations",
        id: "listRevocations",
        group: "Access",
        summary: "List the revocations",
        description: "Needs `revoke_access`. The newest 1000; the reason stands in the event of \
                      that id.",
        answers: &[Answer {
            description: "The revocations, newest first.",
            content: &[json("#RevocationList", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/relay/tokens",
        id: "issueRelayToken",
        group: "Access",
        summary: "Make a token for a browser",
        description: "Needs `issue_relay_tokens`. With it a page records events of these types in \
                      the name of this person, for some minutes, at `/api/v1/relay`.",
        body: &[json("#RelayTokenInput", &["relayTokenInput"])],
        answers: &[Answer {
            status: 201,
            description: "The token.",
            content: &[json("#RelayToken", &[])],
            ..ANSWER
        }],
        secret: true,
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/relay",
        id: "relayEvents",
        group: "Events",
        summary: "Record events from a browser",
        description: "Takes a token of `/api/v1/relay/tokens` and no other. Who acts, the source, the \
                      session and the address are the token's and the connection's, whatever the \
                      events say. Up to 20 events, 64 KiB.",
        body: &[json("#RelayBody", &["relayedEvent"])],
        answers: &[
            Answer {
                status: 201,
                description: "All are recorded.",
                content: &[json("#BulkAnswer", &[])],
                ..ANSWER
            },
            Answer {
                status: 202,
                description: "All are taken on, to be recorded later.",
                content: &[json("#BulkAnswer", &[])],
                ..ANSWER
            },
            Answer {
                status: 207,
                description: "Some are refused; each tells.",
                content: &[json("#BulkAnswer", &[])],
                ..ANSWER
            },
            Answer {
                status: 422,
                description: "All are refused; each tells why.",
                content: &[json("#BulkAnswer", &[])],
                ..ANSWER
            },
        ],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/break-glass",
        id: "openBreakGlass",
        group: "Access",
        summary: "Open emergency access",
        description: "Needs `break_glass`. The caller sees everything of the tenant until the time \
                      ends; the witness is told at once.",
        body: &[json("#BreakGlassInput", &["breakGlassInput"])],
        answers: &[Answer {
            status: 201,
            description: "It is open.",
            content: &[json("#BreakGlass", &[])],
            ..ANSWER
        }],
        problems: &[409],
        ..ROW
    },
    Operation {
        path: "/api/v1/break-glass",
        id: "listBreakGlass",
        group: "Access",
        summary: "List emergency accesses",
        description: "Needs `read_access_policy`. The newest 100, open and past; the reason stands \
                      in the event of that id.",
        answers: &[Answer {
            description: "The emergency accesses, newest first.",
            content: &[json("#BreakGlassList", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        method: "DELETE",
        path: "/api/v1/break-glass/{id}",
        id: "closeBreakGlass",
        group: "Access",
        summary: "Close emergency access",
        description: "One's own, or with `revoke_access` anybody's.",
        parameters: &[GLASS_ID],
        answers: &[NOTHING],
        problems: &[404],
        ..ROW
    },
    Operation {
        path: "/api/v1/access/policy",
        id: "getAccessPolicy",
        group: "Access",
        summary: "Read the roles and what each may do",
        description: "Needs `read_access_policy`.",
        answers: &[Answer {
            description: "Roles, permissions and masks.",
            content: &[json("#AccessPolicy", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        path: "/api/v1/access/me",
        id: "getMyAccess",
        group: "Access",
        summary: "Read what the caller is and may do",
        description: "For whoever is recognised.",
        answers: &[Answer {
            description: "What the caller is and may do.",
            content: &[json("#MyAccess", &[])],
            ..ANSWER
        }],
        ..ROW
    },
];
