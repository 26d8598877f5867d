//! Runs the program and keeps what it said.

use serde_json::Value;
use std::ffi::OsStr;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

/// One run to come. No terminal, no configuration file, no variable of the tester's own that matters.
pub struct Run {
    command: Command,
    stdin: Vec<u8>,
}

/// What a run said.
pub struct Said {
    /// The exit status; none where a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error, lossy.
    pub stderr: String,
}

impl Run {
    /// The program, without arguments.
    pub fn new() -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pmtriage"));
        command.env("XDG_CONFIG_HOME", "/nonexistent").env_remove("NO_COLOR").env("TERM", "xterm-256color");
        Run { command, stdin: Vec::new() }
    }

    /// `report --format json`: what most tests look at.
    pub fn json() -> Run {
        Run::new().args(["report", "--format", "json"])
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Run {
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        self.command.args(args);
        self
    }

    /// Sets a variable of the environment.
    pub fn env(mut self, name: &str, value: &str) -> Run {
        self.command.env(name, value);
        self
    }

    /// What the program reads on standard input; nothing unless set.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Run {
        self.stdin = bytes.into();
        self
    }

    /// The command itself, for tests that hold the other end of its streams.
    pub fn into_command(self) -> Command {
        self.command
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Said {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("the program starts");
        let mut pipe = child.stdin.take().expect("standard input is a pipe");
        let bytes = self.stdin;
        // The program may end without reading; that is its right.
        let writer = thread::spawn(move || drop(pipe.write_all(&bytes)));
        let output = child.wait_with_output().expect("the program ends");
        writer.join().expect("the writer ends");
        Said {
            status: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Said {
    /// Standard output as a JSON document.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard output as a JSON document.
    pub fn document(&self) -> Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error}); status {:?}, {}", self.status, self.stderr))
    }
}

/// The folder of sample logs.
pub fn samples() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/sample-logs"))
}

/// One sample log.
pub fn sample(name: &str) -> PathBuf {
    samples().join(name)
}
