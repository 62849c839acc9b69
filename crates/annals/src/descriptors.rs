//! Open files: each connection is one, and so is each file of the log and the index. Connections must
//! not use up what recording needs, so they are bounded by what the system allows.

use annals_domain::limits::Limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::{debug, warn};

/// Kept for the log, the index and other stores, and for connections to servers.
const RESERVE: u64 = 512;

/// The limits, with as many connections as the system allows after its limit was raised.
pub(crate) fn fitted(mut limits: Limits) -> Limits {
    let allowed = raised();
    let asked = limits.request.connections_max;
    let fitting = connections_within(allowed, asked);
    if fitting < asked {
        warn!(
            "the system allows {allowed} open files, so at most {fitting} connections are taken \
             instead of {asked}: raise the limit (`LimitNOFILE=` of systemd, `ulimit -n`) to {}",
            asked as u64 + RESERVE
        );
        limits.request.connections_max = fitting;
    }
    limits
}

/// Raises the limit of open files as far as this process may, and tells what it is then.
fn raised() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let before = current.unwrap_or(u64::MAX);
    if current == maximum {
        return before;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum.unwrap_or(u64::MAX),
        Err(error) => {
            debug!(%error, "the limit of open files cannot be raised");
            before
        }
    }
}

/// How many connections fit beside what recording needs; with very few files it is half of them.
fn connections_within(files: u64, asked: usize) -> usize {
    let left = files - RESERVE.min(files / 2);
    usize::try_from(left).unwrap_or(usize::MAX).min(asked).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_log() {
        for (files, asked, fitting) in [
            (u64::MAX, 4096, 4096),
            (5000, 4096, 4096),
            (4608, 4096, 4096),
            (4607, 4096, 4095),
            (1024, 4096, 512),
            (128, 4096, 64),
            (1, 4096, 1),
            (0, 4096, 1),
            (1024, 10, 10),
        ] {
            assert_eq!(connections_within(files, asked), fitting, "{files} {asked}");
        }
    }

    #[test]
    fn the_limit_is_as_high_as_it_may_be() {
        let allowed = raised();
        let now = getrlimit(Resource::Nofile);
        assert_eq!((now.current, Some(allowed)), (now.maximum, now.maximum.or(Some(u64::MAX))));
    }
}
