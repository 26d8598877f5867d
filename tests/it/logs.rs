//! Small logs of just now, for what watches the last hours.

use chrono::{DateTime, Utc};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The header line.
pub const HEADER: &str = "type,timeLogged,timeQueued,orig,rcpt,dsnDiag,dlvType,dlvSourceIp,dlvDestinationIp,vmtaPool\n";

/// One record of gmail's, by one of four IPs.
pub fn row(kind: &str, time: DateTime<Utc>, ip: u32, number: u32) -> String {
    let time = time.format("%Y-%m-%d %H:%M:%S+0000");
    let diag = match kind {
        "d" => "smtp;250 2.0.0 OK",
        _ => "smtp;421 4.7.28 Gmail has detected an unusual rate of unsolicited mail",
    };
    format!("{kind},{time},{time},news@example.com,r{number}@gmail.com,{diag},smtp,198.51.100.{ip},192.0.2.25,main\n")
}

/// `rows` records, of which `deferred` of each hundred are deferrals, all by one IP.
pub fn rows(ip: u32, rows: u32, deferred: u32, time: DateTime<Utc>) -> String {
    (0..rows).map(|n| row(if n % 100 < deferred { "t" } else { "d" }, time, ip, ip * 10_000 + n)).collect()
}

/// Four IPs with 3 % of deferrals each.
pub fn healthy(time: DateTime<Utc>) -> String {
    (11..=14).map(|ip| rows(ip, 200, 3, time)).collect()
}

/// A log of a healthy hour, for who needs no more than that.
pub fn healthy_file() -> PathBuf {
    static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("healthy-{}.csv", std::process::id()));
        std::fs::write(&file, format!("{HEADER}{}", healthy(Utc::now()))).expect("written");
        file
    });
    FILE.clone()
}

/// Appends to a file, which is made with its header line.
pub fn append(file: &Path, text: &str) {
    let is_new = !file.exists();
    let mut log = OpenOptions::new().create(true).append(true).open(file).expect("opened");
    let head = if is_new { HEADER } else { "" };
    log.write_all(format!("{head}{text}").as_bytes()).expect("written");
}
