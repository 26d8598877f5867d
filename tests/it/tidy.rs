//! Holds the order of the house: imports point one way, an outside crate has one home, files are small
//! and say why they exist, and some words stay out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules in reading order. Each may import from those before it only.
const ORDER: [&str; 20] = [
    "error", "record", "grammar", "input", "read", "provider", "reply", "tally", "summary", "store", "verdict",
    "evaluate", "report", "alert", "records", "dkim", "demo", "cli", "config", "run",
];

/// Outside crates with the modules that may know them.
const HOMES: [(&str, &[&str]); 28] = [
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("comfy_table", &["report"]),
    ("polars", &["summary"]),
    ("rayon", &["run", "tally", "summary", "store", "verdict", "evaluate", "report"]),
    // Reading and writing tables, and the data files that stand beside the code.
    ("csv", &["report", "read", "demo", "provider", "reply", "records"]),
    ("indicatif", &["run"]),
    ("bumpalo", &["grammar"]),
    ("bytes", &["store"]),
    ("gethostname", &["run"]),
    ("parquet", &["store"]),
    ("data_encoding", &["dkim"]),
    ("ed25519_dalek", &["dkim"]),
    ("hickory_proto", &["dkim"]),
    ("mail_parser", &["dkim"]),
    ("psl", &["dkim"]),
    ("quick_xml", &["dkim"]),
    ("rsa", &["dkim"]),
    ("regex_automata", &["reply"]),
    ("hmac", &["alert"]),
    ("rustls", &["alert"]),
    ("sha2", &["dkim", "alert"]),
    ("signal_hook", &["run"]),
    ("tar", &["dkim"]),
    ("ureq", &["alert"]),
    ("xattr", &["dkim"]),
    ("zip", &["dkim"]),
];

/// No file is longer.
const MOST_LINES: usize = 400;

