//! Has the system send what the client library writes at once.
//!
//! The library leaves Nagle's algorithm on (RFC 896): each call goes out in two small pieces, and the
//! second waits some 40 ms for the other side to acknowledge the first. The library gives no access to
//! its sockets, so those that have appeared while it connected are set by way of the process's own
//! descriptors. Where the system does not allow that (some containers do not), calls are slower.

use std::collections::BTreeSet;
use std::sync::Once;

use tracing::info;

/// The sockets that were open at a moment.
pub(crate) struct OpenSockets(BTreeSet<i32>);

impl OpenSockets {
    /// Those of this process.
    pub(crate) fn now() -> Self {
        Self(list())
    }

    /// Sets all sockets that were opened since to send at once. That some may belong to other parts of
    /// the process does no harm.
    pub(crate) fn hurry_later_ones(&self) {
        static TOLD: Once = Once::new();
        if let Err(error) = hurry(list().difference(&self.0).copied()) {
            TOLD.call_once(|| {
                info!(%error, "calls to the event log take some 40 ms longer than they need to: the \
                     process may not look at its own sockets (pidfd_getfd)");
            });
        }
    }
}

#[cfg(target_os = "linux")]
fn list() -> BTreeSet<i32> {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return BTreeSet::new() };
    let is_socket = |path: &std::path::Path| {
        std::fs::read_link(path).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))
    };
    let sockets = entries.flatten().map(|entry| entry.path()).filter(|path| is_socket(path));
    sockets.filter_map(|path| path.file_name()?.to_str()?.parse().ok()).collect()
}

#[cfg(target_os = "linux")]
fn hurry(sockets: impl Iterator<Item = i32>) -> std::io::Result<()> {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
    let this = pidfd_open(getpid(), PidfdFlags::empty())?;
    for socket in sockets {
        match pidfd_getfd(&this, socket, PidfdGetfdFlags::empty()) {
            // Sockets of other kinds do not know this option.
            Ok(same) => drop(rustix::net::sockopt::set_tcp_nodelay(&same, true)),
            // It was closed meanwhile.
            Err(rustix::io::Errno::BADF) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn list() -> BTreeSet<i32> {
    BTreeSet::new()
}

#[cfg(not(target_os = "linux"))]
fn hurry(_: impl Iterator<Item = i32>) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_socket_opened_later_sends_at_once_and_one_from_before_does_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let before = TcpStream::connect(address).unwrap();
        let open = OpenSockets::now();
        let later = TcpStream::connect(address).unwrap();
        match hurry(list().difference(&open.0).copied()) {
            Ok(()) => assert!(later.nodelay().unwrap()),
            // Some containers do not allow it; then everything stays as it was.
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
                assert!(!later.nodelay().unwrap());
            }
        }
        assert!(!before.nodelay().unwrap());
    }
}
