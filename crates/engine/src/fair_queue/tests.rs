use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

fn drain(queue: &mut FairQueue<u8, u32>) -> Vec<u32> {
    std::iter::from_fn(|| queue.pop()).collect()
}

#[test]
fn one_item_is_not_behind_the_backlog_of_another_key() {
    let mut queue = FairQueue::new(10);
    (0..1000).for_each(|number| queue.push(1, 10, number));
    queue.push(2, 10, 5000);
    let order = drain(&mut queue);
    assert!(order.iter().position(|item| *item == 5000).unwrap() <= 2, "{:?}", &order[..5]);
    assert_eq!(order.len(), 1001);
}

#[test]
fn large_items_get_no_more_than_small_ones_of_the_same_cost() {
    let mut queue = FairQueue::new(10);
    (0..10).for_each(|number| queue.push(1, 100, number));
    (100..200).for_each(|number| queue.push(2, 10, number));
    let order = drain(&mut queue);
    let half = &order[..order.len() / 2];
    let small = half.iter().filter(|item| **item >= 100).count() * 10;
    let large = half.iter().filter(|item| **item < 100).count() * 100;
    assert!(small.abs_diff(large) <= 110, "{small} against {large}");
}

#[test]
fn an_item_of_many_quanta_comes_without_as_many_rounds() {
    let mut queue = FairQueue::new(1);
    queue.push(1, u64::MAX / 2, 1);
    queue.push(2, u64::MAX / 2 - 1, 2);
    assert_eq!(drain(&mut queue), [2, 1]);
}

#[test]
fn what_left_is_not_given_out_and_leaves_nothing_behind() {
    let mut queue = FairQueue::new(1);
    queue.push(1, 1, 10);
    queue.push(1, 1, 11);
    queue.push(2, 1, 20);
    assert_eq!(queue.remove(&1, |item| *item == 11), Some(11));
    assert_eq!(queue.remove(&1, |item| *item == 11), None);
    assert_eq!(queue.remove(&2, |item| *item == 20), Some(20));
    assert_eq!((queue.len(), queue.len_of(&1), queue.len_of(&2)), (1, 1, 0));
    assert_eq!(drain(&mut queue), [10]);
    assert!(queue.is_empty() && queue.lanes.is_empty() && queue.turns.is_empty());
}

proptest! {
    /// Nothing is lost or doubled, each key's order is kept, and as long as something waits
    /// something is given out.
    #[test]
    fn every_item_comes_out_once_in_the_order_of_its_key(
        steps in prop::collection::vec((0..5_u8, 0..500_u64, any::<bool>()), 1..300),
        quantum in 1..200_u64,
    ) {
        let mut queue = FairQueue::new(quantum);
        let (mut sent, mut got) = (HashMap::<u8, Vec<u32>>::new(), HashMap::<u8, Vec<u32>>::new());
        for (number, (key, cost, pops)) in steps.into_iter().enumerate() {
            queue.push(key, cost, (key, number as u32));
            sent.entry(key).or_default().push(number as u32);
            if pops {
                let (key, number) = queue.pop().expect("something waits");
                got.entry(key).or_default().push(number);
            }
        }
        while !queue.is_empty() {
            let (key, number) = queue.pop().expect("something waits");
            got.entry(key).or_default().push(number);
        }
        prop_assert_eq!(sent, got);
        prop_assert!(queue.lanes.is_empty() && queue.turns.is_empty());
    }

    /// While an item waits, every other key takes out no more cost than its own key did, but for
    /// a quantum and one item: nobody starves.
    #[test]
    fn nobody_is_served_much_more_than_another_who_waits_as_well(
        costs in prop::collection::vec(1..300_u64, 4..120),
        quantum in 1..200_u64,
    ) {
        const KEYS: u64 = 4;
        let mut queue = FairQueue::new(quantum);
        let dearest = *costs.iter().max().unwrap();
        let mut left = [0_usize; KEYS as usize];
        for (number, cost) in costs.into_iter().enumerate() {
            let key = number as u64 % KEYS;
            left[key as usize] += 1;
            queue.push(key, cost, (key, cost));
        }
        let mut served = [0_u64; KEYS as usize];
        while left.iter().all(|left| *left > 0) {
            let (key, cost) = queue.pop().expect("something waits");
            served[key as usize] += cost;
            left[key as usize] -= 1;
            let (least, most) = (served.iter().min().unwrap(), served.iter().max().unwrap());
            prop_assert!(most - least <= 2 * (quantum + dearest), "{served:?}");
        }
    }
}
