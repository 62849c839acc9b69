//! What people say of how they are told: their wishes, their addresses, and "this wasn't me".

use super::super::model::{ANSWER, Answer, Operation, Parameter, ROW, json};

const ADDRESS_ID: Parameter = Parameter {
    name: "id",
    place: "path",
    description: "Id of the address.",
    schema: r#"{"type":"string","format":"uuid"}"#,
    example: "\"01890a5d-ac96-774b-bcce-b302099a8057\"",
};

pub(super) const ROWS: &[Operation] = &[
    Operation {
        path: "/api/v1/me/notification-preferences",
        id: "getNotificationPreferences",
        group: "Notifications",
        summary: "Read what the caller wishes to be told",
        description: "Needs `read_own_events`, of a person: keys are told nothing.",
        answers: &[Answer {
            description: "What they wish, and among what they choose.",
            content: &[json("#PersonNotificationPreferences", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        method: "PUT",
        path: "/api/v1/me/notification-preferences",
        id: "setNotificationPreferences",
        group: "Notifications",
        summary: "Say what the caller wishes to be told",
        description: "Needs `read_own_events`, of a person. Whole: what is not named is as if it had never been \
                      said. A mandatory kind cannot be switched off.",
        body: &[json("#NotificationPreferences", &["notificationPreferences"])],
        answers: &[Answer {
            description: "What they wish now.",
            content: &[json("#PersonNotificationPreferences", &[])],
            ..ANSWER
        }],
        problems: &[409],
        ..ROW
    },
    Operation {
        path: "/api/v1/me/addresses",
        id: "listAddresses",
        group: "Notifications",
        summary: "List the mail addresses of the caller",
        description: "Needs `read_own_events`, of a person. The oldest first.",
        answers: &[Answer {
            description: "The addresses.",
            content: &[json("#AddressList", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/me/addresses",
        id: "addAddress",
        group: "Notifications",
        summary: "Add a mail address",
        description: "Needs `read_own_events`, of a person. A one-use code is sent there, which is good for a day; \
                      nothing else is before it was shown. A person has up to 10, and adds up to 20 in a day.",
        body: &[json("#AddressInput", &["addressInput"])],
        answers: &[Answer {
            status: 201,
            description: "The address, not verified yet.",
            content: &[json("#Address", &[])],
            ..ANSWER
        }],
        problems: &[409],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/me/addresses/{id}/verify",
        id: "verifyAddress",
        group: "Notifications",
        summary: "Prove that an address is the caller's",
        description: "Needs `read_own_events`, of a person. With the code that was sent there; case, blanks and \
                      hyphens do not matter. After 5 wrong ones the address must be added anew.",
        parameters: &[ADDRESS_ID],
        body: &[json("#AddressCode", &["addressCode"])],
        answers: &[Answer {
            description: "The address, verified.",
            content: &[json("#Address", &[])],
            ..ANSWER
        }],
        problems: &[404, 409],
        ..ROW
    },
    Operation {
        method: "DELETE",
        path: "/api/v1/me/addresses/{id}",
        id: "removeAddress",
        group: "Notifications",
        summary: "Take an address away",
        description: "Needs `read_own_events`, of a person.",
        parameters: &[ADDRESS_ID],
        answers: &[Answer { status: 204, description: "It is gone.", ..ANSWER }],
        problems: &[404],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/me/disputes",
        id: "raiseDispute",
        group: "Notifications",
        summary: "Say that something was not the caller",
        description: "Needs `read_own_events`, of a person, and an event that concerns them. Security is told. \
                      Saying it again changes nothing and is answered with 200.",
        body: &[json("#DisputeInput", &["disputeInput"])],
        answers: &[
            Answer {
                status: 201,
                description: "It is recorded.",
                content: &[json("#DisputeRaised", &[])],
                ..ANSWER
            },
            Answer {
                description: "It was said before.",
                content: &[json("#DisputeRaised", &[])],
                ..ANSWER
            },
        ],
        problems: &[404],
        ..ROW
    },
];
