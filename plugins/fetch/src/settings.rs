//! The operator's choices in the manifest's `config`: the name that servers see, and whether `robots.txt` counts.

use std::collections::BTreeMap;

use toolrack_sdk::http::Error;
use url::{Position, Url};

use crate::{load, robots};

const USER_AGENT: &str = concat!("toolrack-fetch/", env!("CARGO_PKG_VERSION"));
/// Redirects of `robots.txt` that are followed, as RFC 9309 has it.
const MAX_ROBOTS_REDIRECTS: usize = 5;

/// The settings, and what was read of `robots.txt` under them.
pub struct Settings {
    pub user_agent: String,
    obeys_robots: bool,
    /// The rules of each origin that was asked; nothing where all is forbidden.
    robots: BTreeMap<String, Option<String>>,
}

impl Settings {
    pub fn read(config: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let obeys_robots = match config("robots").as_deref() {
            None | Some("ignore") => false,
            Some("obey") => true,
            Some(other) => {
                return Err(format!(
                    "the plugin's config has robots = `{other}`; write `obey` or `ignore`: `toolrack grant fetch config robots=obey`"
                ));
            }
        };
        let user_agent = config("user_agent").filter(|agent| !agent.trim().is_empty());
        let user_agent = user_agent.unwrap_or_else(|| USER_AGENT.to_owned());
        Ok(Self { user_agent, obeys_robots, robots: BTreeMap::new() })
    }

    /// Says why a URL may not be asked for.
    pub fn check(&mut self, url: &Url) -> Result<(), String> {
        if !self.obeys_robots {
            return Ok(());
        }
        let origin = url.origin().ascii_serialization();
        if !self.robots.contains_key(&origin) {
            let rules = rules(url, &self.user_agent)?;
            self.robots.insert(origin.clone(), rules);
        }
        let path = &url[Position::BeforePath..Position::AfterQuery];
        let agent = robots::product(&self.user_agent);
        match self.robots.get(&origin).and_then(Option::as_deref) {
            Some(rules) if robots::allows(rules, agent, path) => Ok(()),
            Some(_) => Err(format!(
                "{origin}/robots.txt asks programs such as `{agent}` not to read {path}; this plugin obeys it, as the \
                 operator may change: `toolrack grant fetch config robots=ignore`"
            )),
            None => Err(format!(
                "{origin}/robots.txt cannot be read, so nothing there may be; this plugin obeys it, as the operator may \
                 change: `toolrack grant fetch config robots=ignore`; try again later"
            )),
        }
    }
}

/// The rules of a site: none if it has none, nothing if they cannot be had.
fn rules(url: &Url, agent: &str) -> Result<Option<String>, String> {
    let mut at = url.join("/robots.txt").map_err(|error| format!("{url}: {error}"))?;
    for _ in 0..=MAX_ROBOTS_REDIRECTS {
        let response =
            load::send(&at, agent).map_err(|error| format!("{at}: {}", load::explained(&error)))?;
        match load::next(&at, &response)? {
            Some(next) => at = next,
            None if response.is_success() => {
                let Ok(packing) = load::packing(&response) else { return Ok(None) };
                let bytes = load::read(response, packing, robots::MAX_SIZE)
                    .map_err(|error| Error::from(error).to_string())?;
                return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
            }
            None if response.status() >= 500 => return Ok(None),
            None => return Ok(Some(String::new())),
        }
    }
    // Too many redirects are as good as none.
    Ok(Some(String::new()))
}
