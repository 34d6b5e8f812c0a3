//! A program that ended, as an answer: its exit code, stdout and stderr.

use super::super::contract;
use super::declared::ProgramDeclarations;
use crate::manifest::{Bytes, ProgramSpec, StdoutForm};
use crate::sandbox::run::log::MAX_SAID;
use crate::secret::Redactor;
use crate::tool::{CallError, Content, LimitHit, Media, Output};

/// The bytes that a failure may take besides those two ends.
const MARGIN: u64 = 256;

/// The end of a program: its exit code and what it wrote.
pub(super) struct ProgramEnd {
    pub(super) code: i32,
    pub(super) stdout: Vec<u8>,
    /// The end of stderr, without its secrets.
    pub(super) stderr: String,
    /// The memory limit, if it was refused memory.
    pub(super) refused: Option<LimitHit>,
}

/// Returns the answer of a program that ended, or its failure.
pub(super) fn answer(
    ended: ProgramEnd,
    command: &ProgramSpec,
    declared: &ProgramDeclarations,
    limit: Bytes,
    secrets: &Redactor,
) -> Result<Output, CallError> {
    let success: &[u8] = if command.success.is_empty() { &[0] } else { &command.success };
    if !u8::try_from(ended.code).is_ok_and(|code| success.contains(&code)) {
        return Err(failure(&ended, limit, secrets));
    }
    let ProgramEnd { code, stdout, .. } = ended;
    if stdout.is_empty() && command.output != StdoutForm::Json {
        let code = if code == 0 { String::new() } else { format!(", exit code {code}") };
        return Ok(blocks(Content::Text(format!("(no output{code})"))));
    }
    match &command.output {
        StdoutForm::Text => Ok(blocks(Content::Text(text(stdout)?))),
        StdoutForm::Json => {
            let broken =
                |problem| CallError::Broken(format!("its stdout is not one JSON value: {problem}"));
            let (raw, _) =
                contract::json(&text(stdout)?).map_err(|error| broken(error.to_string()))?;
            Ok(Output { structured: Some(raw), ..Output::default() })
        }
        StdoutForm::Media(kind) => media(kind, stdout, declared).map(blocks),
    }
}

fn blocks(block: Content) -> Output {
    Output { content: vec![block], ..Output::default() }
}

fn text(stdout: Vec<u8>) -> Result<String, CallError> {
    String::from_utf8(stdout).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        CallError::Broken(format!(
            "its stdout is not text in UTF-8 (see byte {at}); if it is data, write \
             `output = \"application/octet-stream\"`, or what it is, under its [[tools]]"
        ))
    })
}

fn media(kind: &str, data: Vec<u8>, declared: &ProgramDeclarations) -> Result<Content, CallError> {
    let (family, _) = kind.split_once('/').unwrap_or((kind, ""));
    let mime_type = kind.to_owned();
    Ok(match family {
        "image" => Content::Image(Media { data, mime_type }),
        "audio" => Content::Audio(Media { data, mime_type }),
        _ => {
            let uri = format!("toolrack:{}/stdout", declared.name);
            let mime_type = Some(mime_type);
            match family {
                "text" => Content::TextResource { uri, mime_type, text: text(data)? },
                _ => Content::BlobResource { uri, mime_type, data },
            }
        }
    })
}

/// The exit code with the end of what the program said: of stderr, and of what it wrote to stdout.
fn failure(ended: &ProgramEnd, limit: Bytes, secrets: &Redactor) -> CallError {
    let half = limit.get().saturating_sub(MARGIN) / 2;
    let most = usize::try_from(half).map_or(MAX_SAID, |half| half.min(MAX_SAID));
    let code = ended.code;
    // Most programs that lack memory end by themselves, and few say why.
    let memory = ended.refused.as_ref().map(|hit| {
        let limit = &hit.value;
        format!("; it was refused more memory than its limit of {limit} (`memory` under [limits])")
    });
    let memory = memory.unwrap_or_default();
    let stderr = plain(&ended.stderr);
    let stderr = match end(&stderr, most) {
        "" => " and wrote nothing to stderr".into(),
        end => format!(":\n{end}"),
    };
    let mut content =
        vec![Content::Text(format!("the program failed with exit code {code}{memory}{stderr}"))];
    let stdout = secrets.text(String::from_utf8_lossy(&ended.stdout).into_owned());
    let stdout = plain(&stdout);
    let stdout = end(&stdout, most);
    if !stdout.is_empty() {
        content.push(Content::Text(format!("its stdout:\n{stdout}")));
    }
    CallError::Failed(Output { content, ..Output::default() })
}

fn end(text: &str, most: usize) -> &str {
    let text = text.trim_end();
    &text[text.ceil_char_boundary(text.len().saturating_sub(most))..]
}

/// `text` without colours and other controls of a terminal.
fn plain(text: &str) -> String {
    let text = anstream::adapter::strip_str(text).to_string();
    text.replace("\r\n", "\n").replace(|c: char| c.is_control() && c != '\n' && c != '\t', "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::SecretName;
    use crate::secret::Secret;

    #[test]
    fn a_failure_shows_stdout_without_secrets() {
        let (name, secret) = (SecretName::new("KEY"), Secret::new("hunter2hunter2".into()));
        let name = name.expect("a name");
        let ended = ProgramEnd {
            code: 1,
            stdout: b"\x1b[1mkey=hunter2hunter2\n".to_vec(),
            stderr: String::new(),
            refused: None,
        };
        let failed = failure(&ended, Bytes::new(4096), &Redactor::new([(&name, &secret)]));
        let CallError::Failed(Output { content, .. }) = failed else { panic!("{failed:?}") };
        assert_eq!(content[1], Content::Text("its stdout:\nkey=[secret KEY]".into()));
    }
}
