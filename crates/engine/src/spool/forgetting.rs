//! Taking out what waits of somebody who is erased.

use std::collections::HashSet;

use annals_domain::TenantId;
use annals_ports::LocalStoreError;
use annals_ports::spool::{Lane, Waiting};
use annals_record::{Owner, owners};

use super::{Spooler, form};

/// Events that are looked through at once.
const LOOK_AT_ONCE: usize = 256;

impl Spooler {
    /// Takes out the events of a tenant that concern one of these persons: whose data they would be sealed
    /// as; answers how many. One that does not open tells nothing, and stays.
    pub(crate) async fn forget(
        &self,
        tenant: &TenantId,
        persons: &HashSet<String>,
    ) -> Result<u64, LocalStoreError> {
        if self.waiting() == 0 {
            return Ok(0);
        }
        let _taking_out = self.taking_out.lock().await;
        let (mut behind, mut forgotten) = (0, 0);
        loop {
            let waiting = self.store.behind(behind, LOOK_AT_ONCE).await?;
            let Some(last) = waiting.last() else { break };
            behind = last.number;
            let meant = waiting.iter().filter(|waiting| self.concerns(waiting, tenant, persons));
            let (numbers, lanes): (Vec<u64>, Vec<Lane>) =
                meant.map(|waiting| (waiting.number, waiting.lane)).unzip();
            if numbers.is_empty() {
                continue;
            }
            forgotten += numbers.len() as u64;
            self.store.remove(numbers).await?;
            self.lanes.release(&lanes);
        }
        self.tell_metrics();
        Ok(forgotten)
    }

    fn concerns(&self, waiting: &Waiting, tenant: &TenantId, persons: &HashSet<String>) -> bool {
        if waiting.tenant != *tenant {
            return false;
        }
        let opened = form::opened(&self.keys.of(tenant), waiting);
        let is_meant = |owner: &Owner<'_>| match owner {
            Owner::Person(id) => persons.contains(*id),
            Owner::Service(_) | Owner::Tenant => false,
        };
        opened.is_ok_and(|admitted| owners(&admitted.event).iter().any(is_meant))
    }
}
