//! Values that a query could go on with.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Instant;

use annals_domain::filter::{Field, Filter, Scope};
use annals_domain::statistics::{FacetValue, Precision, Question};
use annals_ports::SearchError;

use super::statistics::SUGGESTING_PATIENCE;
use super::{Queries, QueryError};
use crate::matching::Wanted;

/// Values, each with how many of the events have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedValues {
    /// Most frequent first.
    pub values: Vec<FacetValue>,
    /// Whether there was time to count all events.
    pub complete: bool,
}

impl Queries {
    /// The most frequent values of the fields that begin so, among the events that match.
    pub async fn completions(
        &self,
        scope: &Scope,
        filter: Filter,
        fields: Vec<Field>,
        beginning: String,
        limit: usize,
    ) -> Result<CountedValues, QueryError> {
        let this = self.clone();
        let wanted = Wanted::new(scope, filter);
        let question = Question { fields, beginning, ..Question::default() };
        let count = move || this.counted_values(&wanted, &question, limit);
        self.blocking(&scope.tenant, count).await
    }

    fn counted_values(
        &self,
        wanted: &Wanted,
        question: &Question,
        limit: usize,
    ) -> Result<CountedValues, SearchError> {
        let end = Instant::now() + SUGGESTING_PATIENCE;
        let tally = self.tally(&self.memory(), wanted, question, end)?;
        let mut complete = true;
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for facet in tally.top(limit) {
            complete &= facet.precision == Precision::Exact;
            for FacetValue { value, count } in facet.values {
                // A person's id may also be their name; the events are mostly the same.
                let most = counts.entry(value).or_default();
                *most = count.max(*most);
            }
        }
        let mut values: Vec<FacetValue> =
            counts.into_iter().map(|(value, count)| FacetValue { value, count }).collect();
        values.sort_by_key(|value| Reverse(value.count));
        values.truncate(limit);
        Ok(CountedValues { values, complete })
    }
}
