//! The check of one plugin's imports against its grants.
//!
//! Compiled code is shared by plugins with different grants, so each of them is checked.

use crate::manifest::{GrantExample, GrantKind, GrantName, Grants, local_of};
use crate::suggestion::CommandName;
use crate::text::escape;

/// An import that needs a grant the plugin does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.advice("its manifest", &[]))]
pub struct NotGranted {
    import: String,
    kind: GrantKind,
    has_section: bool,
}

impl NotGranted {
    /// Returns the missing grant and what to do: the lines to add to `manifest`, or the commands that give back what a
    /// person has taken away.
    #[must_use]
    pub fn advice(&self, manifest: &str, taken: &[GrantName]) -> String {
        let taken: Vec<_> = taken.iter().filter(|name| name.kind() == self.kind).collect();
        if taken.is_empty() {
            self.lines_to_add(manifest)
        } else {
            self.given_back(manifest, &taken)
        }
    }

    /// Says that the local file took the grants away, and how each is given back.
    fn given_back(&self, manifest: &str, taken: &[&GrantName]) -> String {
        let Self { import, kind, has_section: _ } = self;
        let plugin = manifest.strip_suffix(".toml").unwrap_or(manifest);
        let commands: Vec<_> = taken
            .iter()
            .map(|name| format!("`{}`", CommandName::Unset.with([plugin, &name.to_string()])))
            .collect();
        format!(
            "it imports `{import}` and is granted no {}, which {} takes away; it is not served without; to give it back, \
            run {}",
            kind.name(),
            local_of(manifest),
            commands.join(", ")
        )
    }

    fn lines_to_add(&self, manifest: &str) -> String {
        let Self { import, kind, has_section } = self;
        let (name, GrantExample { line, argument, .. }) = (kind.name(), kind.example());
        let plugin = manifest.strip_suffix(".toml").unwrap_or("NAME");
        let (place, section) = match has_section {
            true => (format!("under [grants] in {manifest}"), ""),
            false => (format!("to {manifest}"), "[grants]\n"),
        };
        format!(
            "it imports `{import}` and is granted no {name}; if it may use it, add {place}, with what it needs in place of the example:\n\n\
            {section}{line}\n\n\
            or, where it is installed, run `{}`",
            CommandName::Grant.with([plugin, name]).verbatim(argument)
        )
    }
}

/// Refuses the first of `imports` that `grants` do not cover.
pub(crate) fn check<'a>(
    imports: impl IntoIterator<Item = &'a str>,
    grants: &Grants,
) -> Result<(), NotGranted> {
    let lacking = GrantKind::ALL
        .into_iter()
        .filter(|kind| kind.is_required_by_import() && !grants.has_kind(*kind));
    let lacking: Vec<_> = lacking.filter_map(|kind| Some((kind, kind.interface()?))).collect();
    for import in imports {
        if let Some((kind, _)) = lacking.iter().find(|(_, begins)| import.starts_with(begins)) {
            let has_section = *grants != Grants::default();
            return Err(NotGranted { import: escape(import), kind: *kind, has_section });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::manifest::Manifest;

    #[track_caller]
    fn check(manifest: &str, expected: Option<&str>) {
        const IMPORTS: [&str; 3] = [
            "wasi:filesystem/types@0.2.6",
            "wasi:cli/environment@0.2.6",
            "wasi:http/outgoing-handler@0.2.6",
        ];
        let grants = Manifest::parse("a.toml", manifest).expect("a manifest").grants;
        assert_eq!(super::check(IMPORTS[..2].iter().copied(), &grants), Ok(()));
        let found = super::check(IMPORTS, &grants).map_err(|error| error.advice("a.toml", &[]));
        assert_eq!(found.err().as_deref(), expected);
    }

    #[test]
    fn what_a_person_took_away_is_given_back_by_a_command() {
        let manifest = r#"grants.network = ["https://a.example", "https://b.example:8443"]"#;
        for (without, commands) in [
            (r#""network""#, "`toolrack unset a network`"),
            (
                r#""network:https://b.example:8443", "network:https://a.example", "config""#,
                "`toolrack unset a network:https://b.example:8443`, `toolrack unset a network:https://a.example`",
            ),
        ] {
            let local = format!("grants.without = [{without}]");
            let read = Manifest::parse_with("a.toml", manifest, Some(&local)).expect("a manifest");
            let error = super::check(["wasi:http/types@0.2.6"], &read.grants).expect_err("none");
            let advice = error.advice("a.toml", &read.decisions.expect("decisions").taken);
            let expected = format!(
                "a.local.toml takes away; it is not served without; to give it back, run {commands}"
            );
            assert!(advice.ends_with(&expected), "{advice}");
        }
    }

    #[test]
    fn http_without_a_network_is_refused_with_the_lines_to_add() {
        check("grants.network = [\"https://example.org\"]", None);
        check(
            "",
            Some(
                "it imports `wasi:http/outgoing-handler@0.2.6` and is granted no network; if it may \
                use it, add to a.toml, with what it needs in place of the example:\n\n[grants]\nnetwork = [\"https://api.example.org\"]\n\nor, where it is installed, run \
                `toolrack grant a network https://api.example.org`",
            ),
        );
        check(
            "[grants]\nenv = { A = \"b\" }",
            Some(
                "it imports `wasi:http/outgoing-handler@0.2.6` and is granted no network; if it may \
                use it, add under [grants] in a.toml, with what it needs in place of the example:\n\nnetwork = [\"https://api.example.org\"]\n\nor, where it is installed, run \
                `toolrack grant a network https://api.example.org`",
            ),
        );
    }
}
