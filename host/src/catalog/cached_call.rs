//! A call by way of the result cache: an answer that is kept, or the one call that makes it.
//!
//! It knows neither how a tool runs nor where answers are kept.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::admission::shared_rates::SharedRates;
use super::result_cache::{
    CacheKey, CacheLook, CallTurn, Caller, HandedOut, ResultCache, TurnNews,
};
use super::statistics::tool_statistics::TrackedCall;
use super::table::Catalog;
use super::tool::Tool;
use crate::manifest::CacheScope;
use crate::sandbox::{CallContext, CallOutcome};
use crate::tool::CallError;

/// The time that a call waits for those with the same key; it is longer where one call may take longer. After that it
/// runs beside them.
const TURN_WAIT: Duration = Duration::from_secs(30);

/// The result cache, as one caller sees it.
#[derive(Clone)]
pub(crate) struct CallerResults {
    cache: Arc<ResultCache>,
    caller: Caller,
    /// The rates that servers share.
    rates: SharedRates,
}

/// A call of a tool whose answers are kept.
struct CachedCall<'a> {
    cache: &'a ResultCache,
    tool: &'a Tool,
    key: CacheKey,
    /// True if other servers may have its answer, and be given it.
    is_shared: bool,
    caller: &'a Caller,
}

/// The next thing that a call does.
enum NextStep<P> {
    /// It ends with an answer that is kept.
    Hit(HandedOut),
    /// It calls the tool, in this place, and as the only one of its key where it has the turn.
    Run(P, Option<CallTurn>),
}

impl CallerResults {
    pub(crate) fn new(cache: Arc<ResultCache>, caller: Caller, rates: SharedRates) -> Self {
        Self { cache, caller, rates }
    }

    /// Calls `tool` in a place that `place` waits for, and returns the place. An answer that is kept takes no place, none
    /// of the plugin's fuel, and counts for no rate. Of calls with the same key, one runs, and the others wait for what
    /// becomes of it: where it leaves no answer, they run beside each other; where it is given up, the next caller's runs.
    pub(crate) async fn call<P, F: Future<Output = Result<P, CallError>>>(
        &self,
        tool: &Tool,
        context: CallContext,
        tracked: TrackedCall,
        arguments: &RawValue,
        place: impl Fn() -> F,
    ) -> (CallOutcome, Option<P>) {
        let kept = tool.cache.as_ref().zip(tool.plugin.answers).filter(|_| self.cache.is_on());
        let Some((terms, version)) = kept else {
            let place = match place().await {
                Ok(place) => place,
                Err(error) => return (refused(tracked, error).await, None),
            };
            let ended = tool.call_counted(tracked, context, arguments, None, &self.rates).await;
            return (ended, Some(place));
        };
        let checked = tool.check_arguments(arguments.get()).await;
        let read = checked.as_ref().ok().map(|checked| checked.text(arguments.get()));
        let key =
            read.and_then(|read| CacheKey::of(version, &tool.spec.name, terms, read, &self.caller));
        // The person at one machine's stdin is another one at the next.
        let is_shared = match self.caller {
            Caller::Operator => terms.scope == CacheScope::Public,
            Caller::Principal(_) => true,
        };
        let next = match key {
            Some(key) => {
                let caller = &self.caller;
                let call = CachedCall { cache: &self.cache, tool, key, is_shared, caller };
                call.next(&place).await
            }
            // The call tells what is wrong with them, as ever.
            None => place().await.map(|place| NextStep::Run(place, None)),
        };
        match (next, key) {
            (Err(error), _) => (refused(tracked, error).await, None),
            (Ok(NextStep::Hit(found)), _) => (hit(tracked, found).await, None),
            (Ok(NextStep::Run(place, turn)), key) => {
                if key.is_some() {
                    tracked.missed();
                }
                let ended =
                    tool.call_counted(tracked, context, arguments, Some(checked), &self.rates);
                let ended = ended.await;
                let is_kept = match (key, &ended.outcome) {
                    (Some(key), Ok(output)) => {
                        let (caller, lifetime) = (&self.caller, terms.lifetime);
                        self.cache.keep(key, caller, output, lifetime, is_shared).await
                    }
                    _ => false,
                };
                turn.into_iter().for_each(|turn| turn.end(is_kept));
                (ended, Some(place))
            }
        }
    }
}

