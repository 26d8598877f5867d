//! What a line means: a signature made, one verified, one missing, and why.

use std::net::IpAddr;

use super::line::{Line, is_exim_id};
use super::symbols;
use crate::dkim::check::Cause;

/// What a line says, and about which message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The message's id in that log; none where the line is about no message.
    pub id: Option<String>,
    /// What it says.
    pub kind: Kind,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A signature was added: domain, selector.
    Signed(String, String),
    /// A signature was verified: domain, selector, what came of it, and how much the line knows of why.
    Verified(String, String, Verdict, Insight),
    /// The library named no error for the signature of this domain and selector: it held, or its body was changed.
    Looked(String, String),
    /// The signer could not sign, or was not reached: cause and domain, which is empty where the line has none.
    Trouble(Cause, String),
    /// The message came in, and whether that was from somewhere else: a host that is not of this network, without
    /// logging in.
    Arrived(Origin),
    /// Somebody of this domain sent the message; nobody did where it is empty, as with a notice of non-delivery.
    Sender(String),
    /// It went out.
    Sent,
    /// Nothing more will be said about it.
    Done,
    /// It speaks of DKIM and of something going wrong, in words that are not known.
    Unclear,
}

/// Where a message came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// From somebody who sends by this server, or the line does not say.
    Own,
    /// From a host somewhere else. Such mail is signed where it comes from, if at all.
    Elsewhere,
}

/// What came of verifying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not, for this cause.
    Fails(Cause),
    /// It does not, and the line does not say whether the key or the text is another one.
    FailsSomehow,
}

/// Of two lines about one signature, that with more insight counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Insight {
    /// That it failed.
    Little,
    /// Why.
    Much,
}

/// Verdicts in words, of OpenDKIM's `result=` and OpenSSL's errors, of Exim and Rspamd. The first that is there decides.
const VERDICTS: [(&str, Verdict); 39] = {
    use Cause::*;
    use Verdict::{Fails, FailsSomehow, Holds};
    [
        ("no signature error", Holds),
        ("verification succeeded", Holds),
        ("body hash mismatch", Fails(BodyChanged)),
        ("bh value mismatch", Fails(BodyChanged)),
        ("invalid padding", Fails(KeyMismatch)),
        ("padding check failed", Fails(KeyMismatch)),
        ("wrong signature length", Fails(KeyMismatch)),
        (":bad signature", Fails(HeadersChanged)),
        ("not enough data", Fails(RecordCut)),
        ("asn1", Fails(RecordCut)),
        ("unable to apply public key", Fails(RecordCut)),
        ("cannot extract pubkey", Fails(RecordCut)),
        ("key not found in dns", Fails(NoRecord)),
        ("record not found", Fails(NoRecord)),
        ("no records with this name", Fails(NoRecord)),
        ("requested record is not found", Fails(NoRecord)),
        ("(currently?) unavailable", Fails(NoRecord)),
        ("key dns query failed", Fails(DnsTemporary)),
        ("query timed out", Fails(DnsTemporary)),
        ("query refused", Fails(DnsTemporary)),
        ("timeout", Fails(DnsTemporary)),
        ("key revoked", Fails(Revoked)),
        ("key is missing", Fails(Revoked)),
        ("multiple keys", Fails(RecordDuplicate)),
        ("key too short", Fails(WeakKey)),
        ("key too small", Fails(WeakKey)),
        ("hash too weak", Fails(WeakHash)),
        ("hash mismatch", Fails(WeakHash)),
        ("not an e-mail key", Fails(RecordNotForMail)),
        ("unknown key version", Fails(RecordSyntax)),
        ("syntax error in public key", Fails(RecordSyntax)),
        ("failed key import", Fails(RecordSyntax)),
        ("expired", Fails(SignatureExpired)),
        ("body hash missing", Fails(SignatureTruncated)),
        ("parameter missing", Fails(SignatureTruncated)),
        ("signature tag missing", Fails(SignatureTruncated)),
        ("data corrupt", Fails(SignatureTruncated)),
        ("does not match private", Fails(KeyMismatch)),
        ("fail", FailsSomehow),
    ]
};

