//! Counting events by values and times: those of the index and those in memory added up.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use annals_domain::filter::{Field, Filter, Scope};
use annals_domain::statistics::{
    BucketTally, EventTime, Facet, NumberTally, Precision, Question, SPLIT_VALUES_MAX,
    SUGGESTIONS_MAX, Split, Tally, Timeline, first_values,
};
use annals_ports::{SearchError, Values, ValuesRequest};

use super::paging::Memory;
use super::{Queries, QueryError};
use crate::matching::Wanted;

/// After this time counting ends with what was counted.
pub(super) const COUNTING_PATIENCE: Duration = Duration::from_secs(5);
/// The same for suggestions, which somebody waits for between two letters.
pub(super) const SUGGESTING_PATIENCE: Duration = Duration::from_millis(500);

/// What to count.
#[derive(Debug, Clone)]
pub struct StatisticsRequest {
    /// Which events the caller may see.
    pub scope: Scope,
    /// Which of them they want.
    pub filter: Filter,
    /// Fields whose most frequent values are wanted.
    pub fields: Vec<Field>,
    /// How many values of each at most.
    pub limit: usize,
    /// Only values that begin so.
    pub beginning: String,
    /// Fields whose numbers are summed up.
    pub numbers: Vec<Field>,
    /// Stretches of time, if wanted.
    pub histogram: Option<HistogramRequest>,
}

/// Which stretches of time to count in.
#[derive(Debug, Clone)]
pub struct HistogramRequest {
    /// By which time.
    pub time: EventTime,
    /// Where stretches begin, and where the last one ends; microseconds since 1970.
    pub edges: Vec<i64>,
    /// Tell the most frequent values of this field apart.
    pub by: Option<Field>,
}

/// What was counted.
#[derive(Debug, Clone)]
pub struct Statistics {
    /// How many events match.
    pub events: u64,
    /// How far counts of events can be relied upon.
    pub precision: Precision,
    /// Of each field that was asked for.
    pub facets: Vec<Facet>,
    /// Of each field whose numbers were asked for.
    pub numbers: Vec<NumberTally>,
    /// Values that the stretches of time are told apart by.
    pub split: Vec<String>,
    /// Of each stretch of time.
    pub buckets: Vec<BucketTally>,
}

impl Queries {
    /// Counts the events that match.
    pub async fn statistics(&self, request: StatisticsRequest) -> Result<Statistics, QueryError> {
        let this = self.clone();
        let tenant = request.scope.tenant.clone();
        let wanted = Wanted::new(&request.scope, request.filter.clone());
        self.blocking(&tenant, move || this.count_by(&wanted, request)).await
    }

    /// Values of the field that begin with the prefix, in alphabetical order.
    ///
    /// `prefix` is written as values are: folded where the field is.
    pub async fn suggestions(
        &self,
        scope: &Scope,
        filter: Filter,
        field: Field,
        prefix: String,
    ) -> Result<Values, QueryError> {
        let this = self.clone();
        let wanted = Wanted::new(scope, filter);
        let suggest = move || this.values_beginning(&wanted, &field, &prefix);
        self.blocking(&scope.tenant, suggest).await
    }

    fn count_by(
        &self,
        wanted: &Wanted,
        request: StatisticsRequest,
    ) -> Result<Statistics, SearchError> {
        // Both rounds look at the same events.
        let memory = self.memory();
        let end = Instant::now() + COUNTING_PATIENCE;
        let (by, timeline) = match request.histogram {
            None => (None, None),
            Some(HistogramRequest { time, edges, by }) => {
                (by, Some(Timeline { time, edges, split: None }))
            }
        };
        let StatisticsRequest { fields, numbers, beginning, .. } = request;
        let mut question = Question { fields, numbers, timeline, beginning };
        let mut complete = true;
        if let (Some(field), Some(timeline)) = (by, &mut question.timeline) {
            let values = self.most_frequent(&memory, wanted, field.clone(), end)?;
            complete = values.precision != Precision::AtLeast;
            let values = values.values.into_iter().map(|value| value.value).collect();
            timeline.split = Some(Split { field, values });
        }
        let mut tally = self.tally(&memory, wanted, &question, end)?;
        tally.complete &= complete;
        let split = question.timeline.and_then(|timeline| timeline.split);
        Ok(Statistics {
            events: tally.events,
            precision: tally.precision(),
            facets: tally.top(request.limit),
            numbers: tally.numbers,
            split: split.map(|split| split.values).unwrap_or_default(),
            buckets: tally.buckets,
        })
    }

    fn most_frequent(
        &self,
        memory: &Memory,
        wanted: &Wanted,
        field: Field,
        end: Instant,
    ) -> Result<Facet, SearchError> {
        let question = Question { fields: vec![field], ..Question::default() };
        let tally = self.tally(memory, wanted, &question, end)?;
        let mut facets = tally.top(SPLIT_VALUES_MAX);
        Ok(facets.pop().expect("one field was asked for"))
    }

    pub(super) fn tally(
        &self,
        memory: &Memory,
        wanted: &Wanted,
        question: &Question,
        end: Instant,
    ) -> Result<Tally, SearchError> {
        let patience = end.saturating_duration_since(Instant::now());
        let mut tally = self.index.tally(&wanted.filter, memory.indexed, question, patience)?;
        for recorded in memory.oldest_first().filter(|event| wanted.holds(&event.event)) {
            tally.add(question, &recorded.event);
        }
        Ok(tally)
    }

    fn values_beginning(
        &self,
        wanted: &Wanted,
        field: &Field,
        prefix: &str,
    ) -> Result<Values, SearchError> {
        let memory = self.memory();
        let request = ValuesRequest {
            filter: &wanted.filter,
            until: memory.indexed,
            field,
            prefix,
            limit: SUGGESTIONS_MAX,
            patience: SUGGESTING_PATIENCE,
        };
        let Values { values, complete } = self.index.values(&request)?;
        let fresh = memory.oldest_first().map(|recorded| &*recorded.event);
        let fresh = fresh.filter(|event| wanted.holds(event));
        let fresh = first_values(fresh, &field.0, prefix, SUGGESTIONS_MAX);
        let all: BTreeSet<String> = values.into_iter().chain(fresh).collect();
        Ok(Values { values: all.into_iter().take(SUGGESTIONS_MAX).collect(), complete })
    }
}
