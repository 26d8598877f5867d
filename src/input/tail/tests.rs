//! Each record once, whatever becomes of the files: random days of appending, rotating, renaming, moving, copying,
//! packing and truncating, and the cases that people have met.

use super::*;
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use tempfile::{TempDir, tempdir};

const HEADER: &str = "type,timeLogged,rcpt,dsnDiag\n";

/// A folder with logs, and what was handed out of it.
struct Place {
    folder: TempDir,
    tail: Tail,
    handed_out: BTreeMap<String, u32>,
    written: Vec<String>,
}

impl Place {
    fn new() -> Place {
        let folder = tempdir().expect("a folder");
        let tail = Tail::new(&[folder.path().to_owned()], SystemTime::UNIX_EPOCH);
        Place { folder, tail, handed_out: BTreeMap::new(), written: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path(name)).expect("opened");
        file.write_all(text.as_bytes()).expect("written");
    }

    fn row(&mut self) -> String {
        let id = format!("r{}@example.com", self.written.len());
        self.written.push(id.clone());
        format!("t,2026-03-02 08:00:00+0000,{id},smtp;421 a reply of usual length\n")
    }

    /// Appends so many records.
    fn grow(&mut self, name: &str, rows: usize) {
        if !self.path(name).exists() || self.path(name).metadata().expect("there").len() == 0 {
            self.write(name, HEADER);
        }
        let rows: String = (0..rows).map(|_| self.row()).collect();
        self.write(name, &rows);
    }

    fn poll(&mut self) {
        // In a test nobody waits until it is time for the next look.
        self.tail.next_look = None;
        let handed_out = &mut self.handed_out;
        let errors = self.tail.poll(&mut |_, segment| {
            for line in String::from_utf8_lossy(segment.bytes()).lines() {
                if let Some(rcpt) = line.split(',').nth(2) {
                    *handed_out.entry(rcpt.to_owned()).or_default() += 1;
                }
            }
        });
        assert!(errors.is_empty(), "{errors:?}");
    }

    fn pack(&self, name: &str, packed: &str) {
        let bytes = fs::read(self.path(name)).expect("read");
        let file = File::create(self.path(packed)).expect("made");
        let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        encoder.write_all(&bytes).expect("written");
        encoder.finish().expect("ended");
    }

    fn check(&mut self, what: &str) {
        self.poll();
        let missing: Vec<_> = self.written.iter().filter(|id| !self.handed_out.contains_key(*id)).collect();
        let doubled: Vec<_> = self.handed_out.iter().filter(|(_, count)| **count > 1).collect();
        assert!(missing.is_empty() && doubled.is_empty(), "{what}: missing {missing:?}, doubled {doubled:?}");
        assert_eq!(self.handed_out.len(), self.written.len(), "{what}");
    }
}

#[test]
fn a_line_is_handed_out_when_it_is_whole() {
    let mut place = Place::new();
    place.write("acct.csv", "type,timeLog");
    place.poll();
    place.write("acct.csv", "ged,rcpt,dsnDiag\n");
    place.poll();
    let row = place.row();
    let (one, two) = row.split_at(20);
    place.write("acct.csv", one);
    place.poll();
    assert!(place.handed_out.is_empty());
    place.write("acct.csv", two);
    place.check("the rest of the line came");
    // A line end within quotes ends no line.
    place.written.push("q@example.com".into());
    place.write("acct.csv", "t,2026-03-02 08:00:00+0000,q@example.com,\"smtp;421 a\nb");
    place.poll();
    assert!(!place.handed_out.contains_key("q@example.com"));
    place.write("acct.csv", " c\"\n");
    place.check("the quote was closed");
}

#[test]
fn a_file_is_followed_under_its_new_name_and_to_another_folder() {
    let mut place = Place::new();
    place.grow("acct.csv", 30);
    place.check("one file");
    fs::rename(place.path("acct.csv"), place.path("acct-1.csv")).expect("renamed");
    place.grow("acct-1.csv", 3);
    place.grow("acct.csv", 20);
    place.check("a rotated one, still written to, and a new one");
    let elsewhere = tempdir().expect("a folder");
    let moved = elsewhere.path().join("acct-1.csv");
    fs::rename(place.path("acct-1.csv"), &moved).expect("moved");
    let row = place.row();
    OpenOptions::new().append(true).open(&moved).expect("opened").write_all(row.as_bytes()).expect("written");
    place.check("one that was moved out of sight, still written to");
    fs::create_dir(place.path("old")).expect("made");
    fs::rename(&moved, place.path("old/acct-1.csv")).expect("moved");
    place.check("and moved back into another folder");
}

