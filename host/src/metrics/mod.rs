//! Metrics for Prometheus: read from the catalog's statistics at each scrape, and served on an address of their own.
//!
//! Nothing is counted here: what is shown is counted where it happens.

mod process;
mod families;
mod scrape_connections;
mod metrics_server;

pub use families::MetricsSource;
pub use metrics_server::{MetricsAddress, MetricsServer};
