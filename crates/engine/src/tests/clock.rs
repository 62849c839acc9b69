use std::sync::Arc;

use crate::Clock;

#[test]
fn the_time_told_never_falls_whichever_thread_asks() {
    let clock = Arc::new(Clock::default());
    let watching: Vec<_> = (0..4)
        .map(|_| {
            let clock = Arc::clone(&clock);
            std::thread::spawn(move || {
                let told: Vec<_> = (0..10_000).map(|_| clock.now()).collect();
                assert!(told.is_sorted());
                told[told.len() - 1]
            })
        })
        .collect();
    let newest = watching.into_iter().map(|thread| thread.join().unwrap()).max().unwrap();
    assert!(clock.now() >= newest);
}
