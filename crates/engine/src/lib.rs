//! annals-engine
