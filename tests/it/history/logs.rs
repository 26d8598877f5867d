//! A folder of logs as PowerMTA and the scripts around it make them, with all that happens to files there.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Accounting files of one machine, and every record that was written to any of them.
pub struct Logs {
    folder: PathBuf,
    draw: fastrand::Rng,
    /// Files that are not written to any more, or are only written to by nobody but a copy.
    closed: Vec<PathBuf>,
    active: PathBuf,
    /// Bytes of a record of which the rest is still in PowerMTA's buffer.
    rest: Vec<u8>,
    /// All that was written, file by file, as it was written: what one clean pass reads.
    pub clean: Vec<Vec<u8>>,
    count: usize,
    second: u64,
}

const HEADERS: [&str; 2] = [
    "type,timeLogged,timeQueued,orig,rcpt,dsnStatus,dsnDiag,dsnMta,dlvType,dlvSourceIp,dlvDestinationIp,jobId,queue,vmtaPool\n",
    "type,timeLogged,rcpt,dsnDiag,dlvType,dlvSourceIp,dlvDestinationIp,vmtaPool,dsnMta,queue,orig,timeQueued,dsnStatus,jobId\n",
];

impl Logs {
    /// A folder with one file that has nothing but its header.
    pub fn new(folder: &Path, seed: u64) -> Logs {
        let mut logs = Logs {
            folder: folder.to_owned(),
            draw: fastrand::Rng::with_seed(seed),
            closed: Vec::new(),
            active: PathBuf::new(),
            rest: Vec::new(),
            clean: Vec::new(),
            count: 0,
            second: 1_772_400_000,
        };
        fs::create_dir_all(folder.join("archive")).expect("made");
        logs.open();
        logs
    }

    /// Lets one thing happen.
    pub fn happen(&mut self) {
        match self.draw.u8(0..14) {
            0..=5 => self.append(),
            6 => self.rotate(),
            7 => self.restart(),
            8 => self.rename(),
            9 => self.pack(),
            10 => self.copy(),
            11 => self.concatenate(),
            12 => self.older_copy(),
            _ => self.second += self.draw.u64(0..7200),
        }
    }

    /// Ends what is being written.
    pub fn finish(&mut self) {
        let rest = std::mem::take(&mut self.rest);
        self.write(&rest);
    }

    /// Removes files that were read, as `delete-after` does.
    pub fn delete_some(&mut self) {
        for place in (0..self.closed.len()).rev() {
            if self.draw.u8(0..4) == 0 {
                fs::remove_file(self.closed.remove(place)).expect("removed");
            }
        }
    }

    fn open(&mut self) {
        self.count += 1;
        self.active = self.folder.join(format!("acct-2026-03-02-{:04}.csv", self.count));
        self.clean.push(Vec::new());
        self.header();
    }

    fn header(&mut self) {
        let header: &str = self.draw.choice(HEADERS).expect("one of two");
        self.write(header.as_bytes());
    }

    fn write(&mut self, bytes: &[u8]) {
        let file = fs::File::options().create(true).append(true).open(&self.active);
        file.expect("opened").write_all(bytes).expect("written");
        self.clean.last_mut().expect("one at least").extend_from_slice(bytes);
    }

    /// Some records, the last one perhaps only up to the end of a buffer.
    fn append(&mut self) {
        let mut bytes = std::mem::take(&mut self.rest);
        let first = self.clean.last().expect("one").clone();
        let last_header =
            String::from_utf8_lossy(&first).lines().rfind(|line| line.starts_with("type,")).map(str::to_owned);
        let columns: Vec<String> = last_header.expect("a header").split(',').map(str::to_owned).collect();
        for _ in 0..self.draw.usize(1..12) {
            let row = self.row(&columns);
            // Now and then two records are the same.
            let times = if self.draw.u8(0..8) == 0 { 2 } else { 1 };
            (0..times).for_each(|_| bytes.extend_from_slice(&row));
        }
        if self.draw.u8(0..3) == 0 {
            let cut = bytes.len() - self.draw.usize(1..40);
            self.rest = bytes.split_off(cut);
        }
        self.write(&bytes);
    }

