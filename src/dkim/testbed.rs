//! What the tests of this room share: keys made once a run, and a real name server on loopback.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use data_encoding::BASE64;
use hickory_proto::rr::Name;
use hickory_proto::serialize::txt::Parser;
use hickory_server::Server;
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, ZoneType};
use rand_core::OsRng;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::EncodePrivateKey;
use rsa::traits::PublicKeyParts;
use sha2::{Digest, Sha256};

use super::public::PublicKey;

/// A private key made for the tests.
#[derive(Clone)]
pub enum Pair {
    Rsa(Box<rsa::RsaPrivateKey>),
    Ed25519(ed25519_dalek::SigningKey),
}

impl Pair {
    pub fn public(&self) -> PublicKey {
        match self {
            Self::Rsa(key) => PublicKey::rsa(&key.n().to_bytes_be(), &key.e().to_bytes_be()).unwrap(),
            Self::Ed25519(key) => PublicKey::Ed25519(key.verifying_key().to_bytes()),
        }
    }

    /// What `p=` holds.
    pub fn p(&self) -> String {
        match self.public() {
            PublicKey::Ed25519(point) => BASE64.encode(&point),
            key => BASE64.encode(&key.to_der()),
        }
    }

    /// A record with `v=`, `k=` and `p=`.
    pub fn record(&self) -> String {
        let kind = if matches!(self, Self::Rsa(_)) { "rsa" } else { "ed25519" };
        format!("v=DKIM1; k={kind}; p={}", self.p())
    }

    /// A signature over text: of its SHA-256 digest in both algorithms (RFC 6376, RFC 8463).
    pub fn sign(&self, text: &[u8]) -> Vec<u8> {
        let digest = Sha256::digest(text);
        match self {
            Self::Rsa(key) => {
                key.sign(rsa::Pkcs1v15Sign { hash_len: Some(32), prefix: SHA256.into() }, &digest).unwrap()
            }
            Self::Ed25519(key) => ed25519_dalek::Signer::sign(key, &digest).to_bytes().to_vec(),
        }
    }

    pub fn algorithm(&self) -> &'static str {
        if matches!(self, Self::Rsa(_)) { "rsa-sha256" } else { "ed25519-sha256" }
    }
}

/// The head of a DigestInfo for SHA-256 (RFC 8017, section 9.2).
const SHA256: [u8; 19] = *b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

/// The n-th RSA key of a size; each is made once, for making one takes long.
pub fn rsa(bits: usize, n: usize) -> Pair {
    static KEYS: OnceLock<Mutex<Vec<(usize, usize, Pair)>>> = OnceLock::new();
    let mut keys = KEYS.get_or_init(Mutex::default).lock().unwrap();
    if let Some((.., key)) = keys.iter().find(|key| (key.0, key.1) == (bits, n)) {
        return key.clone();
    }
    let key = Pair::Rsa(Box::new(rsa::RsaPrivateKey::new(&mut OsRng, bits).unwrap()));
    keys.push((bits, n, key.clone()));
    key
}

/// The n-th Ed25519 key.
pub fn ed25519(n: u8) -> Pair {
    Pair::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[n + 1; 32]))
}

/// A key file's text, in `PKCS#1` or `PKCS#8`.
pub fn pem_of(pair: &Pair, form: &str) -> String {
    let (label, der) = match (pair, form) {
        (Pair::Rsa(key), "PKCS#1") => ("RSA PRIVATE KEY", key.to_pkcs1_der().unwrap().as_bytes().to_vec()),
        (Pair::Rsa(key), _) => ("PRIVATE KEY", key.to_pkcs8_der().unwrap().as_bytes().to_vec()),
        (Pair::Ed25519(key), _) => {
            let head = *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
            ("PRIVATE KEY", [&head[..], &key.to_bytes()].concat())
        }
    };
    let text = BASE64.encode(&der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A line of a zone file: a TXT record in strings of 255 characters.
pub fn txt(name: &str, text: &str) -> String {
    let strings: Vec<String> =
        text.as_bytes().chunks(255).map(|part| format!("\"{}\"", String::from_utf8_lossy(part))).collect();
    format!("{name} IN TXT {}\n", strings.join(" "))
}

/// Starts a name server for example.test, over UDP and TCP on one port; it ends with the tests.
pub fn name_server(rows: &str) -> SocketAddr {
    let zone = format!("$TTL 60\n@ IN SOA ns1 hostmaster 1 3600 600 86400 45\n@ IN NS ns1\nns1 IN A 127.0.0.1\n{rows}");
    let origin = Name::from_ascii("example.test.").unwrap();
    let (origin, records) = Parser::new(zone, None, Some(origin)).parse().expect("a zone");
    let handler = InMemoryZoneHandler::<hickory_server::net::runtime::TokioRuntimeProvider>::new(
        origin.clone(),
        records,
        ZoneType::Primary,
        AxfrPolicy::Deny,
    )
    .expect("a zone with a SOA");
    let mut catalog = Catalog::new();
    catalog.upsert(origin.into(), vec![Arc::new(handler)]);
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let udp = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let address = udp.local_addr().unwrap();
            let mut server = Server::new(catalog);
            server.register_socket(udp);
            let tcp = tokio::net::TcpListener::bind(address).await.unwrap();
            server.register_listener(tcp, Duration::from_secs(5), 4096);
            send.send(address).unwrap();
            server.block_until_done().await.unwrap();
        });
    });
    receive.recv().expect("it starts")
}
