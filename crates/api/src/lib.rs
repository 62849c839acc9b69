//! annals-api
