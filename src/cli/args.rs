//! The options in groups, so that every command that shares an option shares its one definition.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgAction, ArgGroup, Args, Subcommand};

use super::store::{BaselineArgs, HistoryArgs};
use super::watch::AlertArgs;
use super::words::{self, Color, FailOn};
use crate::record::RecordKind;
use crate::report::{Format, List, Sort};
use crate::tally::IspBy;

/// What is counted, as typed: what every command takes that reads accounting files.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// Read these files, folders (recursively) or globs; - is standard input
    #[arg(value_name = "PATH", required_unless_present = "store", help_heading = None)]
    pub paths: Vec<PathBuf>,
    /// What was counted before.
    #[command(flatten)]
    pub history: HistoryArgs,
    /// The time window.
    #[command(flatten)]
    pub window: WindowArgs,
    /// Which records count.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// How records are grouped.
    #[command(flatten)]
    pub grouping: GroupingArgs,
}

/// Everything `report` takes.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// What is counted.
    #[command(flatten)]
    pub logs: LogArgs,
    /// What it is compared with.
    #[command(flatten)]
    pub before: BaselineArgs,
    /// When a rate is too high.
    #[command(flatten)]
    pub thresholds: ThresholdArgs,
    /// What is written, and where.
    #[command(flatten)]
    pub output: OutputArgs,
    /// Who is told.
    #[command(flatten)]
    pub alerts: AlertArgs,
    /// What is known of the signer.
    #[command(flatten)]
    pub join: JoinArgs,
    /// How the program runs.
    #[command(flatten)]
    pub run: RunArgs,
}

/// What is known of the signer, as typed.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "PowerMTA's configuration, DKIM")]
pub struct JoinArgs {
    /// Label IPs with their virtual MTAs and pools, and check the signing keys
    /// behind DKIM trouble, by this configuration of PowerMTA (repeatable)
    #[arg(long, value_name = "FILE")]
    pub pmta_config: Vec<PathBuf>,
    /// Ask this name server, with :PORT or at 53, for the records behind DKIM
    /// trouble; without it no DNS question is asked (repeatable)
    #[arg(long, value_name = "IP")]
    pub dns: Vec<String>,
}

/// The time window, as typed.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Window")]
pub struct WindowArgs {
    /// Keep records from this time on: 2h, 3d, today, yesterday, 03:10,
    /// 2026-03-02, 2026-03-02T03:10, 2026-03-02T03:10:00Z, @1772420400
    #[arg(long, value_name = "TIME", visible_alias = "last")]
    pub since: Option<String>,
    /// Keep records before this time; same forms
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Take times on the command line to be in this zone, as Europe/Berlin
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub tz: String,
    /// Take times in the input that carry no zone to be in this one
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub assume_tz: String,
}

/// The filters, as typed. Values of one option are alternatives; different options must all match.
/// An empty value is most likely a shell variable that was never set, and is refused.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Filter (each repeatable)")]
pub struct FilterArgs {
    /// Keep one mailbox provider, as gmail
    #[arg(long, value_name = "ISP", value_parser = NonEmptyStringValueParser::new())]
    pub isp: Vec<String>,
    /// Keep one recipient domain
    #[arg(long, value_name = "DOMAIN", alias = "toDomain", value_parser = NonEmptyStringValueParser::new())]
    pub domain: Vec<String>,
    /// Keep one source IP
    #[arg(long, value_name = "IP", value_parser = NonEmptyStringValueParser::new())]
    pub ip: Vec<String>,
    /// Keep one VirtualMTA pool
    #[arg(long, value_name = "POOL", value_parser = NonEmptyStringValueParser::new())]
    pub pool: Vec<String>,
    /// Keep one VirtualMTA
    #[arg(long, value_name = "VMTA", value_parser = NonEmptyStringValueParser::new())]
    pub vmta: Vec<String>,
    /// Keep one job
    #[arg(long, value_name = "JOB", alias = "jobId", value_parser = NonEmptyStringValueParser::new())]
    pub job: Vec<String>,
}

/// How records are grouped, as typed.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Grouping")]
pub struct GroupingArgs {
    /// Group recipients by mailbox provider or by their domain
    #[arg(long, value_name = "WHAT", value_parser = words::isp_by(), default_value = "provider")]
    pub isp_by: IspBy,
    /// Group the replies of these record types, with commas between
    #[arg(long, value_name = "LIST", value_parser = words::diag_type(), value_delimiter = ',', default_value = "t,b,tq")]
    pub diag_types: Vec<RecordKind>,
    /// Count records and inputs again that were read before
    #[arg(long)]
    pub keep_duplicates: bool,
}

