//! Line ends between the disk and git, as `core.autocrlf` and the attributes `text` and `eol` say.

use crate::config::AutoCrlf;

/// The change of a file's line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    Kept,
    /// Text: `\n` in git.
    Text {
        crlf_on_disk: bool,
    },
    /// The same, if it looks like text.
    Auto {
        crlf_on_disk: bool,
    },
}

/// The attribute `text` with what `crlf` means in old files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextAttribute {
    Unspecified,
    Set,
    Unset,
    Auto,
    Input,
}

impl Ends {
    /// `eol` is true for `crlf`.
    pub fn of(text: TextAttribute, eol: Option<bool>, auto: AutoCrlf, core_crlf: bool) -> Self {
        let on_disk = match auto {
            AutoCrlf::Yes => true,
            AutoCrlf::Input => false,
            AutoCrlf::No => core_crlf,
        };
        match (text, eol) {
            (TextAttribute::Unset, _) => Self::Kept,
            (TextAttribute::Auto, eol) => Self::Auto { crlf_on_disk: eol.unwrap_or(on_disk) },
            (TextAttribute::Input, _) => Self::Text { crlf_on_disk: false },
            (TextAttribute::Set, eol) => Self::Text { crlf_on_disk: eol.unwrap_or(on_disk) },
            (TextAttribute::Unspecified, Some(eol)) => Self::Text { crlf_on_disk: eol },
            (TextAttribute::Unspecified, None) => match auto {
                AutoCrlf::No => Self::Kept,
                AutoCrlf::Input => Self::Auto { crlf_on_disk: false },
                AutoCrlf::Yes => Self::Auto { crlf_on_disk: true },
            },
        }
    }

    /// The content as git stores it. `stored` is what it holds now: text that already has `\r\n` keeps it.
    pub fn to_git(self, content: Vec<u8>, stored: impl FnOnce() -> Option<Vec<u8>>) -> Vec<u8> {
        let found = Found::of(&content);
        match self {
            Self::Kept => return content,
            _ if found.crlf == 0 => return content,
            Self::Auto { .. }
                if found.is_binary() || stored().is_some_and(|stored| has_crlf(&stored)) =>
            {
                return content;
            }
            Self::Auto { .. } | Self::Text { .. } => {}
        }
        let mut made = Vec::with_capacity(content.len());
        for (at, byte) in content.iter().enumerate() {
            if *byte != b'\r' || content.get(at + 1) != Some(&b'\n') {
                made.push(*byte);
            }
        }
        made
    }

    /// The content as it lies on the disk.
    pub fn to_disk(self, content: Vec<u8>) -> Vec<u8> {
        let found = Found::of(&content);
        match self {
            Self::Text { crlf_on_disk: true } => {}
            Self::Auto { crlf_on_disk: true }
                if !(found.is_binary() || found.crlf > 0 || found.lone_cr > 0) => {}
            Self::Kept | Self::Text { .. } | Self::Auto { .. } => return content,
        }
        let mut made = Vec::with_capacity(content.len() + found.lone_lf);
        for (at, byte) in content.iter().enumerate() {
            if *byte == b'\n' && (at == 0 || content[at - 1] != b'\r') {
                made.push(b'\r');
            }
            made.push(*byte);
        }
        made
    }
}

fn has_crlf(stored: &[u8]) -> bool {
    let found = Found::of(stored);
    !found.is_binary() && found.crlf > 0
}

/// The counts by which git tells text from other data.
#[derive(Default)]
struct Found {
    crlf: usize,
    lone_cr: usize,
    lone_lf: usize,
    zero: usize,
    printable: usize,
    odd: usize,
}

impl Found {
    fn of(content: &[u8]) -> Self {
        let mut found = Self::default();
        for (at, byte) in content.iter().enumerate() {
            match byte {
                b'\r' if content.get(at + 1) == Some(&b'\n') => found.crlf += 1,
                b'\r' => found.lone_cr += 1,
                b'\n' if at > 0 && content[at - 1] == b'\r' => {}
                b'\n' => found.lone_lf += 1,
                8 | b'\t' | 0x1b | 0x0c => found.printable += 1,
                0 => {
                    found.zero += 1;
                    found.odd += 1;
                }
                0..0x20 | 0x7f => found.odd += 1,
                _ => found.printable += 1,
            }
        }
        if content.last() == Some(&0x1a) {
            found.odd -= 1;
        }
        found
    }

    fn is_binary(&self) -> bool {
        self.lone_cr > 0 || self.zero > 0 || self.printable >> 7 < self.odd
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_change_as_git_changes_them() {
        use Ends::{Auto, Kept, Text};
        let check = |ends: Ends, disk: &str, git: &str| {
            assert_eq!(ends.to_git(disk.into(), || None), git.as_bytes(), "{ends:?} {disk:?}");
        };
        check(Kept, "a\r\n", "a\r\n");
        check(Text { crlf_on_disk: false }, "a\r\nb\rc\n", "a\nb\rc\n");
        check(Auto { crlf_on_disk: true }, "a\r\nb\n", "a\nb\n");
        check(Auto { crlf_on_disk: true }, "a\r\n\0", "a\r\n\0");
        check(Auto { crlf_on_disk: true }, "a\r\nb\rc", "a\r\nb\rc");
        let kept =
            Auto { crlf_on_disk: true }.to_git(b"a\r\n".to_vec(), || Some(b"b\r\n".to_vec()));
        assert_eq!(kept, b"a\r\n");
        let check = |ends: Ends, git: &str, disk: &str| {
            assert_eq!(ends.to_disk(git.into()), disk.as_bytes(), "{ends:?} {git:?}");
        };
        check(Text { crlf_on_disk: true }, "a\nb\r\n", "a\r\nb\r\n");
        check(Auto { crlf_on_disk: true }, "a\nb\n", "a\r\nb\r\n");
        check(Auto { crlf_on_disk: true }, "a\nb\r\n", "a\nb\r\n");
        check(Auto { crlf_on_disk: false }, "a\n", "a\n");
    }
}
