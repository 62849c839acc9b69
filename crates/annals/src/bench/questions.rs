//! What is asked for when finding is measured: classes of questions, and requests made of them.
//!
//! An admin's questions tell something of others, so the service records each of them before it
//! answers (`annals.log.read`): that append, with its fsync, is part of every time measured here.
//! Only `own_page` does without: there, persons look at their own events.

use anyhow::bail;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::client::{Answer, Client};

mod samples;

pub(super) use samples::{Sample, Samples};

/// A request, made ready before the time is taken.
pub(super) enum Request {
    Get(String),
    /// A page asked for by somebody else, with their token.
    GetAs(String, String),
    Graphql(String),
}

impl Request {
    /// Asks and expects an answer of success.
    pub(super) fn send(&self, client: &mut Client) -> anyhow::Result<Answer> {
        let answer = match self {
            Self::Get(path) => client.get(path)?,
            Self::GetAs(token, path) => client.get_as(token, path)?,
            Self::Graphql(body) => client.post("/graphql", "application/json", body.as_bytes())?,
        };
        if answer.status != 200 {
            let body = String::from_utf8_lossy(&answer.body[..answer.body.len().min(400)]);
            bail!("{} was answered with {}: {body}", self.shown(), answer.status);
        }
        Ok(answer)
    }

    fn shown(&self) -> &str {
        match self {
            Self::Get(path) | Self::GetAs(_, path) => path,
            Self::Graphql(_) => "a question to GraphQL",
        }
    }
}

/// A class of questions.
pub(super) struct Class {
    pub(super) name: &'static str,
    /// How often it comes in the mixture; 0: only alone.
    pub(super) share: usize,
    ask: Ask,
}

enum Ask {
    Page(fn(&Sample) -> String),
    /// Likewise, with the times of the newest 30 days.
    Recent(fn(&Sample, &Times) -> String),
    Own,
    Dashboard,
    Profile,
}

/// From when to when events happened, as parameters.
pub(super) struct Times {
    all: String,
    recent: String,
    recent_query: String,
}

impl Times {
    pub(super) fn of(oldest: Timestamp, newest: Timestamp) -> Self {
        let until = newest + SignedDuration::from_secs(1);
        let recent = until - SignedDuration::from_hours(30 * 24);
        Self {
            all: format!("from={oldest}&to={until}"),
            recent: format!("from={recent}&to={until}"),
            recent_query: format!("after:{recent} before:{until}"),
        }
    }
}

const fn page(name: &'static str, path: fn(&Sample) -> String) -> Class {
    Class { name, share: 4, ask: Ask::Page(path) }
}

const fn count(name: &'static str, share: usize, path: fn(&Sample, &Times) -> String) -> Class {
    Class { name, share, ask: Ask::Recent(path) }
}

/// All classes: pages, then counts, then what dashboards and profiles show.
pub(super) const CLASSES: &[Class] = &[
    page("latest", |_| "/api/v1/logs".into()),
    // What was read meanwhile is told by small events; without those, pages hold what was recorded.
    page("latest_but_reads", |_| "/api/v1/logs?q=-type:annals.*".into()),
    page("actor", |s| format!("/api/v1/logs?user_id={}", s.actor)),
    page("type", |s| format!("/api/v1/logs?type={}", s.event_type)),
    page("type_prefix", |_| "/api/v1/logs?q=type:user.*".into()),
    page("text", |s| format!("/api/v1/logs?q={}", s.word)),
    page("text_two_words", |s| format!("/api/v1/logs?q={}+{}", s.word, s.other_word)),
    count("text_and_range", 4, |s, times| format!("/api/v1/logs?q={}&{}", s.word, times.recent)),
    page("text_and_past_range", |s| {
        format!("/api/v1/logs?q={}&from={}&to={}", s.word, s.month_before, s.at)
    }),
    page("rare_text", |s| format!("/api/v1/logs?q={}", s.rare_word)),
    page("rare", |s| format!("/api/v1/logs?q=session:{}", s.session)),
    page("outcome_and_severity", |_| "/api/v1/logs?outcome=failure&severity=warning".into()),
    page("negation", |s| format!("/api/v1/logs?q=-type:{}+-outcome:success", s.event_type)),
    page("deep_page", |s| format!("/api/v1/logs?cursor={}", s.cursor)),
    page("oldest", |_| "/api/v1/logs?order=oldest".into()),
    Class { name: "own_page", share: 4, ask: Ask::Own },
    page("count", |s| format!("/api/v1/logs?limit=1&count=true&q={}", s.word)),
    count("count_all_matches", 0, |s, times| {
        format!("/api/v1/logs/stats?by=outcome&q={}&{}", s.word, times.all)
    }),
    count("facets_text", 0, |s, times| format!("{FACETS}&q={}&{}", s.word, times.all)),
    count("facets_histogram_30d", 1, |_, times| format!("{FACETS}&interval=1d&{}", times.recent)),
    count("facets_histogram_all", 0, |_, times| format!("{FACETS}&interval=1mo&{}", times.all)),
    Class { name: "dashboard", share: 1, ask: Ask::Dashboard },
    Class { name: "profile", share: 4, ask: Ask::Profile },
];

