//! `annals keys rotate-tenant`: asks a running service, which records it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use serde_json::Value;

use crate::answers::{Problem, read_bounded};
use crate::exit::{self, Failure};
use crate::secrets;

/// An answer takes no longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Has a running service rotate the key of a tenant
///
/// The token's role needs the permission `manage_keys` (`security_officer`, `admin`). Keys of persons are
/// wrapped anew in the background; no event is written anew.
#[derive(Debug, clap::Args)]
pub(crate) struct RotateTenantArgs {
    /// Whose key; the token must be of this tenant
    #[arg(long, value_name = "TENANT")]
    tenant: String,
    /// Address of the server
    #[arg(long, env = "ANNALS_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Token of a security officer; `annals token --role security_officer` makes one
    #[arg(
        long,
        env = "ANNALS_TOKEN",
        hide_env_values = true,
        required_unless_present = "token_file"
    )]
    token: Option<String>,
    /// A file with the token, which goes before `--token`
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

pub(super) async fn run(args: RotateTenantArgs) -> anyhow::Result<()> {
    let token = match (&args.token_file, &args.token) {
        (Some(file), _) => secrets::password(file)
            .with_context(|| format!("reading the token in `{}`", file.display()))?,
        (None, Some(token)) => token.trim().to_owned(),
        (None, None) => bail!("a token is needed: give --token-file or ANNALS_TOKEN"),
    };
    let client = Client::builder()
        .timeout(PATIENCE)
        .redirect(Policy::none())
        .user_agent(concat!("annals-keys/", env!("CARGO_PKG_VERSION")))
        .build()
        .context("preparing to speak HTTP")?;
    let url = args.url.trim_end_matches('/');
    let ask = async |method: Method, path: &str| -> anyhow::Result<Value> {
        let request = client.request(method, format!("{url}{path}")).bearer_auth(&token);
        let answer = request.send().await.with_context(|| format!("asking {url}"))?;
        let status = answer.status();
        let body = read_bounded(answer, ANSWER_BYTES_MAX).await?;
        if !status.is_success() {
            let message = format!("{url}{path}: {status}: {}", Problem::of(&body).sentence());
            return Err(Failure::new(exit::FAILED, message).into());
        }
        serde_json::from_slice(&body).with_context(|| format!("{url}{path} answered no JSON"))
    };
    let me = ask(Method::GET, "/api/v1/access/me").await?;
    let tenant = me["tenant"].as_str().unwrap_or_default();
    if tenant != args.tenant {
        let message = format!("the token is of the tenant `{tenant}`, not of `{}`", args.tenant);
        return Err(Failure::new(exit::USAGE, message).into());
    }
    let rotated = ask(Method::POST, "/api/v1/keys/rotation").await?;
    println!(
        "the key of the tenant {tenant} has version {} now; the keys of persons are wrapped anew in \
         the background",
        rotated["version"]
    );
    Ok(())
}
