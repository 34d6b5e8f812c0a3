//! The calls that ended last, as the page shows them: in memory, in a ring of fixed size.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant, UNIX_EPOCH};

use serde::{Serialize, Serializer};

use crate::manifest::Sha256Digest;
use crate::mcp::calls::observers::{CallObserver, EndKind, EndedCall};
use crate::name::PluginName;
use crate::sync::lock;
use crate::text::{clip, escape};
use crate::tokens::Principal;

/// Calls that are kept.
pub(crate) const MAX_RECENT_CALLS: usize = 200;
/// Bytes of a name that a client wrote, as they are kept.
const MAX_KEPT_NAME: usize = 128;

/// The calls that ended last. A lock and not a snapshot: calls end on many threads, and each adds one; it is held for that
/// alone, and to copy what a page has not seen.
pub(crate) struct RecentCalls {
    ring: Mutex<CallRing>,
    /// The time from which their numbers count.
    begun: Instant,
}

#[derive(Default)]
struct CallRing {
    calls: VecDeque<RecentCall>,
    /// The number of the last call.
    last: u64,
}

/// A call that has ended. Arguments and answers are not kept.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecentCall {
    /// The microseconds until it was added, or one more than the number before: each has another one, the later the higher, and
    /// whoever sees its own calls alone cannot count those of others by it.
    pub(crate) number: u64,
    /// The time at which it came, in milliseconds since 1970.
    came_ms: u64,
    tool: String,
    /// `None` where the tool is unknown, or was not looked for.
    #[serde(serialize_with = "plugin_name")]
    plugin: Option<PluginName>,
    #[serde(serialize_with = "short_digest")]
    version: Option<Sha256Digest>,
    /// The short digest of what its client proved to have; empty where that is nothing.
    principal: String,
    /// The name that its client gives itself. `None` where it is not known.
    client: Option<String>,
    outcome: &'static str,
    is_answered: bool,
    time_us: u64,
    wait_us: u64,
    fuel: u64,
    memory_bytes: u64,
}

impl Default for RecentCalls {
    fn default() -> Self {
        Self { ring: Mutex::default(), begun: Instant::now() }
    }
}

impl RecentCalls {
    /// The calls after the one with this number that `principal` may see: those of others are for those alone who may call
    /// everything.
    pub(crate) fn after(&self, number: u64, principal: &Principal) -> Vec<RecentCall> {
        let ring = lock(&self.ring);
        let new = ring.calls.iter().filter(|call| call.number > number);
        let seen = new.filter(|call| match &principal.allow {
            None => true,
            Some(allow) => *call.principal == *principal.id && allow.allow(&call.tool),
        });
        seen.cloned().collect()
    }

    /// The number of the last call.
    pub(crate) fn last(&self) -> u64 {
        lock(&self.ring).last
    }
}

impl CallObserver for RecentCalls {
    fn ended(&self, call: &EndedCall<'_>) {
        let kept = |name: &str| escape(clip(name, MAX_KEPT_NAME));
        let since = call.came.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut recent = RecentCall {
            number: 0,
            came_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            tool: kept(call.tool),
            plugin: call.plugin.map(|plugin| plugin.name.clone()),
            version: call.plugin.map(|plugin| plugin.digest),
            principal: call.principal.into(),
            client: call.client.map(kept),
            outcome: call.end.name(),
            is_answered: call.end == EndKind::Answered,
            time_us: microseconds(call.time),
            wait_us: microseconds(call.wait),
            fuel: call.usage.fuel,
            memory_bytes: call.usage.peak_memory,
        };
        let mut ring = lock(&self.ring);
        ring.last = microseconds(self.begun.elapsed()).max(ring.last + 1);
        recent.number = ring.last;
        if ring.calls.len() >= MAX_RECENT_CALLS {
            ring.calls.pop_front();
        }
        ring.calls.push_back(recent);
    }
}

fn plugin_name<S: Serializer>(name: &Option<PluginName>, to: S) -> Result<S::Ok, S::Error> {
    name.as_ref().map(PluginName::as_str).serialize(to)
}

fn short_digest<S: Serializer>(digest: &Option<Sha256Digest>, to: S) -> Result<S::Ok, S::Error> {
    digest.as_ref().map(Sha256Digest::short).serialize(to)
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Instant, SystemTime};

    use super::*;
    use crate::tokens::{AllowedTools, Proof};
    use crate::tool::Usage;

    fn end(calls: &RecentCalls, principal: &str, tool: &str) {
        calls.ended(&EndedCall {
            came: SystemTime::now(),
            arrived: Instant::now(),
            request: "1",
            principal,
            client: Some("c\u{1b}[2J"),
            source: None,
            tool,
            plugin: None,
            arguments: None,
            end: EndKind::UnknownTool,
            calls: 1,
            time: Duration::from_millis(3),
            wait: Duration::ZERO,
            usage: Usage::default(),
            trace: None,
        });
    }

    #[test]
    fn the_last_calls_are_kept_and_each_sees_its_own() {
        let calls = RecentCalls::default();
        for at in 0..MAX_RECENT_CALLS + 50 {
            end(
                &calls,
                if at % 2 == 0 { "ada" } else { "bob" },
                if at % 4 < 2 { "a_x" } else { "b_x" },
            );
        }
        let everybody = Principal::anybody();
        let all = calls.after(0, &everybody);
        assert_eq!(all.len(), MAX_RECENT_CALLS);
        assert!(all.is_sorted_by(|one, next| one.number < next.number));
        assert_eq!(calls.last(), all[MAX_RECENT_CALLS - 1].number);
        assert_eq!(calls.after(all[MAX_RECENT_CALLS - 3].number, &everybody).len(), 2);
        let pattern = "a_*".parse().expect("a pattern");
        let allow = Some(Arc::new(AllowedTools::new(vec![pattern])));
        let bob = Principal { id: "bob".into(), allow, proof: Proof::Token };
        let own = calls.after(0, &bob);
        assert_eq!(own.len(), MAX_RECENT_CALLS / 4);
        assert!(own.iter().all(|call| call.principal == "bob" && call.tool == "a_x"));
        assert_eq!(own[0].client.as_deref(), Some("c\\u{1b}[2J"), "nothing moves a cursor");
    }

    #[test]
    fn a_number_counts_no_calls_of_others() {
        let calls =
            RecentCalls { begun: Instant::now() - Duration::from_secs(9), ..<_>::default() };
        for principal in ["bob", "ada", "ada", "ada"] {
            end(&calls, principal, "a_x");
        }
        std::thread::sleep(Duration::from_millis(2));
        end(&calls, "bob", "a_x");
        let all = calls.after(0, &Principal::anybody());
        assert!(all[0].number >= 9_000_000, "{all:?}");
        assert!(all[4].number - all[0].number >= 2_000, "{all:?}");
    }

    #[test]
    fn a_long_name_is_cut() {
        let calls = RecentCalls::default();
        end(&calls, "", &"ü".repeat(1_000));
        assert_eq!(calls.after(0, &Principal::anybody())[0].tool.len(), MAX_KEPT_NAME);
    }
}