const FACETS: &str = "/api/v1/logs/stats?by=type,severity,outcome,operation";

/// One request of a dashboard: a page, facets of all there is, and 30 days of histogram.
const DASHBOARD: &str = "query($recent: String!) { auditEvents(first: 50) { nodes { id type \
    sentence severity occurredAt actor { id name } } pageInfo { endCursor } } facets(fields: \
    [\"type\", \"severity\", \"outcome\", \"operation\"]) { field values { value count } } \
    histogram(query: $recent, interval: DAY, by: \"outcome\") { buckets { start count values { \
    value count } } } }";

const PROFILE: &str = "query($id: String!) { person(id: $id) { name seen { count } counts { type \
    count } devices { device { browser } } timeline(first: 50) { nodes { id sentence } } } }";

impl Class {
    /// Whether it counts over so much that a few a second are much.
    pub(super) fn is_heavy(&self) -> bool {
        self.share <= 1
    }

    /// A request for each sample; none when the class cannot be asked of this service.
    pub(super) fn requests(&self, samples: &Samples) -> Vec<Request> {
        let Samples { all, persons, times } = samples;
        let graphql = |query: &str, variables| {
            Request::Graphql(json!({ "query": query, "variables": variables }).to_string())
        };
        match self.ask {
            Ask::Page(path) => all.iter().map(|sample| Request::Get(path(sample))).collect(),
            Ask::Recent(path) => {
                all.iter().map(|sample| Request::Get(path(sample, times))).collect()
            }
            Ask::Own => persons
                .iter()
                .map(|token| Request::GetAs(token.clone(), "/api/v1/logs".into()))
                .collect(),
            Ask::Dashboard => {
                vec![graphql(DASHBOARD, json!({ "recent": times.recent_query }))]
            }
            Ask::Profile => {
                all.iter().map(|s| graphql(PROFILE, json!({ "id": s.actor }))).collect()
            }
        }
    }
}

/// In which order the classes come in the mixture: each as often as its share, evenly spread.
pub(super) fn mixture(shares: &[usize]) -> Vec<usize> {
    let most = shares.iter().copied().max().unwrap_or_default();
    let mut order = Vec::new();
    for round in 0..most {
        for (class, share) in shares.iter().enumerate() {
            // Of `most` rounds, a class comes in every (most / share)-th.
            if (round + 1) * share / most > round * share / most {
                order.push(class);
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixture_holds_each_class_as_often_as_its_share() {
        assert_eq!(mixture(&[2, 1, 0]), [0, 0, 1]);
        let order = mixture(&[4, 4, 1]);
        let of = |class| order.iter().filter(|it| **it == class).count();
        assert_eq!((of(0), of(1), of(2)), (4, 4, 1));
        assert_eq!(mixture(&[]), Vec::<usize>::new());
    }

    #[test]
    fn no_two_classes_have_the_same_name() {
        let names: std::collections::HashSet<_> = CLASSES.iter().map(|class| class.name).collect();
        assert_eq!(names.len(), CLASSES.len());
    }
}
