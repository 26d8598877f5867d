//! The socket between mail server and signer: there, permitted, and somebody behind it.

use std::io::ErrorKind;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::dkim::check::{Cause, Check};

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
    /// Knocks, and says nothing.
    pub fn check(&self, subject: &str) -> Check {
        let (shown, tried) = match self {
            Self::Inet(address) => (address.clone(), knock(address)),
            Self::Local(path) => (path.display().to_string(), knock_at(path)),
        };
        match tried {
            Ok(()) => Check::pass(subject, "milter-socket", format!("somebody listens at {shown}")),
            Err(error) => {
                let why = match error.kind() {
                    ErrorKind::NotFound => "it is not there".to_owned(),
                    ErrorKind::ConnectionRefused => "nobody listens there".to_owned(),
                    ErrorKind::PermissionDenied => "it may not be used by who runs this".to_owned(),
                    _ => error.to_string(),
                };
                Check::of(subject, "milter-socket", Cause::UnsignedMilterDown, format!("{shown}: {why}"))
            }
        }
    }
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
