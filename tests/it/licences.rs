//! What the program is made of may be given away: every crate it is built from has a permissive licence
//! and comes from the registry. (`cargo deny` would say the same, and more, where it is installed.)

use serde_json::Value;
use std::process::Command;

/// Licences that ask for no more than that they are named.
const PERMISSIVE: [&str; 13] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "bzip2-1.0.6",
];

/// The parts of an expression such as `(MIT OR Apache-2.0) AND Unicode-3.0`: one of the alternatives of
/// every part must be permissive.
fn is_permissive(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    plain.split(" AND ").all(|part| part.split(" OR ").any(|licence| PERMISSIVE.contains(&licence.trim())))
}

#[test]
fn every_crate_may_be_given_away() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", &host()])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata");
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 50, "the list is there");
    let mut wrong = Vec::new();
    for package in packages.iter().filter(|package| package["name"] != "pmtriage") {
        let licence = package["license"].as_str().unwrap_or("none given");
        let source = package["source"].as_str().unwrap_or("a folder");
        if !is_permissive(licence) || !source.starts_with("registry+") {
            wrong.push(format!("{}: {licence}, from {source}", package["name"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The platform this is built for: crates of others were not downloaded.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host").to_owned()
}

#[test]
fn expressions_are_read() {
    assert!(
        is_permissive("MIT OR GPL-3.0")
            && is_permissive("Unlicense/MIT")
            && is_permissive("(MIT OR Apache-2.0) AND Unicode-3.0")
    );
    assert!(!is_permissive("GPL-3.0") && !is_permissive("MIT AND LGPL-2.1") && !is_permissive("none given"));
}
