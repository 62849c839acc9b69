//! Verifies a directory of log files: `verify_log <directory> <vkey>`; exit code 2 when not whole.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use annals_tlog::{Demands, LogFiles, VerifyingKey, verify_log};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, key] = arguments.as_slice() else {
        return Err("usage: verify_log <directory> <vkey>".into());
    };
    let key = VerifyingKey::parse(key)?;
    let started = Instant::now();
    let report = verify_log(&Files(directory.into()), &key, &Demands::default())?;
    report.findings.kept().iter().for_each(|finding| show(&finding.to_string()));
    let left_out = report.findings.left_out();
    let (entries, tiles, took) = (report.entries, report.tiles, started.elapsed());
    show(&format!("{entries} entries, {tiles} tiles, {left_out} findings not shown, {took:?}"));
    Ok(if report.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

struct Files(PathBuf);

impl LogFiles for Files {
    type Error = io::Error;

    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.0.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            // A tile `273` and the directory `273.p` may both be there; a directory is no file.
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn each_path(&self, see: &mut dyn FnMut(&str)) -> io::Result<()> {
        walk(&self.0, "", see)
    }
}

fn walk(directory: &Path, prefix: &str, see: &mut dyn FnMut(&str)) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &format!("{path}/"), see)?;
        } else {
            see(&path);
        }
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example tells its result on the terminal")]
fn show(line: &str) {
    println!("{line}");
}