/// The thresholds, as typed. What is not typed comes from the configuration file or is built in.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Thresholds")]
pub struct ThresholdArgs {
    /// Flag deferral rates above this: 5% or 0.05 [default: 5%]
    #[arg(long, value_name = "RATE")]
    pub investigate: Option<String>,
    /// Call for action at rates above this [default: 15%]
    #[arg(long, value_name = "RATE")]
    pub act: Option<String>,
    /// Judge no rate of fewer attempts [default: 50]
    #[arg(long, value_name = "N", value_parser = words::count::<NonZeroU64>)]
    pub min_attempts: Option<NonZeroU64>,
}

/// What is written, and where, as typed: what every command has that writes tables.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct StreamArgs {
    /// Write this to standard output
    #[arg(long, value_name = "FORMAT", value_parser = words::format(), default_value = "table")]
    pub format: Format,
    /// Write it into a file as well; the ending names the format: .csv .json
    /// .ndjson .md .prom; {date} and {host} are filled in (repeatable)
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub outputs: Vec<PathBuf>,
    /// Show this many rows in each table, 0 for all
    #[arg(long, value_name = "N", default_value = "20")]
    pub top: usize,
}

/// What a report has besides, as typed.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// The streams.
    #[command(flatten)]
    pub stream: StreamArgs,
    /// Put this list into CSV and Markdown, which hold only one
    #[arg(long, value_name = "LIST", value_parser = words::list(), default_value = "ips")]
    pub list: List,
    /// Write every list as CSV into this folder as well
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
    /// Sort tables by this, largest first [default: worst first]
    #[arg(long, value_name = "BY", value_parser = words::sort())]
    pub sort: Option<Sort>,
    /// Let findings set the exit status
    #[arg(long, value_name = "LEVEL", default_value = "never")]
    pub fail_on: FailOn,
    /// Say nothing where all is well: for cron, which mails what is said
    #[arg(long)]
    pub quiet_if_ok: bool,
}

/// How the program runs, as typed.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "General")]
pub struct RunArgs {
    /// Read settings from this file instead of
    /// $XDG_CONFIG_HOME/pmtriage/config.toml
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Use this many threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = words::count::<NonZeroUsize>)]
    pub threads: Option<NonZeroUsize>,
    /// Write colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Say nothing but errors on standard error
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say on standard error what each input held
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,
}

/// What `demo` takes.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Write into this folder
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Write this many records in all
    #[arg(long, value_name = "N", default_value = "100000", value_parser = words::count::<NonZeroU64>)]
    pub rows: NonZeroU64,
    /// Choose another day of mail; the same number gives the same files
    #[arg(long, value_name = "S", default_value = "1")]
    pub seed: u64,
    /// Spread the records over this many files
    #[arg(long, value_name = "K", default_value = "4", value_parser = words::count::<NonZeroU32>)]
    pub files: NonZeroU32,
}

/// What `dkim` takes.
#[derive(Debug, Clone, Args)]
pub struct DkimArgs {
    /// What to check.
    #[command(subcommand)]
    pub check: DkimCheck,
}

/// One check, with what it takes.
#[derive(Debug, Clone, Subcommand)]
pub enum DkimCheck {
    /// Compare a private key's file with the record at its selector
    Key(DkimKeyArgs),
    /// Read the configuration of PowerMTA, OpenDKIM, Rspamd, Exim or Postfix, and
    /// check its keys
    Config(DkimConfigArgs),
    /// Verify the signatures of raw messages, and say why they fail
    Message(DkimMessageArgs),
    /// Count what signers, mail servers and verifiers wrote into logs
    Logs(DkimLogsArgs),
    /// Put together what is published, signing, seen and verified, per selector
    Selectors(Box<DkimSelectorsArgs>),
}

