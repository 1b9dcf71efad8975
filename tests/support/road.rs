//! A road to a server on this machine, on which everything can be lost: as when a host vanishes, or a network is parted.
//!
//! What is lost gets no answer of any kind, not even from the kernel: its sockets hear nobody who is not their neighbour, which
//! packets tell by how far they may still go (`IP_MINTTL`). Who sends to them cannot tell this from a host that is gone, and
//! it takes no rights.

use anyhow::Context as _;
use socket2::{SockRef, Socket};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How far a packet must still be allowed to go to be heard. Those of Linux begin with 64.
const FROM_ALL: libc::c_int = 0;
const FROM_NEIGHBOURS: libc::c_int = 255;

/// A road. What still goes along it ends with it.
pub struct Road {
    listener: Arc<TcpListener>,
    lines: Arc<Mutex<Vec<Line>>>,
    accepting: JoinHandle<()>,
}

/// Both sockets of a line that was opened along the road, held open so that nobody is told of an end.
struct Line {
    coming: Socket,
    going: Socket,
    /// As which the server knows the other end.
    port: u16,
}

impl Road {
    /// A road to that port.
    pub async fn to(port: u16) -> anyhow::Result<Self> {
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").await?);
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (accepted, kept) = (Arc::clone(&listener), Arc::clone(&lines));
        let accepting = tokio::spawn(async move {
            while let Ok((coming, _)) = accepted.accept().await {
                match open(coming, port).await {
                    Ok(line) => kept.lock().unwrap_or_else(PoisonError::into_inner).push(line),
                    Err(error) => eprintln!("a line was not opened: {error:#}"),
                }
            }
        });
        Ok(Self {
            listener,
            lines,
            accepting,
        })
    }

    /// Where it begins.
    pub fn port(&self) -> anyhow::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// Loses, for good, whatever goes along the lines that are open. Gives the ports by which the server knows them.
    pub fn lose_lines(&self) -> anyhow::Result<Vec<i32>> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for line in &*lines {
            hear(line.coming.as_raw_fd(), FROM_NEIGHBOURS)?;
            hear(line.going.as_raw_fd(), FROM_NEIGHBOURS)?;
        }
        Ok(lines.iter().map(|line| i32::from(line.port)).collect())
    }

    /// Loses whatever asks for a new line.
    pub fn close(&self) -> io::Result<()> {
        hear(self.listener.as_raw_fd(), FROM_NEIGHBOURS)
    }

    /// Lets new lines be opened again.
    pub fn open(&self) -> io::Result<()> {
        hear(self.listener.as_raw_fd(), FROM_ALL)
    }
}

impl Drop for Road {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn open(mut coming: TcpStream, port: u16) -> anyhow::Result<Line> {
    let mut going = TcpStream::connect(("127.0.0.1", port)).await.context("the server")?;
    coming.set_nodelay(true)?;
    going.set_nodelay(true)?;
    let line = Line {
        coming: SockRef::from(&coming).try_clone()?,
        going: SockRef::from(&going).try_clone()?,
        port: going.local_addr()?.port(),
    };
    tokio::spawn(async move { copy_bidirectional(&mut coming, &mut going).await });
    Ok(line)
}

fn hear(socket: RawFd, from: libc::c_int) -> io::Result<()> {
    let (value, size) = ((&raw const from).cast(), size_of_val(&from) as libc::socklen_t);
    // SAFETY: the value is there, and of that size.
    #[expect(unsafe_code, reason = "no library has a safe way to set this")]
    let result = unsafe { libc::setsockopt(socket, libc::IPPROTO_IP, libc::IP_MINTTL, value, size) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
