//! Programs that tests start beside ours: they end when the test is done with them, or is gone.

use anyhow::{Context, bail, ensure};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_mins(2);

/// Runs a program and, for RabbitMQ, Erlang's port mapper beside it until its own input ends. Job control gives each a
/// process group, which is killed as a whole: there is no stopping in order here, nor should anybody need it.
const SCRIPT: &str = r#"
# Bash tells of every job that is killed.
exec 2>/dev/null
set -m
folder=$1 epmd_port=$2
shift 2
[ "$epmd_port" = 0 ] || epmd -port "$epmd_port" -address 127.0.0.1 </dev/null >/dev/null &
"$@" </dev/null >>"$folder/output" 2>&1 &
read -r wish
for job in $(jobs -p); do kill -KILL -- "-$job"; done
wait
[ "$wish" = keep ] || rm -rf "$folder"
"#;

/// A program that runs.
pub struct Keeper(Child);

impl Keeper {
    /// Starts what `set` adds to a command, in a folder that goes with it, and waits until it answers at the port.
    pub fn start(
        folder: &Path,
        port: u16,
        epmd_port: Option<u16>,
        set: impl FnOnce(&mut Command),
    ) -> anyhow::Result<Self> {
        let mut bash = Command::new("bash");
        bash.args(["-c", SCRIPT, "keeper"])
            .arg(folder)
            .arg(epmd_port.unwrap_or(0).to_string());
        set(&mut bash);
        // Not in the group that a terminal's Ctrl-C reaches.
        let bash = bash.process_group(0).stdin(Stdio::piped()).spawn();
        let keeper = Self(bash.context("cannot start bash")?);
        answers(port).with_context(|| fs::read_to_string(folder.join("output")).unwrap_or_default())?;
        Ok(keeper)
    }

    /// Sends a signal to all that it runs.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let bash = self.0.id();
        let groups = fs::read_to_string(format!("/proc/{bash}/task/{bash}/children"))?;
        for group in groups.split_whitespace() {
            killpg(Pid::from_raw(group.parse()?), signal)?;
        }
        Ok(())
    }

    /// Ends it as `kill -9` does. Its folder stays.
    pub fn kill(mut self) -> anyhow::Result<()> {
        writeln!(self.0.stdin.take().context("no input")?, "keep")?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // The end of its input is the wish. It may have ended already.
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program that starts tells nobody when it is ready"
)]
fn answers(port: u16) -> anyhow::Result<()> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!("nobody answers at port {port}")
}

/// Ports that nobody has, all different. They are none of those that the system gives away (`ip_local_port_range`), or
/// somebody might be given one before whoever it is meant for takes it.
pub fn free_ports<const COUNT: usize>() -> anyhow::Result<[u16; COUNT]> {
    const TRIES: usize = 1_000;
    let some = (0..TRIES).map(|_| rand::random_range(10_000..32_000));
    let free = some.filter_map(|port: u16| TcpListener::bind(("127.0.0.1", port)).ok());
    let taken: Vec<TcpListener> = free.take(COUNT).collect();
    ensure!(taken.len() == COUNT, "no port is free");
    let mut ports = [0; COUNT];
    for (port, listener) in ports.iter_mut().zip(&taken) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}
