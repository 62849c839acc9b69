//! The index against the meaning of filters, and against what disks and clocks do. What it promises, it
//! promises with encrypted files as with plain ones: both run the same tests.

#[expect(clippy::duplicate_mod, reason = "the same tests, once for each form of files")]
mod encrypted;
mod plain;
