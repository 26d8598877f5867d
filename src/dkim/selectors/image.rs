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

use super::scan::Scan;
use crate::dkim::public::PublicKey;
use crate::input::{ReadSoFar, open};

/// No more bytes of one image are read, unpacked.
const MOST_BYTES: u64 = 32 << 30;
/// No more files are looked at, in all layers together.
const MOST_FILES: usize = 5_000_000;
/// No description (manifest, configuration, index) is longer, and all that are kept are not.
const LONGEST_JSON: u64 = 4 << 20;
const MOST_JSON: usize = 32 << 20;
/// No path is longer.
const LONGEST_PATH: u64 = 8192;
/// No more deleted files are remembered.
const MOST_DELETED: usize = 1_000_000;

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
    deleted: BTreeSet<String>,
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
    let mut reading = Reading::default();
    let mut archive = Archive::new(body.take(MOST_BYTES));
    let entries = archive.entries().map_err(|error| error.to_string())?.raw(true);
    let mut is_first = true;
    let mut names = Names::default();
    for entry in entries {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(error) if is_first => return Err(format!("it is no tar archive: {error}")),
            Err(error) => {
                reading.missed.push(format!("it cannot be read to its end: {error}"));
                break;
            }
        };
        is_first = false;
        let Some(name) = names.of(&mut entry) else { continue };
        if entry.header().entry_type() == EntryType::Regular {
            reading.blob(&name, entry);
        }
    }
    if reading.layers.is_empty() && reading.json.is_empty() {
        return Err("it holds no layer: write it with docker save, or as an OCI archive".to_owned());
    }
    Ok(reading.image())
}

/// What is known so far.
#[derive(Default)]
struct Reading {
    layers: BTreeMap<String, Layer>,
    /// Descriptions by their path.
    json: BTreeMap<String, Value>,
    json_bytes: usize,
    files: usize,
    scan: Scan,
    missed: Vec<String>,
}

impl Reading {
    /// Reads a file of the archive: a layer, packed or not, or a description.
    fn blob(&mut self, name: &str, entry: impl Read) {
        let mut reader = BufReader::new(entry);
        let first = match reader.fill_buf() {
            Ok(first) => first.first().copied(),
            Err(error) => return self.missed.push(format!("{name} cannot be read: {error}")),
        };
        if matches!(first, Some(b'{' | b'[')) {
            return self.description(name, reader);
        }
        let result = unpacked(&mut reader).map_err(|error| error.to_string()).and_then(|body| self.layer(name, body));
        if let Err(why) = result {
            self.missed.push(format!("{name} cannot be read to its end: {why}"));
        }
    }

    fn description(&mut self, name: &str, reader: impl Read) {
        let mut bytes = Vec::new();
        let read = reader.take(LONGEST_JSON + 1).read_to_end(&mut bytes);
        if read.is_err() || bytes.len() as u64 > LONGEST_JSON || self.json_bytes + bytes.len() > MOST_JSON {
            return self.missed.push(format!("{name} is too long"));
        }
        if let Ok(value) = serde_json::from_slice(&bytes) {
            self.json_bytes += bytes.len();
            self.json.insert(name.to_owned(), value);
        }
    }

    /// Reads a layer; what is no tar archive is none.
    fn layer(&mut self, name: &str, body: impl Read) -> Result<(), String> {
        let mut archive = Archive::new(body.take(MOST_BYTES));
        let mut layer = Layer::default();
        let mut names = Names::default();
        let (mut is_layer, mut trouble) = (false, None);
        for entry in archive.entries().map_err(|error| error.to_string())?.raw(true) {
            let mut entry = match entry {
                Ok(entry) => entry,
                // A file that is no layer, as the checksum of one.
                Err(_) if !is_layer => return Ok(()),
                Err(error) => {
                    trouble = Some(error.to_string());
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
                if layer.deleted.len() < MOST_DELETED {
                    layer.deleted.insert(if deleted == ".wh..opq" {
                        format!("{folder}/")
                    } else {
                        format!("{folder}/{deleted}")
                    });
                }
            } else if entry.header().entry_type() == EntryType::Regular {
                match self.scan.file(&path, entry) {
                    Ok(keys) => layer.found.extend(keys.into_iter().map(|key| (path.clone(), key))),
                    Err(error) => {
                        trouble = Some(error.to_string());
                        break;
                    }
                }
            }
        }
        if is_layer {
            self.layers.insert(name.to_owned(), layer);
        }
        trouble.map_or(Ok(()), Err)
    }

    /// Puts layers into their order.
    fn image(mut self) -> Image {
        let mut order: Vec<String> = Vec::new();
        let mut known: BTreeSet<String> = BTreeSet::new();
        for value in self.json.values() {
            for path in layers_of(value) {
                if self.layers.contains_key(&path) && known.insert(path.clone()) {
                    order.push(path);
                }
            }
        }
        let ordered = order.len();
        let rest: Vec<String> = self.layers.keys().filter(|name| !known.contains(*name)).cloned().collect();
        order.extend(rest);
        if ordered < order.len() && ordered > 0 {
            self.missed.push(format!("{} layers are named by no manifest", order.len() - ordered));
        }
        let count = order.len();
        let title = |place: usize| format!("layer {} of {count}", place + 1);
        let mut keys: Vec<Baked> = Vec::new();
        for (place, name) in order.iter().enumerate() {
            for (path, key) in &self.layers[name].found {
                let later = order.iter().enumerate().skip(place + 1);
                let deleted_in = later
                    .filter(|(_, name)| deletes(&self.layers[*name].deleted, path))
                    .map(|(at, _)| title(at))
                    .next();
                let place = format!("{}: {path}", title(place));
                keys.push(Baked { place, path: path.clone(), deleted_in, key: key.clone() });
            }
        }
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
            self.missed.push("there are more private keys than are looked at".to_owned());
        }
        Image { keys, layers: count, missed: self.missed }
    }
}

/// A layer without its packing: none, gzip or Zstandard (OCI, layer.md).
fn unpacked<'r>(packed: &'r mut (impl BufRead + 'r)) -> io::Result<Box<dyn Read + 'r>> {
    let first = packed.fill_buf()?;
    Ok(match first {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd::stream::read::Decoder::with_buffer(packed)?),
        _ => Box::new(packed),
    })
}

/// The layers that a description names, in their order: Docker's manifest.json, or an image manifest of OCI.
fn layers_of(value: &Value) -> Vec<String> {
    let of_docker = value.as_array().into_iter().flatten().filter_map(|image| image.get("Layers")?.as_array());
    let of_oci = value.get("layers").and_then(Value::as_array);
    let name = |layer: &Value| match layer {
        Value::String(path) => Some(clean(path)),
        layer => layer.get("digest")?.as_str()?.split_once(':').map(|(kind, hash)| format!("/blobs/{kind}/{hash}")),
    };
    of_docker.chain(of_oci).flatten().filter_map(name).collect()
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

/// Whether a later layer deletes a path, by itself or with a folder above it (OCI, layer.md, whiteouts).
fn deletes(deleted: &BTreeSet<String>, path: &str) -> bool {
    let above = path.match_indices('/').map(|(at, _)| &path[..at]);
    deleted.contains(path)
        || above.clone().any(|folder| deleted.contains(folder) || deleted.contains(&format!("{folder}/")))
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

/// A path from the root, without what stands for here.
fn clean(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.fold(String::new(), |path, part| path + "/" + part)
}
