//! The person who commits: by the call, the plugin's configuration, or the repository's.

use crate::commits::Person;
use crate::repository::Repository;

/// Bytes of a name or an address.
const MAX_NAME: usize = 500;

#[derive(Clone, Debug)]
pub struct Identity {
    name: String,
    email: String,
    time: gix_date::Time,
}

impl Identity {
    /// `given` is `Name <address>`.
    pub fn of(repository: &Repository, given: Option<&str>) -> Result<Self, String> {
        let time = gix_date::Time::now_utc();
        if let Some(given) = given.map(str::trim).filter(|given| !given.is_empty()) {
            let parts = given.strip_suffix('>').and_then(|given| given.split_once('<'));
            let parts = parts.map(|(name, email)| (name.trim(), email.trim()));
            let (name, email) =
                parts.filter(|(name, email)| fits(name) && fits(email)).ok_or_else(|| {
                    format!("`author` is `{given}`; write it as `Ada Lovelace <ada@example.org>`")
                })?;
            return Ok(Self { name: name.into(), email: email.into(), time });
        }
        let known = |key: &str| {
            let ours = toolrack_sdk::config(&format!("user_{key}"));
            ours.or_else(|| repository.config.text(&format!("user.{key}")))
                .filter(|text| fits(text))
        };
        match (known("name"), known("email")) {
            (Some(name), Some(email)) => Ok(Self { name, email, time }),
            _ => Err(UNKNOWN.into()),
        }
    }

    /// For logs of branches, where git asks for less.
    pub fn unknown() -> Self {
        Self {
            name: "toolrack".into(),
            email: "toolrack@localhost".into(),
            time: gix_date::Time::now_utc(),
        }
    }

    pub fn of_person(person: &Person) -> Self {
        Self { name: person.name.clone(), email: person.email.clone(), time: person.time }
    }

    /// As commits and logs hold it.
    pub fn line(&self) -> String {
        let seconds = self.time.seconds;
        let (sign, offset) =
            (if self.time.offset < 0 { '-' } else { '+' }, self.time.offset.unsigned_abs() / 60);
        format!(
            "{} <{}> {seconds} {sign}{:02}{:02}",
            self.name,
            self.email,
            offset / 60,
            offset % 60
        )
    }
}

const UNKNOWN: &str = "nobody is known as the author: pass `author`, such as `Ada Lovelace <ada@example.org>`; or the \
    operator sets it with `toolrack grant git config user_name=...` and `toolrack grant git config user_email=...`, or in \
    the repository with `git config user.name` and `user.email` (the user's own git configuration is not seen here)";

fn fits(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= MAX_NAME && !text.contains(['<', '>', '\n', '\0'])
}
