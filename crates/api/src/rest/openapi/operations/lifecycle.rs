//! Retention policies, legal holds, erasures, and the certificates of what was done.

use super::super::model::{ANSWER, Answer, Operation, Parameter, ROW, TEXT, json};

const ID: Parameter = Parameter {
    name: "id",
    place: "path",
    description: "Id of the event that began it.",
    schema: r#"{"type":"string","format":"uuid"}"#,
    example: "\"01890a5d-ac96-774b-bcce-b302099a8057\"",
};

pub(super) const ROWS: &[Operation] = &[
    Operation {
        path: "/api/v1/retention",
        id: "getRetention",
        group: "Lifecycle",
        summary: "How long events are kept",
        description: "Needs `read_access_policy`. The spans of the installation, the rules of the \
                      tenant, who proposed which, the time that retention goes by, and how the \
                      last run of the job ended on this node.",
        answers: &[Answer {
            description: "How retention stands.",
            content: &[json("#Retention", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/retention/proposals",
        id: "proposeRetentionPolicy",
        group: "Lifecycle",
        summary: "Propose a retention policy",
        description: "Needs `manage_retention`, and a person's token. Of the rules that an event \
                      falls under the first counts. When nothing goes earlier by it, it is in \
                      force at once; else a second person has to approve it, and it comes into \
                      force after a delay.",
        body: &[json("#RetentionPolicyInput", &["retentionPolicyInput"])],
        answers: &[Answer {
            status: 201,
            description: "The proposal.",
            content: &[json("#RetentionProposal", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/retention/proposals/{id}/approve",
        id: "approveRetentionPolicy",
        group: "Lifecycle",
        summary: "Approve a retention policy",
        description: "Needs `manage_retention`, and another person than the one who proposed it.",
        parameters: &[ID],
        body: &[json("#Decision", &["decision"])],
        answers: &[Answer {
            description: "The proposal.",
            content: &[json("#RetentionProposal", &[])],
            ..ANSWER
        }],
        problems: &[404, 409],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/retention/proposals/{id}/reject",
        id: "rejectRetentionPolicy",
        group: "Lifecycle",
        summary: "Reject a retention policy",
        description: "Needs `manage_retention`. Also takes back one's own. One that is in force is \
                      replaced by proposing another.",
        parameters: &[ID],
        body: &[json("#Decision", &["decision"])],
        answers: &[Answer {
            description: "The proposal.",
            content: &[json("#RetentionProposal", &[])],
            ..ANSWER
        }],
        problems: &[404, 409],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/retention/simulation",
        id: "simulateRetentionPolicy",
        group: "Lifecycle",
        summary: "See what would go under a policy",
        description: "Needs `manage_retention`. Looks through the whole log, and changes nothing.",
        body: &[json("#RetentionRules", &["retentionRules"])],
        answers: &[Answer {
            description: "What would be due now.",
            content: &[json("#RetentionSimulation", &[])],
            ..ANSWER
        }],
        problems: &[409],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/retention/clock",
        id: "confirmClock",
        group: "Lifecycle",
        summary: "Confirm the clock",
        description: "Needs `manage_retention`, and a person's token. Events expire by time that \
                      was measured: what passes while the service is stopped does not count until \
                      somebody vouches for its clock. `now` is what another clock tells; it may \
                      differ from that of the service by five minutes.",
        body: &[json("#ClockConfirmation", &["clockConfirmation"])],
        answers: &[Answer {
            description: "The time from now on.",
            content: &[json("#ClockConfirmed", &[])],
            ..ANSWER
        }],
        problems: &[507],
        ..ROW
    },
    Operation {
        path: "/api/v1/certificates/{id}",
        id: "getCertificate",
        group: "Lifecycle",
        summary: "Get a certificate",
        description: "Needs `clean_up` or `manage_erasures`. A signed note about what was removed \
                      or who was erased, by the event that tells of it; `annals verify \
                      --certificate` checks it without the service.",
        parameters: &[ID],
        answers: &[Answer { description: "The certificate.", content: &[TEXT], ..ANSWER }],
        problems: &[404],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/holds",
        id: "placeHold",
        group: "Lifecycle",
        summary: "Place a legal hold",
        description: "Needs `manage_holds`, and a person's token. It is in force with this answer, \
                      also for events to come; what is relative in the query counts from now. \
                      Empty: every event of the tenant.",
        body: &[json("#HoldInput", &["holdInput"])],
        answers: &[Answer {
            status: 201,
            description: "The hold.",
            content: &[json("#Hold", &[])],
            ..ANSWER
        }],
        problems: &[409],
        ..ROW
    },
    Operation {
        path: "/api/v1/holds",
        id: "listHolds",
        group: "Lifecycle",
        summary: "List the legal holds",
        description: "Needs `manage_holds` or `manage_erasures`. Newest first, also those that are \
                      over.",
        answers: &[Answer {
            description: "The holds.",
            content: &[json("#HoldList", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        path: "/api/v1/holds/{id}",
        id: "getHold",
        group: "Lifecycle",
        summary: "Get a legal hold",
        description: "Needs `manage_holds` or `manage_erasures`.",
        parameters: &[ID],
        answers: &[Answer { description: "The hold.", content: &[json("#Hold", &[])], ..ANSWER }],
        problems: &[404],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/holds/{id}/approve",
        id: "approveHold",
        group: "Lifecycle",
        summary: "Approve a legal hold",
        description: "Needs `manage_holds`, and another person than the one who placed it.",
        parameters: &[ID],
        body: &[json("#Decision", &["decision"])],
        answers: &[Answer { description: "The hold.", content: &[json("#Hold", &[])], ..ANSWER }],
        problems: &[404, 409],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/holds/{id}/release",
        id: "releaseHold",
        group: "Lifecycle",
        summary: "Release a legal hold",
        description: "Needs `manage_holds`. The first call asks for the end of the hold; that of \
                      another person ends it.",
        parameters: &[ID],
        body: &[json("#Decision", &["decision"])],
        answers: &[Answer { description: "The hold.", content: &[json("#Hold", &[])], ..ANSWER }],
        problems: &[404, 409],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/erasures",
        id: "requestErasure",
        group: "Lifecycle",
        summary: "Ask for the erasure of a person",
        description: "Needs `manage_erasures`, and a person's token. A second person approves it.",
        body: &[json("#ErasureInput", &["erasureInput"])],
        answers: &[Answer {
            status: 201,
            description: "The request.",
            content: &[json("#Erasure", &[])],
            ..ANSWER
        }],
        problems: &[409],
        ..ROW
    },
    Operation {
        path: "/api/v1/erasures",
        id: "listErasures",
        group: "Lifecycle",
        summary: "List the requests for erasure",
        description: "Needs `manage_erasures`. The newest 500.",
        answers: &[Answer {
            description: "The requests.",
            content: &[json("#ErasureList", &[])],
            ..ANSWER
        }],
        ..ROW
    },
    Operation {
        path: "/api/v1/erasures/{id}",
        id: "getErasure",
        group: "Lifecycle",
        summary: "Get a request for erasure",
        description: "Needs `manage_erasures`.",
        parameters: &[ID],
        answers: &[Answer {
            description: "The request.",
            content: &[json("#Erasure", &[])],
            ..ANSWER
        }],
        problems: &[404],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/erasures/{id}/approve",
        id: "approveErasure",
        group: "Lifecycle",
        summary: "Approve an erasure",
        description: "Needs `manage_erasures`, and another person than the one who asked. Refused \
                      with the reasons (409) when a legal hold covers events of the person, or a \
                      law has them kept. Else the person's key is destroyed and all that was \
                      derived from their data is cleared; the certificate follows.",
        parameters: &[ID],
        body: &[json("#Decision", &["decision"])],
        answers: &[Answer {
            status: 202,
            description: "The request; it is carried out now.",
            content: &[json("#Erasure", &[])],
            ..ANSWER
        }],
        problems: &[404, 409],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/access-requests",
        id: "requestPersonCopy",
        group: "Lifecycle",
        summary: "Have a copy made of all that is kept about a person",
        description: "Needs `manage_erasures`, and a person's token (GDPR article 15). A file of \
                      JSON is written in the background, as for an export: every event about the \
                      person, done by them or in their name, without what is about others. `GET \
                      /api/v1/exports/{id}/file` gives it to who asked.",
        body: &[json("#PersonCopyInput", &["personCopyInput"])],
        answers: &[Answer {
            status: 202,
            description: "The export.",
            content: &[json("#Export", &[])],
            ..ANSWER
        }],
        problems: &[429],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/rectifications",
        id: "rectifyPerson",
        group: "Lifecycle",
        summary: "Put right what is kept about a person",
        description: "Needs `manage_erasures`, and a person's token (GDPR article 16). Stored \
                      events never change: an event in the person's stream tells what is right, \
                      and which event is wrong.",
        body: &[json("#RectificationInput", &["rectificationInput"])],
        answers: &[Answer {
            status: 201,
            description: "The event that tells what is right.",
            content: &[json("#Rectification", &[])],
            ..ANSWER
        }],
        problems: &[404, 507],
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/api/v1/erasures/{id}/reject",
        id: "rejectErasure",
        group: "Lifecycle",
        summary: "Reject an erasure",
        description: "Needs `manage_erasures`. Also takes back one's own, as long as it has not \
                      begun.",
        parameters: &[ID],
        body: &[json("#Decision", &["decision"])],
        answers: &[Answer {
            description: "The request.",
            content: &[json("#Erasure", &[])],
            ..ANSWER
        }],
        problems: &[404, 409],
        ..ROW
    },
];
