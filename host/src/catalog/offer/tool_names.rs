//! The two names of a tool: the plugin's own, and the one that a client sees. They tell which tool a file or a person
//! means.

use crate::manifest::{Manifest, PluginKind};
use crate::name::ToolName;

/// The names of the tools of a plugin.
#[derive(Debug)]
pub(crate) struct ToolNames {
    /// The plugin's own names.
    own: Vec<String>,
    /// The prefix of public names.
    prefix: Box<str>,
    /// The prefix of the manifest, if a person decided another; else `None`.
    replaced_prefix: Option<Box<str>>,
    kind: PluginKind,
}

impl ToolNames {
    pub(crate) fn new(own: Vec<String>, manifest: &Manifest, kind: PluginKind) -> Self {
        let decisions = manifest.decisions.as_ref();
        let replaced_prefix = decisions.and_then(|decisions| decisions.replaced_prefix.clone());
        Self { own, prefix: manifest.prefix.clone(), replaced_prefix, kind }
    }

    /// The prefix of public names.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The plugin's own names.
    pub(crate) fn own(&self) -> &[String] {
        &self.own
    }

    /// The tool that the manifest means by `name`: by the plugin's own name, or by the one that a client sees unless a
    /// person decided another prefix, or, where the own names begin with an interface, by that of the only function
    /// that is called so.
    pub(crate) fn meant_by_author(&self, name: &str) -> Option<&str> {
        let prefix = self.replaced_prefix.as_ref().unwrap_or(&self.prefix);
        let public = |own: &&String| is_public(own, prefix, name);
        let found = self.exact(name).or_else(|| self.own.iter().find(public));
        found.map(String::as_str).or_else(|| match self.functions(name)[..] {
            [only] => Some(only),
            _ => None,
        })
    }

    /// The tools that a person means by `name`. More than one where a newer version gave a tool the name that another
    /// is known by: what a person decided of that one goes on holding.
    pub(crate) fn meant_by_operator(&self, name: &str) -> Vec<&str> {
        let is_known_by = |own: &&String| {
            let replaced = self.replaced_prefix.as_deref();
            **own == name
                || is_public(own, &self.prefix, name)
                || replaced.is_some_and(|prefix| is_public(own, prefix, name))
        };
        let known: Vec<_> = self.own.iter().filter(is_known_by).map(String::as_str).collect();
        if known.is_empty() { self.functions(name) } else { known }
    }

    /// The tool whose public name `name` would be, had a person not decided another prefix.
    pub(crate) fn by_replaced_prefix(&self, name: &str) -> Option<&str> {
        let prefix = self.replaced_prefix.as_deref()?;
        self.own.iter().find(|own| is_public(own, prefix, name)).map(String::as_str)
    }

    /// The tools that `name` may have been the public name of, under a prefix that is not used any more.
    pub(crate) fn meant_before(&self, name: &str) -> Vec<&str> {
        let ends_so = |own: &&String| {
            name.strip_suffix(&own.replace('-', "_")).is_some_and(|rest| rest.ends_with('_'))
        };
        self.own.iter().filter(ends_so).map(String::as_str).collect()
    }

    /// The own name of the one tool that a person means by `name`.
    pub(crate) fn own_name(&self, name: &str) -> Option<&str> {
        let only = || match self.meant_by_operator(name)[..] {
            [only] => Some(only),
            _ => None,
        };
        self.exact(name).map(String::as_str).or_else(only)
    }

    /// The other names that a person may know the tool of this own name by, and no other tool.
    pub(crate) fn other_names(&self, own: &str) -> Vec<String> {
        let prefixes = [Some(&self.prefix), self.replaced_prefix.as_ref()].into_iter().flatten();
        let public = prefixes.filter_map(|prefix| ToolName::public(prefix, own).ok());
        let mut names: Vec<_> = public.map(|name| name.as_str().to_owned()).collect();
        names.extend(own.rsplit('_').next().map(str::to_owned));
        names.retain(|name| name != own && self.meant_by_operator(name) == [own]);
        names
    }

    fn exact(&self, name: &str) -> Option<&String> {
        self.own.iter().find(|own| **own == name)
    }

    /// The functions that are called so in their interfaces. The name of a function holds no `_`.
    fn functions(&self, name: &str) -> Vec<&str> {
        let is_it =
            |own: &&String| self.kind.has_interfaces() && own.rsplit('_').next() == Some(name);
        self.own.iter().filter(is_it).map(String::as_str).collect()
    }
}

fn is_public(own: &str, prefix: &str, name: &str) -> bool {
    ToolName::public(prefix, own).is_ok_and(|public| public.as_str() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(own: &[&str], kind: PluginKind, local: &str) -> ToolNames {
        let manifest = Manifest::parse_with("w.toml", "", Some(local)).expect("a manifest");
        ToolNames::new(own.iter().map(|own| (*own).to_owned()).collect(), &manifest, kind)
    }

    #[test]
    fn a_tool_is_known_by_its_own_name_and_by_its_public_one() {
        let names = names(&["get-it", "set"], PluginKind::Tools, "");
        for name in ["get-it", "w_get_it"] {
            assert_eq!(names.meant_by_author(name), Some("get-it"));
            assert_eq!(names.meant_by_operator(name), ["get-it"]);
            assert_eq!(names.own_name(name), Some("get-it"));
        }
        assert_eq!(names.other_names("get-it"), ["w_get_it"]);
        assert_eq!(names.meant_by_author("get_it"), None);
        assert!(names.meant_by_operator("x_get_it").is_empty());
        assert_eq!(names.meant_before("x_get_it"), ["get-it"]);
        assert!(names.meant_before("get_it").is_empty());
    }

    #[test]
    fn the_manifest_speaks_of_its_own_prefix_whatever_a_person_decided() {
        let names = names(&["get"], PluginKind::Tools, "plugin.prefix = \"mine\"");
        assert_eq!(names.meant_by_author("w_get"), Some("get"));
        assert_eq!(names.meant_by_author("mine_get"), None);
        for name in ["get", "w_get", "mine_get"] {
            assert_eq!(names.meant_by_operator(name), ["get"]);
        }
    }

    #[test]
    fn a_name_that_a_newer_version_takes_is_still_the_other_tools() {
        let names = names(&["get", "w_get"], PluginKind::Tools, "");
        assert_eq!(names.meant_by_operator("w_get"), ["get", "w_get"]);
        assert_eq!(names.own_name("w_get"), Some("w_get"));
        assert_eq!(names.meant_by_author("w_get"), Some("w_get"));
    }

    #[test]
    fn a_function_is_known_without_its_interface() {
        let own = ["a_b_run", "a_b_stop", "a_c_run"];
        let functions = names(&own, PluginKind::Functions, "");
        assert_eq!(functions.meant_by_author("stop"), Some("a_b_stop"));
        assert_eq!(functions.meant_by_author("run"), None);
        assert_eq!(functions.meant_by_operator("run"), ["a_b_run", "a_c_run"]);
        assert_eq!(functions.own_name("run"), None);
        assert_eq!(functions.other_names("a_b_stop"), ["w_a_b_stop", "stop"]);
        assert_eq!(functions.other_names("a_b_run"), ["w_a_b_run"]);
        assert_eq!(names(&own, PluginKind::Tools, "").meant_by_author("stop"), None);
    }
}
