//! A name server of one's own: a small real one, whose answers a test chooses, each time anew.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::UdpSocket;

/// What it says when it is asked for a name's IPv4 addresses.
pub enum Saying {
    Addresses(Vec<Ipv4Addr>),
    NoSuchName,
    /// It failed itself (SERVFAIL).
    Failed,
    Nothing,
}

pub struct NameServer {
    pub address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

const A: u16 = 1;

impl NameServer {
    /// `say` is given the name that is asked for, and how often one was before.
    pub async fn new(say: impl Fn(&str, usize) -> Saying + Send + 'static) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = asked.clone();
        tokio::spawn(async move {
            let mut question = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut question).await {
                let question = &question[..length];
                let (name, kind, end) = read(question);
                // Nobody here has IPv6.
                let saying = match kind {
                    A => say(&name, counter.fetch_add(1, Ordering::SeqCst)),
                    _ => Saying::Addresses(Vec::new()),
                };
                if let Some(answer) = answer(question, end, &saying) {
                    socket.send_to(&answer, from).await.unwrap();
                }
            }
        });
        Self { address, asked }
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// The name that is asked for, what of it, and where the question ends.
fn read(question: &[u8]) -> (String, u16, usize) {
    let (mut place, mut labels) = (12, Vec::new());
    while question[place] != 0 {
        let end = place + 1 + usize::from(question[place]);
        labels.push(String::from_utf8_lossy(&question[place + 1..end]).into_owned());
        place = end;
    }
    let kind = u16::from_be_bytes([question[place + 1], question[place + 2]]);
    (labels.join("."), kind, place + 5)
}

/// The same question with its answers, to be forgotten at once (a time to live of 0).
fn answer(question: &[u8], end: usize, saying: &Saying) -> Option<Vec<u8>> {
    let (code, addresses) = match saying {
        Saying::Addresses(addresses) => (0, &addresses[..]),
        Saying::Failed => (2, &[][..]),
        Saying::NoSuchName => (3, &[][..]),
        Saying::Nothing => return None,
    };
    let mut answer = question[..2].to_vec();
    answer.extend([0x81, 0x80 | code, 0, 1, 0, addresses.len() as u8, 0, 0, 0, 0]);
    answer.extend(&question[12..end]);
    for address in addresses {
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        answer.extend(address.octets());
    }
    Some(answer)
}
