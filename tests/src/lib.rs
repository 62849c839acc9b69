//! Harness of the end-to-end tests: it starts the real `annals` program and speaks HTTP and
//! WebSocket to it, as any application would.
//!
//! The tests themselves are in `tests/e2e/`. They belong to the package `annals`, because only there
//! does cargo build the program before them and tell where it is; so the harness takes its path as a
//! parameter. What goes wrong in the harness ends the test: it panics with the reason.

mod caller;
mod canaries;
mod disk;
mod foreign;
mod graphql;
mod ledger;
mod moto;
mod program;
mod redis;
pub mod samples;
mod service;
mod setup;
mod sockets;
mod waiting;

pub use caller::{Address, Answer, Caller, PAGE_MAX, RECORDED};
pub use canaries::{Canaries, Sighting};
pub use foreign::{install_node_packages, python_with_packages, run_script};
pub use graphql::{GraphqlAnswer, Operation};
pub use ledger::{Ledger, Place, check_whole};
pub use moto::Moto;
pub use program::{Ended, Program};
pub use redis::Redis;
pub use service::TestService;
pub use setup::{Secrets, Setup};
pub use sockets::{Closed, GraphqlSocket, LogStream, Subscription};
pub use waiting::{PATIENCE, Waiting, wait_until};
