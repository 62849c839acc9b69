//! Places, devices and applications that events come from.

/// Where somebody lives.
#[derive(Debug, Clone, Copy)]
pub(super) struct City {
    pub(super) name: &'static str,
    pub(super) region: &'static str,
    pub(super) country: &'static str,
    /// First part of the addresses given out there.
    pub(super) first_octet: u8,
    /// Hours from UTC.
    pub(super) offset: i8,
}

const fn city(
    name: &'static str,
    region: &'static str,
    country: &'static str,
    first_octet: u8,
    offset: i8,
) -> City {
    City { name, region, country, first_octet, offset }
}

pub(super) const CITIES: &[City] = &[
    city("New York", "New York", "US", 24, -5),
    city("Los Angeles", "California", "US", 76, -8),
    city("Chicago", "Illinois", "US", 73, -6),
    city("Houston", "Texas", "US", 98, -6),
    city("Phoenix", "Arizona", "US", 68, -7),
    city("Philadelphia", "Pennsylvania", "US", 71, -5),
    city("San Antonio", "Texas", "US", 70, -6),
    city("San Diego", "California", "US", 72, -8),
    city("Denver", "Colorado", "US", 67, -7),
    city("Seattle", "Washington", "US", 50, -8),
    city("Boston", "Massachusetts", "US", 66, -5),
    city("Atlanta", "Georgia", "US", 99, -5),
    city("Anchorage", "Alaska", "US", 64, -9),
    city("Honolulu", "Hawaii", "US", 65, -10),
    city("Toronto", "Ontario", "CA", 142, -5),
    city("Mexico City", "Mexico City", "MX", 187, -6),
    city("São Paulo", "São Paulo", "BR", 177, -3),
    city("London", "England", "GB", 81, 0),
    city("Dublin", "Leinster", "IE", 86, 0),
    city("Paris", "Île-de-France", "FR", 90, 1),
    city("Berlin", "Berlin", "DE", 91, 1),
    city("Zürich", "Zurich", "CH", 178, 1),
    city("Warsaw", "Masovia", "PL", 83, 1),
    city("Helsinki", "Uusimaa", "FI", 88, 2),
    city("Lagos", "Lagos", "NG", 105, 1),
    city("Bengaluru", "Karnataka", "IN", 106, 5),
    city("Tokyo", "Tokyo", "JP", 126, 9),
    city("Sydney", "New South Wales", "AU", 101, 10),
];

pub(super) const DESKTOPS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.87",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36",
];

pub(super) const MOBILES: &[&str] = &[
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 16_7_8 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.71 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 12; SM-X906C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36",
    "CarePortal/4.12.0 (com.example.careportal; build:2207; iOS 17.5.1) Alamofire/5.9.1",
];

/// An application that reports events.
#[derive(Debug, Clone, Copy)]
pub(super) struct Application {
    pub(super) source: &'static str,
    pub(super) version: &'static str,
}

/// What persons use.
pub(super) const PORTALS: &[Application] = &[
    Application { source: "https://portal.example.org", version: "8.14.2" },
    Application { source: "https://portal.example.org/mobile", version: "4.12.0" },
    Application { source: "https://accounts.example.org", version: "3.7.1" },
];
/// What staff use.
pub(super) const CONSOLES: &[Application] = &[
    Application { source: "https://console.example.org", version: "2.31.0" },
    Application { source: "https://records.example.org", version: "11.0.4" },
];
/// Where programs run.
pub(super) const BACKENDS: &[Application] = &[
    Application { source: "urn:example:platform", version: "2025.1" },
    Application { source: "urn:example:jobs", version: "1.19.3" },
];