/// What keeps a signer from signing, in words.
const TROUBLE: [(&str, Cause); 25] = {
    use Cause::*;
    [
        ("no signing table match for", UnsignedNoRule),
        ("no signing domain match for", UnsignedNoRule),
        ("no signing subdomain match for", UnsignedNoRule),
        ("attempted to send as", UnsignedNoRule),
        ("can't determine message sender", UnsignedNoRule),
        ("references unknown key", UnsignedNoKey),
        ("error loading key", UnsignedNoKey),
        ("pem_read_bio_privatekey() failed", UnsignedNoKey),
        ("cannot load dkim key", UnsignedNoKey),
        ("signing failed", UnsignedNoKey),
        ("unable to open file for reading", UnsignedNoKey),
        ("tainted filename", UnsignedNoKey),
        ("key data is not secure", KeyFileExposed),
        ("can't load key from", KeyFileUnreadable),
        ("can't open key file", KeyFileUnreadable),
        ("connect to milter service", UnsignedMilterDown),
        ("can't read smfic_", UnsignedMilterDown),
        ("read error in initial handshake", UnsignedMilterDown),
        ("unable to bind to port", UnsignedMilterDown),
        ("unable to create listening socket", UnsignedMilterDown),
        ("smfi_opensocket() failed", UnsignedMilterDown),
        ("message could not be signed", UnsignedNoKey),
        ("privkey pem-block import", KeyFileUnreadable),
        // OpenSSL finds no key in the file: version 3, and 1.1.
        ("error:1e08010c:", KeyFileUnreadable),
        ("error:0909006c:", KeyFileUnreadable),
    ]
};

/// What a line means for DKIM; nothing where it means nothing.
pub fn facts(line: &Line) -> Vec<Fact> {
    let program = line.program.to_ascii_lowercase();
    let lower = line.text.to_lowercase();
    if program.contains("postfix") {
        return postfix(line, &program, &lower).into_iter().collect();
    }
    if program == "rspamd" && lower.contains("rspamd_task_write_log:") {
        return symbols::facts(line.text);
    }
    let (id, text) = id_of(line, &program);
    let kind = match &*program {
        "opendkim" => opendkim(text, &lower),
        "rspamd" => rspamd(text, &lower),
        "exim" | "exim4" => exim(text, &lower),
        _ => pmta(&lower),
    };
    kind.map(|kind| Fact { id, kind }).into_iter().collect()
}

fn id_of<'l>(line: &Line<'l>, program: &str) -> (Option<String>, &'l str) {
    let text = line.text;
    match program {
        "rspamd" => (between(text, "<", ">").map(str::to_owned), text),
        "exim" | "exim4" => {
            let id = text.split(' ').take(4).find(|word| is_exim_id(word));
            let behind = id.and_then(|id| text.split_once(id)).map_or(text, |(_, rest)| rest.trim_start());
            (id.map(str::to_owned), behind)
        }
        _ => match text.split_once(": ") {
            Some((id, rest)) if is_queue_id(id) => (Some(id.to_owned()), rest),
            _ => (None, text),
        },
    }
}

pub fn is_queue_id(word: &str) -> bool {
    word.len() >= 5
        && word.len() <= 20
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && word.bytes().any(|byte| byte.is_ascii_digit())
}

