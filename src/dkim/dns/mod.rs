//! What name servers say about a selector. Each server is asked by itself, so that what they say can be compared.

mod system;
mod wire;
mod zone;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};

use system::system_servers;

/// Where name servers listen.
pub const PORT: u16 = 53;
/// Aliases of aliases are followed this far.
const MOST_ALIASES: usize = 8;
/// A server that leaves so many questions in a row without an answer is not asked again.
const MOST_SILENT: u32 = 3;
/// What is said of a name that cannot be asked for.
const NO_NAME: &str = "this is no name that DNS can hold";
/// How long one server may take for one answer, first by UDP; then once more.
const PATIENCE: Duration = Duration::from_secs(2);

/// The servers to ask.
#[derive(Debug, Clone)]
pub struct Dns {
    servers: Vec<SocketAddr>,
    /// Where the zone's own servers are asked, in `--authoritative`; none where they are not.
    authoritative: Option<u16>,
    patience: Duration,
    /// Whether somebody named the servers: then what each of them says matters.
    pub is_named: bool,
    /// How many questions in a row a server left without an answer.
    silent: Arc<Mutex<HashMap<SocketAddr, u32>>>,
}

/// What one server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Who says it: its address, with its name where it is one of the zone's own.
    pub server: String,
    /// Whether it is one of the zone's own.
    pub is_own: bool,
    /// What it says.
    pub outcome: Outcome,
    /// How many seconds what it says may be kept.
    pub ttl: Option<u32>,
    /// The names that the name asked for is an alias of, in order.
    pub aliases: Vec<String>,
    /// The zone that the answer comes from, where there is no record.
    pub zone: Option<String>,
}

/// The answer itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// TXT records, the strings of each joined, sorted.
    Records(Vec<Vec<u8>>),
    /// There is no such name.
    NoName,
    /// There is such a name, without a TXT record.
    NoData,
    /// No answer that says anything, in words.
    Trouble(String),
}

impl Dns {
    /// Asks these servers; with a port, the zone's own as well, there.
    pub fn new(servers: Vec<SocketAddr>, authoritative: Option<u16>) -> Dns {
        Dns { servers, authoritative, patience: PATIENCE, is_named: true, silent: Arc::default() }
    }

    /// Asks those that this machine asks, of which one stands in for another.
    pub fn of_this_machine(authoritative: Option<u16>) -> Dns {
        Dns { is_named: false, ..Dns::new(system_servers(), authoritative) }
    }

    /// What each server says about the TXT records of a name, in the order of the servers.
    pub fn txt(&self, name: &str) -> Vec<Answer> {
        let mut answers: Vec<Answer> = self.servers.iter().map(|server| self.ask(*server, name)).collect();
        if let Some(port) = self.authoritative {
            answers.extend(zone::ask_own_servers(self, name, port));
        }
        answers
    }

    /// What the first server says that says anything.
    pub fn first_txt(&self, name: &str) -> Answer {
        let mut trouble = None;
        for server in &self.servers {
            let answer = self.ask(*server, name);
            if !answer.is_trouble() {
                return answer;
            }
            trouble.get_or_insert(answer);
        }
        trouble.unwrap_or_else(Answer::of_nobody)
    }

    /// Asks a server, unless it has been silent for long: there may be a thousand names to ask for.
    fn exchange(
        &self,
        server: SocketAddr,
        name: &Name,
        kind: RecordType,
        recursion: wire::Recursion,
    ) -> Result<Message, String> {
        let counts = || self.silent.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if counts().get(&server).is_some_and(|count| *count >= MOST_SILENT) {
            return Err(format!("{}, {MOST_SILENT} times in a row: it was not asked again", wire::SILENT));
        }
        let answer = wire::exchange(server, name, kind, recursion, self.patience);
        match &answer {
            Err(trouble) if trouble == wire::SILENT => *counts().entry(server).or_default() += 1,
            _ => drop(counts().remove(&server)),
        }
        answer
    }

    fn ask(&self, server: SocketAddr, name: &str) -> Answer {
        self.ask_for(server, name, wire::Recursion::Desired)
    }

