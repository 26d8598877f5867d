//! PowerMTA's configuration as rows: one keyword and its value a line, in blocks `<domain x>`, with files included.

use std::path::{Path, PathBuf};

use super::read;

/// Files that include files are followed this deep.
const DEEPEST: usize = 8;
/// A macro stands for no more domains, and all of them together make no more rows.
const MOST_OF_MACRO: usize = 1000;
const MOST_ROWS: usize = 1 << 18;
/// Blocks in blocks are followed this deep; PowerMTA needs three.
const MOST_BLOCKS: usize = 32;
/// No more files are read.
const MOST_FILES: usize = 500;

/// One directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The file that it stands in; paths in it begin there.
    pub file: PathBuf,
    /// `FILE line N`.
    pub place: String,
    /// The blocks around it, the outermost first: (tag in lower case, name as written).
    pub blocks: Vec<(String, String)>,
    /// The keyword, in lower case.
    pub keyword: String,
    /// What stands behind it.
    pub value: String,
}

impl Row {
    /// The name of a block around it.
    pub fn block(&self, tag: &str) -> Option<&str> {
        self.blocks.iter().find(|(other, _)| other == tag).map(|(_, name)| &**name)
    }
}

/// Everything that a configuration says.
#[derive(Debug, Default)]
pub struct Rows {
    /// The directives, in order.
    pub rows: Vec<Row>,
    /// What could not be read: (what, why).
    pub missing: Vec<(String, String)>,
    /// Whether something in it is not known: then what is not there may be there all the same.
    pub is_partial: bool,
    files: usize,
}

impl Rows {
    /// Reads a configuration and what it includes; macros in the names of blocks are written out.
    pub fn of(file: &Path, text: &str) -> Rows {
        let mut rows = Rows::default();
        rows.add(file, text, 0);
        rows.expand();
        rows
    }

    fn add(&mut self, file: &Path, text: &str, depth: usize) {
        self.files += 1;
        let mut blocks: Vec<(String, String)> = Vec::new();
        for (number, line) in lines(text) {
            if let Some(tag) = line.strip_prefix('<') {
                let tag = tag.trim_end().trim_end_matches('>').trim();
                match tag.strip_prefix('/') {
                    // Some write the name again in the closing tag.
                    Some(closed) => {
                        let closed = closed.split_whitespace().next().unwrap_or_default();
                        let is_open = blocks.pop().is_some_and(|(open, _)| open.eq_ignore_ascii_case(closed));
                        if !is_open {
                            self.doubt(file, number, &format!("</{closed}> closes a block that is not open there"));
                        }
                    }
                    None => {
                        let (tag, name) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
                        if blocks.len() == MOST_BLOCKS {
                            return self.end(file, "its blocks are nested too deep");
                        }
                        blocks.push((tag.to_lowercase(), plain(name).to_owned()));
                    }
                }
                continue;
            }
            let (keyword, value) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
            if keyword.eq_ignore_ascii_case("include") {
                self.include(file, plain(value), depth);
                continue;
            }
            if self.rows.len() == MOST_ROWS {
                return self.end(file, "there are too many directives");
            }
            let place = format!("{} line {number}", file.display());
            let (keyword, value) = (keyword.to_lowercase(), value.trim().to_owned());
            self.rows.push(Row { file: file.to_owned(), place, blocks: blocks.clone(), keyword, value });
        }
        if let Some((tag, name)) = blocks.first() {
            let last = text.lines().count();
            self.doubt(file, last, &format!("<{}> is never closed", format!("{tag} {name}").trim_end()));
        }
    }

    /// What PowerMTA does not take, and what would be read into it here may be wrong.
    fn doubt(&mut self, file: &Path, number: usize, why: &str) {
        self.missing.push((format!("{} line {number}", file.display()), why.to_owned()));
    }

    /// The rest of a file is not read.
    fn end(&mut self, file: &Path, why: &str) {
        self.is_partial = true;
        self.missing.push((file.display().to_string(), format!("it was not read to its end: {why}")));
    }

    /// `include FILE`, also with wildcards; relative to the file that says so.
    fn include(&mut self, from: &Path, named: &str, depth: usize) {
        let path = from.parent().unwrap_or(Path::new("")).join(named);
        let files = match named.contains(['*', '?', '[']) {
            true => matching(&path),
            false => Ok(vec![path.clone()]),
        };
        let files = match files {
            Ok(files) => files,
            Err(why) => return self.unread(&path, why),
        };
        if depth >= DEEPEST || self.files + files.len() > MOST_FILES {
            return self.missing.push((named.to_owned(), "files include files without end".to_owned()));
        }
        for file in files {
            match read(&file) {
                Ok(text) => self.add(&file, &text, depth + 1),
                Err(why) => self.unread(&file, why),
            }
        }
    }

    fn unread(&mut self, file: &Path, why: String) {
        self.is_partial = true;
        self.missing.push((file.display().to_string(), why));
    }

    /// `domain-macro NAME a,b` and `<domain x.$NAME>`: one row for each.
    fn expand(&mut self) {
        let macros: Vec<(String, Vec<String>)> = self
            .rows
            .iter()
            .filter(|row| row.keyword == "domain-macro")
            .filter_map(|row| row.value.split_once(char::is_whitespace))
            .map(|(name, list)| {
                (
                    format!("${}", name.to_ascii_lowercase()),
                    list.split(',').take(MOST_OF_MACRO).map(|part| plain(part).to_lowercase()).collect(),
                )
            })
            .collect();
        let rows = std::mem::take(&mut self.rows);
        for row in rows {
            let place = row.blocks.iter().position(|(tag, name)| tag == "domain" && name.contains('$'));
            let known = place.and_then(|place| {
                let name = &row.blocks[place].1;
                macros.iter().find(|(of, _)| name.to_ascii_lowercase().ends_with(&**of)).map(|found| (place, found))
            });
            match known {
                None => self.rows.push(row),
                Some((place, (of, list))) => {
                    let room = MOST_ROWS.saturating_sub(self.rows.len());
                    for part in list.iter().take(room) {
                        let mut row = row.clone();
                        let name = &mut row.blocks[place].1;
                        name.truncate(name.len() - of.len());
                        name.push_str(part);
                        self.rows.push(row);
                    }
                }
            }
        }
    }
}

/// A value without its quote signs.
pub fn plain(value: &str) -> &str {
    value.trim().trim_matches('"')
}

/// Whether a value is yes.
pub fn is_on(value: &str) -> bool {
    matches!(&*plain(value).to_lowercase(), "yes" | "true" | "1")
}

/// The lines that say something, with their numbers: comments taken off, lines that end with a backslash joined.
fn lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut is_open = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let (line, goes_on) = line.strip_suffix('\\').map_or((line, false), |line| (line.trim_end(), true));
        match lines.last_mut().filter(|_| is_open) {
            Some((_, open)) => *open = format!("{open} {line}"),
            None => lines.push((number + 1, line.to_owned())),
        }
        is_open = goes_on;
    }
    lines.retain(|(_, line)| !line.trim().is_empty());
    lines
}

/// The files in one folder whose names fit, sorted.
///
/// # Errors
/// Why it is not known which files these are.
fn matching(pattern: &Path) -> Result<Vec<PathBuf>, String> {
    let name = pattern.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let matcher = globset::Glob::new(name).map_err(|error| error.to_string())?.compile_matcher();
    let folder = pattern.parent().unwrap_or(Path::new(""));
    let entries = std::fs::read_dir(folder).map_err(|error| format!("its folder cannot be read: {error}"))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|name| matcher.is_match(name)))
        .collect();
    files.sort();
    Ok(files)
}
