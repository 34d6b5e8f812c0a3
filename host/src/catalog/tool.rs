//! A tool that is served, and one call of it: what is asked before the guest is entered, and of its answer.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use super::admission::entry::EntryTicket;
use super::admission::rate_limiter::RateLimiter;
use super::admission::shared_rates::SharedRates;
use super::content_check;
use super::error::file_name;
use super::features::feature::{Feature, FeatureName};
use super::plugin::Plugin;
use super::result_cache::CacheTerms;
use super::schema::compiled::Schema;
use super::schema::lenient::Reading;
use super::schema::repeated_arguments::RepeatedArgument;
use super::statistics::tool_statistics::{ToolStatistics, TrackedCall};
use crate::json;
use crate::manifest::local_of;
use crate::name::ToolName;
use crate::sandbox::{CallContext, CallOutcome, CallSlots, ProgressSink, Readiness};
use crate::tool::{CallError, CallTrace, FeatureKind, Limit, LimitHit, Output, ToolSpec};

/// The longest arguments of one call, in bytes of JSON.
pub const MAX_ARGUMENTS: usize = 1024 * 1024;
/// The longest arguments that a brief turn may be begun with, in bytes of JSON.
const MAX_BRIEF_ARGUMENTS: usize = 4 * 1024;

/// The time that a call waits until the arguments of those before it are checked.
const CHECK_WAIT: Duration = Duration::from_secs(30);
const CHECKS_BEFORE: &str =
    "the arguments of the calls before it took longer than 30s to check; ask again";

/// The time that a call waits for a plugin to be loaded again that this machine could not load.
const RELOADING: Duration = Duration::from_secs(10);

/// A tool that is served.
pub struct Tool {
    /// Its public name.
    pub name: ToolName,
    /// The tool as clients are told of it.
    pub spec: ToolSpec,
    /// The plugin that the tool belongs to.
    pub plugin: Arc<Plugin>,
    /// The statistics of its calls, over all its versions.
    pub statistics: Arc<ToolStatistics>,
    /// The arguments that clients repeat in headers of requests over HTTP.
    pub repeated: Arc<[RepeatedArgument]>,
    pub(super) input: Arc<Schema>,
    pub(super) output: Option<Arc<Schema>>,
    pub(super) err_is_error: bool,
    pub(super) reading: Reading,
    pub(super) pace: RateLimiter,
    /// The terms on which its answers are kept. `None` if they are not.
    pub(super) cache: Option<CacheTerms>,
}

impl FeatureName for ToolName {
    fn parse(text: &str) -> Option<Self> {
        Self::new(text).ok()
    }

    fn is_behind(&self, prefix: &str) -> bool {
        self.is_behind(prefix)
    }

    fn may_begin_with(&self, prefix: &str) -> bool {
        self.may_begin_with(prefix)
    }
}

impl Feature for Tool {
    const KIND: FeatureKind = FeatureKind::Tool;
    type Name = ToolName;

    fn name(&self) -> &ToolName {
        &self.name
    }

    fn plugin(&self) -> &Arc<Plugin> {
        &self.plugin
    }

    fn looks_like(&self, other: &Self) -> bool {
        self.spec.looks_like(&other.spec)
    }
}

/// Arguments that the schema accepts.
pub(super) struct CheckedArguments {
    /// Their text, if they are read in another way than they were written; else `None`.
    read: Option<String>,
}

impl CheckedArguments {
    /// The text that the tool gets of arguments that were `written` so.
    pub(super) fn text<'a>(&'a self, written: &'a str) -> &'a str {
        self.read.as_deref().unwrap_or(written)
    }
}

/// A call that may enter its guest.
struct Admitted<'a> {
    arguments: CheckedArguments,
    slots: CallSlots<'a>,
}

impl Tool {
    /// Calls the tool: checks the arguments, runs the guest, checks the structured answer. Dropping
    /// the future ends the call.
    pub async fn call(&self, arguments: &RawValue, progress: Option<ProgressSink>) -> CallOutcome {
        let context = CallContext { progress, ..CallContext::default() };
        let tracked = self.arrived(Instant::now(), context.trace.clone(), None);
        self.call_in(context, tracked, arguments).await
    }

