//! The check of one plugin's imports against its grants.
//!
//! Compiled code is shared by plugins with different grants, so each of them is checked.

use crate::manifest::{GrantExample, GrantKind, Grants};
use crate::text::{escape, shell_word};

/// An import that needs a grant the plugin does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.advice("its manifest"))]
pub struct NotGranted {
    import: String,
    kind: GrantKind,
    has_section: bool,
}

impl NotGranted {
    /// Returns the missing grant, and the lines to add to `manifest`.
    #[must_use]
    pub fn advice(&self, manifest: &str) -> String {
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
            or, where it is installed, run `toolrack grant {} {name} {argument}`",
            shell_word(plugin)
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
        let found = super::check(IMPORTS, &grants).map_err(|error| error.advice("a.toml"));
        assert_eq!(found.err().as_deref(), expected);
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
