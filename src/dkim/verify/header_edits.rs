//! Which change of a header explains that the signature is of another text? What lists and servers do to headers is
//! undone, one change and then two at a time, until the text that was signed comes out.

use super::canon::Canon;
use super::crypto::Seal;
use super::letter::{Header, Letter};
use super::signature::{Signature, without_b};

/// Two changes at a time are tried among no more than these.
const MOST_IN_PAIRS: usize = 64;
/// Changes are looked for in so many of the places that `h=` names, and in no longer text: a hostile message could name
/// thousands, and each change costs a digest of the whole.
const MOST_PLACES: usize = 64;
const LONGEST_TEXT: usize = 64 << 10;
/// Of headers that are there more often, the others are not tried.
const MOST_OTHERS: usize = 8;
/// A header with more blanks is not folded anew at each of them.
const MOST_FOLDS: usize = 60;

/// The text that a signature is of: which header stands at each place, and the signature's own.
pub struct Signed<'l> {
    canon: Canon,
    places: Vec<(String, Option<&'l Header>)>,
    own: &'l Header,
}

/// One change, undone: at this place stands this instead.
struct Undone {
    place: usize,
    raw: Option<Vec<u8>>,
    what: String,
}

impl<'l> Signed<'l> {
    /// Takes the headers that `h=` names, each name from the bottom up (RFC 6376, section 5.4.2).
    pub fn of(letter: &'l Letter, own: &'l Header, signature: &Signature) -> Signed<'l> {
        let mut left: std::collections::HashMap<&str, Vec<&Header>> = Default::default();
        for header in letter.headers.iter().filter(|header| !std::ptr::eq(*header, own)) {
            left.entry(&header.name).or_default().push(header);
        }
        let places = signature.headers.iter().map(|name| (name.clone(), left.get_mut(&**name).and_then(Vec::pop)));
        Signed { canon: signature.canon.0, places: places.collect(), own }
    }

    /// The names in `h=` that no header is left for.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.places.iter().filter(|(_, header)| header.is_none()).map(|(name, _)| &**name)
    }

    /// The text.
    pub fn text(&self) -> Vec<u8> {
        self.with(&[])
    }

    fn with(&self, undone: &[&Undone]) -> Vec<u8> {
        let mut text = Vec::new();
        for (place, (_, header)) in self.places.iter().enumerate() {
            match undone.iter().find(|undone| undone.place == place) {
                Some(undone) => text.extend(undone.raw.iter().flat_map(|raw| self.canon.header(raw))),
                None => text.extend(header.iter().flat_map(|header| self.canon.header(&header.raw))),
            }
        }
        text.extend(without_b(&self.own.raw, self.canon));
        text
    }

    /// Finds the change, in words.
    pub fn find(&self, letter: &Letter, seal: &Seal) -> Option<String> {
        if (Signed { canon: self.canon.other(), places: self.places.clone(), own: self.own }).is_sealed(seal) {
            return Some(format!(
                "the signature is of the {} form, and c= says {}",
                self.canon.other().word(),
                self.canon.word()
            ));
        }
        if self.text().len() > LONGEST_TEXT {
            return None;
        }
        let edits: Vec<Undone> =
            (0..self.places.len().min(MOST_PLACES)).flat_map(|place| self.edits(place, letter)).collect();
        if let Some(one) = edits.iter().find(|edit| seal.is_of(&self.with(&[edit]))) {
            return Some(one.what.clone());
        }
        // The signature's own header may have been folded anew as well.
        let own = Header::new(unfolded(&self.own.raw, b" "));
        if (Signed { canon: self.canon, places: self.places.clone(), own: &own }).is_sealed(seal) {
            return Some("the DKIM-Signature header was folded anew".to_owned());
        }
        let few: Vec<&Undone> = edits.iter().filter(|edit| !edit.what.ends_with(FOLDED)).take(MOST_IN_PAIRS).collect();
        let pairs = few.iter().enumerate().flat_map(|(n, one)| few[n + 1..].iter().map(move |two| [*one, *two]));
        let mut fitting = pairs.filter(|[one, two]| one.place != two.place && seal.is_of(&self.with(&[one, two])));
        fitting.next().map(|[one, two]| format!("{}, and {}", one.what, two.what))
    }

    fn is_sealed(&self, seal: &Seal) -> bool {
        seal.is_of(&self.text())
    }

    /// What may have been done to the header at a place.
    fn edits(&self, place: usize, letter: &Letter) -> Vec<Undone> {
        let (name, header) = &self.places[place];
        let mut edits = Vec::new();
        let mut add = |raw: Option<Vec<u8>>, what: String| edits.push(Undone { place, raw, what });
        let Some(header) = header else {
            for value in default_values(name) {
                add(Some(joined(name.as_bytes(), value.as_bytes())), format!("{name} was taken away"));
            }
            return edits;
        };
        add(None, format!("{name} was added, and must not be there"));
        for (_, other) in letter.named(name).filter(|(_, other)| !std::ptr::eq(*other, *header)).take(MOST_OTHERS) {
            add(Some(other.raw.clone()), format!("a second {name} was put in"));
        }
        let (head, value) = header.raw.split_at(header.raw.iter().position(|byte| *byte == b':').unwrap_or(0));
        let value = String::from_utf8_lossy(value.get(1..).unwrap_or_default()).into_owned();
        let bare = value.replace("\r\n", "").trim().to_owned();
        for (before, what) in changed_values(name, &bare, letter) {
            add(Some(joined(head, before.as_bytes())), what);
        }
        if self.canon == Canon::Simple {
            for gap in [b" ".as_slice(), b"", b"\t"] {
                add(Some(unfolded(&header.raw, gap)), format!("{name}{FOLDED}"));
            }
            add(
                Some([head, b":", bare.as_bytes(), b"\r\n"].concat()),
                format!("{name} was given a blank behind its colon"),
            );
            for fold in ["\r\n ", "\r\n\t"] {
                let blanks = bare.match_indices(' ').take(MOST_FOLDS);
                for (at, _) in blanks {
                    let folded = format!("{}{fold}{}", &bare[..at], &bare[at + 1..]);
                    add(Some(joined(head, folded.as_bytes())), format!("{name}{FOLDED}"));
                }
            }
        }
        edits
    }
}