    /// Takes note of a call that came then, with the ticket that it hands in when it enters the plugin.
    pub fn arrived(
        &self,
        came: Instant,
        trace: Arc<CallTrace>,
        entry: Option<Arc<EntryTicket>>,
    ) -> TrackedCall {
        TrackedCall::arrived(self.statistics.clone(), came, trace, entry)
    }

    /// Calls the tool in this context. A call with a ticket takes its entry when it enters the guest, after all that it
    /// waits for: the plugin's code, and its turn among the calls. If the entry has been taken, this future stays
    /// pending; drop it.
    pub async fn call_in(
        &self,
        context: CallContext,
        tracked: TrackedCall,
        arguments: &RawValue,
    ) -> CallOutcome {
        self.call_counted(tracked, context, arguments, None, &SharedRates::default()).await
    }

    /// The same with what was found of the arguments, if they were checked, and with the rates that servers share.
    pub(super) async fn call_counted(
        &self,
        mut tracked: TrackedCall,
        context: CallContext,
        arguments: &RawValue,
        checked: Option<Result<CheckedArguments, CallError>>,
        shared: &SharedRates,
    ) -> CallOutcome {
        let call = self.call_untimed(context, arguments, checked, &mut tracked, shared);
        let (ended, busy) = timed(call).await;
        tracked.ended(&ended, busy);
        CallOutcome { outcome: ended.outcome.map_err(|error| self.in_its_file(error)), ..ended }
    }

    async fn call_untimed(
        &self,
        context: CallContext,
        arguments: &RawValue,
        checked: Option<Result<CheckedArguments, CallError>>,
        tracked: &mut TrackedCall,
        shared: &SharedRates,
    ) -> CallOutcome {
        let admitted = self.admitted(tracked, arguments.get(), checked).await;
        if !tracked.take_entry() {
            // The places of this call become free for others.
            drop(admitted);
            return std::future::pending().await;
        }
        tracked.begin();
        match admitted {
            Ok(admitted) => self.enter(admitted, context, arguments.get(), shared).await,
            Err(error) => CallOutcome::before(error),
        }
    }

    /// `error` with the local file, where that sets the limit that was reached.
    fn in_its_file(&self, mut error: CallError) -> CallError {
        let (is_set, local) = match &mut error {
            CallError::Limit(LimitHit { limit: Limit::ToolRate, local, .. }) => {
                // The local file may know the tool by either name.
                let names = [&*self.spec.name, self.name.as_str()].into_iter();
                (
                    names
                        .map(|name| format!("tools.{name}.rate"))
                        .any(|key| self.plugin.decides(&key)),
                    local,
                )
            }
            CallError::Limit(LimitHit { limit, local, .. }) => {
                let key = limit.key().map(|key| format!("limits.{key}"));
                (key.is_some_and(|key| self.plugin.decides(&key)), local)
            }
            CallError::Paused { local, .. } => (self.plugin.decides("limits.crashes"), local),
            _ => return error,
        };
        *local = is_set.then(|| file_name(&local_of(&self.plugin.file)).into());
        error
    }

    /// True if a call with these arguments can be expected to end within a brief turn: the last one did.
    #[must_use]
    pub fn is_brief(&self, arguments: &RawValue) -> bool {
        arguments.get().len() <= MAX_BRIEF_ARGUMENTS
            && self.statistics.is_brief()
            && self.plugin.readiness() == Readiness::Ready
    }

