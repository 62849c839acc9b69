//! A small disk of a service's own: a tmpfs that only its process sees.

use std::path::Path;

use tokio::process::Command;

use crate::program::Program;

/// Starts the program with a disk of so many bytes in the place of its data directory.
///
/// `unshare` and `sh` make way for the program, so the process is the program's.
pub(crate) fn command(program: &Program, data_dir: &Path, bytes: u64) -> Command {
    std::fs::create_dir_all(data_dir).expect("the temporary directory can be written");
    let mount = "mount -t tmpfs -o size=$1,mode=0700 none \"$2\" && shift 2 && exec \"$@\"";
    let mut command = program.command_by("unshare");
    command
        .args([if is_root() { "-m" } else { "-rm" }, "sh", "-c", mount, "sh"])
        .arg(bytes.to_string())
        .arg(data_dir)
        .arg(program.path());
    command
}

fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let user = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    user.is_some_and(|ids| ids.split_whitespace().nth(1) == Some("0"))
}
