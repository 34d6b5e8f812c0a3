//! The files that are never written: those that Git runs, or that say what Git runs. A change of them is not a change of
//! text, and would run outside of the sandbox, with the rights of whoever uses the repository next.

use std::path::{Component, Path};

/// Names in a repository's directory that name programs, or lead to other directories that do.
const RUN: [&str; 5] = ["hooks", "config", "config.worktree", "commondir", "gitdir"];
/// The names in a directory that Git takes for a repository, whatever its name is.
const REPOSITORY: [&str; 3] = ["HEAD", "objects", "refs"];

/// Says why the file at `path` is not written, if it is one of these.
pub fn check(path: &Path) -> Result<(), String> {
    let refused = |what: &str| {
        Err(format!(
            "`{}` is not changed: {what}, and Git runs what such files say, outside of the sandbox. Use Git itself, or an editor",
            path.display()
        ))
    };
    let parts = path.components().filter(|part| matches!(part, Component::Normal(_)));
    let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
    // A backslash parts names on Windows, whatever machine the guest sees.
    let names: Vec<String> =
        parts.iter().flat_map(|part| part.split('\\')).map(as_git_reads).collect();
    let Some(at) = names.iter().position(|name| is_git(name)) else {
        let parts: Vec<String> = parts.iter().map(|part| as_git_reads(part)).collect();
        return if in_bare(path, &parts) {
            refused("it belongs to a repository's settings")
        } else {
            Ok(())
        };
    };
    match &names[at + 1..] {
        [] => refused("it is a repository's own directory"),
        below if below.iter().any(|name| RUN.contains(&&**name)) => {
            refused("it belongs to a repository's settings or hooks")
        }
        _ => Ok(()),
    }
}

/// Says why a whole directory is not moved from or to `path`: what is in it would come to be such files.
pub fn check_move(path: &Path) -> Result<(), String> {
    check(path)?;
    let is_inside = path.iter().any(|part| is_git(&as_git_reads(&part.to_string_lossy())));
    if is_inside {
        return Err(format!(
            "`{}` is in a repository's own directory `.git`, where nothing is moved; use Git itself",
            path.display()
        ));
    }
    Ok(())
}

/// As file systems do that take several names for one: without capitals, final dots and spaces, streams, and
/// characters that nobody sees.
fn as_git_reads(name: &str) -> String {
    let seen = |letter: &char| !matches!(letter, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let seen: String = name.chars().filter(seen).collect();
    let name = seen.split(':').next().unwrap_or_default();
    name.trim_end_matches(['.', ' ']).to_lowercase()
}

/// True for `.git`, also by the short name that Windows gives it.
fn is_git(name: &str) -> bool {
    matches!(name, ".git" | "git~1" | "git~2" | "git~3" | "git~4")
}

/// True for the settings of a repository without the name `.git`, such as one that is bare or granted itself; also for
/// the last of the names that make a repository of a directory which holds settings already.
fn in_bare(path: &Path, names: &[String]) -> bool {
    path.ancestors().zip(names.iter().rev()).any(|(part, name)| {
        let Some(parent) = part.parent() else { return false };
        let is_there = |name: &str| parent.join(name).symlink_metadata().is_ok();
        let is_made = |other: &str| other.eq_ignore_ascii_case(name);
        let is_last = || REPOSITORY.iter().any(|other| is_made(other) && !is_there(other));
        let has_settings = || RUN.iter().any(|other| is_there(other));
        (RUN.contains(&&**name) || (is_last() && has_settings()))
            && REPOSITORY.iter().all(|other| is_made(other) || is_there(other))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_runs_is_not_written_whatever_its_spelling() {
        for path in [
            "/r/.git/config",
            "/r/.git/hooks/pre-commit",
            "/r/.GIT/Hooks/x",
            "/r/.git",
            "/r/a/b/.git/config",
            "/r/.git/modules/sub/config",
            "/r/.git/modules/sub/hooks/post-checkout",
            "/r/.git/worktrees/w/config.worktree",
            "/r/.git/commondir",
            "/r/.git./config",
            "/r/.git /config ",
            "/r/.git::$INDEX_ALLOCATION/config",
            "/r/GIT~1/config",
            "/r/.g\u{200c}it/config",
            "/r/.git\\config",
            "/r/a\\.GIT\\hooks\\pre-commit",
        ] {
            assert!(check(Path::new(path)).unwrap_err().contains("Git runs"), "{path}");
        }
        for path in [
            "/r/.gitignore",
            "/r/.git/info/exclude",
            "/r/config",
            "/r/hooks/x",
            "/r/.github/config",
        ] {
            assert_eq!(check(Path::new(path)), Ok(()), "{path}");
        }
        assert!(check_move(Path::new("/r/.git/info")).is_err());
        assert!(check_move(Path::new("/r/info")).is_ok());
    }

    #[test]
    fn a_repository_is_one_by_what_it_holds() {
        let root = tempfile::tempdir().unwrap();
        for name in ["objects", "refs", "hooks"] {
            std::fs::create_dir(root.path().join(name)).unwrap();
        }
        assert!(check(&root.path().join("config")).is_ok());
        std::fs::write(root.path().join("HEAD"), "ref: refs/heads/main\n").unwrap();
        for name in ["config", "CONFIG", "hooks", "hooks/pre-push"] {
            assert!(check(&root.path().join(name)).is_err(), "{name}");
        }
        assert!(check(&root.path().join("description")).is_ok());
        assert!(check(&root.path().join("refs/heads/main")).is_ok());
    }

    #[test]
    fn settings_come_to_be_a_repositorys_in_no_order() {
        let all = ["config", "HEAD", "objects/x", "refs/x"];
        for first in 0..all.len() {
            let root = tempfile::tempdir().unwrap();
            let order: Vec<_> = (0..all.len()).map(|at| all[(first + at) % all.len()]).collect();
            let (last, others) = order.split_last().unwrap();
            for name in others {
                let path = root.path().join(name);
                assert_eq!(check(&path), Ok(()), "{order:?}");
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, "").unwrap();
            }
            assert!(check(&root.path().join(last)).is_err(), "{order:?}");
        }
    }
}
