//! The socket between mail server and signer: there, permitted, and somebody behind it.

use std::io::ErrorKind;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::dkim::check::{Cause, Check};
use crate::dkim::keyfile::accounts::Accounts;

/// How long a signer may take to pick up.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where a signer listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Socket {
    /// `host:port`.
    Inet(String),
    /// A path.
    Local(PathBuf),
}

/// `inet:host:port`, `host:port`, `unix:path`, as Postfix writes it; below `root` where the server is shut in there.
pub fn of_postfix(text: &str, root: Option<&Path>) -> Option<Socket> {
    if let Some(path) = text.strip_prefix("unix:").or(text.strip_prefix("local:")) {
        let path = path.trim_start_matches('/');
        return Some(Socket::Local(root.unwrap_or(Path::new("/")).join(path)));
    }
    let address = text.strip_prefix("inet:").unwrap_or(text);
    address.contains(':').then(|| Socket::Inet(address.to_owned()))
}

/// `inet:port@host`, `inet:port`, `local:path`, `/path`, as OpenDKIM writes it.
pub fn of_opendkim(text: &str) -> Option<Socket> {
    if let Some(address) = text.strip_prefix("inet:").or(text.strip_prefix("inet6:")) {
        let (port, host) = address.split_once('@').unwrap_or((address, "localhost"));
        return Some(Socket::Inet(format!("{host}:{port}")));
    }
    let path = text.strip_prefix("unix:").or(text.strip_prefix("local:")).unwrap_or(text);
    path.starts_with('/').then(|| Socket::Local(PathBuf::from(path)))
}

impl Socket {
    /// Knocks, and says nothing. What answers whoever runs this need not let in the account that the mail server runs
    /// as, where that is known.
    pub fn check(&self, subject: &str, user: Option<&str>, accounts: &Accounts) -> Check {
        let (shown, tried) = match self {
            Self::Inet(address) => (address.clone(), knock(address)),
            Self::Local(path) => (path.display().to_string(), knock_at(path)),
        };
        let down = |why: &str| Check::of(subject, CHECK, Cause::UnsignedMilterDown, format!("{shown}: {why}"));
        let kept_out = match (self, user) {
            (Self::Local(path), Some(user)) => kept_out(path, user, accounts),
            _ => None,
        };
        match (tried.map_err(|error| (error.kind(), error)), kept_out) {
            (Err((ErrorKind::NotFound, _)), _) => down("it is not there"),
            (Err((ErrorKind::ConnectionRefused, _)), _) => down("nobody listens there"),
            (_, Some(why)) => {
                down(&why).with_fix("let the mail server's account in: its group, and the UMask of the signer")
            }
            (Ok(()), None) => Check::pass(subject, CHECK, format!("somebody listens at {shown}")),
            (Err((ErrorKind::PermissionDenied, _)), None) => {
                Check::unknown(subject, CHECK, format!("{shown} may not be used by who runs this"))
                    .with_fix("run this as root, or as the mail server's account")
            }
            (Err((_, error)), None) => down(&error.to_string()),
        }
    }
}

const CHECK: &str = "milter-socket";

/// Why an account cannot come in by a socket: that takes the right to write to it, and to pass the folders above.
#[cfg(unix)]
fn kept_out(path: &Path, user: &str, accounts: &Accounts) -> Option<String> {
    use std::os::unix::fs::MetadataExt;

    let (uid, groups) = accounts.identity(user).filter(|(uid, _)| *uid != 0)?;
    let real = path.canonicalize().ok()?;
    let may = |path: &Path, bit: u32| {
        let of = std::fs::metadata(path).ok()?;
        let shift = if of.uid() == uid {
            6
        } else if groups.contains(&of.gid()) {
            3
        } else {
            0
        };
        let is = format!("{:04o} {}:{}", of.mode() & 0o7777, accounts.user(of.uid()), accounts.group(of.gid()));
        (of.mode() >> shift & bit == 0).then_some(is)
    };
    if let Some(is) = may(&real, 0o2) {
        return Some(format!("it is {is}, and {user} may not write to it"));
    }
    let folders = real.ancestors().skip(1);
    folders
        .filter_map(|folder| Some((folder, may(folder, 0o1)?)))
        .last()
        .map(|(folder, is)| format!("{} above it is {is}, and {user} may not pass", folder.display()))
}

/// Where there are no such modes there is nothing to find out.
#[cfg(not(unix))]
fn kept_out(_: &Path, _: &str, _: &Accounts) -> Option<String> {
    None
}

fn knock(address: &str) -> std::io::Result<()> {
    let mut failed = ErrorKind::NotFound.into();
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(_) => return Ok(()),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

#[cfg(unix)]
fn knock_at(path: &Path) -> std::io::Result<()> {
    std::os::unix::net::UnixStream::connect(path).map(drop)
}

#[cfg(not(unix))]
fn knock_at(_: &Path) -> std::io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::dkim::check::Status;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_socket_that_lets_root_in_need_not_let_the_mail_server_in() {
        let folder = tempfile::tempdir().expect("it is there");
        let path = folder.path().join("sock");
        let _listener = UnixListener::bind(&path).expect("it is there");
        let mode = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is there")
        };
        let gid = std::fs::metadata(&path).expect("it is there").gid();
        let stranger = Accounts::of("postfix:x:54321:54321::/:\n", "");
        let member = Accounts::of("postfix:x:54321:54321::/:\n", &format!("signers:x:{gid}:other, postfix\n"));
        let check = |accounts: &Accounts| Socket::Local(path.clone()).check("x", Some("postfix"), accounts);
        for (of_socket, of_folder, to_stranger, to_member) in [
            (0o777, 0o755, Status::Pass, Status::Pass),
            (0o770, 0o755, Status::Fail, Status::Pass),
            (0o700, 0o755, Status::Fail, Status::Fail),
            (0o777, 0o710, Status::Fail, Status::Pass),
            (0o777, 0o700, Status::Fail, Status::Fail),
        ] {
            mode(&path, of_socket);
            mode(folder.path(), of_folder);
            let said = (check(&stranger).status, check(&member).status);
            assert_eq!(said, (to_stranger, to_member), "{of_socket:o} in {of_folder:o}");
        }
        assert!(check(&stranger).detail.contains("postfix may not pass"), "{}", check(&stranger).detail);
        // Of an account that this machine does not know, nothing can be said.
        assert_eq!(check(&Accounts::of("", "")).status, Status::Pass);
    }
}
