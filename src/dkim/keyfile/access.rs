//! Who can reach a key file: its mode, its owner and group, and every folder above it. A folder that others can
//! write to lets them put another file into its place, whatever the file's own mode.

use std::path::Path;

#[cfg(unix)]
use crate::dkim::check::Cause;
use crate::dkim::check::Check;

/// Looks at the file and at the folders above it.
#[cfg(unix)]
pub fn check(path: &Path, checks: &mut Vec<Check>) {
    use super::accounts::Accounts;
    use std::os::unix::fs::MetadataExt;

    let subject = path.display().to_string();
    let accounts = Accounts::of_this_machine();
    let facts = |path: &Path| std::fs::metadata(path).map(|of| Facts { mode: of.mode(), uid: of.uid(), gid: of.gid() });
    let file = match facts(path) {
        Ok(file) => file,
        Err(error) => return checks.push(Check::unknown(&subject, "key-file-mode", error.to_string())),
    };
    checks.push(mode(&subject, file, &accounts));
    if let Some(named) = super::acl::named(path, &accounts) {
        checks.push(access_list(&subject, &named));
    }
    // A link is as safe as the folders on both of its sides.
    let folders: Vec<_> = [std::path::absolute(path).ok(), path.canonicalize().ok()]
        .iter()
        .flatten()
        .flat_map(|path| path.ancestors().skip(1).map(Path::to_owned).collect::<Vec<_>>())
        .collect();
    checks.push(self::folders(&subject, file, folders.iter().map(|path| (&**path, facts(path))), &accounts));
}

/// What an access list allows beside the mode. Naming a reader is as much meant as giving the file a group.
#[cfg(unix)]
fn access_list(subject: &str, named: &super::acl::Named) -> Check {
    if !named.writers.is_empty() {
        let detail = format!("its access list lets {} change it", named.writers.join(", "));
        let check = Check::of(subject, "key-file-acl", Cause::KeyFileExposed, detail);
        return check.with_fix("take the entry away (setfacl -x), or the whole list (setfacl -b)");
    }
    let readers = if named.readers.is_empty() { "names nobody".to_owned() } else { named.readers.join(", ") };
    let what = if named.readers.is_empty() { readers } else { format!("lets {readers} read it as well") };
    Check::pass(subject, "key-file-acl", format!("its access list {what}"))
}

/// Where there are no such modes there is nothing to find out.
#[cfg(not(unix))]
pub fn check(path: &Path, checks: &mut Vec<Check>) {
    let subject = path.display().to_string();
    checks.push(Check::unknown(&subject, "key-file-mode", "modes are read on Unix only"));
}

#[cfg(unix)]
mod unix {
    use std::path::{Path, PathBuf};

    use crate::dkim::check::{Cause, Check};
    use crate::dkim::keyfile::accounts::Accounts;

    /// The bits of a mode (POSIX, `<sys/stat.h>`).
    const GROUP_READS: u32 = 0o040;
    const GROUP_WRITES: u32 = 0o020;
    const OTHERS_READ: u32 = 0o004;
    const OTHERS_WRITE: u32 = 0o002;
    const STICKY: u32 = 0o1000;

    /// What a file or folder says of itself.
    #[derive(Debug, Clone, Copy)]
    pub struct Facts {
        pub mode: u32,
        pub uid: u32,
        pub gid: u32,
    }

    /// `0640 root:opendkim`.
    fn words(of: Facts, accounts: &Accounts) -> String {
        format!("{:04o} {}:{}", of.mode & 0o7777, accounts.user(of.uid), accounts.group(of.gid))
    }

    pub fn mode(subject: &str, file: Facts, accounts: &Accounts) -> Check {
        let is = words(file, accounts);
        let exposed = |how: &str| Check::of(subject, "key-file-mode", Cause::KeyFileExposed, format!("{is}: {how}"));
        match file.mode {
            mode if mode & OTHERS_WRITE != 0 => return exposed("its mode lets every account change it"),
            mode if mode & OTHERS_READ != 0 => return exposed("its mode lets every account read it"),
            mode if mode & GROUP_WRITES != 0 => return exposed(&format!("{} can change it", group(file, accounts))),
            _ => {}
        }
        let mut readers = Vec::new();
        if file.uid != 0 {
            readers.push(accounts.user(file.uid));
        }
        if file.mode & GROUP_READS != 0 && (file.gid != 0 || !accounts.members(0).is_empty()) {
            readers.push(group(file, accounts));
        }
        let who = if readers.is_empty() { "root alone".to_owned() } else { format!("root, {}", readers.join(", ")) };
        Check::pass(subject, "key-file-mode", format!("{is}: can be read by {who}"))
    }

