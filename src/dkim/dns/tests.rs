//! Asks a real name server, and some that misbehave.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use super::{Answer, Dns, Outcome};
use crate::dkim::testbed::{name_server, txt};

fn ask(server: SocketAddr, name: &str) -> Answer {
    let dns = Dns { patience: Duration::from_millis(300), ..Dns::new(vec![server], None) };
    dns.txt(name).remove(0)
}

/// A server that answers every packet with what `reply` makes of it.
fn server_that(reply: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(&reply(&buffer[..length]), from);
        }
    });
    address
}

#[test]
fn strings_are_joined_and_aliases_followed() {
    let long = "x".repeat(3000);
    let rows = [
        // The parser of the zone knows no underscore inside a label either.
        txt("*.u", "underscored"),
        txt("a", &"ab".repeat(200)),
        txt("long", &long),
        "c IN CNAME a\nd IN CNAME nowhere\nh IN A 192.0.2.1\n".into(),
    ];
    let server = name_server(&rows.concat());
    let joined = Outcome::Records(vec!["ab".repeat(200).into_bytes()]);
    let answer = ask(server, "a.example.test");
    assert_eq!((&answer.outcome, answer.ttl), (&joined, Some(60)));
    let underscored = ask(server, "s_1.u.example.test").outcome;
    assert_eq!(underscored, Outcome::Records(vec![b"underscored".to_vec()]));
    let answer = ask(server, "c.example.test.");
    assert_eq!((&answer.outcome, &answer.aliases[..]), (&joined, &["a.example.test".to_owned()][..]));
    // Too long for UDP: it comes by TCP.
    assert_eq!(ask(server, "long.example.test").outcome, Outcome::Records(vec![long.into_bytes()]));
    let answer = ask(server, "none.example.test");
    assert_eq!((answer.outcome, answer.ttl, answer.zone.as_deref()), (Outcome::NoName, Some(45), Some("example.test")));
    assert_eq!(ask(server, "h.example.test").outcome, Outcome::NoData);
    assert!(matches!(ask(server, "d.example.test").outcome, Outcome::NoName | Outcome::NoData));
    assert!(matches!(ask(server, "a.example.org").outcome, Outcome::Trouble(what) if what.contains("REFUSED")));
    assert!(matches!(ask(server, &"a.".repeat(200)).outcome, Outcome::Trouble(what) if what.contains("no name")));
}

#[test]
fn servers_that_misbehave_are_trouble_and_no_answer() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let servers = [
        (silent.local_addr().unwrap(), "did not answer in time"),
        (server_that(|_| Vec::new()), "did not answer in time"),
        (server_that(|question| question.to_vec()), "did not answer in time"),
        // Another identity: somebody guesses.
        (server_that(|q| [&[q[0] ^ 1, q[1], 0x80, 0][..], &q[4..]].concat()), "did not answer in time"),
        (server_that(|q| [&q[..2], &[0x80, 2], &q[4..]].concat()), "SERVFAIL"),
        // Cut, and nobody there by TCP.
        (server_that(|q| [&q[..2], &[0x82, 0], &q[4..]].concat()), "refuses connections by TCP"),
        (SocketAddr::from(([127, 0, 0, 1], 1)), "refuses connections: no name server runs there"),
    ];
    for (server, why) in servers {
        match ask(server, "a.example.test").outcome {
            Outcome::Trouble(what) => assert!(what.contains(why), "{what} is not {why}"),
            other => panic!("{why}: {other:?}"),
        }
    }
}

#[test]
fn a_server_that_stays_silent_is_left_alone() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let dns = Dns { patience: Duration::from_millis(50), ..Dns::new(vec![silent.local_addr().unwrap()], None) };
    let said: Vec<String> = (0..40)
        .map(|n| match dns.txt(&format!("s{n}.example.test")).remove(0).outcome {
            Outcome::Trouble(what) => what,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(said[2], "did not answer in time");
    assert_eq!(said[3], "did not answer in time, 3 times in a row: it was not asked again");
    silent.set_nonblocking(true).unwrap();
    // Each of three questions was asked twice.
    assert_eq!(std::iter::from_fn(|| silent.recv(&mut [0; 512]).ok()).count(), 6);
}

#[test]
fn the_zones_own_servers_are_found_and_asked() {
    let server = name_server(&txt("a.b", "hello"));
    let dns = Dns::new(vec![server], Some(server.port()));
    let answers = dns.txt("a.b.example.test");
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[1].outcome, Outcome::Records(vec![b"hello".to_vec()]));
    assert_eq!((answers[1].is_own, &*answers[1].server), (true, &*format!("ns1.example.test ({server})")));
}
