//! Scopes, and the tools that each stands for.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::tokens::{AllowedTools, ToolPattern};

/// The longest name of a scope, in bytes.
const MAX_SCOPE_NAME: usize = 128;
/// The most scopes that stand for tools.
pub(super) const MAX_SCOPES: usize = 32;

/// The name of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeName(Arc<str>);

impl FromStr for ScopeName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = |byte: u8| byte.is_ascii_graphic() && !b"\"\\".contains(&byte);
        match !text.is_empty() && text.len() <= MAX_SCOPE_NAME && text.bytes().all(fits) {
            true => Ok(Self(text.into())),
            false => Err(format!(
                "expected the name of a scope, as in tools:read: at most {MAX_SCOPE_NAME} visible letters of ASCII, without `\"` and `\\`"
            )),
        }
    }
}

impl fmt::Display for ScopeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The scopes that stand for tools, in the order in which they were given.
#[derive(Clone, Debug, Default)]
pub struct ScopeRules {
    rules: Vec<ScopeRule>,
    /// The scopes that a client asks for first. All, if there are none.
    first: Vec<ScopeName>,
}

#[derive(Clone, Debug)]
struct ScopeRule {
    scope: ScopeName,
    patterns: Vec<ToolPattern>,
}

/// The tools of a token.
pub(super) struct ScopedTools {
    /// Its scopes, of those that stand for tools.
    pub(super) scopes: Arc<[Arc<str>]>,
    /// The tools that they stand for. `None` for all, where no scope stands for tools.
    pub(super) allow: Option<Arc<AllowedTools>>,
}

impl ScopeRules {
    /// The rules that each of these scopes stands for tools of these names. With none, every valid token may call all.
    pub fn new(scopes: Vec<(ScopeName, Vec<String>)>) -> Result<Self, String> {
        if scopes.len() > MAX_SCOPES {
            return Err(format!("at most {MAX_SCOPES} scopes can stand for tools"));
        }
        let mut rules: Vec<ScopeRule> = Vec::new();
        for (scope, patterns) in scopes {
            if rules.iter().any(|rule| rule.scope == scope) {
                return Err(format!("the scope `{scope}` is there twice"));
            }
            let patterns = patterns.into_iter().map(ToolPattern::try_from);
            rules.push(ScopeRule { scope, patterns: patterns.collect::<Result<_, _>>()? });
        }
        Ok(Self { rules, first: Vec::new() })
    }

    /// The same rules, of which a client asks for these scopes first.
    pub fn asking_first_for(self, first: Vec<ScopeName>) -> Result<Self, String> {
        match first.iter().find(|scope| !self.rules.iter().any(|rule| rule.scope == **scope)) {
            Some(unknown) => Err(format!("the scope `{unknown}` stands for no tools")),
            None => Ok(Self { first, ..self }),
        }
    }

    /// The names of the scopes.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| &*rule.scope.0)
    }

    /// The scopes that a client without any asks for, as a header has them.
    pub(super) fn first(&self) -> String {
        match self.first.is_empty() {
            true => joined(self.names()),
            false => joined(self.first.iter().map(|scope| &*scope.0)),
        }
    }

    /// The tools of a token with these scopes. `None` if it has no scope that stands for any.
    pub(super) fn tools_of(&self, held: &[String]) -> Option<ScopedTools> {
        if self.rules.is_empty() {
            return Some(ScopedTools { scopes: Arc::new([]), allow: None });
        }
        let is_held = |rule: &&ScopeRule| held.iter().any(|held| **held == *rule.scope.0);
        let own = || self.rules.iter().filter(is_held);
        let patterns = own().flat_map(|rule| rule.patterns.iter().cloned()).collect();
        let scopes: Arc<[_]> = own().map(|rule| rule.scope.0.clone()).collect();
        let allow = Some(Arc::new(AllowedTools::new(patterns)));
        (!scopes.is_empty()).then_some(ScopedTools { scopes, allow })
    }

    /// The scopes that a token with `held` lacks for a tool of this name, together with those that it has: who asks for
    /// them loses none. `None` if it lacks nothing, or no scope stands for such a tool.
    pub(super) fn needed_for(&self, name: &str, held: &[Arc<str>]) -> Option<String> {
        let is_held = |rule: &ScopeRule| held.contains(&rule.scope.0);
        let mut allowing = self
            .rules
            .iter()
            .filter(|rule| rule.patterns.iter().any(|pattern| pattern.matches(name)))
            .peekable();
        let first = allowing.peek()?.scope.0.clone();
        if allowing.any(is_held) {
            return None;
        }
        let is_needed = |rule: &&ScopeRule| is_held(rule) || rule.scope.0 == first;
        Some(joined(self.rules.iter().filter(is_needed).map(|rule| &*rule.scope.0)))
    }
}

fn joined<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> ScopeRules {
        let rule = |scope: &str, patterns: &[&str]| {
            let patterns = patterns.iter().map(|text| (*text).to_owned()).collect();
            (scope.parse().expect("a scope"), patterns)
        };
        let rules = [
            rule("tools:read", &["hello_*", "time_*"]),
            rule("tools:write", &["files_*"]),
            rule("tools:all", &["*_*"]),
        ];
        ScopeRules::new(rules.into()).expect("rules")
    }

    #[test]
    fn a_token_has_the_tools_of_its_scopes_and_can_get_those_of_others() {
        // The scopes that are asked for where the tool is not allowed; none where it is, or where no scope allows it.
        for (held, tool, is_allowed, needed) in [
            ("tools:read", "hello_greet", true, None),
            ("tools:read", "files_read", false, Some("tools:read tools:write")),
            ("tools:read other", "web_search", false, Some("tools:read tools:all")),
            ("tools:all", "files_read", true, None),
            ("tools:write tools:read", "time_now", true, None),
            ("tools:write", "time_now", false, Some("tools:read tools:write")),
            ("tools:read", "unscoped", false, None),
        ] {
            let held: Vec<String> = held.split(' ').map(str::to_owned).collect();
            let own = rules().tools_of(&held).expect("some tools");
            let allow = own.allow.expect("rules");
            assert_eq!(allow.allow(tool), is_allowed, "{held:?} {tool}");
            let found = rules().needed_for(tool, &own.scopes);
            assert_eq!(found.as_deref(), needed, "{held:?} {tool}");
        }
        for none in [&[][..], &["TOOLS:READ".into()], &["tools:read tools:write".into()]] {
            assert!(rules().tools_of(none).is_none(), "{none:?}");
        }
        let all = ScopeRules::default().tools_of(&[]).expect("every token");
        assert!(all.allow.is_none() && ScopeRules::default().needed_for("a_b", &[]).is_none());
    }

    #[test]
    fn a_client_is_told_which_scopes_to_ask_for_first() {
        let scope = |text: &str| text.parse::<ScopeName>().expect("a scope");
        assert_eq!(rules().first(), "tools:read tools:write tools:all");
        let first = rules().asking_first_for(vec![scope("tools:read")]).expect("a known one");
        assert_eq!(first.first(), "tools:read");
        assert!(rules().asking_first_for(vec![scope("tools:other")]).is_err());
        for wrong in ["", "a b", "a\"b", "a\\b", "ä", &"a".repeat(129)] {
            assert!(wrong.parse::<ScopeName>().is_err(), "{wrong}");
        }
        let twice = [(scope("a"), vec![]), (scope("a"), vec![])];
        assert!(ScopeRules::new(twice.into()).is_err());
    }
}