/// How the change of folds is said.
const FOLDED: &str = " was folded anew";

/// What a value may have been before, and what was done to it.
fn changed_values(name: &str, value: &str, letter: &Letter) -> Vec<(String, String)> {
    let mut values: Vec<(String, String)> = Vec::new();
    let mut add = |before: String, what: &str| values.push((before, format!("{name} {what}")));
    match name {
        "subject" => {
            let (re, rest) =
                value.split_at(if value.get(..4).is_some_and(|re| re.eq_ignore_ascii_case("re: ")) { 4 } else { 0 });
            for (open, close) in [('[', "]"), ('*', "* "), ('(', ")"), ('{', "}")] {
                let tag = rest.strip_prefix(open).and_then(|rest| rest.split_once(close));
                if let Some((tag, before)) = tag {
                    let before = before.trim_start_matches('*').trim_start();
                    add(format!("{re}{before}"), &format!("was given a tag ({open}{tag}{})", close.trim_end()));
                    add(format!("Re: {before}"), &format!("was given a tag ({open}{tag}{})", close.trim_end()));
                }
            }
            if let Some((tag, before)) = value.split_once(": ") {
                add(before.to_owned(), &format!("was given a tag ({tag}:)"));
            }
        }
        "from" => {
            for other in ["reply-to", "x-original-from", "original-from", "x-original-sender", "x-from"] {
                for (_, header) in letter.named(other).take(MOST_OTHERS) {
                    add(header.text(), &format!("was replaced; {other} has what it was"));
                }
            }
        }
        "content-transfer-encoding" => {
            for before in default_values(name).iter().filter(|before| **before != value) {
                add((*before).to_owned(), &format!("was {before}: the body was encoded anew"));
            }
        }
        _ => {}
    }
    if value.contains('"') {
        add(value.replace('"', ""), "was given quote signs");
    }
    if let Some((display, address)) = value.split_once(" <").filter(|(display, _)| !display.contains('"')) {
        add(format!("\"{display}\" <{address}"), "lost its quote signs");
    }
    let bare = value.trim_start_matches('<').trim_end_matches('>');
    add(format!("<{bare}>"), "lost its angle brackets");
    add(bare.to_owned(), "was given angle brackets");
    values.retain(|(before, _)| before != value);
    values
}

/// What headers that servers put in by themselves usually hold.
fn default_values(name: &str) -> &'static [&'static str] {
    match name {
        "mime-version" => &["1.0"],
        "content-transfer-encoding" => &["7bit", "8bit", "quoted-printable", "base64", "binary"],
        "content-type" => &["text/plain", "text/plain; charset=utf-8", "text/plain; charset=us-ascii"],
        _ => &[],
    }
}

fn joined(name: &[u8], value: &[u8]) -> Vec<u8> {
    [name, b": ", value, b"\r\n"].concat()
}

/// A header on one line, its folds made a gap.
fn unfolded(raw: &[u8], gap: &[u8]) -> Vec<u8> {
    let mut line = Vec::with_capacity(raw.len());
    for (place, part) in raw.strip_suffix(b"\r\n").unwrap_or(raw).split(|byte| *byte == b'\n').enumerate() {
        if place > 0 {
            line.extend_from_slice(gap);
        }
        line.extend_from_slice(if place > 0 { part.trim_ascii() } else { part.trim_ascii_end() });
    }
    [&line[..], b"\r\n"].concat()
}
