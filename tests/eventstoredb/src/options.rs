//! What a node is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::access::User;

/// How a server behaves, apart from its faults.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens; port 0 takes a free one and keeps it over restarts.
    pub listen: SocketAddr,
    /// Whether it listens at once; else the port is only reserved, and connections are refused.
    pub listening: bool,
    /// Where events are kept; in memory only without.
    pub directory: Option<PathBuf>,
    /// Whether writes are answered only after a sync of the file.
    pub durable: bool,
    /// Who may call. Without any, everyone may do everything.
    pub users: Vec<User>,
    /// The version it tells.
    pub version: String,
    /// Whether it tells that it knows batch append; servers before 21.10 do not.
    pub batch_append: bool,
    /// Largest sum of data and metadata of one append, in bytes.
    pub max_append_size: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            listening: true,
            directory: None,
            durable: true,
            users: Vec::new(),
            version: "24.10.0".to_owned(),
            batch_append: true,
            max_append_size: 1 << 20,
        }
    }
}
