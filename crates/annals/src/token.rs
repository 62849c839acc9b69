//! `annals token`: a token signed with the development secret.

use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::time::Duration;

use annals_api::auth::{Claims, TenantClaim, sign_development_token};
use annals_domain::TenantId;
use annals_domain::access::AccessPolicy;
use anyhow::Context;

use crate::secrets;

/// Makes a token for trying out, signed with the secret in the data directory.
///
/// A service with `auth.keys` configured does not accept it: there, your identity provider makes
/// the tokens.
#[derive(Debug, clap::Args)]
pub(crate) struct TokenArgs {
    /// The data directory of the service
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,
    /// Who the token is for
    #[arg(long, value_name = "ID")]
    sub: String,
    /// Which tenant they belong to; several separated by commas
    #[arg(long, value_name = "TENANT", value_delimiter = ',', required = true)]
    tenant: Vec<String>,
    /// What they are: admin, auditor, user, writer or another role of `access.toml`; several
    /// separated by commas
    #[arg(long, value_name = "ROLE", value_delimiter = ',', required = true)]
    role: Vec<String>,
    /// How long the token holds, such as 15m, 1h or 30d
    #[arg(long, value_name = "TIME", default_value = "1h")]
    ttl: jiff::SignedDuration,
}

pub(crate) fn run(args: &TokenArgs) -> anyhow::Result<()> {
    let tenants: Result<Vec<TenantId>, _> =
        args.tenant.iter().map(|name| TenantId::new(name)).collect();
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&args.data_dir)
        .with_context(|| format!("making the data directory `{}`", args.data_dir.display()))?;
    warn_of_unknown(&args.role);
    let secret = secrets::token_secret(&args.data_dir)?;
    let now = jiff::Timestamp::now().as_second();
    let ttl = Duration::try_from(args.ttl).context("`--ttl` must not be negative")?;
    let claims = Claims {
        sub: args.sub.clone(),
        tenant: TenantClaim::several(tenants?),
        roles: args.role.clone(),
        exp: now + i64::try_from(ttl.as_secs()).context("`--ttl` is too long")?,
        nbf: None,
        iat: Some(now),
        iss: None,
        aud: None,
        jti: Some(uuid::Uuid::now_v7().to_string()),
    };
    println!("{}", sign_development_token(&claims, &secret)?);
    Ok(())
}

/// A role that only an operator's own file knows is no mistake, but one that is misspelt is.
fn warn_of_unknown(roles: &[String]) {
    let shipped = AccessPolicy::shipped();
    for role in roles.iter().filter(|role| shipped.role(role).is_none()) {
        let known: Vec<&str> = shipped.roles().map(|(name, _)| name).collect();
        eprintln!(
            "annals: `{role}` is no role that ships with Annals ({}); without a role of that name \
             in your `auth.access_file` the token may nothing",
            known.join(", ")
        );
    }
}
