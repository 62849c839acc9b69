//! The log on a server: one node alone, what goes wrong with it, and several nodes of one log.
//!
//! The server is the test double of the crate `annals-eventstoredb-double`, in the process of the tests.

mod command_line;
mod integrity;
mod killing;
mod one_node;
mod outages;
mod rate_limits;
mod reading_own_writes;
pub(crate) mod receiver;
mod refusals;
mod retention;
mod roles;
mod taking_over;

use std::time::Duration;

use annals_eventstoredb_double::{Options, Server};
use annals_tests::{Secrets, Setup, TestService};

use crate::ANNALS;

/// Within this time after a fault has ended the service answers again.
const RECOVERY: Duration = Duration::from_secs(5);

/// A server that holds its events in memory.
fn server() -> Server {
    Server::start(Options::default())
}

/// A node of the log on a server.
async fn node(url: &str, secrets: &Secrets) -> TestService {
    TestService::start_as(ANNALS, Setup::node_of(url, secrets)).await
}
