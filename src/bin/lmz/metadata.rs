//! Times and permissions, which go from an input to its output.

use std::fs::{File, FileTimes, Metadata, Permissions};
use std::io;
use std::time::SystemTime;

/// What of an input its output keeps.
#[derive(Clone, Debug)]
pub struct Kept {
    permissions: Permissions,
    /// Of the last change and the last access; left out for a part of the input.
    times: Option<(SystemTime, SystemTime)>,
    #[cfg(unix)]
    owner: (u32, u32),
}

impl Kept {
    /// Of a regular file.
    pub fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok();
        Kept {
            permissions: metadata.permissions(),
            times: modified.map(|time| (time, metadata.accessed().unwrap_or(time))),
            #[cfg(unix)]
            owner: {
                use std::os::unix::fs::MetadataExt;
                (metadata.uid(), metadata.gid())
            },
        }
    }

    /// Without the times.
    #[must_use]
    pub fn permissions_only(self) -> Self {
        Kept { times: None, ..self }
    }

    /// Gives all of it to `file`; returns what it could not keep.
    pub fn give_to(&self, file: &File) -> Vec<String> {
        let mut lost = Vec::new();
        let mut note = |what: &str, result: io::Result<()>| {
            if let Err(error) = result {
                lost.push(format!("{what} not preserved: {error}"));
            }
        };
        if let Some((modified, accessed)) = self.times {
            let times = FileTimes::new().set_modified(modified).set_accessed(accessed);
            note("modification time", file.set_times(times));
        }
        let permissions = self.permissions.clone();
        #[cfg(unix)]
        let permissions = {
            let owned = give_owner(file, self.owner);
            let permissions = narrowed(&permissions, owned.is_ok());
            note("owner and group", owned);
            permissions
        };
        note("permissions", file.set_permissions(permissions));
        lost
    }
}

/// The group, and the owner where that is allowed, as root.
#[cfg(unix)]
fn give_owner(file: &File, (user, group): (u32, u32)) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let now = file.metadata()?;
    if (now.uid(), now.gid()) == (user, group) {
        return Ok(());
    }
    fchown(file, Some(user), Some(group)).or_else(|error| {
        fchown(file, None, Some(group))?;
        if now.uid() == user { Ok(()) } else { Err(error) }
    })
}

/// Without special bits; another group may do what everybody may.
#[cfg(unix)]
fn narrowed(permissions: &Permissions, same_owner: bool) -> Permissions {
    use std::os::unix::fs::PermissionsExt;
    let mode = permissions.mode() & 0o777;
    let mode = if same_owner { mode } else { mode & (0o707 | ((mode & 0o007) << 3)) };
    Permissions::from_mode(mode)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn another_group_gets_no_more_than_everybody() {
        let narrow = |mode, same| narrowed(&Permissions::from_mode(mode), same).mode();
        assert_eq!(narrow(0o4750, true), 0o750);
        assert_eq!(narrow(0o750, false), 0o700);
        assert_eq!(narrow(0o764, false), 0o744);
    }
}
