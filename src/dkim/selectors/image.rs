//! Private keys in container images, as `docker save` or an OCI archive (OCI Image Format, image layout) holds them:
//! in the files of every layer, also in those that a later layer deletes, and in what the configuration keeps of the
//! environment and the build.
//!
//! An archive is read once from its beginning, and nothing of it is unpacked to disk. A key that is found becomes its
//! public half at once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde_json::Value;
use tar::{Archive, EntryType};

use super::layout::{Layout, clean, layouts};
use super::scan::Scan;
use crate::dkim::files::Allowance;
use crate::dkim::public::PublicKey;
use crate::input::{ReadSoFar, open, unpack};

/// No more bytes of one image are read, those of the archive and those of its layers unpacked together.
const MOST_BYTES: u64 = 32 << 30;
/// No more files are looked at, in all layers together, and no more in the archive itself.
const MOST_FILES: usize = 5_000_000;
const MOST_BLOBS: usize = 20_000;
/// No description (manifest, configuration, index) is longer, and all that are kept, with their names, are not.
const LONGEST_JSON: u64 = 2 << 20;
const MOST_JSON: usize = 8 << 20;
/// No path is longer; above so many folders, none is looked for that was deleted.
const LONGEST_PATH: u64 = 4096;
const DEEPEST: usize = 64;
/// No more is remembered of the names of deleted files, in bytes.
const MOST_DELETED: usize = 64 << 20;
/// No more layers are kept, nor reasons why something was not read.
const MOST_LAYERS: usize = 2000;
const MOST_MISSED: usize = 20;

/// A private key that was found, as its public half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baked {
    /// Where: `layer 2 of 5: /etc/opendkim/keys/s1.private`.
    pub place: String,
    /// The file's path; empty where it is no file.
    pub path: String,
    /// The layer that deletes the file, where one does.
    pub deleted_in: Option<String>,
    /// The key.
    pub key: PublicKey,
}

/// What an image holds.
#[derive(Debug, Default)]
pub struct Image {
    /// The keys, in the order of the layers.
    pub keys: Vec<Baked>,
    /// How many layers there are.
    pub layers: usize,
    /// What was not read, in words.
    pub missed: Vec<String>,
}

/// What one layer holds, or what is no layer.
#[derive(Debug, Default)]
struct Layer {
    found: Vec<(String, PublicKey)>,
    /// Paths that it deletes, and folders whose former content it deletes (with `/` at their end).
    deleted: Vec<String>,
}

/// Reads an image.
///
/// # Errors
/// Where the file is no such archive.
pub fn read(path: &Path) -> Result<Image, String> {
    let (_, body) = open(path, &ReadSoFar::default()).map_err(|error| error.to_string())?;
    of_archive(body)
}

/// Reads an image from its bytes.
///
/// # Errors
/// Where they are no such archive.
pub fn of_archive(body: impl Read) -> Result<Image, String> {
    of_archive_within(body, &Allowance::new(MOST_BYTES))
}

fn of_archive_within(body: impl Read, allowance: &Allowance) -> Result<Image, String> {
    let mut reading = Reading::default();
    let mut archive = Archive::new(allowance.over(body));
    let entries = archive.entries().map_err(|error| why(&error, allowance))?.raw(true);
    let mut is_first = true;
    let mut names = Names::default();
    for entry in entries {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(error) if is_first => return Err(format!("it is no tar archive: {}", why(&error, allowance))),
            Err(error) => {
                reading.miss(format!("it cannot be read to its end: {}", why(&error, allowance)));
                break;
            }
        };
        is_first = false;
        reading.blobs += 1;
        if reading.blobs > MOST_BLOBS {
            reading.miss(format!("only the first {MOST_BLOBS} files of the archive were looked at"));
            break;
        }
        let Some(name) = names.of(&mut entry) else { continue };
        match entry.header().entry_type() {
            EntryType::Regular => reading.blob(&name, entry, allowance),
            // Docker once wrote a layer that another image has already as a link to it.
            kind @ (EntryType::Symlink | EntryType::Link) => reading.link(&name, kind, &entry),
            _ => {}
        }
    }
    if reading.layers.is_empty() && reading.json.is_empty() {
        let none = || "it holds no layer: write it with docker save, or as an OCI archive".to_owned();
        return Err(reading.missed.into_iter().next().unwrap_or_else(none));
    }
    Ok(reading.image())
}

/// What is known so far.
#[derive(Default)]
struct Reading {
    layers: BTreeMap<String, Layer>,
    /// Archives without a file: layers that change nothing.
    empty: BTreeSet<String>,
    /// What stands for another file of the archive.
    links: BTreeMap<String, String>,
    /// Descriptions by their path.
    json: BTreeMap<String, Value>,
    json_bytes: usize,
    files: usize,
    blobs: usize,
    deleted_bytes: usize,
    scan: Scan,
    missed: Vec<String>,
}