    /// `the group opendkim (opendkim, postfix)`.
    fn group(file: Facts, accounts: &Accounts) -> String {
        let members = accounts.members(file.gid).into_iter().collect::<Vec<_>>();
        let members = if members.is_empty() { "no members known".to_owned() } else { members.join(", ") };
        format!("the group {} ({members})", accounts.group(file.gid))
    }

    pub fn folders<'p>(
        subject: &str,
        file: Facts,
        folders: impl Iterator<Item = (&'p Path, std::io::Result<Facts>)>,
        accounts: &Accounts,
    ) -> Check {
        let (mut exposed, mut remarks): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        let mut seen: Vec<PathBuf> = Vec::new();
        for (path, folder) in folders {
            if seen.iter().any(|other| other == path) {
                continue;
            }
            seen.push(path.to_owned());
            let shown = path.display();
            let Ok(folder) = folder else {
                remarks.push(format!("{shown} cannot be looked at"));
                continue;
            };
            let is = words(folder, accounts);
            if folder.mode & OTHERS_WRITE != 0 && folder.mode & STICKY == 0 {
                exposed.push(format!("{shown} is {is}: every account can put another file into its place"));
            } else if folder.mode & OTHERS_WRITE != 0 {
                remarks.push(format!("{shown} is {is}: some signers (OpenDKIM) refuse keys below it"));
            } else if folder.mode & GROUP_WRITES != 0 && folder.gid != 0 && folder.mode & STICKY == 0 {
                remarks.push(format!("{shown} is {is}: {} can put another file there", group(folder, accounts)));
            } else if folder.uid != 0 && folder.uid != file.uid {
                remarks.push(format!("{shown} is {is}: its owner can put another file there"));
            }
        }
        if exposed.is_empty() {
            let fine = format!("no other account can write to the {} folders above it", seen.len());
            let detail = if remarks.is_empty() { fine } else { remarks.join("; ") };
            return Check::pass(subject, "key-file-folders", detail);
        }
        Check::of(subject, "key-file-folders", Cause::KeyFileExposed, exposed.join("; "))
            .with_fix("take the right to write away from others (chmod o-w) on that folder")
    }
}

#[cfg(unix)]
use unix::{Facts, folders, mode};

#[cfg(all(test, unix))]
mod tests {
    use super::super::accounts::Accounts;
    use super::*;
    use crate::dkim::check::Status;

    fn facts(mode: u32, uid: u32, gid: u32) -> Facts {
        Facts { mode, uid, gid }
    }

    #[test]
    fn modes_are_right_or_exposed() {
        let accounts = Accounts::of_this_machine();
        for (mode, uid, gid, status) in [
            (0o600, 0, 0, Status::Pass),
            (0o640, 0, 12345, Status::Pass),
            (0o400, 0, 0, Status::Pass),
            (0o600, 12345, 12345, Status::Pass),
            (0o644, 0, 0, Status::Fail),
            (0o604, 0, 0, Status::Fail),
            (0o602, 0, 0, Status::Fail),
            (0o660, 0, 12345, Status::Fail),
        ] {
            let check = super::mode("key", facts(0o100_000 | mode, uid, gid), &accounts);
            assert_eq!(check.status, status, "{mode:o} {}", check.detail);
        }
        let check = super::mode("key", facts(0o640, 54321, 12345), &accounts);
        assert_eq!(
            check.detail,
            "0640 uid 54321:gid 12345: can be read by root, uid 54321, the group gid 12345 (no members known)"
        );
    }

    #[test]
    fn an_access_list_may_name_readers_and_no_writers() {
        let check = |readers: &[&str], writers: &[&str]| {
            let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            access_list("key", &super::super::acl::Named { readers: names(readers), writers: names(writers) })
        };
        assert_eq!(check(&["www-data"], &[]).detail, "its access list lets www-data read it as well");
        assert_eq!(check(&[], &[]).detail, "its access list names nobody");
        assert_eq!((check(&[], &["www-data"]).status, check(&["a"], &[]).status), (Status::Fail, Status::Pass));
    }

    #[test]
    fn folders_are_safe_unless_others_can_write_to_one() {
        let accounts = Accounts::of_this_machine();
        let look = |modes: &[u32]| {
            let paths: Vec<_> = (0..modes.len()).map(|n| Path::new("/").join(n.to_string())).collect();
            let all = paths.iter().zip(modes).map(|(path, mode)| (&**path, Ok(facts(*mode, 0, 0))));
            folders("key", facts(0o600, 0, 0), all, &accounts)
        };
        assert_eq!(look(&[0o750, 0o755]).detail, "no other account can write to the 2 folders above it");
        assert_eq!((look(&[0o755, 0o1777]).status, look(&[0o700, 0o777, 0o755]).status), (Status::Pass, Status::Fail));
    }
}
