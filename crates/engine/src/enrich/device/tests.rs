use std::cell::Cell;

use super::*;

/// User agent, then type, name, operating system and browser; `-` for none.
const DEVICES: &[(&str, &str)] = &[
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        "desktop | - | Windows | Chrome",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.87",
        "desktop | - | Windows | Edge",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
        "desktop | - | Windows | Firefox",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
        "desktop | - | Windows | IE",
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
        "desktop | Mac | macOS | Safari",
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36",
        "desktop | - | Linux | Chrome",
    ),
    (
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0",
        "desktop | - | Ubuntu | Firefox",
    ),
    (
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36",
        "desktop | - | Chrome OS | Chrome",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        "mobile | iPhone | iOS | Mobile Safari",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1",
        "mobile | iPhone | iOS | Chrome Mobile iOS",
    ),
    (
        "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
        "tablet | iPad | iOS | Mobile Safari",
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.71 Mobile Safari/537.36",
        "mobile | Pixel 8 | Android | Chrome Mobile",
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36",
        "mobile | - | Android | Chrome Mobile",
    ),
    (
        "Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
        "mobile | Samsung SM-S918B | Android | Samsung Internet",
    ),
    (
        "Mozilla/5.0 (Linux; Android 12; SM-X906C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36",
        "tablet | Samsung SM-X906C | Android | Chrome",
    ),
    (
        "Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0",
        "mobile | - | Android | Firefox Mobile",
    ),
    (
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "bot | - | - | Googlebot",
    ),
    (
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "bot | - | - | bingbot",
    ),
    (
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "bot | - | - | Slackbot-LinkExpanding",
    ),
    ("curl/8.5.0", "other | - | - | curl"),
    ("python-requests/2.31.0", "other | - | - | python-requests"),
    (
        "aws-cli/2.13.5 Python/3.11.4 Linux/5.15.0-1042-aws exe/x86_64.ubuntu.22 prompt/off command/s3.ls",
        "other | - | Linux | aws-cli",
    ),
    ("kubectl/v1.29.3 (linux/amd64) kubernetes/6813625", "other | - | Linux | kubectl"),
    ("Go-http-client/2.0", "other | - | - | Go-http-client"),
    ("PostmanRuntime/7.39.0", "other | - | - | PostmanRuntime"),
    ("console.amazonaws.com", "other | - | - | console.amazonaws.com"),
    (
        "Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7 Build/TQ3A.230805.001)",
        "mobile | Pixel 7 | Android | Dalvik",
    ),
    ("VAMobile/2.34 CFNetwork/1494.0.7 Darwin/23.4.0", "mobile | iOS-Device | iOS | VAMobile"),
    (
        "Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) 94.0.4606.31/7.0 TV Safari/537.36",
        "other | Samsung SMART-TV | Tizen | Safari",
    ),
];

#[test]
fn user_agents_of_every_kind_are_told_apart() {
    let reader = DeviceReader::new();
    for (user_agent, expected) in DEVICES {
        let device = reader.device_of(user_agent).unwrap();
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        let told = [device.device_type, device.name, device.os, device.browser].map(or_dash);
        assert_eq!(told.join(" | "), *expected, "{user_agent}");
    }
}

#[test]
fn a_user_agent_that_says_nothing_gives_no_device() {
    let reader = DeviceReader::new();
    assert_eq!(reader.device_of(""), None);
    assert_eq!(reader.device_of("   "), None);
}

#[test]
fn a_user_agent_is_read_once_and_then_remembered() {
    let reader = DeviceReader::new();
    let readings = Cell::new(0);
    let read = |user_agent: &str| {
        readings.set(readings.get() + 1);
        Some(Device { browser: Some(user_agent.into()), ..Device::default() })
    };
    for _ in 0..3 {
        let device = reader.remembered_or("curl/8.5.0", read).unwrap();
        assert_eq!(device.browser.as_deref(), Some("curl/8.5.0"));
    }
    reader.remembered_or("wget/1.21", read);
    assert_eq!(readings.get(), 2);
}

#[test]
fn what_is_remembered_is_bounded() {
    let reader = DeviceReader::new();
    for i in 0..REMEMBERED_MAX * 2 {
        reader.remembered_or(&format!("probe/{i}"), |_| None);
    }
    reader.remembered.run_pending_tasks();
    assert!(reader.remembered.entry_count() <= REMEMBERED_MAX);
}

#[test]
fn only_the_beginning_of_a_long_user_agent_is_read() {
    let long = format!("Mozilla/5.0 ({}) Chrome/126.0.0.0", "é".repeat(400));
    let device = read(&long).unwrap();
    assert_eq!(device.browser, None);
}
