//! The catalog: the immutable table of everything that is served now.
//!
//! It is built whole and published whole; the holder of one can call its tools, whatever is published after. It does
//! not know files, JSON-RPC or how a plugin runs.

mod bounds;
mod refusal;
mod config_warnings;
mod schema;
mod admission;
mod result_cache;
mod statistics;
mod error;
mod offer;
mod plugin;
mod features;
mod content_check;
mod tool;
mod served_tool;
mod table;
mod build;
mod instructions;
mod digest;
mod cached_call;

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

pub use admission::breaker::Paused;
pub use admission::entry::EntryTicket;
pub(crate) use admission::shared_rates::{BucketName, SharedRates};
#[cfg(any(feature = "redis", test))]
pub(crate) use admission::shared_rates::{SharedBuckets, SharedFuture};
pub(crate) use admission::token_bucket::Bucket;
pub use bounds::{MAX_PLUGINS, MAX_TOOLS};
pub(crate) use cached_call::{CallerResults, forget_answers};
pub use error::{PluginError, first_tool};
pub use features::coming::{Coming, ComingPlugin};
pub use features::feature::{Feature, FeatureName};
pub use features::served::Served;
pub use instructions::{GENERAL_INSTRUCTIONS, MAX_INSTRUCTIONS};
pub use offer::definition::definition_digest;
pub use offer::wit::{WitError, WitFile};
pub use plugin::{Parts, Plugin};
pub(crate) use refusal::HELD_BACK;
pub use refusal::{Cause, Refusal, RefusalCount, Refused};
pub(crate) use result_cache::{Caller, ResultCache, SealedAnswers};
#[cfg(feature = "redis")]
pub(crate) use result_cache::{MAX_SHARED_ANSWER, SharedBytes};
pub use schema::repeated_arguments::RepeatedArgument;
pub use schema::words::{MemberWords, members};
pub use statistics::call_counts::{CacheCounts, CallCounts};
pub(crate) use statistics::histogram::HistogramSnapshot;
pub use statistics::summary::{StatisticsSummary, TimeSummary};
pub use statistics::tool_statistics::ToolStatistics;
pub(crate) use statistics::tool_statistics::{MEMORY_BOUNDS, StatisticsSnapshot, TIME_BOUNDS};
pub(crate) use table::PluginCounts;
pub use table::{Catalog, Unserved};
pub use tool::{MAX_ARGUMENTS, Tool};