/// What `dkim selectors` takes: where selectors are looked for.
#[derive(Debug, Clone, Args)]
#[command(group(ArgGroup::new("sources").required(true).multiple(true)))]
pub struct DkimSelectorsArgs {
    /// Ask for the selectors of this domain; needs --selector
    #[arg(long, value_name = "DOMAIN", requires = "selector", group = "sources", value_parser = NonEmptyStringValueParser::new())]
    pub domain: Vec<String>,
    /// Ask for this selector at each --domain
    #[arg(long, value_name = "SELECTOR", requires = "domain", value_parser = NonEmptyStringValueParser::new())]
    pub selector: Vec<String>,
    /// Say at which selector this private key is published
    #[arg(long, value_name = "FILE", group = "sources")]
    pub key: Vec<PathBuf>,
    /// Take selectors from this configuration of a signer
    #[arg(long, value_name = "FILE", group = "sources")]
    pub config: Vec<PathBuf>,
    /// Take selectors from logs: files, folders or globs
    #[arg(long, value_name = "PATH", group = "sources")]
    pub log: Vec<PathBuf>,
    /// Take selectors from DMARC aggregate reports: XML, gzip, zip, or mail that
    /// brings them; files, folders or globs
    #[arg(long, value_name = "PATH", group = "sources")]
    pub dmarc: Vec<PathBuf>,
    /// Take selectors from raw messages and what their receivers wrote into
    /// them; files, folders or globs
    #[arg(long, value_name = "PATH", group = "sources")]
    pub message: Vec<PathBuf>,
    /// Look for private keys in this container image, written by docker save
    /// or as an OCI archive, also for deleted ones
    #[arg(long, value_name = "FILE", group = "sources")]
    pub image: Vec<PathBuf>,
    /// What log lines count, and mean.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// Which servers are asked.
    #[command(flatten)]
    pub dns: DnsArgs,
    /// How the answer is written.
    #[command(flatten)]
    pub screen: ChecksArgs,
}

/// How logs are read, as typed.
#[derive(Debug, Clone, Args)]
pub struct ReadingArgs {
    /// The time window.
    #[command(flatten)]
    pub window: WindowArgs,
    /// Give lines that match REGEX this cause, or signed or pass; groups d and s
    /// catch domain and selector (repeatable)
    #[arg(long, value_name = "CAUSE=REGEX")]
    pub pattern: Vec<String>,
}

/// What `dkim logs` takes.
#[derive(Debug, Clone, Args)]
pub struct DkimLogsArgs {
    /// Read these logs: files, folders (recursively) or globs, packed or not
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// What log lines count, and mean.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// How the answer is written.
    #[command(flatten)]
    pub screen: ChecksArgs,
}

/// What `dkim config` takes.
#[derive(Debug, Clone, Args)]
pub struct DkimConfigArgs {
    /// Read these files: PowerMTA's config, opendkim.conf, dkim_signing.conf,
    /// exim.conf, main.cf, master.cf
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Which servers are asked.
    #[command(flatten)]
    pub dns: DnsArgs,
    /// How the answer is written.
    #[command(flatten)]
    pub screen: ChecksArgs,
}

/// What `dkim message` takes.
#[derive(Debug, Clone, Args)]
pub struct DkimMessageArgs {
    /// Read raw messages or mbox files, packed or not; - is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Which servers are asked.
    #[command(flatten)]
    pub dns: DnsArgs,
    /// How the answer is written.
    #[command(flatten)]
    pub screen: ChecksArgs,
}

/// What `dkim key` takes.
#[derive(Debug, Clone, Args)]
pub struct DkimKeyArgs {
    /// Look at this domain, the d= of the signatures
    #[arg(long, value_name = "DOMAIN", value_parser = NonEmptyStringValueParser::new())]
    pub domain: String,
    /// Look at this selector, the s= of the signatures
    #[arg(long, value_name = "SELECTOR", value_parser = NonEmptyStringValueParser::new())]
    pub selector: String,
    /// Read the private key from this file
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Which servers are asked.
    #[command(flatten)]
    pub dns: DnsArgs,
    /// How the answer is written.
    #[command(flatten)]
    pub screen: ChecksArgs,
}

/// Which name servers are asked, as typed.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "DNS")]
pub struct DnsArgs {
    /// Ask only this server, with :PORT or at 53; repeatable
    /// [default: those of this machine]
    #[arg(long, value_name = "IP")]
    pub dns: Vec<String>,
    /// Ask the zone's own servers as well
    #[arg(long)]
    pub authoritative: bool,
}

/// How the answer of a check is written, as typed.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct ChecksArgs {
    /// Write this to standard output
    #[arg(long, value_name = "FORMAT", value_parser = words::checks_format(), default_value = "table")]
    pub format: Format,
    /// Write colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}
