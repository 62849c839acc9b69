//! Pages that links of messages lead to.

use super::super::model::{ANSWER, Answer, Content, Operation, Parameter, ROW, query};

const TOKEN: Parameter = query(
    "t",
    "The token of the link.",
    r#"{"type":"string","maxLength":1000}"#,
    "\"AAAAAAAAAAAAAAAAAAAAAAAA\"",
);
const HTML: Content = Content {
    media_type: "text/html; charset=utf-8",
    schema: r#"{"type":"string"}"#,
    examples: &[],
};
const GONE: Answer = Answer {
    status: 404,
    description: "A page: the link is not one of Annals, or has ended.",
    content: &[HTML],
    ..ANSWER
};
const IS_DONE: Answer =
    Answer { description: "A page: it is done, or was before.", content: &[HTML], ..ANSWER };
const SHOWN: &[Answer] =
    &[Answer { description: "The page, with a button.", content: &[HTML], ..ANSWER }, GONE];
const DONE: &[Answer] = &[IS_DONE, GONE];
const ENDED: &[Answer] = &[
    IS_DONE,
    GONE,
    Answer {
        status: 409,
        description: "A page: mail of this kind cannot be switched off.",
        content: &[HTML],
        ..ANSWER
    },
];
const PROBLEMS: &[u16] = &[429, 503];

pub(super) const ROWS: &[Operation] = &[
    Operation {
        path: "/not-me",
        id: "showNotMe",
        group: "Notifications",
        summary: "Show the page of a \"this wasn't me\" link",
        description: "For people who follow the link of a message. Changes nothing.",
        open: true,
        parameters: &[TOKEN],
        answers: SHOWN,
        problems: PROBLEMS,
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/not-me",
        id: "sayNotMe",
        group: "Notifications",
        summary: "Say \"this wasn't me\" by a link",
        description: "The button of the page. Records a dispute once; security is told.",
        open: true,
        parameters: &[TOKEN],
        answers: DONE,
        problems: PROBLEMS,
        ..ROW
    },
    Operation {
        path: "/unsubscribe",
        id: "showUnsubscribe",
        group: "Notifications",
        summary: "Show the page of an unsubscribe link",
        description: "For people who follow the link of a message. Changes nothing.",
        open: true,
        parameters: &[TOKEN],
        answers: SHOWN,
        problems: PROBLEMS,
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/unsubscribe",
        id: "unsubscribe",
        group: "Notifications",
        summary: "End mail of a kind by a link",
        description: "The button of the page, and what mail programs send by themselves (RFC 8058). Switches \
                      that kind off for mail in the person's preferences.",
        open: true,
        parameters: &[TOKEN],
        answers: ENDED,
        problems: PROBLEMS,
        ..ROW
    },
    Operation {
        path: "/verify-address",
        id: "showVerifyAddress",
        group: "Notifications",
        summary: "Show the page of a link that verifies an address",
        description: "For people who follow the link of a message. Changes nothing.",
        open: true,
        parameters: &[TOKEN],
        answers: SHOWN,
        problems: PROBLEMS,
        ..ROW
    },
    Operation {
        method: "POST",
        path: "/verify-address",
        id: "verifyAddressByLink",
        group: "Notifications",
        summary: "Verify an address by a link",
        description: "The button of the page.",
        open: true,
        parameters: &[TOKEN],
        answers: DONE,
        problems: PROBLEMS,
        ..ROW
    },
];
