//! `tools/call`: its parameters, the tool that is meant, progress, and the outcome as a result.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::rpc::message::present;
use super::super::rpc::reply::{RpcError, notification};
use super::super::version::Version;
use super::content::Block;
use super::meta::{CallCost, Common, is_object, read, text};
use crate::catalog::{Catalog, Tool};
use crate::name::ToolName;
use crate::text::{clip, escape};
use crate::tool::{CallError, Content, Output, Progress, ReasonReader, Usage, WHO_KNOWS};

/// Returns the name and the arguments of a call. Absent arguments are none.
pub(crate) fn name_and_arguments(
    params: Option<&RawValue>,
) -> Result<(String, Box<RawValue>), RpcError> {
    #[derive(Deserialize)]
    struct CallParams<'a> {
        #[serde(borrow, default, deserialize_with = "present")]
        name: Option<&'a RawValue>,
        #[serde(borrow, default, deserialize_with = "present")]
        arguments: Option<&'a RawValue>,
    }
    let Some(params) = params else {
        return Err(RpcError::invalid_params("`params` is missing: tools/call needs `name`"));
    };
    let params: CallParams<'_> = read(params)?;
    let name = params.name.and_then(|raw| text(raw).ok()).ok_or_else(|| {
        RpcError::invalid_params("`name`, the tool's name as a string, is missing")
    })?;
    let arguments = match params.arguments {
        Some(raw) if is_object(raw) => raw.to_owned(),
        Some(_) => return Err(RpcError::invalid_params("`arguments` is not an object")),
        None => RawValue::from_string("{}".into()).unwrap_or_default(),
    };
    Ok((name, arguments))
}

/// The tool with this public name.
pub(crate) fn tool<'a>(
    catalog: &'a Catalog,
    name: &str,
    reader: ReasonReader,
) -> Result<&'a Arc<Tool>, RpcError> {
    catalog.tool(name).ok_or_else(|| unknown(catalog, name, reader))
}

/// True if there is no such tool yet, and a plugin may have it that is still being loaded.
pub(crate) fn may_come(catalog: &Catalog, name: &str) -> bool {
    catalog.tool(name).is_none() && ToolName::new(name).is_ok_and(|name| catalog.may_have(&name))
}

fn unknown(catalog: &Catalog, name: &str, reader: ReasonReader) -> RpcError {
    let shown = escape(clip(name, 80));
    if let Some(reason) = catalog.unlisted(name) {
        return RpcError::invalid_params(match reader {
            ReasonReader::Operator => reason,
            ReasonReader::Stranger => format!("the tool `{shown}` is not listed; {WHO_KNOWS}"),
        });
    }
    if let Some(now) = catalog.now_called(name) {
        return RpcError::invalid_params(format!(
            "unknown tool `{shown}`; it is called `{now}` now"
        ));
    }
    let unserved = ToolName::new(name).ok();
    if let Some(reason) = unserved.and_then(|name| catalog.unserved(&name)) {
        let why = match reader {
            ReasonReader::Operator => format!(": {reason}"),
            ReasonReader::Stranger => format!("; {WHO_KNOWS}"),
        };
        return RpcError::invalid_params(format!(
            "unknown tool `{shown}`; the plugin that may have it is not served{why}"
        ));
    }
    RpcError::invalid_params(match catalog.nearest(name) {
        Some(near) => format!("unknown tool `{shown}`; did you mean `{near}`?"),
        None => format!("unknown tool `{shown}`"),
    })
}

/// Returns the notification of a call's progress to the request with this token.
pub(crate) fn progress(token: &RawValue, progress: Progress) -> String {
    // The 2024-11-05 revision knows no message; it ignores the member.
    let Progress { value, total, message } = progress;
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct ProgressParams<'a> {
        progress_token: &'a RawValue,
        progress: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    }
    let params = ProgressParams { progress_token: token, progress: value, total, message };
    notification("notifications/progress", Some(params))
}

/// The result of `tools/call`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallResult {
    content: Vec<Block>,
    #[serde(skip_serializing_if = "Option::is_none")]
    structured_content: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_error: bool,
    #[serde(flatten)]
    common: Common,
}

/// An outcome as a result: the one place where it becomes MCP.
pub(crate) fn call_result(
    version: Version,
    reader: ReasonReader,
    outcome: Result<Output, CallError>,
    usage: Usage,
) -> CallResult {
    let is_error = outcome.is_err();
    let mut output = outcome.unwrap_or_else(|error| match error {
        CallError::Failed(output) if !output.content.is_empty() || output.structured.is_some() => {
            output
        }
        error => {
            Output { content: vec![Content::Text(error.told_to(reader))], ..Output::default() }
        }
    });
    let structured_content = structured(version, &mut output);
    let Usage { fuel, peak_memory, answer_age_ms, .. } = usage;
    let time_ms = usage.milliseconds();
    let spent = CallCost { fuel, peak_memory_bytes: peak_memory, time_ms, answer_age_ms };
    CallResult {
        content: output.content.into_iter().map(|block| Block::of(version, block)).collect(),
        structured_content,
        is_error,
        common: Common::with(version, output.meta, Some(spent)),
    }
}

/// The structured content as this revision may carry it. Where it cannot, or where there is nothing else, the same JSON
/// stands in a text block, too: a tool that says the same in words of its own does not pay for it three times.
fn structured(version: Version, output: &mut Output) -> Option<Box<RawValue>> {
    let raw = output.structured.take()?;
    let carried = version.is_modern()
        || (version.has_structured_content() && raw.get().trim_start().starts_with('{'));
    if !carried || output.content.is_empty() {
        let is_it = |block: &Content| matches!(block, Content::Text(text) if text == raw.get());
        if !output.content.iter().any(is_it) {
            output.content.push(Content::Text(raw.get().to_owned()));
        }
    }
    carried.then_some(raw)
}
