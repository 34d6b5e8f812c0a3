//! The keys of one tool that a manifest sets in place of the plugin.

use std::time::Duration;

use super::command::ProgramSpec;
use super::grants::requires::Requirement;
use super::limits::rate::Rate;
use super::syntax::source_span::SourceSpan;
use crate::tool::Annotations;

/// What a manifest or a local file says of one tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolOverride {
    /// The tool as the file names it: by the plugin's own name, without the public prefix, or by the public one.
    pub name: String,
    /// Replaces the name for people.
    pub title: Option<String>,
    /// Replaces what the plugin tells the model.
    pub description: Option<String>,
    /// `Some(true)` if the tool is neither listed nor called.
    pub hidden: Option<bool>,
    /// Claims that replace the plugin's.
    pub annotations: Annotations,
    /// The description of the program's run. It has content for the kind `command` only.
    pub command: ProgramSpec,
    /// True if an error that the tool returns is an error to the client; `None` where the file does
    /// not say. Only functions return errors.
    pub err_is_error: Option<bool>,
    /// `Some(true)` if arguments are taken as they are written, and not as their schema says where the meaning
    /// is beyond doubt.
    pub strict_arguments: Option<bool>,
    /// The members of `_meta` that clients are told, beside what the plugin says.
    pub meta: serde_json::Map<String, serde_json::Value>,
    /// The rate at which the tool may be called, if the file limits it.
    pub rate: Option<Rate>,
    /// The time for which its answers are kept; zero keeps none. `None` where the file does not say.
    pub cache: Option<CacheLifetime>,
    /// The callers that an answer which is kept is given to. `None` where the file does not say.
    pub cache_scope: Option<CacheScope>,
    /// The requirements without which the tool can only fail.
    pub requires: Vec<Requirement>,
    /// The place where the file names the tool, for an error that only the loaded plugin can show.
    pub place: SourceSpan,
}

/// The time for which answers are kept, and the place where a file says so.
#[derive(Clone, Debug)]
pub struct CacheLifetime {
    /// The time.
    pub time: Duration,
    /// The place.
    pub place: SourceSpan,
}

// Two files that say the same say it at different places.
impl PartialEq for CacheLifetime {
    fn eq(&self, other: &Self) -> bool {
        self.time == other.time
    }
}

impl Eq for CacheLifetime {}

/// The callers that one answer is given to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheScope {
    /// The one who made the call.
    #[default]
    Caller,
    /// All.
    Public,
}

impl CacheScope {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Caller, Self::Public];

    /// Its name, as files write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Public => "public",
        }
    }
}

impl ToolOverride {
    /// Returns the overrides of both files for one tool: key by key, those of `local` count before
    /// its own.
    #[must_use]
    pub fn with_local(mut self, local: &Self) -> Self {
        let (claims, own) = (local.annotations, self.annotations);
        self.meta.extend(local.meta.clone());
        Self {
            title: local.title.clone().or(self.title),
            description: local.description.clone().or(self.description),
            hidden: local.hidden.or(self.hidden),
            annotations: Annotations {
                read_only: claims.read_only.or(own.read_only),
                destructive: claims.destructive.or(own.destructive),
                idempotent: claims.idempotent.or(own.idempotent),
                open_world: claims.open_world.or(own.open_world),
            },
            strict_arguments: local.strict_arguments.or(self.strict_arguments),
            rate: local.rate.or(self.rate),
            cache: local.cache.clone().or(self.cache),
            cache_scope: local.cache_scope.or(self.cache_scope),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::Manifest;

    #[test]
    fn of_one_tool_the_local_file_counts_key_by_key() {
        let read = |keys: &str| {
            let text = format!("[[tools]]\nname = \"one\"\n{keys}");
            Manifest::parse("a.toml", &text).expect("a manifest").tools.remove(0)
        };
        let own = read(
            "title = \"One\"\nread_only = true\nhidden = true\ncache = \"1m\"\nmeta = { a = 1, b = 2 }\n",
        );
        let local = read(
            "hidden = false\ndestructive = false\nstrict_arguments = true\ncache_scope = \"public\"\nmeta = { b = 3 }\n",
        );
        let both = own.with_local(&local);
        let expected = read(
            "title = \"One\"\nread_only = true\nhidden = false\ndestructive = false\nstrict_arguments = true\n\
             cache = \"1m\"\ncache_scope = \"public\"\nmeta = { a = 1, b = 3 }\n",
        );
        assert_eq!(both, expected);
    }
}
