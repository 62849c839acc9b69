use proptest::prelude::*;

use super::*;

fn stretches(sizes: &[u64]) -> Vec<Stretch> {
    let mut next = 1;
    let stretch = |documents: &u64| {
        let first = next;
        next += documents;
        Stretch { positions: first..=next - 1, documents: *documents }
    };
    sizes.iter().map(stretch).collect()
}

fn merged(stretches: &[Stretch], range: Range<usize>) -> Stretch {
    let part = &stretches[range];
    Stretch {
        positions: *part[0].positions.start()..=*part[part.len() - 1].positions.end(),
        documents: part.iter().map(|stretch| stretch.documents).sum(),
    }
}

/// Merges until there is nothing to merge.
fn settle(segments: &mut Vec<Stretch>) -> u64 {
    let mut written = 0;
    loop {
        let mut plans = plan(segments, &[]);
        if plans.is_empty() {
            return written;
        }
        plans.sort_by_key(|range| std::cmp::Reverse(range.start));
        for range in plans {
            let one = merged(segments, range.clone());
            written += one.documents;
            segments.splice(range, [one]);
        }
    }
}

fn overlap(segments: &[Stretch]) -> bool {
    segments.windows(2).any(|pair| pair[0].positions.end() >= pair[1].positions.start())
}

#[test]
fn a_few_segments_are_left_alone() {
    assert!(plan(&stretches(&[1000; 5]), &[]).is_empty());
}

#[test]
fn neighbours_of_one_size_become_one() {
    let planned = plan(&stretches(&[500_000, 1000, 900, 1, 5000, 8000, 20]), &[]);
    assert_eq!(planned, vec![1..7]);
}

#[test]
fn what_lies_on_both_sides_of_a_merge_is_not_merged() {
    let all = stretches(&[1000; 9]);
    let shown = [&all[..3], &all[6..]].concat();
    let under_way = *all[3].positions.start()..=*all[5].positions.end();
    assert!(plan(&shown, &[under_way]).is_empty());
    assert_eq!(plan(&shown, &[]), vec![0..6], "it is the merge that parts them");
}

#[test]
fn no_merge_makes_a_segment_that_is_too_large() {
    let all = stretches(&[1_500_000; 12]);
    for range in plan(&all, &[]) {
        assert!(merged(&all, range).documents <= MERGED_DOCUMENTS_MAX);
    }
}

#[test]
fn a_month_of_commits_stays_in_few_segments_at_a_bounded_price() {
    let (mut segments, mut written, mut added) = (Vec::<Stretch>::new(), 0, 0_u64);
    for commit in 0..2000_u64 {
        let documents = 1 + commit * 7919 % 3000;
        segments.push(Stretch { positions: added + 1..=added + documents, documents });
        added += documents;
        written += settle(&mut segments);
        assert!(segments.len() <= SEGMENTS_MAX, "{} segments", segments.len());
        assert!(!overlap(&segments));
    }
    assert!(written < 5 * added, "each document was written {} times", written / added);
}

proptest! {
    #[test]
    fn whatever_the_sizes_are_segments_stay_few_and_apart(
        sizes in prop::collection::vec(1_u64..600_000, 0..120),
    ) {
        let mut segments = Vec::new();
        for stretch in stretches(&sizes) {
            segments.push(stretch);
            settle(&mut segments);
            // Large ones are no longer merged.
            let small = segments.iter().filter(|one| one.documents <= MERGED_DOCUMENTS_MAX / 6);
            prop_assert!(small.count() <= SEGMENTS_MAX + 1);
            prop_assert!(!overlap(&segments));
        }
        prop_assert_eq!(segments.iter().map(|one| one.documents).sum::<u64>(), sizes.iter().sum::<u64>());
    }
}