    /// Waits for all that a call needs before it enters the guest.
    async fn admitted(
        &self,
        tracked: &TrackedCall,
        arguments: &str,
        checked: Option<Result<CheckedArguments, CallError>>,
    ) -> Result<Admitted<'_>, CallError> {
        // A call that would be refused need not wait. A call that waits is checked again, and counted, when it enters.
        self.plugin.breaker.look()?;
        self.pace.look(Instant::now).map_err(CallError::Limit)?;
        let checked = self.check_and_wait(arguments, checked).await;
        if checked.is_err()
            && tracked.can_begin_anew()
            && self.plugin.readiness() == Readiness::FailedForNow
        {
            // The plugin is loaded again, and the call begins anew with that.
            tokio::time::sleep(RELOADING).await;
        }
        let arguments = checked?;
        self.plugin.breaker.look()?;
        self.pace.look(Instant::now).map_err(CallError::Limit)?;
        let slots = self.plugin.guest.slots().await?;
        Ok(Admitted { arguments, slots })
    }

    /// Checks the arguments, unless that was done, and waits for the plugin's code.
    async fn check_and_wait(
        &self,
        arguments: &str,
        checked: Option<Result<CheckedArguments, CallError>>,
    ) -> Result<CheckedArguments, CallError> {
        let checked = match checked {
            Some(checked) => checked?,
            None => self.check_arguments(arguments).await?,
        };
        self.plugin.guest.await_code().await?;
        Ok(checked)
    }

    /// Checks the arguments against the schema, in turn with those of the plugin's other calls.
    pub(super) async fn check_arguments(
        &self,
        arguments: &str,
    ) -> Result<CheckedArguments, CallError> {
        // One check of a plugin at a time: a schema may make each of them long.
        let turn = tokio::time::timeout(CHECK_WAIT, self.plugin.checking.acquire()).await;
        let _turn = turn.map_err(|_| CallError::Unready(CHECKS_BEFORE.into()))?;
        let read = self.read_arguments(arguments).await.map_err(CallError::InvalidArguments)?;
        Ok(CheckedArguments { read })
    }

    async fn enter(
        &self,
        admitted: Admitted<'_>,
        context: CallContext,
        written: &str,
        shared: &SharedRates,
    ) -> CallOutcome {
        let Admitted { arguments, slots } = admitted;
        let mut attempt = match self.plugin.breaker.begin() {
            Ok(attempt) => attempt,
            Err(error) => return CallOutcome::before(error),
        };
        let names = (&self.plugin.name, &*self.spec.name);
        if let Err(hit) = self.pace.take(Instant::now, names, shared).await {
            attempt.not_made();
            return CallOutcome::before(CallError::Limit(hit));
        }
        attempt.made();
        let arguments = arguments.text(written);
        let ended = self.plugin.guest.call_in(slots, context, &self.spec.name, arguments).await;
        attempt.ended(&ended);
        let outcome = match ended.outcome {
            Err(CallError::Failed(output)) if !self.err_is_error => self.check_content(output),
            Err(CallError::Failed(output)) => {
                Err(self.check_content(output).map_or_else(|error| error, CallError::Failed))
            }
            Ok(output) => self.check_answer(output).await,
            Err(error) => Err(error),
        };
        CallOutcome { outcome, ..ended }
    }

    async fn read_arguments(&self, text: &str) -> Result<Option<String>, String> {
        if text.len() > MAX_ARGUMENTS {
            return Err(format!(
                "they are {} bytes of JSON; the most is {MAX_ARGUMENTS}",
                text.len()
            ));
        }
        let value = json::value(text).map_err(|error| error.to_string())?;
        self.input.read(&value, text, self.reading).await
    }

    /// Checks an answer: what it points to, what its media are, and its structured content against the output schema.
    pub(super) async fn check_answer(&self, output: Output) -> Result<Output, CallError> {
        self.check_output(self.check_content(output)?).await
    }

    fn check_content(&self, output: Output) -> Result<Output, CallError> {
        let checked = content_check::check(&output, &self.plugin.link_schemes);
        checked.map(|()| output).map_err(CallError::Broken)
    }

    async fn check_output(&self, output: Output) -> Result<Output, CallError> {
        let Some(schema) = &self.output else { return Ok(output) };
        let Some(structured) = &output.structured else {
            return Err(CallError::Broken(
                "it has an output schema and gave no structured content".into(),
            ));
        };
        let value = json::value(structured.get())
            .map_err(|error| CallError::Broken(format!("its structured content: {error}")))?;
        schema.check(&value, structured.get().len()).await.map_err(|problem| {
            CallError::Broken(format!("its structured content breaks its output schema: {problem}"))
        })?;
        Ok(output)
    }
}

/// Returns what `future` gives, and the time that it took of the threads that polled it: it may have waited longer.
async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let (mut future, mut busy) = (pin!(future), Duration::ZERO);
    let given = poll_fn(|context| {
        let began = Instant::now();
        let polled = future.as_mut().poll(context);
        busy += began.elapsed();
        polled
    });
    let given = given.await;
    (given, busy)
}
