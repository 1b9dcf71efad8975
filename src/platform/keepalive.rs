//! Noticing that the database's host is gone: the kernel asks it over each connection whether it is there.
//!
//! A host that vanishes tells nobody. Who waits for its answer has nothing to send and would wait for ever, and what has been
//! sent is sent again for a quarter of an hour. A limit for each statement would not do, since a merge may take minutes, nor
//! would a look at the server by another connection, which may lead to another host by then. The kernel alone knows of each
//! connection whether its other end is there, however long the answer takes. A connection that it gives up fails as one that
//! breaks does, so nothing that holds a COPY has to be dropped for it ([`task`](super::task)).
//!
//! sqlx sets nothing of this, and shows its sockets to nobody (<https://github.com/launchbadge/sqlx/issues/3540>; this file can
//! go when it does). So they are looked for among this process's open files, by the port at their other end.

use socket2::{SockRef, TcpKeepalive};
use std::fs;
use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::time::Duration;

/// How long nothing may be heard before the other end is asked, and how often it is asked then.
const ASKED_AFTER: Duration = Duration::from_secs(10);
const ASKED_EVERY: Duration = Duration::from_secs(5);
const ASKED_TIMES: u32 = 3;
/// How long a connection lasts of which nothing arrives any more, be it that it is asked or that something was sent. The
/// server gives ours up as soon ([`database`](super::database)). A server that is there but takes nothing of a COPY for so
/// long is given up as well: longer than anybody is waited for whose statements are limited.
#[cfg(target_os = "linux")]
const GIVEN_UP_AFTER: Duration = Duration::from_secs(25);

/// Linux names the open files of a process here, macOS in the other place.
const OPEN_FILES: &str = if cfg!(target_os = "linux") {
    "/proc/self/fd"
} else {
    "/dev/fd"
};

/// Has every connection of this process to that port looked after. To be called whenever one has been opened.
pub fn look_after(port: u16) {
    let Ok(files) = fs::read_dir(OPEN_FILES) else {
        return tracing::warn!("a database that vanishes is noticed late: {OPEN_FILES} cannot be read");
    };
    let numbers = files.filter_map(|file| file.ok()?.file_name().to_str()?.parse().ok());
    for number in numbers {
        if let Err(error) = look_after_file(number, port) {
            tracing::warn!(%error, "a database that vanishes is noticed late");
        }
    }
}

fn look_after_file(number: RawFd, port: u16) -> io::Result<()> {
    // SAFETY: it may be closed meanwhile, and its number be another's. Then this fails, or has a connection looked after that
    // did not ask for it. Nothing is read, written or closed.
    #[expect(unsafe_code, reason = "sqlx lends its sockets to nobody")]
    let file = unsafe { BorrowedFd::borrow_raw(number) };
    let socket = SockRef::from(&file);
    // Most are no sockets, or have no port.
    let other_end = socket.peer_addr().ok().and_then(|address| address.as_socket());
    if other_end.is_none_or(|address| address.port() != port) {
        return Ok(());
    }
    let asking = TcpKeepalive::new()
        .with_time(ASKED_AFTER)
        .with_interval(ASKED_EVERY)
        .with_retries(ASKED_TIMES);
    socket.set_tcp_keepalive(&asking)?;
    // Nobody is asked while something that was sent has not arrived.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(GIVEN_UP_AFTER))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn connections_to_that_port_are_looked_after_and_no_others() -> io::Result<()> {
        let (server, another) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
        let to_server = TcpStream::connect(server.local_addr()?)?;
        let to_another = TcpStream::connect(another.local_addr()?)?;
        look_after(server.local_addr()?.port());
        let (to_server, to_another) = (SockRef::from(&to_server), SockRef::from(&to_another));
        assert!(to_server.keepalive()? && !to_another.keepalive()?);
        assert_eq!(to_server.tcp_keepalive_time()?, ASKED_AFTER);
        #[cfg(target_os = "linux")]
        assert_eq!(to_server.tcp_user_timeout()?, Some(GIVEN_UP_AFTER));
        Ok(())
    }
}
