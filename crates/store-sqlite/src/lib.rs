//! annals-store-sqlite
