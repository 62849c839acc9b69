use super::*;
use crate::statistics::Precision;

fn facet(values: &[(&str, u64)]) -> FacetTally {
    let mut facet = FacetTally::default();
    values.iter().for_each(|(value, events)| facet.add(*value, *events));
    facet
}

fn tally(facet: FacetTally) -> Tally {
    let (complete, numbers, buckets) = (true, Vec::new(), Vec::new());
    Tally { events: 0, complete, facets: vec![facet], numbers, buckets }
}

#[test]
fn the_most_frequent_values_come_first_and_the_rest_is_told_as_others() {
    let mut counted = tally(facet(&[("b", 2), ("a", 2), ("rare", 1)]));
    counted.merge(tally(facet(&[("rare", 0), ("c", 3)])));
    let top = counted.top(3).remove(0);
    let values: Vec<_> = top.values.iter().map(|one| (one.value.as_str(), one.count)).collect();
    assert_eq!(values, [("c", 3), ("a", 2), ("b", 2)]);
    assert_eq!((top.other, top.precision), (1, Precision::Exact));
}

#[test]
fn what_was_not_counted_to_the_end_says_so() {
    let mut counted = tally(facet(&[("a", 1)]));
    counted.merge(Tally { complete: false, ..tally(FacetTally::default()) });
    assert_eq!(counted.top(1)[0].precision, Precision::AtLeast);
}

#[test]
fn too_many_values_are_counted_as_others_and_the_answer_is_approximate() {
    let mut facet = FacetTally::default();
    facet.add("often", 7);
    let values = 2 * VALUES_KEPT_MAX as u64;
    (0..values).for_each(|number| facet.add(number.to_string(), 1));
    assert!(facet.counts.len() <= 2 * VALUES_KEPT_MAX);
    let top = tally(facet).top(1).remove(0);
    assert_eq!(top.values[0].value, "often");
    assert_eq!(top.values[0].count, 7);
    assert_eq!(top.other, values, "no count is lost");
    assert_eq!(top.precision, Precision::Approximate);
}

#[test]
fn numbers_are_summed_up() {
    let mut numbers = NumberTally::default();
    assert_eq!(numbers.mean(), None);
    numbers.add(5.0, 0);
    assert_eq!(numbers, NumberTally::default());
    numbers.add(2.0, 2);
    numbers.add(-1.0, 1);
    assert_eq!(numbers.count, 3);
    assert_eq!((numbers.sum, numbers.mean(), numbers.span), (3.0, Some(1.0), Some((-1.0, 2.0))));
}
