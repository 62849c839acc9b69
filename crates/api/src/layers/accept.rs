//! What a caller accepts (`Accept`, RFC 9110 12.5.1), and whether an address can answer with it.

/// Whether one of the media types that are on offer is accepted. What cannot be read as a list of
/// ranges excludes nothing: the standard lets a server pass it over.
pub(crate) fn accepts_one_of(accept: &str, offered: &[&str]) -> bool {
    let ranges: Option<Vec<Range<'_>>> =
        accept.split(',').filter(|range| !range.trim().is_empty()).map(Range::read).collect();
    match ranges {
        None => true,
        Some(ranges) if ranges.is_empty() => true,
        Some(ranges) => offered.iter().any(|offer| accepted(&ranges, offer)),
    }
}

/// The narrowest range that names a media type decides.
fn accepted(ranges: &[Range<'_>], offer: &str) -> bool {
    let (kind, subtype) = offer.split_once('/').unwrap_or((offer, ""));
    let narrowness = |range: &&Range<'_>| match (range.kind, range.subtype) {
        ("*", _) => 0,
        (_, "*") => 1,
        _ => 2,
    };
    let matching = ranges.iter().filter(|range| range.names(kind, subtype));
    matching.max_by_key(narrowness).is_some_and(|range| range.wanted)
}

/// A media range; parameters other than its quality are not told apart.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    /// Its quality is not zero.
    wanted: bool,
}

impl<'a> Range<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let mut wanted = true;
        for parameter in parts {
            let (name, value) = parameter.split_once('=')?;
            if name.trim().eq_ignore_ascii_case("q") {
                wanted = value.trim().parse::<f32>().ok()? > 0.0;
            }
        }
        Some(Self { kind, subtype, wanted })
    }

    fn names(&self, kind: &str, subtype: &str) -> bool {
        (self.kind == "*" && self.subtype == "*")
            || (self.kind.eq_ignore_ascii_case(kind)
                && (self.subtype == "*" || self.subtype.eq_ignore_ascii_case(subtype)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_refused_only_when_nothing_fits() {
        let json = &["application/json"][..];
        for (accept, fits) in [
            ("", true),
            ("*/*", true),
            ("application/json", true),
            ("APPLICATION/JSON", true),
            ("application/*", true),
            ("application/json;q=0.1", true),
            ("application/json; charset=utf-8", true),
            ("text/html, application/xhtml+xml, */*;q=0.8", true),
            ("text/html, application/json", true),
            ("text/html", false),
            ("text/*", false),
            ("application/xml, text/html;q=0.9", false),
            ("application/json;q=0", false),
            ("application/json;q=0, */*", false),
            ("application/*;q=0, */*", false),
            ("*/*;q=0", false),
            ("*/*;q=0, application/json", true),
            // What is no list of ranges is passed over.
            ("json", true),
            ("application/json;q=high", true),
            ("text/html;level", true),
            (",", true),
        ] {
            assert_eq!(accepts_one_of(accept, json), fits, "{accept}");
        }
        assert!(accepts_one_of("text/csv", &["application/json", "text/csv"]));
        assert!(!accepts_one_of("text/csv", &[]));
    }
}
