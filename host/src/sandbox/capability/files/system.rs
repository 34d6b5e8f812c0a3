//! Modes, owners and file systems, which WASI does not know.

#[cfg(not(unix))]
pub(crate) use elsewhere::*;
#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(unix)]
mod unix {
    use std::fs::{File, Permissions};
    use std::io;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use rustix::fs::{Gid, StatVfsMountFlags, Uid, fchown, fstatvfs};

    /// The bits of a mode that may be kept: a file that a guest wrote runs as no other user.
    const MODE: u32 = 0o777;

    pub(crate) fn keep_private(file: &File) -> io::Result<()> {
        file.set_permissions(Permissions::from_mode(0o600))
    }

    /// Gives `file` the mode and the owner of `replaced`.
    pub(crate) fn take_over(file: &File, replaced: &File) -> io::Result<()> {
        let (own, other) = (file.metadata()?, replaced.metadata()?);
        let (user, group) = (other.uid(), other.gid());
        if (own.uid(), own.gid()) != (user, group) {
            fchown(file, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)))?;
        }
        file.set_permissions(Permissions::from_mode(other.mode() & MODE))
    }

    pub(crate) fn is_read_only(directory: &File) -> bool {
        fstatvfs(directory).is_ok_and(|about| about.f_flag.contains(StatVfsMountFlags::RDONLY))
    }

    /// True if the directories lie on different file systems.
    pub(crate) fn are_apart(one: &File, other: &File) -> bool {
        let device = |file: &File| file.metadata().map(|about| about.dev()).ok();
        device(one) != device(other)
    }
}

/// Nothing is done on Windows, which keeps the rights to files with their directory.
#[cfg(not(unix))]
mod elsewhere {
    use std::fs::File;
    use std::io;

    pub(crate) fn keep_private(_: &File) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn take_over(_: &File, _: &File) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn is_read_only(_: &File) -> bool {
        false
    }

    pub(crate) fn are_apart(_: &File, _: &File) -> bool {
        false
    }
}
