//! A real name server on loopback, for the tests beside the code and for those of the whole program.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::rr::Name;
use hickory_proto::serialize::txt::Parser;
use hickory_server::Server;
use hickory_server::net::runtime::TokioRuntimeProvider;
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, ZoneType};

/// A line of a zone file: a TXT record in strings of 255 characters.
pub fn txt(name: &str, text: &str) -> String {
    let strings: Vec<String> =
        text.as_bytes().chunks(255).map(|part| format!("\"{}\"", String::from_utf8_lossy(part))).collect();
    format!("{name} IN TXT {}\n", strings.join(" "))
}

/// Starts a name server for example.test, over UDP and TCP on one port; it ends with the tests.
pub fn name_server(rows: &str) -> SocketAddr {
    let zone = format!("$TTL 60\n@ IN SOA ns1 hostmaster 1 3600 600 86400 45\n@ IN NS ns1\nns1 IN A 127.0.0.1\n{rows}");
    let origin = Name::from_ascii("example.test.").expect("a name");
    let (origin, records) = Parser::new(zone, None, Some(origin)).parse().expect("a zone");
    let handler =
        InMemoryZoneHandler::<TokioRuntimeProvider>::new(origin.clone(), records, ZoneType::Primary, AxfrPolicy::Deny)
            .expect("a zone with a SOA");
    let mut catalog = Catalog::new();
    catalog.upsert(origin.into(), vec![Arc::new(handler)]);
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let udp = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
            let address = udp.local_addr().expect("an address");
            let mut server = Server::new(catalog);
            server.register_socket(udp);
            let tcp = tokio::net::TcpListener::bind(address).await.expect("the same port");
            server.register_listener(tcp, Duration::from_secs(5), 4096);
            send.send(address).expect("somebody waits");
            server.block_until_done().await.expect("it runs");
        });
    });
    receive.recv().expect("it starts")
}
