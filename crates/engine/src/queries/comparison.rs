//! What is new and what is gone: values of a field in one period against those of an earlier one.

use std::time::Instant;

use annals_domain::Position;
use annals_domain::filter::{Field, Filter, Order, Scope, Test, TimeRange};
use annals_domain::statistics::{ChangedValues, Comparison, Periods, Precision, Question};
use annals_ports::{SearchError, SearchRequest};
use jiff::Timestamp;

use super::paging::Memory;
use super::statistics::COUNTING_PATIENCE;
use super::{Queries, QueryError};
use crate::matching::Wanted;

/// What to compare.
#[derive(Debug, Clone)]
pub struct ComparisonRequest {
    /// Which events the caller may see.
    pub scope: Scope,
    /// Which of them, and when.
    pub periods: Periods,
    /// Whose values.
    pub field: Field,
    /// How many values of each period at most.
    pub limit: usize,
}

/// What is new and what is gone.
#[derive(Debug, Clone)]
pub struct ValueChanges {
    /// Values of the period that the earlier one does not have.
    pub new: PeriodValues,
    /// Values of the earlier one that the period does not have.
    pub vanished: PeriodValues,
    /// How far this can be relied upon.
    pub precision: Precision,
}

/// Values that only one of the periods has.
#[derive(Debug, Clone)]
pub struct PeriodValues {
    /// Most frequent first.
    pub values: Vec<ChangedValue>,
    /// How many there are.
    pub total: u64,
}

/// A value that only one of the periods has.
#[derive(Debug, Clone)]
pub struct ChangedValue {
    /// As filters compare it.
    pub value: String,
    /// In how many events of its period.
    pub count: u64,
    /// When it was seen first and last in its period; none when time ran out.
    pub seen: Option<(Timestamp, Timestamp)>,
}

impl Queries {
    /// Compares the values of a field in two periods.
    pub async fn comparison(&self, request: ComparisonRequest) -> Result<ValueChanges, QueryError> {
        let this = self.clone();
        let tenant = request.scope.tenant.clone();
        self.blocking(&tenant, move || this.compare(&request)).await
    }

    fn compare(&self, request: &ComparisonRequest) -> Result<ValueChanges, SearchError> {
        // Both periods are looked at in the same state of the log.
        let memory = self.memory();
        let end = Instant::now() + COUNTING_PATIENCE;
        let Periods { filter, current, before } = &request.periods;
        let question = Question { fields: vec![request.field.clone()], ..Question::default() };
        let tally = |range: TimeRange| {
            let filter = filter.clone().and(Filter::Occurred(range));
            self.tally(&memory, &Wanted::new(&request.scope, filter), &question, end)
        };
        let compared = Comparison::of(&tally(*current)?, &tally(*before)?, request.limit);
        let seen = |values, range| self.seen(&memory, request, values, range, end);
        let (new, vanished) = (seen(compared.new, *current)?, seen(compared.vanished, *before)?);
        let timeless = |values: &PeriodValues| values.values.iter().any(|one| one.seen.is_none());
        let precision = match compared.precision {
            Precision::Exact if timeless(&new) || timeless(&vanished) => Precision::AtLeast,
            precision => precision,
        };
        Ok(ValueChanges { new, vanished, precision })
    }

    /// When each value was seen first and last in the period.
    fn seen(
        &self,
        memory: &Memory,
        request: &ComparisonRequest,
        values: ChangedValues,
        range: TimeRange,
        end: Instant,
    ) -> Result<PeriodValues, SearchError> {
        let mut told = Vec::with_capacity(values.values.len());
        for one in values.values {
            let having = Filter::Field(request.field.clone(), Test::Equals(one.value.clone()));
            let filter = request.periods.filter.clone().and(Filter::Occurred(range)).and(having);
            let seen = match Instant::now() < end {
                true => self.first_and_last(memory, &Wanted::new(&request.scope, filter))?,
                false => None,
            };
            told.push(ChangedValue { value: one.value, count: one.count, seen });
        }
        Ok(PeriodValues { values: told, total: values.total })
    }

    /// When the first and the last of the wanted events happened.
    fn first_and_last(
        &self,
        memory: &Memory,
        wanted: &Wanted,
    ) -> Result<Option<(Timestamp, Timestamp)>, SearchError> {
        let fresh = memory.oldest_first().filter(|recorded| wanted.holds(&recorded.event));
        let mut instants: Vec<i64> =
            fresh.map(|recorded| recorded.event.occurred_at.timestamp.as_microsecond()).collect();
        for order in [Order::OccurredOldest, Order::OccurredNewest] {
            let (filter, until) = (&wanted.filter, memory.indexed);
            if until > Position::START {
                let request = SearchRequest { filter, order, after: None, until, limit: 1 };
                instants.extend(self.index.search(&request)?.first().map(|hit| hit.occurred_us));
            }
        }
        let at = |instant: Option<&i64>| Timestamp::from_microsecond(*instant?).ok();
        Ok(at(instants.iter().min()).zip(at(instants.iter().max())))
    }
}
