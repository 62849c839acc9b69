//! The log as anybody can check it.

use super::super::model::{ANSWER, Answer, Content, Operation, Parameter, ROW, TEXT, json};

const SHARD: Parameter = Parameter {
    name: "shard",
    place: "path",
    description: "Name of the Merkle tree, as `/tlog/log.json` tells it: a year.",
    schema: r#"{"type":"string","minLength":1}"#,
    example: "\"2026\"",
};

pub(super) const ROWS: &[Operation] = &[
    Operation {
        path: "/api/v1/logs/{id}/proof",
        id: "proveEvent",
        group: "Proof",
        summary: "Prove that an event is in the log",
        description: "Needs `read_tenant_events`, or `read_own_events` for the caller's own. A file that \
                      foreign tools read (C2SP tlog-proof@v1); its `extra` is the stored header of the \
                      event, of which the leaf is 0x01 and the SHA-256. Right after the event was recorded \
                      the answer takes about a second. 404 also for what the caller may not see.",
        parameters: &[Parameter {
            name: "id",
            place: "path",
            description: "Id of the event.",
            schema: r#"{"type":"string","format":"uuid"}"#,
            example: "\"01890a5d-ac96-774b-bcce-b302099a8057\"",
        }],
        answers: &[Answer { description: "The proof.", content: &[TEXT], ..ANSWER }],
        problems: &[404],
        ..ROW
    },
    Operation {
        path: "/tlog/log.json",
        id: "getLog",
        group: "Proof",
        summary: "Read which Merkle trees there are",
        description: "Their names and sizes, and the keys that verify everything that is signed. 404 on a \
                      node that keeps none.",
        open: true,
        answers: &[Answer {
            description: "The trees, oldest first.",
            content: &[json("#MerkleLog", &[])],
            ..ANSWER
        }],
        problems: &[404],
        ..ROW
    },
    Operation {
        path: "/tlog/log/heads/{day}",
        id: "getStreamHeads",
        group: "Proof",
        summary: "Read the commitment of a day to where all streams ended",
        description: "A signed note: how many streams there were, the root over their names, last revisions \
                      and last leaves, and at which size of which tree. Evidence bundles prove with it that \
                      they leave no event out.",
        open: true,
        parameters: &[Parameter {
            name: "day",
            place: "path",
            description: "The day by UTC.",
            schema: r#"{"type":"string","format":"date"}"#,
            example: "\"2026-11-21\"",
        }],
        answers: &[Answer { description: "The commitment.", content: &[TEXT], ..ANSWER }],
        problems: &[404],
        ..ROW
    },
    Operation {
        path: "/tlog/{shard}/checkpoint",
        id: "getCheckpoint",
        group: "Proof",
        summary: "Read the newest signed size and root of a tree",
        description: "As C2SP tlog-checkpoint writes it. 503 while none may be signed.",
        open: true,
        parameters: &[SHARD],
        answers: &[Answer { description: "The checkpoint.", content: &[TEXT], ..ANSWER }],
        problems: &[404],
        ..ROW
    },
    Operation {
        path: "/tlog/{shard}/checkpoint.cosigned",
        id: "getCosignedCheckpoint",
        group: "Proof",
        summary: "Read the newest checkpoint of a tree that enough witnesses have cosigned",
        description: "The same form with the cosignatures (C2SP tlog-cosignature) below. The tree may have \
                      grown since. 404 while there is none.",
        open: true,
        parameters: &[SHARD],
        answers: &[Answer { description: "The checkpoint.", content: &[TEXT], ..ANSWER }],
        problems: &[404],
        ..ROW
    },
    Operation {
        path: "/tlog/{shard}/tile/{*path}",
        id: "getTile",
        group: "Proof",
        summary: "Read a tile of a tree, or a bundle of its entries",
        description: "`<level>/<n>[.p/<width>]` and `entries/<n>[.p/<width>]`, as C2SP tlog-tiles has them. \
                      A tile never changes.",
        open: true,
        parameters: &[
            SHARD,
            Parameter {
                name: "path",
                place: "path",
                description: "Which tile.",
                schema: r#"{"type":"string","minLength":1}"#,
                example: "\"0/000.p/1\"",
            },
        ],
        answers: &[Answer {
            description: "Hashes of 32 bytes each, or entries with their length before each.",
            content: &[Content {
                media_type: "application/octet-stream",
                schema: r#"{"type":"string","format":"binary"}"#,
                examples: &[],
            }],
            ..ANSWER
        }],
        problems: &[404],
        ..ROW
    },
];
