//! annals-search
