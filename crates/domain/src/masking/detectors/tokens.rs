//! Keys and tokens of well-known shapes.

use std::sync::LazyLock;

use regex::Regex;

use super::Found;

/// Where a PEM block begins, and how far its first line may reach (RFC 7468).
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const FENCE: &str = "-----";
const LABEL_MAX: usize = 64;

/// Three parts in base64url, the first two JSON objects (RFC 7519); the signature may be empty.
static JWT: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*"));

/// RFC 6750, section 2.1.
static BEARER: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)\bbearer[\s:]{1,4}([A-Za-z0-9._~+/-]{16,}=*)"));

/// Prefixes as their makers publish them for scanners.
static API_KEY: LazyLock<Regex> = LazyLock::new(|| {
    let shapes = [
        r"(?:AKIA|ASIA)[A-Z0-9]{16}\b", // Amazon Web Services
        r"gh[pousr]_[A-Za-z0-9]{36,}",  // GitHub
        r"github_pat_[A-Za-z0-9_]{22,}",
        r"glpat-[A-Za-z0-9_-]{20,}",       // GitLab
        r"xox[abeoprs]-[A-Za-z0-9-]{10,}", // Slack
        r"xapp-[0-9]-[A-Za-z0-9-]{10,}",
        r"hooks\.slack\.com/services/[A-Za-z0-9/]{20,}",
        r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}", // Stripe
        r"whsec_[A-Za-z0-9+/]{24,}",
        r"AIza[0-9A-Za-z_-]{35}", // Google
        r"GOCSPX-[0-9A-Za-z_-]{20,}",
        r"ya29\.[0-9A-Za-z_-]{20,}",
        r"sk-(?:ant|proj|svcacct)-[A-Za-z0-9_-]{24,}", // Anthropic, OpenAI
        r"sk-[A-Za-z0-9]{40,}",
        r"npm_[A-Za-z0-9]{36}", // npm, PyPI
        r"pypi-[A-Za-z0-9_-]{50,}",
        r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}", // SendGrid
        r"dop_v1_[a-f0-9]{64}",                      // DigitalOcean
        r"hv[sb]\.[A-Za-z0-9_-]{24,}",               // HashiCorp Vault
        r"annals_[A-Za-z0-9]{16}_[A-Za-z0-9_-]{43}_[A-Za-z0-9]{6}",
    ];
    regex(&format!(r"\b(?:{})", shapes.join("|")))
});

fn regex(pattern: &str) -> Regex {
    // Bytes are told apart as ASCII; what is beyond it is no part of any of these.
    Regex::new(&format!("(?-u){pattern}")).expect("the pattern is a constant that tests use")
}

pub(super) fn jwts(text: &str, found: Found<'_>) {
    JWT.find_iter(text).for_each(|token| found(token.start(), token.end()));
}

/// A sentence may go on after the word; tokens hold digits.
pub(super) fn bearers(text: &str, found: Found<'_>) {
    for token in BEARER.captures_iter(text).filter_map(|captures| captures.get(1)) {
        if token.as_str().bytes().any(|byte| byte.is_ascii_digit()) {
            found(token.start(), token.end());
        }
    }
}

pub(super) fn api_keys(text: &str, found: Found<'_>) {
    API_KEY.find_iter(text).for_each(|key| found(key.start(), key.end()));
}

/// From `-----BEGIN ... PRIVATE KEY-----` to the end of the block, or of the text where that was cut.
pub(super) fn private_keys(text: &str, found: Found<'_>) {
    let mut at = 0;
    while let Some(place) = text[at..].find(BEGIN) {
        let start = at + place;
        let label_start = start + BEGIN.len();
        at = label_start;
        let Some(label) = text[label_start..].find(FENCE).filter(|length| *length <= LABEL_MAX)
        else {
            continue;
        };
        let label = &text[label_start..label_start + label];
        if !label.ends_with("PRIVATE KEY") && !label.ends_with("PRIVATE KEY BLOCK") {
            continue;
        }
        let end = text[label_start..].find(END).map(|place| label_start + place + END.len());
        let end = end.map_or(text.len(), |end| {
            text[end..].find(FENCE).map_or(text.len(), |place| end + place + FENCE.len())
        });
        found(start, end);
        at = end;
    }
}
