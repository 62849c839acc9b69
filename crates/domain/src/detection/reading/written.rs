//! Rules as they are written, and the kinds that are made of that.

use serde::Deserialize;

use super::{filter, lasting, times_of};
use crate::catalogue::Catalogue;
use crate::detection::parts::Part;
use crate::detection::rule::Kind;
use crate::event::Severity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RulesFile {
    #[serde(default)]
    pub(super) rule: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) why: String,
    pub(super) severity: Severity,
    pub(super) filter: String,
    #[serde(default)]
    pub(super) key: Vec<Part>,
    pub(super) cooldown: Option<String>,
    pub(super) threshold: Option<Threshold>,
    pub(super) sequence: Option<Sequence>,
    pub(super) first_seen: Option<FirstSeen>,
    pub(super) vanished: Option<Vanished>,
    pub(super) rate: Option<Rate>,
    pub(super) travel: Option<Travel>,
    pub(super) off_hours: Option<OffHours>,
    pub(super) outside_hours: Option<OutsideHours>,
    pub(super) self_grant: Option<SelfGrant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Threshold {
    pub(super) times: u32,
    pub(super) within: String,
    pub(super) distinct: Option<Part>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sequence {
    #[serde(default = "once")]
    pub(super) times: u32,
    pub(super) then: String,
    pub(super) within: String,
}

fn once() -> u32 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FirstSeen {
    pub(super) of: Vec<Part>,
    pub(super) learn_events: u32,
    pub(super) learn: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vanished {
    pub(super) learn_events: u32,
    pub(super) silence: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rate {
    pub(super) least: u32,
    pub(super) factor: u32,
    pub(super) learn_days: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Travel {
    pub(super) speed_max: u32,
    pub(super) least: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OffHours {
    pub(super) learn_events: u32,
    pub(super) margin: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutsideHours {
    pub(super) from: u8,
    pub(super) until: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SelfGrant {}

/// What makes the rule speak: one kind, and no two.
pub(super) fn kind(written: &Written, catalogue: &Catalogue) -> Result<Kind, String> {
    let mut kinds = Vec::new();
    if let Some(Threshold { times, within, distinct }) = &written.threshold {
        let within = lasting("within", within)?;
        kinds.push(Kind::Threshold { times: times_of(*times)?, within, distinct: *distinct });
    }
    if let Some(Sequence { times, then, within }) = &written.sequence {
        kinds.push(Kind::Sequence {
            times: times_of(*times)?,
            then_query: then.clone(),
            then: filter("then", then, catalogue)?,
            within: lasting("within", within)?,
        });
    }
    if let Some(FirstSeen { of, learn_events, learn }) = &written.first_seen {
        if of.is_empty() {
            return Err("`first_seen.of` names nothing; write such as [\"device\"]".into());
        }
        let (of, learn) = (of.clone(), lasting("learn", learn)?);
        kinds.push(Kind::FirstSeen { of, learn_events: *learn_events, learn });
    }
    if let Some(Vanished { learn_events, silence }) = &written.vanished {
        let silence = lasting("silence", silence)?;
        kinds.push(Kind::Vanished { learn_events: (*learn_events).max(2), silence });
    }
    if let Some(Rate { least, factor, learn_days }) = &written.rate {
        if *factor < 2 {
            return Err("`rate.factor` must be at least 2".into());
        }
        kinds.push(Kind::Rate { least: *least, factor: *factor, learn_days: *learn_days });
    }
    if let Some(Travel { speed_max, least }) = &written.travel {
        kinds.push(Kind::Travel { speed_max: (*speed_max).max(1), least: *least });
    }
    if let Some(OffHours { learn_events, margin }) = &written.off_hours {
        if *margin > 8 {
            return Err("`off_hours.margin` is at most 8 hours".into());
        }
        kinds.push(Kind::OffHours { learn_events: *learn_events, margin: *margin });
    }
    if let Some(OutsideHours { from, until }) = &written.outside_hours {
        if from >= until || *until > 24 {
            return Err("`outside_hours` goes from an hour to a later one, at most 24".into());
        }
        kinds.push(Kind::OutsideHours { from: *from, until: *until });
    }
    if let Some(SelfGrant {}) = &written.self_grant {
        kinds.push(Kind::SelfGrant);
    }
    match kinds.len() {
        1 => Ok(kinds.remove(0)),
        count => Err(format!(
            "it has {count} kinds; write one of `threshold`, `sequence`, `first_seen`, `vanished`, \
             `rate`, `travel`, `off_hours`, `outside_hours`, `self_grant`"
        )),
    }
}
