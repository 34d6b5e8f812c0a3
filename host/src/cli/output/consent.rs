//! The question to a person before something is done, and the answer that was given in advance.

use std::io::IsTerminal as _;

use super::print::{eprint, eprintln};

/// The way in which a person consents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consent {
    /// On the terminal, when they have seen it.
    Asked,
    /// In advance.
    Given,
}

impl Consent {
    /// Reads `--yes`.
    pub(crate) fn of(is_given: bool) -> Self {
        if is_given { Self::Given } else { Self::Asked }
    }

    /// True if a person is to be asked, and there is none.
    pub(crate) fn is_asked_in_vain(self) -> bool {
        self == Self::Asked && !std::io::stdin().is_terminal()
    }

    /// The answer to `question`; where nobody can be asked, `otherwise` is said and the answer is no.
    pub(crate) fn ask(self, question: &str, otherwise: &str) -> anyhow::Result<bool> {
        Ok(self.answer(&format!("{question} [y/N]"), otherwise)? == Answer::Yes)
    }

    /// The same, where a person may have all of it shown by `show` before they answer.
    pub(crate) fn ask_or_show(
        self,
        question: &str,
        otherwise: &str,
        show: impl FnOnce(),
    ) -> anyhow::Result<bool> {
        let first = format!("{question} [y/N, s shows all of it]");
        let answer = self.answer(&first, otherwise)?;
        if answer != Answer::Show {
            return Ok(answer == Answer::Yes);
        }
        show();
        self.ask(question, otherwise)
    }

    fn answer(self, question: &str, otherwise: &str) -> anyhow::Result<Answer> {
        if self == Self::Given {
            return Ok(Answer::Yes);
        }
        if self.is_asked_in_vain() {
            eprintln!("{otherwise}");
            return Ok(Answer::No);
        }
        // The output above may be read elsewhere; the question is for the person at the terminal.
        eprint!("{question} ");
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        Ok(match line.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Answer::Yes,
            "s" | "show" => Answer::Show,
            _ => Answer::No,
        })
    }
}

/// An answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    /// All of it is to be shown first.
    Show,
}