fn opendkim(text: &str, lower: &str) -> Option<Kind> {
    let named = || {
        Some((
            between(text, "d=", &[',', ' ', ')'])?.to_lowercase(),
            between(text, "s=", &[',', ' ', ')'])?.to_lowercase(),
        ))
    };
    if lower.contains("field added") || lower.contains("header added") {
        let (domain, selector) = named()?;
        return Some(Kind::Signed(domain, selector));
    }
    if let Some(result) = between(text, "result=\"", "\"") {
        let (domain, selector) = (between(text, "domain=", " ")?, between(text, "selector=", " ")?);
        let verdict = verdict(&result.to_lowercase())?;
        return Some(Kind::Verified(domain.to_lowercase(), selector.to_lowercase(), verdict, insight(verdict)));
    }
    if lower.contains("ssl") && lower.contains("s=") {
        let (domain, selector) = named()?;
        let verdict = verdict(lower).filter(|verdict| *verdict != Verdict::FailsSomehow);
        return Some(match verdict {
            Some(verdict) => Kind::Verified(domain, selector, verdict, Insight::Much),
            None if lower.contains("ssl error") => {
                Kind::Verified(domain, selector, Verdict::FailsSomehow, Insight::Little)
            }
            None => Kind::Looked(domain, selector),
        });
    }
    if lower.contains("key retrieval failed") || lower.contains("key revoked") {
        let (domain, selector) = named()?;
        // An answer without a record has no words of its own.
        let verdict = verdict(lower).filter(|verdict| *verdict != Verdict::FailsSomehow);
        let verdict = verdict.unwrap_or(Verdict::Fails(Cause::NoRecord));
        return Some(Kind::Verified(domain, selector, verdict, Insight::Much));
    }
    // What came of the message, without a word about which signature.
    match lower {
        _ if lower.contains("dkim verification successful") => Some(overall(Verdict::Holds)),
        _ if lower.ends_with("bad signature data") => Some(overall(Verdict::FailsSomehow)),
        _ => trouble(text, lower),
    }
}

fn overall(verdict: Verdict) -> Kind {
    Kind::Verified(String::new(), String::new(), verdict, Insight::Little)
}

fn rspamd(text: &str, lower: &str) -> Option<Kind> {
    if !lower.contains("dkim") {
        return None;
    }
    if lower.contains("skip signing") || lower.contains("does not match private") {
        // It compares with the key in DNS before it signs (`check_pubkey`).
        let cause = match lower {
            _ if lower.contains("does not match private") => Cause::KeyMismatch,
            _ if lower.contains("public key for") && lower.contains("not found") => Cause::NoRecord,
            _ => Cause::UnsignedNoRule,
        };
        let behind = between(lower, "public key for ", "\n").unwrap_or_default();
        let domain = behind.strip_prefix("domain ").unwrap_or(behind).split(['/', ' ']).next().unwrap_or_default();
        return Some(Kind::Trouble(cause, domain.to_owned()));
    }
    if let Some(name) = between(lower, "cannot get key for domain ", ":") {
        let (selector, domain) = name.split_once("._domainkey.")?;
        return Some(Kind::Verified(domain.to_owned(), selector.to_owned(), verdict(lower)?, Insight::Much));
    }
    if lower.contains("cannot parse dkim signature") {
        let verdict = verdict(lower).unwrap_or(Verdict::Fails(Cause::SignatureTruncated));
        return Some(Kind::Verified(String::new(), String::new(), verdict, Insight::Much));
    }
    if lower.contains("mismatch") || lower.contains("verification failure") {
        let (domain, selector) =
            (between(text, "; d=", ";")?, between(text, "; s=", ";").or(text.rsplit_once("; s=").map(|(_, s)| s))?);
        let verdict = verdict(lower)?;
        return Some(Kind::Verified(domain.to_lowercase(), selector.to_lowercase(), verdict, insight(verdict)));
    }
    trouble(text, lower)
}

fn exim(text: &str, lower: &str) -> Option<Kind> {
    if let Some(rest) = text.strip_prefix("DKIM: d=") {
        let domain = rest.split(' ').next()?.to_lowercase();
        let selector = between(text, " s=", " ")?.to_lowercase();
        let said = between(lower, "[", "]")?;
        let verdict = verdict(said).unwrap_or(Verdict::FailsSomehow);
        return Some(Kind::Verified(domain, selector, verdict, insight(verdict)));
    }
    match text.split(' ').next()? {
        "<=" => Some(Kind::Sender(domain_of(text.split(' ').nth(1)?).unwrap_or_default())),
        "=>" => Some(Kind::Sent),
        "Completed" => Some(Kind::Done),
        // Words of Exim that are not known; what it verified stands behind `d=`.
        "DKIM:" => trouble(text, lower).or_else(|| pmta(lower)),
        _ => trouble(text, lower),
    }
}

