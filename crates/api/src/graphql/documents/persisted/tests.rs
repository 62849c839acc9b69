//! Shares stay within their bounds, and within their tenants.

use annals_domain::TenantId;
use annals_domain::limits::Limits;

use super::super::{Hash, hash_of};
use super::{OVERHEAD_BYTES, Persisted};

fn persisted(documents: usize, bytes: usize) -> Persisted {
    let mut limits = Limits::shipped().request;
    limits.graphql_persisted_max = documents;
    limits.graphql_persisted_bytes_max = bytes;
    Persisted::new(&limits)
}

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

fn keep(persisted: &mut Persisted, owner: &str, text: &str) -> Hash {
    let hash = hash_of(text);
    persisted.keep(&tenant(owner), hash, text.into());
    hash
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let mut kept = persisted(2, 100_000);
    let (a, b) = (keep(&mut kept, "acme", "a"), keep(&mut kept, "acme", "b"));
    assert!(kept.get(&tenant("acme"), &a).is_some());
    let c = keep(&mut kept, "acme", "c");
    let found = [a, b, c].map(|hash| kept.get(&tenant("acme"), &hash).is_some());
    assert_eq!(found, [true, false, true]);
}

#[test]
fn bytes_are_bounded_and_what_is_larger_than_a_share_is_not_kept() {
    let mut kept = persisted(100, 3 * (1000 + OVERHEAD_BYTES));
    for n in 0..20 {
        keep(&mut kept, "acme", &format!("{n:01000}"));
        keep(&mut kept, "acme", &format!("{n:01000}"));
        assert!(kept.bytes <= kept.share_bytes_max, "{}", kept.bytes);
    }
    assert_eq!(kept.bytes, kept.share_bytes_max);
    let large = keep(&mut kept, "acme", &"x".repeat(10_000));
    assert!(kept.get(&tenant("acme"), &large).is_none());
    assert_eq!(kept.bytes, kept.share_bytes_max, "what did not fit pushed nothing out");
}

#[test]
fn no_tenant_finds_or_pushes_out_what_is_anothers() {
    let mut kept = persisted(2, 100_000);
    let ours = keep(&mut kept, "acme", "ours");
    for n in 0..100 {
        keep(&mut kept, "globex", &n.to_string());
    }
    assert!(kept.get(&tenant("globex"), &ours).is_none());
    assert!(kept.get(&tenant("acme"), &ours).is_some());
}

#[test]
fn all_together_are_bounded_and_the_idle_tenant_goes() {
    let mut kept = persisted(10, 100_000);
    kept.bytes_max = 5 * (100 + OVERHEAD_BYTES);
    let first = keep(&mut kept, "tenant-0", &format!("{:0100}", 0));
    for n in 1..50 {
        keep(&mut kept, &format!("tenant-{n}"), &format!("{n:0100}"));
        assert!(kept.bytes <= kept.bytes_max);
    }
    assert_eq!(kept.tenants.len(), 5);
    assert!(kept.get(&tenant("tenant-0"), &first).is_none());
}
