//! `{tool:NAME}` in the description of a tool: another tool of the same plugin, by the name that a client sees.

use std::collections::BTreeMap;

use crate::name::ToolName;
use crate::text::MAX_TEXT;
use crate::tool::ToolSpec;

const OPEN: &str = "{tool:";

/// The public names of a plugin's tools by its own, those of hidden tools among them.
pub(crate) type PublicNames = BTreeMap<String, ToolName>;

/// Puts public names in the place of references. What refers to no tool of the plugin stays as it is written, and so
/// does a description that would become too long.
pub(crate) fn resolve(spec: &mut ToolSpec, names: &PublicNames) {
    if spec.description.contains(OPEN) {
        let resolved = resolved(&spec.description, names);
        if resolved.len() <= MAX_TEXT {
            spec.description = resolved;
        }
    }
}

fn resolved(description: &str, names: &PublicNames) -> String {
    let mut pieces = description.split(OPEN);
    let mut resolved = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let reference = piece.split_once('}');
        match reference.and_then(|(name, rest)| Some((names.get(name)?, rest))) {
            Some((name, rest)) => {
                resolved += name.as_str();
                resolved += rest;
            }
            None => {
                resolved += OPEN;
                resolved += piece;
            }
        }
    }
    resolved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_the_names_that_clients_see() {
        let name = |own: &str| (own.to_owned(), ToolName::public("gh", own).expect("a name"));
        let names = PublicNames::from([name("get-issue"), name("list")]);
        for (written, expected) in [
            ("See {tool:get-issue}.", "See gh_get_issue."),
            ("{tool:list}{tool:get-issue}", "gh_listgh_get_issue"),
            ("{tool:other} {tool:list}", "{tool:other} gh_list"),
            ("{tool:{tool:list}}", "{tool:gh_list}"),
            ("{tool:list", "{tool:list"),
            ("{tool:}", "{tool:}"),
            ("none", "none"),
        ] {
            assert_eq!(resolved(written, &names), expected);
        }
    }
}