fn postfix(line: &Line, program: &str, lower: &str) -> Option<Fact> {
    let (id, text) = id_of(line, "");
    let kind = match text {
        _ if program.ends_with("qmgr") && text == "removed" => Kind::Done,
        _ if program.ends_with("qmgr") => Kind::Sender(domain_of(between(text, "from=<", ">")?).unwrap_or_default()),
        _ if program.ends_with("/smtpd") && text.starts_with("client=") => Kind::Arrived(origin(text, program)),
        _ if program.ends_with("/pickup") || text.starts_with("message-id=") => Kind::Arrived(Origin::Own),
        // Deliveries on this machine, and into it, need no signature.
        _ if program.ends_with("/smtp") && lower.contains("status=sent") => Kind::Sent,
        _ => trouble(text, lower).filter(|kind| matches!(kind, Kind::Trouble(Cause::UnsignedMilterDown, _)))?,
    };
    Some(Fact { id, kind })
}

/// Postfix says who handed a message in: `client=mx.example.com[192.0.2.7]`, and who logged in.
fn origin(text: &str, program: &str) -> Origin {
    let is_of_network = |ip: IpAddr| match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    };
    let ip = between(text, "[", "]").and_then(|ip| ip.parse().ok());
    let logged_in = text.contains("sasl_") || program.contains("submission") || program.contains("smtps");
    if logged_in || ip.is_none_or(is_of_network) { Origin::Own } else { Origin::Elsewhere }
}

/// No line of PowerMTA about DKIM is documented: what speaks of it and of a failure is shown as it is.
fn pmta(lower: &str) -> Option<Kind> {
    let about = ["dkim", "domain-key", "domainkey", "domain key"].iter().any(|word| lower.contains(word));
    let wrong =
        ["cannot", "can't", "could not", "unable", "fail", "no such file", "permission denied", "invalid", "error"];
    (about && wrong.iter().any(|word| lower.contains(word))).then_some(Kind::Unclear)
}

fn trouble(text: &str, lower: &str) -> Option<Kind> {
    let (_, cause) = TROUBLE.iter().find(|(words, _)| lower.contains(words))?;
    let domain = between(text, "'", "'").and_then(domain_of).unwrap_or_default();
    Some(Kind::Trouble(*cause, domain))
}

fn verdict(lower: &str) -> Option<Verdict> {
    VERDICTS.iter().find(|(words, _)| lower.contains(words)).map(|(_, verdict)| *verdict)
}

fn insight(verdict: Verdict) -> Insight {
    if verdict == Verdict::FailsSomehow { Insight::Little } else { Insight::Much }
}

fn domain_of(address: &str) -> Option<String> {
    let domain = address.trim_matches(['<', '>', '\'']).rsplit_once('@')?.1.to_lowercase();
    (!domain.is_empty()).then_some(domain)
}

/// What stands between a word and the sign behind it, or the end.
pub fn between<'t, P: End>(text: &'t str, from: &str, to: P) -> Option<&'t str> {
    let rest = &text[text.find(from)? + from.len()..];
    Some(&rest[..to.end(rest)])
}

/// Where something ends.
pub trait End {
    /// Its place, or the end of the text.
    fn end(&self, text: &str) -> usize;
}

impl End for &str {
    fn end(&self, text: &str) -> usize {
        text.find(self).unwrap_or(text.len())
    }
}

impl<const N: usize> End for &[char; N] {
    fn end(&self, text: &str) -> usize {
        text.find(self.as_slice()).unwrap_or(text.len())
    }
}
