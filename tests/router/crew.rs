//! Web and worker processes behind a router, each with a temporary folder of its own that is gone when it is restarted.

use crate::proxy::Router;
use crate::support::process::{Process, program};
use rand::seq::IndexedRandom as _;
use tempfile::TempDir;

/// One process.
struct Member {
    process: Process,
    address: Option<String>,
    folder: TempDir,
}

/// All of them.
pub struct Crew {
    url: String,
    router: Router,
    webs: Vec<Member>,
    workers: Vec<Member>,
}

impl Crew {
    /// Starts so many of each.
    pub fn start(url: &str, router: &Router, webs: usize, workers: usize) -> anyhow::Result<Self> {
        let mut crew = Self {
            url: url.to_owned(),
            router: router.clone(),
            webs: Vec::new(),
            workers: Vec::new(),
        };
        for _ in 0..webs {
            crew.webs.push(crew.member("web")?);
        }
        for _ in 0..workers {
            crew.workers.push(crew.member("worker")?);
        }
        crew.route()?;
        Ok(crew)
    }

    /// Restarts one of them, killed or asked to go.
    pub fn restart_any(&mut self) -> anyhow::Result<()> {
        let is_web = rand::random();
        let members = if is_web { &self.webs } else { &self.workers };
        let places: Vec<usize> = (0..members.len()).collect();
        let Some(&place) = places.choose(&mut rand::rng()) else {
            return Ok(());
        };
        // The router is told only of what came in its place, so until then every second request of a web fails.
        let members = if is_web { &mut self.webs } else { &mut self.workers };
        let mut gone = members.remove(place);
        if rand::random() {
            gone.process.kill()?;
        } else {
            gone.process.terminate()?;
        }
        let left: Vec<_> = std::fs::read_dir(gone.folder.path())?.collect::<Result<_, _>>()?;
        anyhow::ensure!(left.is_empty(), "it left {left:?} on its disk");
        let new = self.member(if is_web { "web" } else { "worker" })?;
        if is_web {
            self.webs.push(new);
            self.route()?;
        } else {
            self.workers.push(new);
        }
        Ok(())
    }

    fn member(&self, half: &str) -> anyhow::Result<Member> {
        let folder = tempfile::tempdir()?;
        let mut command = program(Some(&self.url));
        command
            .arg(half)
            .env("TMPDIR", folder.path())
            .env("HOME", folder.path())
            .current_dir(folder.path());
        command.env("RUST_LOG", "error");
        let (process, address) = if half == "web" {
            let (process, address) = Process::serve(&mut command)?;
            (process, Some(address))
        } else {
            (Process::start(&mut command)?, None)
        };
        Ok(Member {
            process,
            address,
            folder,
        })
    }

    fn route(&self) -> anyhow::Result<()> {
        let addresses = self.webs.iter().filter_map(|web| web.address.as_deref());
        let addresses = addresses.map(|address| address.trim_start_matches("http://").parse());
        self.router.route_to(addresses.collect::<Result<_, _>>()?);
        Ok(())
    }
}
