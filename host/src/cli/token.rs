//! `toolrack token`: who may use a server over HTTP, and which tools each may call.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::json;

use super::output::print::{eprintln, println};
use super::{DIM, NAME, counted, paint, print_json};
use crate::home::Home;
use crate::suggestion::CommandName;
use crate::text::escape_path;
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

pub(super) fn run(action: TokenAction, home: Option<&Home>) -> anyhow::Result<ExitCode> {
    let file = TokenFile::of(
        home.context("no home directory is known; name a directory with TOOLRACK_HOME")?,
    );
    match action {
        TokenAction::Add { name, allow, expires } => {
            let allow = (!allow.is_empty()).then(|| AllowedTools::new(allow));
            let NewToken { token, text } =
                NewToken::make(name, allow, expires).context("no random bytes can be had")?;
            let said = described(&token);
            file.add(token)?;
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
            file.remove(&name)?;
            println!("{} is removed", paint(NAME, &name));
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
