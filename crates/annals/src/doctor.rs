//! `annals doctor`: what is right and what is wrong with an installation, without changing it.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_notify::{Carriers, NoLinks};
use annals_store_eventstoredb::rights::{self, Rights};
use annals_store_sqlite::{DataDir, SqliteSpool};

use crate::configuration::{Settings, StoreSettings};
use crate::exit::{self, Failure};
use crate::links;
use crate::master_key::Provider;
use crate::secrets::MASTER_KEY_FILE;
use crate::store;

/// Looks at a data directory and the settings, and says what should be changed.
#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    /// The data directory
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,
    /// Settings that go before the built-in ones
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the log is kept, as for `annals serve`
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
}

/// One finding.
struct Finding {
    grade: Grade,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grade {
    Good,
    Advice,
    Wrong,
}

pub(crate) async fn run(args: DoctorArgs) -> anyhow::Result<()> {
    let mut findings = Vec::new();
    if let Some(settings) = look_at_settings(&args, &mut findings) {
        look_at_server(&settings.store, &mut findings).await;
    }
    look_at_data(&args.data_dir, &mut findings);
    let mut out = std::io::stdout().lock();
    for finding in &findings {
        let mark = match finding.grade {
            Grade::Good => "ok     ",
            Grade::Advice => "advice ",
            Grade::Wrong => "WRONG  ",
        };
        writeln!(out, "{mark} {}", finding.text)?;
    }
    match findings.iter().filter(|finding| finding.grade == Grade::Wrong).count() {
        0 => Ok(()),
        count => Err(Failure::new(exit::FAILED, format!("{count} things are wrong")).into()),
    }
}

/// Looks at the settings, and returns them when they can be read.
fn look_at_settings(args: &DoctorArgs, findings: &mut Vec<Finding>) -> Option<Settings> {
    let mut say = |grade, text: String| findings.push(Finding { grade, text });
    let settings = match Settings::load(args.config.as_deref()) {
        Ok(mut settings) => {
            if let Some(store) = &args.store {
                settings.store.url.clone_from(store);
            }
            settings
        }
        Err(error) => {
            say(Grade::Wrong, format!("{error:#}"));
            return None;
        }
    };
    say(Grade::Good, "the settings are readable".into());
    if settings.auth.keys.is_empty() {
        let text = "no `auth.keys`: tokens are verified with a development secret";
        say(Grade::Advice, text.into());
    }
    let exposed = !["127.", "localhost", "[::1]"]
        .iter()
        .any(|loopback| settings.server.listen.starts_with(loopback));
    if exposed {
        let text = "the service listens beyond this machine in plain HTTP: put TLS in front of it";
        say(Grade::Advice, text.into());
    }
    let of_file = settings.keys.provider == Provider::File;
    if of_file && std::env::var_os(MASTER_KEY_FILE).is_none() {
        let text = format!("{MASTER_KEY_FILE} is not set: the master key lies beside the data");
        say(Grade::Advice, text);
    }
    look_at_carriers(&settings, findings);
    Some(settings)
}

/// Opens the ways out to people, without sending anything.
fn look_at_carriers(settings: &Settings, findings: &mut Vec<Finding>) {
    if let Err(error) = links::base(&settings.server.public_url) {
        findings.push(Finding { grade: Grade::Wrong, text: format!("{error:#}") });
    }
    let (grade, text) = match Carriers::open(&settings.carriers(), Arc::new(NoLinks)) {
        Ok(carriers) => {
            let names: Vec<&str> = carriers.all.iter().map(|carrier| carrier.name()).collect();
            (Grade::Good, format!("messages to people can be carried by {}", names.join(", ")))
        }
        Err(error) => (Grade::Wrong, format!("{:#}", anyhow::Error::from(error))),
    };
    findings.push(Finding { grade, text });
}

/// Looks at the server that the log is kept on: whether it answers, and who may do what there.
async fn look_at_server(store: &StoreSettings, findings: &mut Vec<Finding>) {
    if store.is_embedded() {
        return;
    }
    let mut say = |grade, text: String| findings.push(Finding { grade, text });
    let address = match store::address(store) {
        Ok(address) => address,
        Err(error) => return say(Grade::Wrong, format!("{error:#}")),
    };
    match rights::look(&address).await {
        Err(refusal) => say(Grade::Wrong, refusal.to_string()),
        Ok(Rights::Narrow { writers }) => {
            let text =
                format!("on {address} records can be appended by {} alone", writers.join(", "));
            say(Grade::Good, text);
        }
        Ok(Rights::Wide { reasons }) => {
            let text = format!(
                "on {address} records are not protected: {}; run `annals eventstore setup`",
                reasons.join("; ")
            );
            say(Grade::Wrong, text);
        }
        Ok(Rights::Hidden) => {
            let text = format!(
                "{address} answers, but its rights can be seen by administrators alone: run this \
                 with `--store` and an administrator's URL"
            );
            say(Grade::Advice, text);
        }
    }
}

fn look_at_data(data_dir: &Path, findings: &mut Vec<Finding>) {
    let mut say = |grade, text: String| findings.push(Finding { grade, text });
    let entries = match std::fs::read_dir(data_dir) {
        Ok(entries) => entries,
        Err(error) => {
            let text = format!("the data directory `{}`: {error}", data_dir.display());
            return say(Grade::Wrong, text);
        }
    };
    let open = |path: &Path| {
        std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
    };
    let mut exposed: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| open(path)).collect();
    exposed.extend(Some(data_dir.to_owned()).filter(|path| open(path)));
    match exposed.is_empty() {
        true => say(Grade::Good, "only the owner can read the data".into()),
        false => {
            for path in exposed {
                say(Grade::Wrong, format!("others can read `{}`", path.display()));
            }
        }
    }
    match SqliteSpool::waiting_in(data_dir) {
        Ok(None | Some(0)) => {}
        Ok(Some(waiting)) => say(
            Grade::Advice,
            format!("{waiting} acknowledged events wait in the spool until the log can be written"),
        ),
        Err(error) => say(Grade::Wrong, format!("the spool: {error}")),
    }
    match DataDir::open(data_dir) {
        Ok(_) => say(Grade::Good, "no service has the data open; `annals verify` can run".into()),
        Err(error) => say(Grade::Good, format!("{error}: a service is running on it")),
    }
}