impl CachedCall<'_> {
    /// Waits until there is an answer, or it is this call that makes one.
    async fn next<P, F: Future<Output = Result<P, CallError>>>(
        &self,
        place: &impl Fn() -> F,
    ) -> Result<NextStep<P>, CallError> {
        let deadline = Instant::now() + self.tool.plugin.limits().timeout.max(TURN_WAIT);
        let turns = self.cache.turns(&self.key);
        let mut has_asked_others = !self.is_shared;
        let mut own = None;
        loop {
            match self.cache.look(&self.key).await {
                CacheLook::Hit(found) => return Ok(NextStep::Hit(found)),
                CacheLook::Crowded => break,
                CacheLook::Miss => {}
            }
            if !std::mem::replace(&mut has_asked_others, true) {
                match self.look_among_shared().await {
                    CacheLook::Hit(found) => return Ok(NextStep::Hit(found)),
                    CacheLook::Crowded => break,
                    CacheLook::Miss => {}
                }
            }
            // The one that runs has its place already: a client that has none left holds up nobody else.
            let held = match own.take() {
                Some(held) => held,
                None => place().await?,
            };
            let news = match turns.take(self.caller) {
                Ok(turn) => return Ok(self.run(held, turn).await),
                Err(news) => news,
            };
            drop(held);
            match timeout_at(deadline, news).await {
                Ok(Ok(TurnNews::Answered) | Err(_)) => {}
                Ok(Ok(TurnNews::Unanswered)) | Err(_) => break,
                Ok(Ok(TurnNews::Turn(turn))) => {
                    let mut wanted = pin!(place());
                    match now_or_later(wanted.as_mut()).await {
                        Some(held) => return Ok(self.run(held?, turn).await),
                        // A call that has to wait for a place lets others go before.
                        None => drop(turn),
                    }
                    own = Some(wanted.await?);
                }
            }
        }
        Ok(NextStep::Run(place().await?, None))
    }

    /// The next step of a call that has its place and the turn, unless an answer came meanwhile.
    async fn run<P>(&self, held: P, turn: CallTurn) -> NextStep<P> {
        match self.cache.look(&self.key).await {
            CacheLook::Hit(found) => {
                turn.end(true);
                NextStep::Hit(found)
            }
            CacheLook::Crowded | CacheLook::Miss => NextStep::Run(held, Some(turn)),
        }
    }

    /// Looks for an answer that another server made: it is checked as one of this server's own guest.
    async fn look_among_shared(&self) -> CacheLook {
        let Some(found) = self.cache.look_among_shared(&self.key).await else {
            return CacheLook::Miss;
        };
        match self.tool.check_answer(found.answer.output()).await {
            Ok(_) => self.cache.take_over(self.key, self.caller, found).await,
            Err(error) => {
                tracing::debug!("an answer of another server does not fit: {error}");
                CacheLook::Miss
            }
        }
    }
}

/// The output of `future` where it is ready now. `None` where it has to be waited for.
async fn now_or_later<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

/// Ends a call that got no place.
async fn refused(tracked: TrackedCall, error: CallError) -> CallOutcome {
    match tracked.take_entry() {
        true => tracked.refuse(error),
        // The call could begin anew with another version, and would wait in vain again.
        false => std::future::pending().await,
    }
}

/// Ends a call with an answer that is kept.
async fn hit(mut tracked: TrackedCall, found: HandedOut) -> CallOutcome {
    if !tracked.take_entry() {
        drop((tracked, found));
        return std::future::pending().await;
    }
    tracked.begin();
    tracked.hit();
    let HandedOut { output, age, permit } = found;
    CallOutcome::kept(output, age, permit)
}

