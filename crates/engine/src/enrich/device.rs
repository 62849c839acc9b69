//! The device behind a user agent string.
//!
//! Only families are told (`Windows`, `Chrome`), no versions: a browser that renews itself every
//! month is still the same device to its owner. The user agent itself is kept in the event.
//!
//! The type follows these rules, the first that holds:
//! 1. `bot`: the patterns call it a spider, or it calls itself one.
//! 2. `tablet`: an iPad, something that calls itself a tablet, or Android without `Mobile`.
//! 3. `mobile`: a telephone, any other device of iOS or Android, or whatever says `Mobile`.
//! 4. `other`: anything that is no browser (`curl`, `aws-cli`, `kubectl`), televisions, consoles.
//! 5. `desktop`: a browser on an operating system for desktops.
//! 6. `other`.

use std::sync::LazyLock;

use annals_domain::event::Device;
use moka::sync::Cache;
use ua_parser::Extractor;

mod patterns;

/// How many user agents are remembered.
const REMEMBERED_MAX: u64 = 10_000;
/// Only the beginning of a user agent is looked at, bytes; real ones are shorter than half of it.
/// Bounds the time that a made-up one can take.
const READ_BYTES_MAX: usize = 512;

static PATTERNS: LazyLock<Extractor<'static>> = LazyLock::new(|| {
    patterns::shipped()
        .expect("the shipped patterns are read by a test")
        .try_into()
        .expect("the shipped patterns are compiled by a test")
});

/// Compiles the patterns, unless that was done before.
pub(super) fn compile_patterns() {
    LazyLock::force(&PATTERNS);
}

/// Reads devices, and remembers the most used.
#[derive(Debug)]
pub(super) struct DeviceReader {
    remembered: Cache<String, Option<Device>>,
}

impl DeviceReader {
    pub(super) fn new() -> Self {
        Self { remembered: Cache::new(REMEMBERED_MAX) }
    }

    /// The device behind `user_agent`; none when nothing is known of it.
    pub(super) fn device_of(&self, user_agent: &str) -> Option<Device> {
        self.remembered_or(user_agent, read)
    }

    fn remembered_or(
        &self,
        user_agent: &str,
        read: impl FnOnce(&str) -> Option<Device>,
    ) -> Option<Device> {
        self.remembered.get_with_by_ref(user_agent, || read(user_agent))
    }
}

/// What the patterns say, as far as it is something.
#[derive(Debug, Default)]
struct Findings<'a> {
    user_agent: &'a str,
    browser: Option<String>,
    os: Option<String>,
    model: Option<String>,
}

fn read(user_agent: &str) -> Option<Device> {
    let user_agent = user_agent.trim();
    let user_agent = &user_agent[..user_agent.floor_char_boundary(READ_BYTES_MAX)];
    if user_agent.is_empty() {
        return None;
    }
    let (browser, os, device) = PATTERNS.extract(user_agent);
    let something = |text: &str| (!text.is_empty() && text != "Other").then(|| text.to_owned());
    let findings = Findings {
        user_agent,
        browser: browser.and_then(|browser| something(&browser.family)),
        os: os.and_then(|os| something(&os.os)),
        model: device.and_then(|device| something(&device.device)),
    };
    Some(Device {
        device_type: Some(findings.device_type().to_owned()),
        name: findings.name(),
        os: findings.os.as_deref().map(common_name).map(str::to_owned),
        browser: findings.program().or(findings.browser),
    })
}

/// The name that people use for an operating system today.
fn common_name(os: &str) -> &str {
    match os {
        "Mac OS X" => "macOS",
        other => other,
    }
}

impl Findings<'_> {
    fn device_type(&self) -> &'static str {
        if self.is_bot() {
            "bot"
        } else if self.is_tablet() {
            "tablet"
        } else if self.is_mobile() {
            "mobile"
        } else if self.is_browser() && self.has_desktop_os() {
            "desktop"
        } else {
            "other"
        }
    }

    fn is_bot(&self) -> bool {
        let calls_itself_bot = || {
            let lower = self.user_agent.to_ascii_lowercase();
            ["bot/", "bot-", "bot;", "crawler", "spider"].iter().any(|word| lower.contains(word))
        };
        self.model.as_deref() == Some("Spider") || calls_itself_bot()
    }

    fn is_tablet(&self) -> bool {
        let is_android_without_mobile = self.os.as_deref() == Some("Android")
            && self.is_browser()
            && !self.says("Mobile")
            && !self.says("TV");
        let model = self.model.as_deref().unwrap_or_default();
        model.starts_with("iPad")
            || model.starts_with("Kindle")
            || model == "Generic Tablet"
            || self.says("Tablet;")
            || is_android_without_mobile
    }

    fn is_mobile(&self) -> bool {
        const SYSTEMS: &[&str] =
            &["iOS", "Windows Phone", "BlackBerry OS", "KaiOS", "HarmonyOS", "Symbian OS"];
        let os = self.os.as_deref().unwrap_or_default();
        let is_android = os == "Android" && !self.says("TV");
        is_android || SYSTEMS.contains(&os) || self.says("Mobile") || self.says("Opera Mini")
    }

    /// Browsers have begun with these words for thirty years; programs name themselves.
    fn is_browser(&self) -> bool {
        self.user_agent.starts_with("Mozilla/") || self.user_agent.starts_with("Opera/")
    }

    fn has_desktop_os(&self) -> bool {
        const SYSTEMS: &[&str] = &[
            "Windows",
            "Mac OS X",
            "Linux",
            "Chrome OS",
            "Ubuntu",
            "Debian",
            "Fedora",
            "Red Hat",
            "CentOS",
            "SUSE",
            "Gentoo",
            "Arch Linux",
            "FreeBSD",
            "OpenBSD",
            "NetBSD",
            "Solaris",
        ];
        SYSTEMS.contains(&self.os.as_deref().unwrap_or_default())
    }

    /// The name of a program that is no browser: what stands before its version.
    fn program(&self) -> Option<String> {
        if self.is_browser() {
            return None;
        }
        let end = self.user_agent.find(['/', ' ', '(', ';']).unwrap_or(self.user_agent.len());
        let name = &self.user_agent[..end];
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// The model, unless it only repeats the type.
    fn name(&self) -> Option<String> {
        // `K` is what Chrome on Android says instead of the model.
        let tells_nothing = |model: &str| {
            matches!(model, "Spider" | "K" | "Generic Smartphone" | "Generic Feature Phone")
                || model.starts_with("Generic Tablet")
        };
        self.model.clone().filter(|model| !tells_nothing(model))
    }

    fn says(&self, word: &str) -> bool {
        self.user_agent.contains(word)
    }
}

#[cfg(test)]
mod tests;