    fn row(&mut self, columns: &[String]) -> Vec<u8> {
        self.second += self.draw.u64(0..600);
        let draw = &mut self.draw;
        let kind: &str = draw.choice(["d", "d", "d", "d", "b", "t", "t", "tq", "r"]).expect("one");
        let domain: &str = draw.choice(["gmail.com", "yahoo.com", "shop.example", "club.example"]).expect("one");
        let ip = format!("192.0.2.{}", draw.u8(1..4));
        let diag = match kind {
            "d" => "smtp;250 ok".to_owned(),
            "b" => "\"smtp;550 5.1.1 no such user, \"\"x\"\"\"".to_owned(),
            // A reply over two lines, which no real server's is any more when it is logged.
            "t" if draw.u8(0..12) == 0 => "\"smtp;451 4.7.0 wait\nand see\"".to_owned(),
            _ => format!("smtp;421 4.7.0 [TSS04] from {ip} deferred {}", draw.u32(..)),
        };
        let time = chrono::DateTime::from_timestamp(self.second as i64, 0).expect("a time");
        let time = if draw.u8(0..40) == 0 { "-".to_owned() } else { time.format("%Y-%m-%d %H:%M:%S+0000").to_string() };
        let cells = columns.iter().map(|column| match column.as_str() {
            "type" => kind.to_owned(),
            "timeLogged" | "timeQueued" => time.clone(),
            "orig" => "news@shop.example.net".to_owned(),
            "rcpt" if kind == "tq" => String::new(),
            "rcpt" => format!("user-{}@{domain}", draw.u8(..)),
            "dsnDiag" => diag.clone(),
            "dsnMta" if domain == "club.example" => "aspmx.l.google.com (203.0.113.7)".to_owned(),
            "dlvType" => "smtp".to_owned(),
            "dlvSourceIp" => ip.clone(),
            "dlvDestinationIp" => "203.0.113.7".to_owned(),
            "queue" => format!("{domain}/v1"),
            "vmtaPool" => "pool".to_owned(),
            _ => String::new(),
        });
        (cells.collect::<Vec<_>>().join(",") + "\n").into_bytes()
    }

    /// The next file, as at midnight or when one is full.
    fn rotate(&mut self) {
        self.finish();
        self.closed.push(self.active.clone());
        // No second is divided between two files: two records that look alike would be taken for one, written twice.
        self.second += 1;
        self.open();
    }

    /// PowerMTA starts again and writes into the same file.
    fn restart(&mut self) {
        self.finish();
        self.header();
    }

    /// A new name, or another folder.
    fn rename(&mut self) {
        if let Some(file) = self.any_closed() {
            let to = self.name(&self.ending(&file));
            fs::rename(&file, &to).expect("renamed");
            self.closed.retain(|path| *path != file);
            self.closed.push(to);
        }
    }

    /// Compressed, and the file itself perhaps kept.
    fn pack(&mut self) {
        let Some(file) = self.any_closed().filter(|file| self.ending(file) == "csv") else { return };
        let bytes = fs::read(&file).expect("read");
        let packed = match self.draw.u8(0..3) {
            0 => (gzip(&bytes), "csv.gz"),
            1 => {
                // Two members, cut anywhere.
                let (one, two) = bytes.split_at(self.draw.usize(0..=bytes.len()));
                ([gzip(one), gzip(two)].concat(), "csv.gz")
            }
            _ => (zstd::encode_all(&bytes[..], 1).expect("packed"), "csv.zst"),
        };
        let to = self.name(packed.1);
        fs::write(&to, packed.0).expect("written");
        self.closed.push(to);
        if self.draw.bool() {
            fs::remove_file(&file).expect("removed");
            self.closed.retain(|path| *path != file);
        }
    }

    fn copy(&mut self) {
        if let Some(file) = self.any_closed() {
            let to = self.name(&self.ending(&file));
            fs::copy(&file, &to).expect("copied");
            self.closed.push(to);
        }
    }

    /// Two files behind each other in one, and they themselves perhaps not kept.
    fn concatenate(&mut self) {
        let (Some(one), Some(two)) = (self.any_closed(), self.any_closed()) else { return };
        if one == two || self.ending(&one) != self.ending(&two) {
            return;
        }
        let to = self.name(&self.ending(&one));
        fs::write(&to, [fs::read(&one).expect("read"), fs::read(&two).expect("read")].concat()).expect("written");
        self.closed.push(to);
        if self.draw.bool() {
            for file in [one, two] {
                fs::remove_file(&file).expect("removed");
                self.closed.retain(|path| *path != file);
            }
        }
    }

    /// A copy of what the file that is being written holds by now, cut anywhere.
    fn older_copy(&mut self) {
        let bytes = fs::read(&self.active).expect("read");
        let to = self.name("csv");
        // What was cut within a record must not be put in front of another file.
        let cut = self.draw.usize(0..=bytes.len());
        fs::write(self.folder.join("archive").join(to.file_name().expect("a name")), &bytes[..cut]).expect("written");
    }

    fn any_closed(&mut self) -> Option<PathBuf> {
        self.draw.choice(self.closed.iter()).cloned()
    }

    fn ending(&self, file: &Path) -> String {
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        name.split_once('.').expect("an ending").1.to_owned()
    }

    fn name(&mut self, ending: &str) -> PathBuf {
        self.count += 1;
        let folder = if self.draw.bool() { self.folder.clone() } else { self.folder.join("archive") };
        folder.join(format!("log-{:04}.{ending}", self.count))
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).expect("packed");
    packer.finish().expect("packed")
}