#[test]
fn imports_point_one_way() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| file.module.is_some()) {
        let module = file.module.as_deref().expect("filtered");
        let Some(place) = place(module) else {
            wrong.push(format!("{}: the module `{module}` stands nowhere in the order", file.name()));
            continue;
        };
        for imported in imported(&file.code()) {
            match self::place(&imported) {
                Some(other) if other <= place => {}
                _ => wrong.push(format!("{}: `{module}` must not know `{imported}`", file.name())),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_outside_crate_has_one_home() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| file.module.is_some()) {
        let module = file.module.as_deref().expect("filtered");
        let code = file.code();
        for (outside, homes) in HOMES {
            if !homes.contains(&module) && mentions(&code, outside) {
                wrong.push(format!("{}: `{outside}` lives in {}", file.name(), homes.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_is_small_and_says_why_it_exists() {
    let mut wrong = Vec::new();
    for file in sources().into_iter().chain(files(&root().join("tests"))) {
        if !file.text.starts_with("//!") {
            wrong.push(format!("{}: does not open with //!", file.name()));
        }
        let lines = file.text.lines().count();
        if lines > MOST_LINES {
            wrong.push(format!("{}: {lines} lines are more than {MOST_LINES}", file.name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn some_words_stay_out() {
    let all = sources();
    let test_only = test_only(&all);
    let mut wrong = Vec::new();
    for file in &all {
        let code = file.code();
        let speaks = matches!(file.module.as_deref(), None | Some("run"));
        let mut forbidden = vec!["todo!(", "unimplemented!(", "dbg!"];
        if !speaks {
            forbidden.extend(["println!", "print!(", "eprint!("]);
        }
        wrong.extend(found(file, &code, &forbidden));
        if !test_only.contains(&file.path) {
            wrong.extend(found(file, untested(&code), &[".unwrap()"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A source file.
struct Source {
    path: PathBuf,
    /// The module at the top that it belongs to; none for `main.rs` and `lib.rs`.
    module: Option<String>,
    text: String,
}

impl Source {
    fn name(&self) -> String {
        self.path.strip_prefix(root()).unwrap_or(&self.path).display().to_string()
    }

    /// The text without its comments of whole lines.
    fn code(&self) -> String {
        self.text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    files(&root().join("src"))
}

fn files(folder: &Path) -> Vec<Source> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(|entry| entry.expect("an entry"));
    let paths = entries.map(walkdir::DirEntry::into_path).filter(|path| path.extension().is_some_and(|e| e == "rs"));
    let read = |path: PathBuf| {
        let below = path.strip_prefix(folder).expect("found there");
        let top = below.iter().next().expect("a name").to_string_lossy().trim_end_matches(".rs").to_owned();
        let module = Some(top).filter(|top| top != "main" && top != "lib");
        Source { text: fs::read_to_string(&path).expect("text"), path, module }
    };
    paths.map(read).collect()
}

fn place(module: &str) -> Option<usize> {
    ORDER.iter().position(|name| *name == module)
}

/// The modules at the top that code names after `crate::`, also inside braces.
fn imported(code: &str) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => modules.extend(first_names(group)),
            None => modules.extend(name(rest)),
        }
    }
    modules
}

/// The first names in a group of imports, up to the brace that closes it.
fn first_names(group: &str) -> Vec<String> {
    let (mut depth, mut names, mut fresh) = (1, Vec::new(), true);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => fresh = true,
            _ if fresh && !character.is_whitespace() => {
                names.extend(name(&group[at..]));
                fresh = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// The lower-case name a path begins with: a module. What begins in capitals is re-exported at the root.
fn name(path: &str) -> Option<String> {
    let end = path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
    path[..end].starts_with(|c: char| c.is_ascii_lowercase()).then(|| path[..end].to_owned())
}

/// Whether code names an outside crate: `name::`, or `use name;`, and not as a part of another path.
fn mentions(code: &str, outside: &str) -> bool {
    code.match_indices(outside).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let own_word = !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':');
        let after = &code[at + outside.len()..];
        own_word && (after.starts_with("::") || (code[..at].ends_with("use ") && after.starts_with(';')))
    })
}

/// The code before its tests.
fn untested(code: &str) -> &str {
    code.find("#[cfg(test)]\nmod tests").map_or(code, |tests| &code[..tests])
}

/// Files that are compiled for tests only: `#[cfg(test)]` stands before the line that names them.
fn test_only(files: &[Source]) -> BTreeSet<PathBuf> {
    let mut paths = BTreeSet::new();
    for file in files {
        let folder = file.path.parent().expect("a folder");
        for (at, attribute) in file.text.match_indices("#[cfg(test)]\n") {
            let line = file.text[at + attribute.len()..].lines().next().unwrap_or_default();
            if let Some((_, name)) = line.trim_end_matches(';').split_once("mod ") {
                paths.insert(folder.join(format!("{name}.rs")));
            }
        }
    }
    paths
}

fn found(file: &Source, code: &str, words: &[&str]) -> Vec<String> {
    words.iter().filter(|word| code.contains(**word)).map(|word| format!("{}: {word}", file.name())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_seen_in_every_form() {
        let names = |code: &str| imported(code).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(names("use crate::record::Column;\nlet x = crate::error::Error::Closed;"), "error record");
        assert_eq!(names("use crate::{error::{Error, Result}, record::Column};"), "error record");
        assert_eq!(names("pub(crate) fn x() {}\nuse crate::Error;"), "");
    }

    #[test]
    fn an_outside_crate_is_told_from_a_module_of_the_same_name() {
        assert!(mentions("use csv::Reader;", "csv"));
        assert!(mentions("let x = csv::Writer::new();", "csv"));
        assert!(!mentions("super::csv::write(x);", "csv"));
        assert!(!mentions("write_csv::x();", "csv"));
        assert!(!mentions("let name = \"clap\";", "clap"));
    }

    #[test]
    fn tests_are_cut_off() {
        assert_eq!(untested("a\n#[cfg(test)]\nmod tests {\nx.unwrap()\n}"), "a\n");
        assert_eq!(untested("a"), "a");
    }
}
