//! Whom the person at the page believes: keys of logs, one a line, or a whole policy.

use annals_tlog::Policy;
use annals_tlog::policy::{POLICY_LEN_MAX, PolicyParseError};

/// Reads what was written into the field for keys.
///
/// Where each line is the key of a log, those logs are believed and no witness is asked for.
/// Anything else is a policy (C2SP tlog-policy), which must name its quorum itself, so that no witness
/// in it is passed over in silence. Lines may end as they do on Windows, blanks around them do not
/// count, and neither do empty lines and those that begin with `#`.
///
/// # Errors
/// When the lines make no policy; the error names the line.
pub(crate) fn parse_trust(text: &[u8]) -> Result<Policy, PolicyParseError> {
    let text = match std::str::from_utf8(text) {
        Ok(readable) if text.len() <= POLICY_LEN_MAX => readable,
        _ => return Policy::parse(text),
    };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut policy = String::with_capacity(text.len() + lines.len() * LOG.len() + QUORUM.len());
    let only_keys = lines.iter().all(|line| is_aside(line) || is_word(line));
    for line in lines {
        if only_keys && !is_aside(line) {
            policy.push_str(LOG);
        }
        policy.push_str(line);
        policy.push('\n');
    }
    if only_keys {
        policy.push_str(QUORUM);
    }
    Policy::parse(policy.as_bytes())
}

const LOG: &str = "log ";
const QUORUM: &str = "quorum none\n";

fn is_aside(line: &str) -> bool {
    line.is_empty() || line.starts_with('#')
}

/// Whether it may be a key, which has no blank in it, unlike every line of a policy.
fn is_word(line: &str) -> bool {
    !line.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests;
