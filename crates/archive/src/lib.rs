//! Stored records outside of the log: in a folder, or in an object store.
//!
//! Backups and archives have one form of records, the *piece*: a Parquet file with one row a stored
//! record ([`records`]). What was sealed in the log is sealed in a piece. Pieces and what tells of them are
//! the objects of a [`objects::Place`].

#![warn(missing_docs)]

pub mod archive;
pub mod backup;
pub mod objects;
pub mod records;
