//! The configuration file, TOML:
//!
//! ```toml
//! investigate = "5%"                     # or 0.05
//! act = "15%"
//! min-attempts = 50
//!
//! [tier.warming]                         # high, medium, low or warming
//! act = "10%"
//! [isp.gmail]
//! investigate = "4%"
//! [isp.gmail.tier.warming]
//! act = "8%"
//!
//! [tiers]                                # which tier an IP or a pool is in
//! ips = { "192.0.2.9" = "warming" }
//! pools = { "pool-new" = "warming" }
//!
//! [outlier]                              # an IP stands out where its rate is at least
//! times = 2.0                            # so many times that of the others,
//! points = "5%"                          # and at least so much above it
//!
//! [providers]                            # suffixes of whole labels
//! domains = { "example.com" = "my-isp" }
//! mx = { "mx.example.net" = "my-isp" }
//!
//! [[reply]]                              # what a reply means; asked before the built-in rules
//! id = "partner-busy"
//! provider = "my-isp"
//! code = "451"                           # or an enhanced status code, 4.7.1
//! words = "come back tonight"            # or a regular expression: pattern
//! class = "rate-limit"
//! meaning = "the nightly backup runs"
//! next-step = "nothing, it ends at six"
//! ```
//!
//! All of it may be left out. An unknown key is an error: a limit that is mistyped must not be ignored in silence.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::name::{CanonicalIp, IspToken, Lowercase, TierName};
use super::rate::Rate;
use super::reply::{ReplyTable, reply_rules};
use crate::error::{Error, Result};
use crate::provider::{PatternKind, UserRule};
use crate::reply::RuleText;

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct File {
    pub investigate: Option<Rate>,
    pub act: Option<Rate>,
    pub min_attempts: Option<NonZeroU64>,
    #[serde(default)]
    pub tier: BTreeMap<TierName, FileLimits>,
    #[serde(default)]
    pub isp: BTreeMap<Lowercase, IspTable>,
    #[serde(default)]
    pub tiers: TierTable,
    #[serde(default)]
    pub outlier: OutlierTable,
    #[serde(default)]
    providers: ProviderTable,
    #[serde(default)]
    reply: Vec<ReplyTable>,
    /// The reply rules, once they are checked.
    #[serde(skip)]
    pub reply_rules: Vec<RuleText>,
}

/// Both limits of one place; either may be missing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileLimits {
    pub investigate: Option<Rate>,
    pub act: Option<Rate>,
}

/// `[isp.NAME]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IspTable {
    pub investigate: Option<Rate>,
    pub act: Option<Rate>,
    #[serde(default)]
    pub tier: BTreeMap<TierName, FileLimits>,
}

/// `[tiers]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TierTable {
    pub ips: BTreeMap<CanonicalIp, TierName>,
    pub pools: BTreeMap<String, TierName>,
}

/// `[outlier]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OutlierTable {
    pub times: Option<f64>,
    pub points: Option<Rate>,
}

/// `[providers]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ProviderTable {
    domains: BTreeMap<String, IspToken>,
    mx: BTreeMap<String, IspToken>,
}

impl File {
    /// The user's own providers: by domain, then by mail host, each in the order of the patterns.
    pub fn provider_rules(&self) -> Vec<UserRule> {
        let rules = [(PatternKind::Domain, &self.providers.domains), (PatternKind::Mx, &self.providers.mx)];
        let rules =
            rules.into_iter().flat_map(|(kind, table)| table.iter().map(move |(pattern, isp)| (kind, pattern, isp)));
        rules.map(|(kind, pattern, isp)| UserRule { pattern: pattern.clone(), kind, isp: isp.0.clone() }).collect()
    }
}

/// Reads the file that was named, else the one in its usual place, else none.
pub(super) fn read(named: Option<&Path>, config_home: Option<&Path>) -> Result<File> {
    let usual = || config_home.map(|home| home.join("pmtriage").join("config.toml"));
    let Some(path) = named.map(PathBuf::from).or_else(usual) else { return Ok(File::default()) };
    match std::fs::read_to_string(&path) {
        Ok(text) => parse(&path, &text),
        Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => Ok(File::default()),
        Err(error) => Err(Error::Usage(format!("configuration file {}: {error}", path.display()))),
    }
}