    fn ask_for(&self, server: SocketAddr, name: &str, recursion: wire::Recursion) -> Answer {
        let at = server.to_string();
        let mut aliases = Vec::new();
        let Some(mut asked) = absolute(name) else {
            return Answer::trouble(&at, NO_NAME.to_owned());
        };
        let mut server = server;
        loop {
            let reply = match self.exchange(server, &asked, RecordType::TXT, recursion) {
                Ok(reply) => reply,
                Err(trouble) => return Answer { aliases, ..Answer::trouble(&at, trouble) },
            };
            let end = follow(&reply, &asked, &mut aliases);
            let answer = read(&reply, &end, &at);
            let is_elsewhere = end != asked && answer.outcome == Outcome::NoData && answer.zone.is_none();
            if !is_elsewhere || aliases.len() > MOST_ALIASES {
                return Answer { aliases, ..answer };
            }
            // The alias leads out of what this server knows by itself.
            if recursion == wire::Recursion::NotDesired {
                server = self.servers.first().copied().unwrap_or(server);
            }
            asked = end;
        }
    }
}

impl Answer {
    /// Whether it says nothing.
    pub fn is_trouble(&self) -> bool {
        matches!(self.outcome, Outcome::Trouble(_))
    }

    /// What there is to say where there is nobody to ask.
    pub fn of_nobody() -> Answer {
        Answer::trouble("DNS", "there is no name server to ask".to_owned())
    }

    fn trouble(server: &str, what: String) -> Answer {
        let outcome = Outcome::Trouble(what);
        Answer { server: server.to_owned(), is_own: false, outcome, ttl: None, aliases: vec![], zone: None }
    }
}

/// The name at the end of the aliases in a reply.
fn follow(reply: &Message, asked: &Name, aliases: &mut Vec<String>) -> Name {
    let mut end = asked.clone();
    for _ in 0..MOST_ALIASES {
        let alias = reply.answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == end => Some(target.0.clone()),
            _ => None,
        });
        let Some(target) = alias else { break };
        aliases.push(plain(&target));
        end = target;
    }
    end
}

fn read(reply: &Message, name: &Name, server: &str) -> Answer {
    let mut records: Vec<Vec<u8>> = Vec::new();
    let mut ttl: Option<u32> = None;
    for record in reply.answers.iter().filter(|record| record.name == *name) {
        if let RData::TXT(txt) = &record.data {
            records.push(txt.txt_data.concat());
            ttl = Some(ttl.map_or(record.ttl, |ttl| ttl.min(record.ttl)));
        }
    }
    records.sort();
    let mut zone = None;
    if records.is_empty() {
        for record in &reply.authorities {
            if let RData::SOA(soa) = &record.data {
                // How long "there is none" may be kept (RFC 2308, section 5).
                ttl = Some(record.ttl.min(soa.minimum));
                zone = Some(plain(&record.name));
            }
        }
    }
    let outcome = match reply.metadata.response_code {
        ResponseCode::NoError if records.is_empty() => Outcome::NoData,
        ResponseCode::NoError => Outcome::Records(records),
        ResponseCode::NXDomain => Outcome::NoName,
        ResponseCode::ServFail => Outcome::Trouble("answered SERVFAIL: it could not find out".to_owned()),
        ResponseCode::Refused => Outcome::Trouble("answered REFUSED: it does not answer for this name".to_owned()),
        other => Outcome::Trouble(format!("answered {other}")),
    };
    Answer { server: server.to_owned(), is_own: false, outcome, ttl, aliases: vec![], zone }
}

/// A name with the final dot that keeps search lists away; none of what DNS cannot hold.
fn absolute(name: &str) -> Option<Name> {
    let name = format!("{}.", name.trim_end_matches('.'));
    // The rules for international names know no underscore, which selectors may have anywhere.
    if name.is_ascii() { Name::from_ascii(name).ok() } else { Name::from_utf8(name).ok() }
}

/// A name without its final dot, in lower case.
fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_lowercase()
}

#[cfg(test)]
mod tests;