/// Lets go of answers that have expired, and of those of versions that are not served any more, as long as it is polled.
pub(crate) async fn forget_answers(
    cache: Arc<ResultCache>,
    mut catalog: watch::Receiver<Option<Arc<Catalog>>>,
) {
    loop {
        tokio::select! {
            changed = catalog.changed() => {
                if changed.is_err() {
                    return std::future::pending().await;
                }
                let served = catalog.borrow_and_update().clone();
                if let Some(served) = served {
                    let versions = served.plugins().iter().filter_map(|plugin| plugin.answers);
                    cache.serve(versions.collect());
                }
            }
            () = cache.expire_next() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tempfile::TempDir;
    use tokio::task::JoinHandle;

    use super::*;
    use crate::fuzz::guest::{WASI, Wat, sleep};
    use crate::fuzz::started;
    use crate::host::Host;
    use crate::manifest::Bytes;
    use crate::tool::{Content, Limit};

    /// A time that is never reached, unless something waits for ever.
    const NEVER: Duration = Duration::from_secs(60);
    const SLOW: u64 = 300;

    /// The tools `echo_run` and `slow_run`, which answer with their arguments, the second after a while, and `fails_run`.
    struct CacheBench {
        host: Host,
        catalog: Arc<Catalog>,
        cache: Arc<ResultCache>,
        directory: TempDir,
        /// The places that calls have asked for.
        places: Arc<AtomicUsize>,
    }

    /// A call of `tool` that has just come.
    fn arrived(tool: &Tool) -> (CallContext, TrackedCall) {
        let (context, entry) = (CallContext::default(), Some(Arc::default()));
        let tracked = tool.arrived(std::time::Instant::now(), context.trace.clone(), entry);
        (context, tracked)
    }

    fn install(directory: &TempDir, name: &str, manifest: &str, wat: &Wat<'_>) {
        let file = |suffix| directory.path().join(name).with_extension(suffix);
        std::fs::write(file("toml"), manifest).expect("a manifest");
        std::fs::write(file("wasm"), wat.build()).expect("a module");
    }

    impl CacheBench {
        /// A bench whose tools have these keys, and whose cache takes so many bytes.
        fn with(keys: &str, most: u64) -> Self {
            let directory = TempDir::new().expect("a directory");
            let echo = "(call $text (local.get $arguments) (local.get $arguments_len))";
            let slow = format!("{} {echo}", sleep(SLOW));
            let fails = format!("{} unreachable", sleep(SLOW / 3));
            let manifest = format!("[[tools]]\nname = \"run\"\n{keys}");
            let wat = |call| Wat { call, imports: WASI, ..Wat::default() };
            install(&directory, "echo", &manifest, &wat(echo));
            install(&directory, "slow", &manifest, &wat(&slow));
            install(&directory, "fails", &manifest, &wat(&fails));
            let (host, catalog) = started(directory.path());
            let cache = Arc::new(ResultCache::in_memory(Bytes::new(most)));
            Self { host, catalog, cache, directory, places: Arc::default() }
        }

        fn new(keys: &str) -> Self {
            Self::with(keys, 1 << 20)
        }

        fn tool(&self, name: &str) -> &Arc<Tool> {
            self.catalog.tool(name).expect("a tool")
        }

        /// Begins a call by this caller.
        fn begin(&self, caller: Caller, tool: &str, arguments: &str) -> JoinHandle<CallOutcome> {
            let results = CallerResults::new(self.cache.clone(), caller, SharedRates::default());
            let (tool, places) = (self.tool(tool).clone(), self.places.clone());
            let arguments = RawValue::from_string(arguments.into()).expect("JSON");
            self.host.guests().spawn(async move {
                let place = || async {
                    places.fetch_add(1, Ordering::Relaxed);
                    Ok(())
                };
                let (context, tracked) = arrived(&tool);
                results.call(&tool, context, tracked, &arguments, place).await.0
            })
        }

        fn end(&self, call: JoinHandle<CallOutcome>) -> CallOutcome {
            let ended = async { tokio::time::timeout(NEVER, call).await };
            self.host.guests().block_on(ended).expect("it ends").expect("no panic")
        }

        fn call(&self, tool: &str, arguments: &str) -> CallOutcome {
            self.end(self.begin(Caller::Operator, tool, arguments))
        }

        /// Waits until so many calls of a tool run.
        fn until_running(&self, tool: &str, calls: u64) {
            let began = std::time::Instant::now();
            while self.tool(tool).statistics.counts().running != calls {
                assert!(began.elapsed() < NEVER, "they do not run");
                std::thread::yield_now();
            }
        }

        /// The hits and misses of a tool.
        fn counts(&self, tool: &str) -> (u64, u64) {
            let cache = self.tool(tool).statistics.snapshot().cache;
            (cache.hits, cache.misses)
        }
    }

    fn text(ended: &CallOutcome) -> &str {
        match ended.outcome.as_ref().expect("an answer").content.as_slice() {
            [Content::Text(text)] => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_answer_that_is_kept_costs_nothing_and_counts_for_no_rate() {
        let bench = CacheBench::new("cache = \"5m\"\nrate = \"1/h\"");
        let made = bench.call("echo_run", r#"{"a":1,"b":2}"#);
        assert!(made.usage.fuel > 0 && !made.usage.is_cached());
        let places = bench.places.load(Ordering::Relaxed);
        let kept = bench.call("echo_run", r#"{ "b":2, "a":1 }"#);
        assert_eq!(text(&kept), r#"{"a":1,"b":2}"#);
        assert!(kept.usage.is_cached() && kept.usage.fuel == 0, "{:?}", kept.usage);
        assert_eq!(bench.places.load(Ordering::Relaxed), places, "a hit takes no place");
        let refused = bench.call("echo_run", r#"{"a":2}"#);
        let hit = refused.outcome.expect_err("the rate is used up");
        assert!(matches!(hit, CallError::Limit(hit) if hit.limit == Limit::ToolRate));
        assert_eq!(bench.counts("echo_run"), (1, 2));
        assert_eq!(bench.tool("echo_run").statistics.counts().calls, 3);
    }

    #[test]
    fn callers_share_no_answer_unless_the_manifest_says_so() {
        let callers =
            || [Caller::Operator, Caller::Principal("".into()), Caller::Principal("ada".into())];
        for (keys, hits, misses) in
            [("cache = \"5m\"", 0, 3), ("cache = \"5m\"\ncache_scope = \"public\"", 2, 1)]
        {
            let bench = CacheBench::new(keys);
            for caller in callers() {
                bench.end(bench.begin(caller, "echo_run", "{}"));
            }
            assert_eq!(bench.counts("echo_run"), (hits, misses), "{keys}");
        }
    }

    #[test]
    fn nothing_is_kept_where_nobody_says_so() {
        for bench in [
            CacheBench::new(""),
            CacheBench::new("cache = \"0s\""),
            CacheBench::with("cache = \"5m\"", 0),
        ] {
            for _ in 0..2 {
                assert!(!bench.call("echo_run", "{}").usage.is_cached());
            }
            assert_eq!(bench.counts("echo_run"), (0, 0));
        }
    }

    #[test]
    fn of_calls_with_one_key_one_runs_and_the_others_have_its_answer() {
        let bench = CacheBench::new("cache = \"5m\"");
        let calls: Vec<_> =
            (0..8).map(|_| bench.begin(Caller::Operator, "slow_run", "{}")).collect();
        let ended: Vec<_> = calls.into_iter().map(|call| bench.end(call)).collect();
        assert_eq!(ended.iter().filter(|ended| !ended.usage.is_cached()).count(), 1);
        assert!(ended.iter().all(|ended| text(ended) == "{}"));
        assert_eq!(bench.counts("slow_run"), (7, 1));
    }

    #[test]
    fn where_the_call_that_runs_is_cancelled_the_next_runs() {
        let bench = CacheBench::new("cache = \"5m\"");
        let first = bench.begin(Caller::Operator, "slow_run", "{}");
        bench.until_running("slow_run", 1);
        let others: Vec<_> =
            (0..3).map(|_| bench.begin(Caller::Operator, "slow_run", "{}")).collect();
        first.abort();
        let ended: Vec<_> = others.into_iter().map(|call| bench.end(call)).collect();
        let made = ended.iter().filter(|ended| !ended.usage.is_cached()).count();
        assert_eq!(made, 1, "{ended:?}");
        assert_eq!(bench.counts("slow_run"), (2, 2));
        assert_eq!(bench.tool("slow_run").statistics.counts().cancelled, 1);
    }

    #[test]
    fn an_error_is_not_kept_and_the_next_call_runs() {
        let bench = CacheBench::new("cache = \"5m\"");
        let calls: Vec<_> =
            (0..3).map(|_| bench.begin(Caller::Operator, "fails_run", "{}")).collect();
        for call in calls {
            let ended = bench.end(call);
            assert!(matches!(ended.outcome, Err(CallError::Trapped { .. })), "{ended:?}");
        }
        assert_eq!(bench.counts("fails_run"), (0, 3));
        let wrong = bench.call("fails_run", "[]").outcome;
        assert!(matches!(wrong, Err(CallError::InvalidArguments(_))));
        assert_eq!(bench.counts("fails_run"), (0, 3));
    }

    #[test]
    fn calls_that_waited_for_one_that_fails_run_beside_each_other() {
        let bench = CacheBench::new("cache = \"5m\"");
        let calls: Vec<_> =
            (0..4).map(|_| bench.begin(Caller::Operator, "fails_run", "{}")).collect();
        bench.until_running("fails_run", 3);
        for call in calls {
            assert!(bench.end(call).outcome.is_err());
        }
        assert_eq!(bench.counts("fails_run"), (0, 4));
    }

    #[test]
    fn calls_of_one_caller_that_are_given_up_hold_up_another_for_one_turn() {
        let bench = CacheBench::new("cache = \"5m\"\ncache_scope = \"public\"");
        let begin = |name: &str| bench.begin(Caller::Principal(name.into()), "slow_run", "{}");
        let waiting = || bench.tool("slow_run").statistics.counts().waiting;
        let first = begin("ada");
        bench.until_running("slow_run", 1);
        let others: Vec<_> = (0..8).map(|_| begin("ada")).collect();
        let began = std::time::Instant::now();
        while waiting() < 8 {
            assert!(began.elapsed() < NEVER, "they do not wait");
            std::thread::yield_now();
        }
        let bob = begin("bob");
        while waiting() < 9 {
            assert!(began.elapsed() < NEVER, "it does not wait");
            std::thread::yield_now();
        }
        // A call is counted before it stands in the queue.
        std::thread::sleep(Duration::from_millis(SLOW / 6));
        first.abort();
        assert!(!bench.end(bob).usage.is_cached(), "its turn is the next");
        for other in others {
            assert!(bench.end(other).usage.is_cached());
        }
    }

    #[test]
    fn a_client_without_a_place_holds_up_nobody_with_the_same_key() {
        let bench = CacheBench::new("cache = \"5m\"\ncache_scope = \"public\"");
        let results = CallerResults::new(
            bench.cache.clone(),
            Caller::Principal("ada".into()),
            SharedRates::default(),
        );
        let tool = bench.tool("echo_run").clone();
        let (asked, asks) = tokio::sync::oneshot::channel();
        let asked = std::sync::Mutex::new(Some(asked));
        let waits = bench.host.guests().spawn(async move {
            let place = || {
                let asked = asked.lock().expect("no panic").take();
                asked.into_iter().for_each(|asked| asked.send(()).expect("the test waits"));
                std::future::pending::<Result<(), CallError>>()
            };
            let arguments = RawValue::from_string("{}".into()).expect("JSON");
            let (context, tracked) = arrived(&tool);
            results.call(&tool, context, tracked, &arguments, place).await.0
        });
        bench.host.guests().block_on(asks).expect("it asks for a place");
        let other = bench.end(bench.begin(Caller::Principal("bob".into()), "echo_run", "{}"));
        assert!(!other.usage.is_cached());
        waits.abort();
    }

    #[test]
    fn answers_that_nobody_reads_are_bounded_and_then_tools_are_called() {
        let bench = CacheBench::new("cache = \"5m\"");
        let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(200_000));
        bench.call("echo_run", &large);
        let mut unread = Vec::new();
        while bench.counts("echo_run").1 == 1 {
            unread.push(bench.call("echo_run", &large));
        }
        let made = unread.pop().expect("some");
        assert!(!made.usage.is_cached() && text(&made) == large);
        assert!((60..100).contains(&unread.len()), "{}", unread.len());
        unread.clear();
        assert!(bench.call("echo_run", &large).usage.is_cached());
    }

    #[test]
    fn another_version_has_answers_of_its_own_and_frees_those_before() {
        let bench = CacheBench::new("cache = \"5m\"");
        bench.call("echo_run", "{}");
        bench.call("slow_run", "{}");
        let kept = bench.cache.bytes();
        let (publisher, catalog) = watch::channel(None);
        let forgetting = forget_answers(bench.cache.clone(), catalog);
        let forgetting = bench.host.guests().spawn(forgetting);
        publisher.send_replace(Some(bench.catalog.clone()));
        let manifest =
            "[grants]\nconfig = { a = \"b\" }\n[[tools]]\nname = \"run\"\ncache = \"5m\"";
        std::fs::write(bench.directory.path().join("echo.toml"), manifest).expect("written");
        let (next_host, next) = started(bench.directory.path());
        publisher.send_replace(Some(next.clone()));
        let began = std::time::Instant::now();
        while bench.cache.bytes() == kept {
            assert!(began.elapsed() < NEVER, "nothing is freed");
            std::thread::yield_now();
        }
        assert!(bench.cache.bytes() > 0, "the other plugin did not change");
        // A call of the version before that ends late keeps nothing.
        let left = bench.cache.bytes();
        bench.call("echo_run", "{}");
        assert_eq!(bench.cache.bytes(), left);
        let next = CacheBench { host: next_host, catalog: next, ..bench };
        assert!(!next.call("echo_run", "{}").usage.is_cached());
        assert!(next.call("slow_run", "{}").usage.is_cached());
        forgetting.abort();
    }
}
