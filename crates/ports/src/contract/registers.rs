//! What every [`SharedRegisters`] keeps to.

use std::sync::Arc;

use super::{Case, cases, fresh_tenant};
use crate::registers::{RegisterError, SharedRegisters, VALUE_BYTES_MAX};

/// The cases of the suite, for one store, which may hold values already.
pub fn cases(registers: &Arc<dyn SharedRegisters>) -> Vec<Case> {
    cases![
        registers;
        a_value_is_read_as_it_was_written,
        who_expects_an_old_version_is_told,
        of_writers_that_expect_the_same_version_one_wins,
        values_have_a_limit,
    ]
}

/// Runs the whole suite on a store, which may hold values already.
pub async fn run(registers: Arc<dyn SharedRegisters>) {
    for case in cases(&registers) {
        case.run.await;
    }
}

/// Checks that closing and opening again keeps the values. `open` first drops whatever it opened
/// before.
pub async fn reopening_keeps_everything(open: impl AsyncFn() -> Arc<dyn SharedRegisters>) {
    let name = fresh_tenant();
    let registers = open().await;
    let first = write(&*registers, &name, None, b"one").await;
    let second = write(&*registers, &name, Some(first), b"two").await;
    drop(registers);
    let registers = open().await;
    let kept = registers.read(&name).await.expect("the store works").expect("it was written");
    assert_eq!((kept.version, kept.value.as_slice()), (second, b"two".as_slice()));
}

async fn a_value_is_read_as_it_was_written(registers: Arc<dyn SharedRegisters>) {
    let registers = &*registers;
    let (name, other) = (fresh_tenant(), fresh_tenant());
    assert_eq!(registers.read(&name).await.expect("the store works"), None);
    let first = write(registers, &name, None, b"one").await;
    let read = registers.read(&name).await.expect("the store works").expect("it was written");
    assert_eq!((read.version, read.value.as_slice()), (first, b"one".as_slice()));
    let second = write(registers, &name, Some(first), b"").await;
    assert!(second > first, "versions rise");
    let read = registers.read(&name).await.expect("the store works").expect("it was written");
    assert_eq!((read.version, read.value.len()), (second, 0), "also an empty value is one");
    assert_eq!(registers.read(&other).await.expect("the store works"), None);
}

async fn who_expects_an_old_version_is_told(registers: Arc<dyn SharedRegisters>) {
    let registers = &*registers;
    let name = fresh_tenant();
    let first = write(registers, &name, None, b"one").await;
    conflicts(registers, &name, None).await;
    conflicts(registers, &name, Some(first + 1)).await;
    write(registers, &name, Some(first), b"two").await;
    conflicts(registers, &name, Some(first)).await;
    let read = registers.read(&name).await.expect("the store works").expect("it was written");
    assert_eq!(read.value, b"two", "a refused write changes nothing");
    conflicts(registers, &fresh_tenant(), Some(0)).await;
}

async fn of_writers_that_expect_the_same_version_one_wins(registers: Arc<dyn SharedRegisters>) {
    let name = fresh_tenant();
    let writers: Vec<_> = (0..8u8)
        .map(|writer| {
            let (registers, name) = (Arc::clone(&registers), name.clone());
            tokio::spawn(async move { registers.write(&name, None, vec![writer]).await })
        })
        .collect();
    let mut winners = Vec::new();
    for (writer, outcome) in writers.into_iter().enumerate() {
        match outcome.await.expect("the writer does not panic") {
            Ok(_) => winners.push(writer as u8),
            Err(RegisterError::Conflict { .. }) => {}
            Err(error) => panic!("the store works: {error}"),
        }
    }
    let read = registers.read(&name).await.expect("the store works").expect("it was written");
    assert_eq!(winners, read.value, "one wins, and its value stands");
}

async fn values_have_a_limit(registers: Arc<dyn SharedRegisters>) {
    let registers = &*registers;
    let name = fresh_tenant();
    let version = write(registers, &name, None, &vec![1; VALUE_BYTES_MAX]).await;
    let refused = registers.write(&name, Some(version), vec![2; VALUE_BYTES_MAX + 1]).await;
    assert!(matches!(refused, Err(RegisterError::TooLarge { .. })), "{refused:?}");
    let read = registers.read(&name).await.expect("the store works").expect("it was written");
    assert!(read.value == vec![1; VALUE_BYTES_MAX]);
}

async fn write(
    registers: &dyn SharedRegisters,
    name: &str,
    expected: Option<u64>,
    value: &[u8],
) -> u64 {
    let written = registers.write(name, expected, value.to_vec()).await;
    written.expect("nothing speaks against this write")
}

async fn conflicts(registers: &dyn SharedRegisters, name: &str, expected: Option<u64>) {
    let refused = registers.write(name, expected, b"other".to_vec()).await;
    assert!(matches!(refused, Err(RegisterError::Conflict { .. })), "{refused:?}");
}
