//! `toolrack call`: one call from the shell, in the same sandbox as a client's.

mod arguments;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use anyhow::bail;
use serde_json::value::RawValue;
use tracing::Instrument as _;

use super::audit_options::audit_settings;
use super::look::check::stem;
use super::look::list::not_served;
use super::look::load::load_until;
use super::output::print::{eprintln, println};
use super::setup::Setup;
use super::{DIM, ERROR, paint};
use crate::audit::AuditLog;
use crate::catalog::{Catalog, Refusal, Tool};
use crate::lockfile::LockPolicy;
use crate::manifest::grouped;
use crate::mcp::{self, CallObservers, CallSource, EndKind, NamedCall, ObservedCall};
use crate::sandbox::{CallContext, CallOutcome, ProgressSink};
use crate::suggestion::CommandName;
use crate::text::{escape, escape_json};
use crate::tool::{CallError, Content, Output, Usage};

pub(super) fn run(
    setup: Setup,
    name: &str,
    arguments: &[String],
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let locking = setup.locking;
    let audit = audit_settings(None, &setup.configuration.serve)?;
    let audit = audit.map(AuditLog::start).transpose()?;
    let (host, loader) = load_until(setup, name)?;
    let tool = find(&loader.catalog(), name, locking)?;
    let arguments: Arc<RawValue> =
        RawValue::from_string(arguments::read(&tool, arguments)?)?.into();
    let progress: ProgressSink = Box::new(|progress| {
        let total = progress.total.map(|total| format!("/{total}")).unwrap_or_default();
        let message = escape(&progress.message.unwrap_or_default());
        eprintln!("{}", paint(DIM, format!("{}{total} {message}", progress.value)));
    });
    let span =
        tracing::info_span!("call", plugin = tool.plugin.name.as_str(), tool = tool.name.as_str());
    let observed = audit.as_ref().map(|audit| observed(audit, &arguments));
    let came = Instant::now();
    let trace = observed.as_ref().map(|observed| Arc::new(observed.observers.trace()));
    let trace = trace.unwrap_or_default();
    let tracked = tool.arrived(came, trace.clone(), None);
    let context =
        CallContext { progress: Some(progress), trace: trace.clone(), ..CallContext::default() };
    let call = async { tool.call_in(context, tracked, &arguments).await };
    let ended = host.guests().block_on(call.instrument(span));
    if let Some(observed) = observed {
        let (tool, plugin) = (tool.name.as_str(), &tool.plugin);
        let trace = &*trace;
        let named = NamedCall { request: "", principal: "", tool, plugin, came, trace };
        observed.tell(named, EndKind::of(&ended), ended.usage, came.elapsed());
    }
    drop(audit);
    let CallOutcome { outcome, usage, .. } = ended;
    drop(loader);
    let failed = outcome.is_err();
    if as_json {
        println!("{}", escape_json(&mcp::result_as_json(outcome, usage)));
    } else {
        print(outcome, usage);
    }
    host.stop();
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The call, as the audit log is told of it.
fn observed(audit: &AuditLog, arguments: &Arc<RawValue>) -> ObservedCall {
    ObservedCall {
        observers: CallObservers::new(vec![audit.observer()]),
        arguments: arguments.clone(),
        source: Arc::new(CallSource {
            client: Some("toolrack-call".into()),
            ..CallSource::default()
        }),
        clock: SystemTime::now(),
    }
}

pub(super) fn find(
    catalog: &Catalog,
    name: &str,
    locking: LockPolicy,
) -> anyhow::Result<Arc<Tool>> {
    if let Some(tool) = catalog.tool(name) {
        return Ok(tool.clone());
    }
    if let Some(reason) = catalog.unlisted(name).or_else(|| catalog.hidden(name)) {
        bail!("{reason}");
    }
    let owner = |refusal: &&Refusal| {
        let rest = name.strip_prefix(stem(&refusal.file));
        refusal.is_of_whole_plugin()
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    if let Some(refusal) = catalog.refusals().iter().find(owner) {
        let (plugin, reason) = (escape(stem(&refusal.file)), safe(&refusal.one_line()));
        bail!(
            "there is no tool `{}`, and the plugin `{plugin}` is not served: {reason}",
            escape(name)
        );
    }
    let refused = not_served(catalog, locking).map(|sentence| format!("; {sentence}"));
    let refused = refused.unwrap_or_default();
    let now = catalog.now_called(name).map(|now| format!("; it is called `{now}` now"));
    let near = || catalog.nearest(name).map(|near| format!("; did you mean `{near}`?"));
    let near = now.or_else(near);
    let near =
        near.unwrap_or_else(|| format!("; `{}` shows those there are", CommandName::List.alone()));
    bail!("there is no tool `{}`{refused}{near}", escape(name));
}

fn print(outcome: Result<Output, CallError>, usage: Usage) {
    match outcome {
        Ok(output) => print_output(&output),
        Err(CallError::Failed(output)) => {
            eprintln!("{}", paint(ERROR, "the tool failed"));
            print_output(&output);
        }
        Err(error) => eprintln!("{} {}", paint(ERROR, "error:"), safe(&error.to_string())),
    }
    if usage.fuel == 0 {
        // The plugin was not entered.
        return;
    }
    let fuel = grouped(usage.fuel);
    let (memory, time) = (usage.peak_memory / 1024, usage.time);
    eprintln!("{}", paint(DIM, format!("fuel {fuel}, {memory} KiB at most, {time:.1?}")));
}

fn print_output(output: &Output) {
    if output.content.is_empty()
        && let Some(structured) = &output.structured
    {
        println!("{}", escape_json(structured.get()));
    }
    print_blocks(&output.content);
}

fn print_blocks(blocks: &[Content]) {
    for block in blocks {
        match block {
            Content::Text(text) | Content::TextResource { text, .. } => println!("{}", safe(text)),
            Content::Image(media) | Content::Audio(media) => {
                println!("[{}, {} bytes]", escape(&media.mime_type), media.data.len());
            }
            Content::ResourceLink(link) => {
                println!("{}: {}", escape(&link.name), escape(&link.uri))
            }
            Content::BlobResource { uri, data, .. } => {
                println!("[{}, {} bytes]", escape(uri), data.len());
            }
        }
    }
}

/// Text for a terminal: line breaks and tabs stay, what could steer the terminal does not.
pub(super) fn safe(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| line.split('\t').map(escape).collect::<Vec<_>>().join("\t"))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_steer_the_terminal() {
        assert_eq!(safe("a\tb\nc"), "a\tb\nc");
        assert!(!safe("\u{1b}[31m").contains('\u{1b}'));
    }
}
