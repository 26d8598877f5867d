//! One question, one answer, over UDP and where that is not enough over TCP (RFC 1035, section 4.2).

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};

/// What an answer over UDP may measure: what passes without being cut into fragments (RFC 9715).
const UDP_SIZE: u16 = 1232;

/// What is said of a server that says nothing, and of one that does not want to be asked.
pub const SILENT: &str = "did not answer in time";
const REFUSED: &str = "refuses connections";

/// Whether the server is to ask others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recursion {
    /// As resolvers do.
    Desired,
    /// What does this server itself know?
    NotDesired,
}

/// Asks a server.
///
/// # Errors
/// Why there is no answer, in words.
pub fn exchange(
    server: SocketAddr,
    name: &Name,
    kind: RecordType,
    recursion: Recursion,
    patience: Duration,
) -> Result<Message, String> {
    let mut question = Message::query();
    question.metadata.recursion_desired = recursion == Recursion::Desired;
    question.add_query(Query::query(name.clone(), kind));
    let mut edns = Edns::new();
    edns.set_max_payload(UDP_SIZE);
    question.set_edns(edns);
    let mut answer = over_udp(server, &question, patience).or_else(|_| over_udp(server, &question, patience));
    if matches!(&answer, Ok(reply) if reply.metadata.response_code == ResponseCode::FormErr) {
        // Old servers do not know EDNS.
        question.edns = None;
        answer = over_udp(server, &question, patience);
    }
    match answer {
        Ok(reply) if reply.metadata.truncation => over_tcp(server, &question, patience)
            .map_err(|why| format!("{why} by TCP, which its long answer needs: a firewall may keep that out")),
        Err(why) if why == REFUSED => Err(format!("{why}: no name server runs there")),
        other => other,
    }
}

fn over_udp(server: SocketAddr, question: &Message, patience: Duration) -> Result<Message, String> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let packet = question.to_vec().map_err(|_| super::NO_NAME.to_owned())?;
    let socket = UdpSocket::bind(any).map_err(reason)?;
    // A connected socket takes packets from this server only.
    socket.connect(server).map_err(reason)?;
    socket.send(&packet).map_err(reason)?;
    let until = Instant::now() + patience;
    let mut buffer = [0; 4096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(reason(ErrorKind::TimedOut.into()));
        }
        socket.set_read_timeout(Some(left)).map_err(reason)?;
        let length = socket.recv(&mut buffer).map_err(reason)?;
        // What answers another question may be forged, and is waited out.
        if let Ok(reply) = Message::from_vec(&buffer[..length])
            && answers(&reply, question)
        {
            return Ok(reply);
        }
    }
}

fn over_tcp(server: SocketAddr, question: &Message, patience: Duration) -> Result<Message, String> {
    let packet = question.to_vec().map_err(|_| super::NO_NAME.to_owned())?;
    let length = u16::try_from(packet.len()).map_err(|_| "the question is too long".to_owned())?;
    let mut stream = TcpStream::connect_timeout(&server, patience).map_err(reason)?;
    stream.set_read_timeout(Some(patience)).map_err(reason)?;
    stream.set_write_timeout(Some(patience)).map_err(reason)?;
    stream.write_all(&[&length.to_be_bytes()[..], &packet].concat()).map_err(reason)?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).map_err(reason)?;
    let mut reply = vec![0; usize::from(u16::from_be_bytes(length))];
    let (mut filled, until) = (0, Instant::now() + 2 * patience);
    // Each piece resets the time-out of the stream, but not this one.
    while filled < reply.len() {
        match stream.read(&mut reply[filled..]).map_err(reason)? {
            0 => return Err("it hung up in the middle of its answer".to_owned()),
            _ if Instant::now() > until => return Err(reason(ErrorKind::TimedOut.into())),
            count => filled += count,
        }
    }
    let reply = Message::from_vec(&reply).map_err(|_| "its answer cannot be read".to_owned())?;
    if answers(&reply, question) { Ok(reply) } else { Err("it answered another question".to_owned()) }
}

/// Whether a packet is the answer to a question.
fn answers(reply: &Message, question: &Message) -> bool {
    let (asked, said) = (&question.queries[0], reply.queries.first());
    let same = said.is_none_or(|said| said.name() == asked.name() && said.query_type() == asked.query_type());
    let kind = hickory_proto::op::MessageType::Response;
    reply.metadata.id == question.metadata.id && reply.metadata.message_type == kind && same
}

fn reason(error: std::io::Error) -> String {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => SILENT.to_owned(),
        ErrorKind::ConnectionRefused => REFUSED.to_owned(),
        _ => format!("cannot be asked: {error}"),
    }
}