fn parse(path: &Path, text: &str) -> Result<File> {
    let wrong = |at: Option<usize>, what: &str| {
        let line = at.and_then(|at| text.get(..at)).map(|before| 1 + before.matches('\n').count());
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        Error::Usage(format!("configuration file {}{line}: {what}", path.display()))
    };
    let read: std::result::Result<File, _> = toml::from_str(text);
    let mut file = read.map_err(|error| wrong(error.span().map(|span| span.start), &in_words(error.message())))?;
    let rules = reply_rules(&file.reply, &file.provider_rules())?;
    file.reply_rules = rules.map_err(|(at, what)| wrong(Some(at), &what))?;
    Ok(file)
}

/// What the reader of the file says was expected, in the words of who writes the file instead of those of this program.
fn in_words(message: &str) -> String {
    let Some((met, expected)) = message.rsplit_once(", expected ") else { return message.to_owned() };
    let expected = match expected {
        "a map" => "a table",
        "a sequence" => "a list",
        "f64" => "a number",
        "a nonzero u64" => "a whole number above 0",
        own if own.starts_with("struct ") => "a table",
        other => other,
    };
    format!("{met}, expected {expected}")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::evaluate::Tier;
    use crate::reply::Rules;

    /// A file that must be right.
    pub fn file(text: &str) -> File {
        parse(Path::new("config.toml"), text).expect(text)
    }

    #[test]
    fn the_example_in_the_documentation_is_right() {
        let documented: Vec<_> = include_str!("file.rs")
            .lines()
            .skip_while(|line| !line.contains("```toml"))
            .skip(1)
            .take_while(|line| !line.contains("```"))
            .map(|line| line.trim_start_matches("//!"))
            .collect();
        let file = file(&documented.join("\n"));
        assert_eq!((file.investigate, file.act), (Some(Rate(0.05)), Some(Rate(0.15))));
        assert_eq!(file.min_attempts.map(NonZeroU64::get), Some(50));
        assert_eq!(file.tier[&TierName(Tier::Warming)].act, Some(Rate(0.1)));
        let gmail = &file.isp[&Lowercase("gmail".into())];
        assert_eq!((gmail.investigate, gmail.act), (Some(Rate(0.04)), None));
        assert_eq!(gmail.tier[&TierName(Tier::Warming)].act, Some(Rate(0.08)));
        assert_eq!(file.tiers.ips[&CanonicalIp("192.0.2.9".into())], TierName(Tier::Warming));
        assert_eq!(file.tiers.pools["pool-new"], TierName(Tier::Warming));
        let rule = |kind, pattern: &str| UserRule { kind, pattern: pattern.into(), isp: "my-isp".into() };
        assert_eq!(
            file.provider_rules(),
            [rule(PatternKind::Domain, "example.com"), rule(PatternKind::Mx, "mx.example.net")]
        );
        let rules = Rules::new(&file.reply_rules).expect("checked");
        let decided = |isp, diag: &str| rules.classify_for(isp, diag.as_bytes(), b"").id.clone();
        assert_eq!(decided("my-isp", "smtp;451 Sorry,  Come back TONIGHT"), "partner-busy");
        assert_ne!(decided("my-isp", "smtp;452 come back tonight"), "partner-busy");
        assert_ne!(decided("gmail", "smtp;451 come back tonight"), "partner-busy");
    }

    #[test]
    fn names_have_one_spelling() {
        let file = file("[isp.GMail]\nact = 0.2\n[tiers]\nips = { '2001:DB8:0::1' = 'low' }");
        assert!(file.isp.contains_key(&Lowercase("gmail".into())));
        assert!(file.tiers.ips.contains_key(&CanonicalIp("2001:db8::1".into())));
    }

    #[test]
    fn errors_name_the_file_and_the_line_and_what_is_known() {
        for (text, line, expected) in [
            ("act = '15%'\ninvestigat = '5%'", 2, "`min-attempts`"),
            ("[tier.young]\nact = '5%'", 1, "`warming`"),
            ("[tier.low]\n\nmax = 1", 3, "`investigate`"),
            ("[isp.gmail]\nrate = 1", 2, "`tier`"),
            ("[isp.gmail.tier.low]\nrate = 1", 2, "`act`"),
            ("[tiers]\nips = { '192.0.2.9' = 'new' }", 2, "`medium`"),
            ("[tiers]\nips = { 'mail.example.com' = 'low' }", 2, "not an IP address"),
            ("[tiers]\npool = { }", 2, "`pools`"),
            ("[providers]\nhosts = { }", 2, "`mx`"),
            ("[providers]\nmx = { 'example.com' = 'My ISP' }", 2, "my-isp"),
            ("\nact = 15", 2, "0.05"),
            ("act = '15'", 1, "5% or 0.05"),
            ("act = 1.5", 1, "5% or 0.05"),
            ("min-attempts = 0", 1, "a whole number above 0"),
            ("min-attempts = '50'", 1, "a whole number above 0"),
            ("tiers = 5", 1, "a table"),
            ("[tiers]\nips = 5", 2, "a table"),
            ("[isp]\ngmail = 4", 2, "a table"),
            ("[outlier]\ntimes = 'x'", 2, "a number"),
            ("reply = 3", 1, "a list"),
            ("act = '5%'\nact = '6%'", 2, "duplicate"),
            ("act 5%", 1, "="),
            ("[[reply]]\nid = 'a'\nclass = 'polite'\nwords = 'x'", 3, "rate-limit"),
            ("[[reply]]\nid = 'a'\nclas = 'tls'\nwords = 'x'", 3, "`class`"),
            ("act = '9%'\n[[reply]]\nclass = 'tls'\nwords = 'x'", 2, "`id`"),
            ("[[reply]]\nid = 'a'\nclass = 'tls'\npattern = '('", 4, "pattern: no regular expression"),
            ("[[reply]]\nid = 'a'\nclass = 'tls'\ncode = '42'", 4, "421 or 4.7.28"),
            ("[[reply]]\nid = 'a'\nclass = 'tls'\nwords = ' '", 4, "words"),
            ("[[reply]]\nid = 'a'\nclass = 'tls'\nblames = 'you'\nwords = 'x'", 4, "netblock"),
            ("[[reply]]\nid = 'a'\nclass = 'tls'", 2, "code, words or pattern"),
            ("[[reply]]\nid = 'a'\nclass = 'tls'\nwords = 'x'\npattern = 'x'", 2, "leave one of them out"),
            ("[[reply]]\nid = 'a'\nclass = 'tls'\nwords = 'x'\nprovider = 'gmial'", 5, "pmtriage providers"),
            (
                "[[reply]]\nid = 'a'\nclass = 'tls'\nwords = 'x'\n[[reply]]\nid = 'a'\nclass = 'dns'\nwords = 'y'",
                6,
                "another name",
            ),
        ] {
            let error = parse(Path::new("x/config.toml"), text).expect_err(text).to_string();
            assert!(error.starts_with(&format!("configuration file x/config.toml:{line}: ")), "{text}: {error}");
            assert!(error.contains(expected) && !error.contains('\n'), "{text}: {error}");
            assert!(!["struct", "f64", "u64"].iter().any(|own| error.contains(own)), "{text}: {error}");
        }
    }

    #[test]
    fn only_a_file_that_was_named_must_exist() {
        let nowhere = Path::new("/nonexistent/home");
        assert!(read(None, None).is_ok() && read(None, Some(nowhere)).is_ok());
        assert!(read(Some(nowhere), None).is_err());
        let folder = tempfile::tempdir().expect("a folder can be made");
        assert!(read(Some(folder.path()), None).is_err(), "a folder is no file");
    }
}
