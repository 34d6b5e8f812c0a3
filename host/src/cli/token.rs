//! `toolrack token`: who may use a server over HTTP, and which tools each may call.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::json;

use super::audit_options::audit_settings;
use super::output::print::{eprintln, println};
use super::{DIM, NAME, counted, paint, print_json};
use crate::audit::{AuditLog, TokenEvent, rfc3339};
use crate::configuration::ServeSection;
use crate::home::Home;
use crate::status::ServerLog;
use crate::suggestion::CommandName;
use crate::text::{escape, escape_path};
use crate::tokens::{AllowedTools, NewToken, Token, TokenFile, TokenName, ToolPattern};

#[derive(Subcommand)]
pub(super) enum TokenAction {
    /// Make a token and print it, once: a client sends it in the header `Authorization: Bearer TOKEN`
    Add {
        /// A name for it, by which you know it later, such as ada-laptop
        name: TokenName,
        /// Tools that whoever has it may call and is told of, as in files_*; all, if absent [repeatable]
        #[arg(long, value_name = "GLOB")]
        allow: Vec<ToolPattern>,
        /// The time for which it counts, as in 90d, 12h or 30m; for ever, if absent
        #[arg(long, value_name = "TIME", value_parser = lasts)]
        expires: Option<Duration>,
    },
    /// List the tokens, without their texts, which are not kept
    #[command(alias = "ls")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a token: servers refuse it from the next second on, and end its streams
    #[command(aliases = ["rm", "delete", "revoke"])]
    Remove {
        /// Its name
        name: TokenName,
    },
}

pub(super) fn run(
    action: TokenAction,
    home: Option<&Home>,
    section: &ServeSection,
) -> anyhow::Result<ExitCode> {
    let home = home.context("no home directory is known; name a directory with TOOLRACK_HOME")?;
    let file = TokenFile::of(home);
    match action {
        TokenAction::Add { name, allow, expires } => {
            let allow = (!allow.is_empty()).then(|| AllowedTools::new(allow));
            let NewToken { token, text } =
                NewToken::make(name, allow, expires).context("no random bytes can be had")?;
            let said = described(&token);
            let id = token.id().to_owned();
            file.add(token.clone())?;
            note(home, section, TokenEvent::Added, &token.name, &id);
            println!("{text}");
            eprintln!(
                "{said}; it is not shown again. Servers over HTTP ask everybody for a token from now on."
            );
            Ok(ExitCode::SUCCESS)
        }
        TokenAction::List { json } => {
            let tokens = file.read()?;
            match json {
                true => print_json(&tokens.iter().map(as_json).collect::<Vec<_>>())?,
                false if tokens.is_empty() => {
                    let add = CommandName::TokenAdd.alone().verbatim("NAME");
                    println!("there are no tokens; `{add}` makes one");
                }
                false => {
                    for token in &tokens {
                        println!("{} {}", paint(NAME, &token.name), paint(DIM, described(token)));
                    }
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        TokenAction::Remove { name } => {
            let tokens = file.read()?;
            file.remove(&name)?;
            let removed = tokens.iter().find(|token| token.name == name);
            let id = removed.map(|token| token.id().to_owned()).unwrap_or_default();
            note(home, section, TokenEvent::Removed, &name, &id);
            println!("{} is removed; it was {id} in the log", paint(NAME, &name));
            if file.read()?.is_empty() {
                eprintln!(
                    "No token is left, and servers over HTTP still ask everybody for one. Remove {} to let in whoever reaches \
                     them on this machine, as before the first.",
                    escape_path(file.path())
                );
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Writes into the log and the audit log who a principal is or was, for those who read of its calls later. A failure is told
/// and fails nothing: the token counts already, or no more.
fn note(home: &Home, section: &ServeSection, event: TokenEvent, name: &TokenName, id: &str) {
    let log = ServerLog::open(home.log(), std::process::id()).map_err(anyhow::Error::from);
    let logged = log.and_then(|mut log| {
        let message = format!("the token {name} is {}: {id} in the log", event.done());
        let line = json!({
            "timestamp": rfc3339(SystemTime::now()), "level": "INFO", "message": message,
            "target": "toolrack::tokens",
        });
        Ok(log.write_all(format!("{line}\n").as_bytes())?)
    });
    if let Err(error) = logged {
        eprintln!("the log does not tell of it: {}", escape(&format!("{error:#}")));
    }
    let audited = audit_settings(None, section).and_then(|settings| {
        Ok(settings
            .map(|settings| AuditLog::note_token(settings, event, &name.to_string(), id))
            .transpose()?)
    });
    if let Err(error) = audited {
        eprintln!("the audit log does not tell of it: {}", escape(&format!("{error:#}")));
    }
}

/// Returns the tools that a token allows, and the time for which it counts, in words.
fn described(token: &Token) -> String {
    let allowed = match &token.allow {
        Some(allow) => format!("may call {allow}"),
        None => "may call every tool".into(),
    };
    let ends = match token.left() {
        None => "does not expire".into(),
        Some(left) if left.is_zero() => "has expired".into(),
        Some(left) => format!("expires in {}", roughly(left)),
    };
    format!("{allowed}, {ends}, is {} in the log", token.principal().id)
}

/// A time in its largest unit of which there are two, to the nearest: a token that was made for 90 days has them a moment
/// later, too.
fn roughly(time: Duration) -> String {
    let seconds = time.as_secs();
    let (length, unit) = match seconds {
        172_000.. => (86_400, "day"),
        7170.. => (3600, "hour"),
        120.. => (60, "minute"),
        _ => (1, "second"),
    };
    counted((seconds + length / 2) / length, unit)
}

fn as_json(token: &Token) -> serde_json::Value {
    json!({
        "name": token.name,
        "allow": token.allow,
        "created": token.created,
        "expires": token.expires,
        "expired": token.has_expired(),
        "client": &*token.principal().id,
    })
}

/// Reads a time with one unit.
fn lasts(text: &str) -> Result<Duration, &'static str> {
    let wrong = "expected a time such as 90d, 12h or 30m";
    let unit = text.chars().last().ok_or(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return Err(wrong),
    };
    let count: u64 = text.strip_suffix(unit).and_then(|count| count.parse().ok()).ok_or(wrong)?;
    let time = count.checked_mul(seconds).map(Duration::from_secs).filter(|time| !time.is_zero());
    time.ok_or(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_number_and_a_unit() {
        for (text, seconds) in [
            ("90d", Some(7_776_000)),
            ("12h", Some(43_200)),
            ("1s", Some(1)),
            ("2w", Some(1_209_600)),
        ] {
            assert_eq!(lasts(text).ok().map(|time| time.as_secs()), seconds, "{text}");
        }
        for wrong in ["", "d", "90", "0d", "-1d", "1.5h", "1 d", "1y", "99999999999999999999d"] {
            assert!(lasts(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_left_is_said_in_one_unit() {
        for (seconds, said) in [
            (1, "1 second"),
            (59, "59 seconds"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (7200, "2 hours"),
            (172_800, "2 days"),
            (172_795, "2 days"),
            (7_775_998, "90 days"),
            (43_195, "12 hours"),
        ] {
            assert_eq!(roughly(Duration::from_secs(seconds)), said);
        }
    }
}
