//! Values that rise and fall, and addresses.

use annals_domain::filter::{
    Bound, Field, Filter, NumberRange, Test, TimeRange, canonical_network,
};
use jiff::Timestamp;

use super::super::{AddressFilter, DateTimeFilter, PathFilter, SeverityFilter};
use super::{Lowering, either, wrong};
use crate::error::ApiError;
use crate::graphql::scalars::DateTime;

/// Instants by the microsecond, as the query language has them.
pub(super) fn times(name: &str, range: DateTimeFilter) -> Result<TimeRange, ApiError> {
    let at = |time: DateTime, later: i64| {
        let microsecond = time.0.timestamp.as_microsecond() + later;
        Timestamp::from_microsecond(microsecond).map_err(|_| wrong(name, "lies beyond all times"))
    };
    let mut lowered = TimeRange::default();
    for (time, later) in [(range.gte, 0), (range.gt, 1)] {
        let Some(time) = time else { continue };
        lowered.from = lowered.from.max(Some(at(time, later)?));
    }
    for (time, later) in [(range.lt, 0), (range.lte, 1)] {
        let Some(time) = time else { continue };
        let until = at(time, later)?;
        lowered.until = Some(lowered.until.map_or(until, |other| other.min(until)));
    }
    Ok(lowered)
}

/// The range of numbers, if the filter has one.
pub(super) fn numbers(filter: &PathFilter) -> Option<NumberRange> {
    let range = range([filter.gte, filter.gt], [filter.lte, filter.lt]);
    (range != NumberRange::default()).then_some(range)
}

/// Between the narrower of each two bounds, of which the first belong to the range.
fn range([gte, gt]: [Option<f64>; 2], [lte, lt]: [Option<f64>; 2]) -> NumberRange {
    let inclusive = |at: f64| Bound { at, inclusive: true };
    let exclusive = |at: f64| Bound { at, inclusive: false };
    let from = match (gte, gt) {
        (Some(gte), Some(gt)) if gt < gte => Some(inclusive(gte)),
        (gte, gt) => gt.map(exclusive).or(gte.map(inclusive)),
    };
    let to = match (lte, lt) {
        (Some(lte), Some(lt)) if lt > lte => Some(inclusive(lte)),
        (lte, lt) => lt.map(exclusive).or(lte.map(inclusive)),
    };
    NumberRange { from, to }
}

impl Lowering<'_> {
    pub(super) fn severity(
        &mut self,
        filter: SeverityFilter,
        all: &mut Vec<Filter>,
    ) -> Result<(), ApiError> {
        let word = |severity| annals_domain::event::Severity::from(severity).as_str();
        for any in [filter.eq.map(|one| vec![one]), filter.any_of].into_iter().flatten() {
            all.push(self.any(&["severity"], any.into_iter().map(word))?);
        }
        for none in [filter.neq.map(|one| vec![one]), filter.nin].into_iter().flatten() {
            let any = self.any(&["severity"], none.into_iter().map(word))?;
            all.push(Filter::Not(Box::new(any)));
        }
        let rank = |severity| f64::from(annals_domain::event::Severity::from(severity) as u8);
        let above = [filter.gte.map(rank), filter.gt.map(rank)];
        let range = range(above, [filter.lte.map(rank), filter.lt.map(rank)]);
        if range != NumberRange::default() {
            all.push(self.on_each(&["severity_rank"], &Test::Number(range))?);
        }
        Ok(())
    }

    pub(super) fn addresses(
        &mut self,
        filter: AddressFilter,
        all: &mut Vec<Filter>,
    ) -> Result<(), ApiError> {
        for any in [filter.eq.map(|one| vec![one]), filter.any_of].into_iter().flatten() {
            all.push(self.networks("clientIp", any)?);
        }
        for none in [filter.neq.map(|one| vec![one]), filter.nin].into_iter().flatten() {
            all.push(Filter::Not(Box::new(self.networks("clientIp", none)?)));
        }
        if let Some(exists) = filter.exists {
            let there = self.on_each(&["client.ip"], &Test::Exists)?;
            all.push(if exists { there } else { Filter::Not(Box::new(there)) });
        }
        Ok(())
    }

    /// Any of the addresses and networks.
    pub(super) fn networks(&mut self, name: &str, texts: Vec<String>) -> Result<Filter, ApiError> {
        let mut any = Vec::with_capacity(texts.len());
        for text in texts {
            self.count_bytes(&text)?;
            let address = text.parse().map(|ip| Filter::ip("client.ip", ip)).ok();
            let network = || {
                let network = canonical_network(text.parse().ok()?);
                Some(Filter::Field(Field("client.ip".into()), Test::Network(network)))
            };
            let condition = address
                .or_else(network)
                .ok_or_else(|| wrong(name, "must be an address or a network such as 10.0.0.0/8"))?;
            any.push(self.one(condition)?);
        }
        Ok(either(any))
    }
}
