//! `[keys]`: who wraps the root key.

use std::path::{Path, PathBuf};

use annals_kms::{AwsCredentials, AwsKms, AwsSettings, LocalKey, VaultSettings, VaultTransit};
use annals_ports::MasterKeys;
use anyhow::Context;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::secrets;

/// `[keys]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeySettings {
    /// Who wraps the root key.
    pub(crate) provider: Provider,
    /// Where Vault answers.
    pub(crate) vault_address: String,
    /// Where its transit engine is mounted.
    pub(crate) vault_mount: String,
    /// Name of the key in it.
    pub(crate) vault_key: String,
    /// File with the token for it.
    pub(crate) vault_token_file: PathBuf,
    /// Region of the key.
    pub(crate) aws_region: String,
    /// Id, ARN or alias of the key.
    pub(crate) aws_key: String,
    /// Where AWS KMS answers; empty: the region's own.
    pub(crate) aws_endpoint: String,
    /// File with the credentials; empty: in the environment.
    pub(crate) aws_credentials_file: PathBuf,
}

/// Who wraps the root key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub(crate) enum Provider {
    /// A key in a file
    File,
    /// A key in the environment variable `ANNALS_MASTER_KEY`
    Environment,
    /// The transit engine of Vault or `OpenBao`
    Vault,
    /// AWS KMS
    AwsKms,
}

impl KeySettings {
    /// Sets the provider up; a key file in the data directory is made when there is none and `may_make`.
    pub(crate) fn open(
        &self,
        data_dir: &Path,
        may_make: bool,
    ) -> anyhow::Result<Box<dyn MasterKeys>> {
        Ok(match self.provider {
            Provider::File => Box::new(LocalKey::of_file(secrets::master_key(data_dir, may_make)?)),
            Provider::Environment => {
                Box::new(LocalKey::of_environment(secrets::master_key_of_environment()?))
            }
            Provider::Vault => Box::new(self.vault()?),
            Provider::AwsKms => Box::new(self.aws()?),
        })
    }

    fn vault(&self) -> anyhow::Result<VaultTransit> {
        let file = &self.vault_token_file;
        let token = secrets::text_for_the_owner_alone(file).with_context(|| {
            format!("reading `keys.vault_token_file`, the file `{}`", file.display())
        })?;
        Ok(VaultTransit::new(VaultSettings {
            address: self.vault_address.clone(),
            mount: self.vault_mount.clone(),
            key: self.vault_key.clone(),
            token: Zeroizing::new(token.trim().to_owned()),
        })?)
    }

    fn aws(&self) -> anyhow::Result<AwsKms> {
        let settings = AwsSettings {
            region: self.aws_region.clone(),
            key: self.aws_key.clone(),
            endpoint: self.aws_endpoint.clone(),
        };
        Ok(AwsKms::new(settings, self.aws_credentials()?)?)
    }

    fn aws_credentials(&self) -> anyhow::Result<AwsCredentials> {
        let file = &self.aws_credentials_file;
        if file.as_os_str().is_empty() {
            let variable = |name: &str| std::env::var(name).ok();
            return credentials(variable).context(
                "AWS KMS needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or \
                 `keys.aws_credentials_file`",
            );
        }
        let text = secrets::text_for_the_owner_alone(file).with_context(|| {
            format!("reading `keys.aws_credentials_file`, the file `{}`", file.display())
        })?;
        credentials(|name| value_in(&text, &name.to_lowercase())).with_context(|| {
            format!(
                "`{}` must have lines `aws_access_key_id = ...` and `aws_secret_access_key = ...`",
                file.display()
            )
        })
    }
}

fn credentials(value: impl Fn(&str) -> Option<String>) -> Option<AwsCredentials> {
    Some(AwsCredentials {
        access_key: value("AWS_ACCESS_KEY_ID")?,
        secret_key: value("AWS_SECRET_ACCESS_KEY")?,
        session_token: value("AWS_SESSION_TOKEN"),
    })
}

/// The first value of a name in lines `name = value`, as in `~/.aws/credentials`.
fn value_in(text: &str, name: &str) -> Option<String> {
    let mut values = text.lines().filter_map(|line| line.split_once('='));
    values.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_as_the_tools_of_aws_write_them() {
        let text = "[default]\naws_access_key_id = AKID\naws_secret_access_key=a/b+c==\n";
        let read = credentials(|name| value_in(text, &name.to_lowercase())).unwrap();
        assert_eq!((read.access_key.as_str(), read.secret_key.as_str()), ("AKID", "a/b+c=="));
        assert_eq!(read.session_token, None);
        assert!(credentials(|name| value_in("[default]", &name.to_lowercase())).is_none());
    }
}