impl Reading {
    /// Reads a file of the archive: a layer, packed or not (OCI, layer.md), or a description.
    fn blob(&mut self, name: &str, entry: impl Read, allowance: &Allowance) {
        let result = unpack(entry).and_then(|(_, body)| {
            let mut body = BufReader::new(allowance.over(body));
            let is_description = matches!(body.fill_buf()?.first(), Some(b'{' | b'['));
            Ok(if is_description { self.description(name, body) } else { self.layer(name, body, allowance) })
        });
        if let Err(why) = result.map_err(|error| why(&error, allowance)).and_then(|read| read) {
            self.miss(format!("{name} cannot be read to its end: {why}"));
        }
    }

    fn link(&mut self, name: &str, kind: EntryType, entry: &tar::Entry<impl Read>) {
        let Some(target) = entry.link_name_bytes() else { return };
        let target = String::from_utf8_lossy(&target);
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let target = if kind == EntryType::Symlink { format!("{folder}/{target}") } else { target.into_owned() };
        if self.links.len() < MOST_LAYERS && target.len() < LONGEST_PATH as usize {
            self.links.insert(name.to_owned(), clean(&target));
        }
    }

    fn miss(&mut self, what: String) {
        match self.missed.len() {
            ..MOST_MISSED => self.missed.push(what),
            MOST_MISSED => self.missed.push("and more was not read".to_owned()),
            _ => {}
        }
    }

    fn description(&mut self, name: &str, reader: impl Read) -> Result<(), String> {
        let mut bytes = Vec::new();
        reader.take(LONGEST_JSON + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        let kept = self.json_bytes + bytes.len() + name.len();
        if bytes.len() as u64 > LONGEST_JSON || kept > MOST_JSON {
            return Err("it is too long for a description of an image".to_owned());
        }
        if let Ok(value) = serde_json::from_slice(&bytes) {
            self.json_bytes = kept;
            self.json.insert(name.to_owned(), value);
        }
        Ok(())
    }

    /// Reads a layer; what is no tar archive is none.
    fn layer(&mut self, name: &str, body: impl Read, allowance: &Allowance) -> Result<(), String> {
        let mut archive = Archive::new(body);
        let mut layer = Layer::default();
        let mut names = Names::default();
        let (mut is_layer, mut trouble) = (false, None);
        for entry in archive.entries().map_err(|error| why(&error, allowance))?.raw(true) {
            let mut entry = match entry {
                Ok(entry) => entry,
                // A file that is no layer, as the checksum of one.
                Err(_) if !is_layer => return Ok(()),
                Err(error) => {
                    trouble = Some(why(&error, allowance));
                    break;
                }
            };
            is_layer = true;
            let Some(path) = names.of(&mut entry) else { continue };
            self.files += 1;
            if self.files > MOST_FILES {
                trouble = Some(format!("only the first {MOST_FILES} files were looked at"));
                break;
            }
            let (folder, file) = path.rsplit_once('/').unwrap_or(("", &path));
            if let Some(deleted) = file.strip_prefix(".wh.") {
                self.deleted_bytes += path.len();
                if self.deleted_bytes < MOST_DELETED {
                    layer.deleted.push(match deleted {
                        ".wh..opq" => format!("{folder}/"),
                        name => format!("{folder}/{name}"),
                    });
                }
            } else if entry.header().entry_type() == EntryType::Regular {
                match self.scan.file(&path, entry) {
                    Ok(keys) => layer.found.extend(keys.into_iter().map(|key| (path.clone(), key))),
                    Err(error) => {
                        trouble = Some(why(&error, allowance));
                        break;
                    }
                }
            }
        }
        if is_layer && (self.layers.len() < MOST_LAYERS || self.layers.contains_key(name)) {
            self.layers.insert(name.to_owned(), layer);
        } else if is_layer {
            trouble = Some(format!("there are more than {MOST_LAYERS} layers"));
        } else if self.empty.len() < MOST_LAYERS {
            self.empty.insert(name.to_owned());
        }
        trouble.map_or(Ok(()), Err)
    }

    /// The images, with those layers that no image names as one more. What is named and not there was not looked at.
    fn layouts(&mut self) -> Vec<Layout> {
        let mut layouts = layouts(&self.json);
        for layer in layouts.iter_mut().flat_map(|layout| &mut layout.layers) {
            if let Some(target) = self.links.get(layer) {
                *layer = target.clone();
            }
        }
        let named: BTreeSet<String> = layouts.iter().flat_map(|layout| layout.layers.clone()).collect();
        for layer in &named {
            if self.layers.contains_key(layer) || self.empty.contains(layer) {
                continue;
            }
            self.miss(format!("the layer {layer} is not in the archive, or is none"));
        }
        let rest: Vec<String> = self.layers.keys().filter(|layer| !named.contains(*layer)).cloned().collect();
        if !layouts.is_empty() && !rest.is_empty() {
            self.miss(format!("{} layers are named by no manifest", rest.len()));
        }
        if !rest.is_empty() {
            layouts.push(Layout { name: None, layers: rest });
        }
        layouts
    }

    /// Puts what was found into the order of images and layers.
    fn image(mut self) -> Image {
        let layouts = self.layouts();
        // A layer of many images is told of once: where it is not deleted, else where it comes first.
        let mut found: BTreeMap<(&str, usize), Baked> = BTreeMap::new();
        let mut order: Vec<(&str, usize)> = Vec::new();
        for (number, layout) in layouts.iter().enumerate() {
            let name = layout.name.clone().unwrap_or_else(|| format!("image {}", number + 1));
            let of = if layouts.len() > 1 { format!("{name}, ") } else { String::new() };
            let title = |place: usize| format!("{of}layer {} of {}", place + 1, layout.layers.len());
            let deleted = self.deletions_of(layout);
            let known = layout
                .layers
                .iter()
                .enumerate()
                .filter_map(|(place, name)| Some((place, name, self.layers.get(name)?)));
            for (place, name, layer) in known {
                for (at, (path, key)) in layer.found.iter().enumerate() {
                    let deleted_in = deletions(&deleted, path).filter(|at| *at > place).min().map(title);
                    let place = format!("{}: {path}", title(place));
                    let baked = Baked { place, path: path.clone(), deleted_in, key: key.clone() };
                    match found.get_mut(&(&**name, at)) {
                        Some(known) if known.deleted_in.is_some() && baked.deleted_in.is_none() => *known = baked,
                        Some(_) => {}
                        None => {
                            order.push((name, at));
                            found.insert((name, at), baked);
                        }
                    }
                }
            }
        }
        let mut keys: Vec<Baked> = order.iter().filter_map(|of| found.remove(of)).collect();
        for (name, value) in &self.json {
            for key in strings(value).flat_map(|text| self.scan.text(text.as_bytes())).collect::<Vec<_>>() {
                let place = format!("{name} (environment or history)");
                let baked = Baked { place, path: String::new(), deleted_in: None, key };
                if !keys.contains(&baked) {
                    keys.push(baked);
                }
            }
        }
        if self.scan.is_exhausted() {
            self.miss("there are more private keys than are looked at".to_owned());
        }
        let layers: BTreeSet<&String> = layouts.iter().flat_map(|layout| &layout.layers).collect();
        Image { keys, layers: layers.len(), missed: self.missed }
    }

    /// Which layers of an image delete a path, by their place in it.
    fn deletions_of(&self, layout: &Layout) -> BTreeMap<&str, Vec<usize>> {
        let mut deleted: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, layer) in layout.layers.iter().enumerate() {
            for path in self.layers.get(layer).into_iter().flat_map(|layer| &layer.deleted) {
                deleted.entry(path).or_default().push(place);
            }
        }
        deleted
    }
}

