//! The question to a person before something is done, and the answer that was given in advance.

use std::io::IsTerminal as _;

use super::print::{eprint, eprintln};

/// The way in which a person consents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consent {
    /// On the terminal, when they have seen it.
    Asked,
    /// In advance.
    Given,
}

impl Consent {
    /// Reads `--yes`.
    pub(super) fn of(is_given: bool) -> Self {
        if is_given { Self::Given } else { Self::Asked }
    }

    /// The answer to `question`; where nobody can be asked, `otherwise` is said and the answer is no.
    pub(super) fn ask(self, question: &str, otherwise: &str) -> anyhow::Result<bool> {
        if self == Self::Given {
            return Ok(true);
        }
        let stdin = std::io::stdin();
        if !stdin.is_terminal() {
            eprintln!("{otherwise}");
            return Ok(false);
        }
        // The output above may be read elsewhere; the question is for the person at the terminal.
        eprint!("{question} [y/N] ");
        let mut answer = String::new();
        stdin.read_line(&mut answer)?;
        Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }
}
