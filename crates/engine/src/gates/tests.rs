use super::*;

const SOON: Duration = Duration::from_millis(20);

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_gate_closes_when_all_have_left_and_holds_up_those_who_come() {
    let gates = Gates::default();
    let inside = gates.enter(&tenant("acme")).await;
    assert!(gates.close(&tenant("acme"), SOON).await.is_none(), "somebody is inside");
    let beside = tokio::time::timeout(SOON, gates.enter(&tenant("acme"))).await;
    assert!(beside.is_ok(), "who waited in vain holds up nobody");
    drop((inside, beside));
    let closed = gates.close(&tenant("acme"), SOON).await.unwrap();
    assert!(tokio::time::timeout(SOON, gates.enter(&tenant("acme"))).await.is_err());
    assert!(tokio::time::timeout(SOON, gates.enter(&tenant("globex"))).await.is_ok());
    drop(closed);
    assert!(tokio::time::timeout(SOON, gates.enter(&tenant("acme"))).await.is_ok());
}

#[tokio::test]
async fn gates_that_nobody_uses_are_forgotten_and_the_others_stay() {
    let gates = Gates::default();
    let held = gates.enter(&tenant("held")).await;
    for number in 0..=TENANTS_MAX {
        drop(gates.enter(&tenant(&format!("t{number}"))).await);
    }
    assert!(gates.tenants.lock().unwrap().len() <= TENANTS_MAX);
    assert!(gates.close(&tenant("held"), SOON).await.is_none());
    drop(held);
}