#[test]
fn a_copy_is_no_news() {
    let mut place = Place::new();
    place.grow("acct.csv", 200);
    place.check("one file");
    fs::copy(place.path("acct.csv"), place.path("copy.csv")).expect("copied");
    place.check("a copy beside it");
    place.pack("acct.csv", "acct.csv.gz");
    std::thread::sleep(FINISHED);
    place.check("a packed copy");
    fs::remove_file(place.path("acct.csv")).expect("removed");
    place.check("the original is gone");
    place.grow("copy.csv", 5);
    place.check("the copy goes on");
}

#[test]
fn a_file_that_is_replaced_by_a_longer_copy_goes_on() {
    let mut place = Place::new();
    for rows in [1, 2, 40, 200, 3] {
        // As rsync does it: another file under the same name.
        let before = fs::read(place.path("acct.csv")).unwrap_or_else(|_| HEADER.into());
        fs::write(place.path(".acct.csv.tmp"), before).expect("written");
        place.grow(".acct.csv.tmp", rows);
        fs::rename(place.path(".acct.csv.tmp"), place.path("acct.csv")).expect("renamed");
        place.check("replaced");
    }
}

#[test]
fn a_log_that_is_copied_and_truncated_goes_on() {
    let mut place = Place::new();
    for rows in [50, 1, 120] {
        place.grow("acct.csv", rows);
        place.check("it grew");
        fs::copy(place.path("acct.csv"), place.path(&format!("acct.csv.{rows}"))).expect("copied");
        OpenOptions::new().write(true).truncate(true).open(place.path("acct.csv")).expect("truncated");
        place.check("it was truncated");
    }
}

#[test]
fn what_was_packed_before_it_was_met_is_read_once() {
    let mut place = Place::new();
    place.grow("acct.csv", 100);
    place.pack("acct.csv", "acct.csv.gz");
    fs::remove_file(place.path("acct.csv")).expect("removed");
    place.poll();
    std::thread::sleep(FINISHED);
    place.check("it is finished");
    fs::rename(place.path("acct.csv.gz"), place.path("other.gz")).expect("renamed");
    place.check("under another name");
}

#[test]
fn files_that_are_no_logs_are_passed_over() {
    let mut place = Place::new();
    place.write("notes.txt", &"call the provider on Monday\n".repeat(300));
    place.write("empty.csv", "");
    place.grow("acct.csv", 2);
    place.check("a note beside a log");
}

#[test]
fn an_old_file_is_not_read_until_it_is_written_to() {
    let mut place = Place::new();
    place.write("acct.csv", &format!("{HEADER}t,2026-03-02 08:00:00+0000,old@example.com,x\n"));
    let file = File::options().write(true).open(place.path("acct.csv")).expect("opened");
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)).expect("set");
    place.tail.since = SystemTime::now() - Duration::from_secs(60);
    place.check("an old file");
    place.written.push("old@example.com".into());
    place.grow("acct.csv", 1);
    place.check("it is written to again");
}

#[test]
fn each_record_once_in_random_days() {
    let (seeds, steps) = (30, 50);
    for seed in 0..seeds {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut place = Place::new();
        let (mut rotated, mut done) = (0, Vec::new());
        place.grow("acct.csv", 1);
        for _ in 0..steps {
            let old = |number: u32| format!("acct-{number}.csv");
            let step = random.u32(0..8);
            match step {
                0..=3 => {
                    let rows = random.usize(1..60);
                    place.grow("acct.csv", rows);
                }
                4 => {
                    rotated += 1;
                    fs::rename(place.path("acct.csv"), place.path(&old(rotated))).expect("renamed");
                    place.grow("acct.csv", 1);
                }
                5 if rotated > 0 => {
                    let name = old(random.u32(1..=rotated));
                    if place.path(&name).exists() {
                        fs::create_dir_all(place.path("old")).expect("made");
                        // To another disk: a copy, then the end of the original.
                        if random.bool() {
                            fs::copy(place.path(&name), place.path("old").join(&name)).expect("copied");
                            if random.bool() {
                                place.poll();
                            }
                            fs::remove_file(place.path(&name)).expect("removed");
                        } else {
                            fs::rename(place.path(&name), place.path("old").join(&name)).expect("moved");
                        }
                    }
                }
                6 if rotated > 0 => {
                    let name = old(random.u32(1..=rotated));
                    // Whoever packs a file that was never met leaves it to be read from the packed one.
                    if place.path(&name).exists() {
                        place.poll();
                        place.pack(&name, &format!("{name}.gz"));
                        fs::remove_file(place.path(&name)).expect("removed");
                    }
                }
                _ => place.poll(),
            }
            done.push(step);
        }
        place.check(&format!("seed {seed}: {done:?}"));
    }
}