/// Why an archive cannot be read on. The words of the error itself quote the bytes that it stumbled over, and these may be
/// those of a private key.
fn why(error: &io::Error, allowance: &Allowance) -> String {
    match error.kind() {
        _ if allowance.is_spent() => format!("it unpacks to more than {} GiB", MOST_BYTES >> 30),
        io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
        _ => "what stands there is none, or damaged".to_owned(),
    }
}

/// Every text in a description.
fn strings(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::String(text) => Box::new(std::iter::once(&**text)),
        Value::Array(values) => Box::new(values.iter().flat_map(strings)),
        Value::Object(values) => Box::new(values.values().flat_map(strings)),
        _ => Box::new(std::iter::empty()),
    }
}

/// The layers that delete a path, by itself or with a folder above it (OCI, layer.md, whiteouts).
fn deletions<'d>(deleted: &'d BTreeMap<&str, Vec<usize>>, path: &'d str) -> impl Iterator<Item = usize> + 'd {
    let above = path.match_indices('/').map(|(at, _)| at).take(DEEPEST);
    // With the folder, or with all that was in it, which has a slash at its end.
    let names = above.flat_map(|at| [&path[..at], &path[..=at]]).chain([path]);
    names.filter_map(|name| deleted.get(name)).flatten().copied()
}

/// The names of a tar archive's entries; long ones stand in entries of their own before them, in GNU's form or in that
/// of POSIX (pax).
#[derive(Default)]
struct Names {
    long: Option<String>,
}

impl Names {
    /// The path of an entry, as `/etc/x`; none where it is only a part of the next.
    fn of(&mut self, entry: &mut tar::Entry<impl Read>) -> Option<String> {
        let kind = entry.header().entry_type();
        if kind == EntryType::GNULongName || kind == EntryType::XHeader {
            let mut bytes = Vec::new();
            let read: io::Result<usize> = entry.take(LONGEST_PATH).read_to_end(&mut bytes);
            if read.is_ok() {
                let text = String::from_utf8_lossy(&bytes);
                self.long = match kind {
                    EntryType::GNULongName => Some(text.trim_end_matches('\0').to_owned()),
                    _ => pax_path(&text).or(self.long.take()),
                };
            }
            return None;
        }
        let short = || String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        Some(clean(&self.long.take().unwrap_or_else(short)))
    }
}

/// `26 path=etc/x`.
fn pax_path(text: &str) -> Option<String> {
    let rows = text.lines().filter_map(|row| row.split_once(' '));
    rows.filter_map(|(_, row)| row.strip_prefix("path=")).next_back().map(str::to_owned)
}
