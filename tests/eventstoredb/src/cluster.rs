//! Several nodes over one store, one of which leads.

use std::io;
use std::sync::Arc;

use crate::membership::Membership;
use crate::options::Options;
use crate::server::Server;
use crate::store::Store;

/// A cluster. All nodes see the same events at once: followers of the real server lag, these do not.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Server>,
    membership: Arc<Membership>,
}

impl Cluster {
    /// Starts so many nodes; the first leads. Each takes a free port.
    ///
    /// # Panics
    /// A node cannot start. See [`Cluster::try_start`].
    pub fn start(nodes: usize, options: Options) -> Self {
        Self::try_start(nodes, options)
            .unwrap_or_else(|error| panic!("cannot start the double of a cluster: {error}"))
    }

    /// Starts so many nodes, or says why not.
    ///
    /// # Errors
    /// A port cannot be had, or the directory cannot be used.
    pub fn try_start(nodes: usize, mut options: Options) -> io::Result<Self> {
        options.listen.set_port(0);
        let store = Store::open(options.directory.as_deref(), options.durable)?;
        let membership = Arc::<Membership>::default();
        let nodes = (0..nodes)
            .map(|_| Server::join(options.clone(), store.clone(), Arc::clone(&membership)))
            .collect::<io::Result<_>>()?;
        Ok(Self { nodes, membership })
    }

    /// Where clients find it: all nodes.
    pub fn url(&self) -> String {
        let seeds: Vec<String> = self.nodes.iter().map(|node| node.address().to_string()).collect();
        format!("esdb://{}?tls=false", seeds.join(","))
    }

    /// One of the nodes.
    ///
    /// # Panics
    /// There is no such node.
    pub fn node(&self, number: usize) -> &Server {
        &self.nodes[number]
    }

    /// All nodes.
    pub fn nodes(&self) -> &[Server] {
        &self.nodes
    }

    /// What all nodes hold.
    ///
    /// # Panics
    /// The cluster has no nodes.
    pub fn store(&self) -> &Store {
        self.nodes[0].store()
    }

    /// Which node leads.
    pub fn leader(&self) -> Option<usize> {
        self.membership.leader()
    }

    /// Ends a node at once. If it led, the first that lives leads from now on.
    pub fn kill(&self, number: usize) {
        self.nodes[number].stop();
    }

    /// Brings a node back, as a follower unless nobody leads.
    pub fn revive(&self, number: usize) {
        self.nodes[number].resume();
    }

    /// Makes a living node the leader; the old one goes on as a follower.
    pub fn elect(&self, number: usize) {
        self.membership.elect(Some(number));
    }

    /// Leaves the cluster without a leader until [`Cluster::elect`].
    pub fn depose(&self) {
        self.membership.elect(None);
    }
}
