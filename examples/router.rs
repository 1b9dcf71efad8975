//! The router of `tests/router` as a program, for `bin/soak`: prints its address, and reads from standard input which web
//! processes there are, a line each time they change.
//!
//!   cargo run --example router -- [BYTES_PER_SECOND]

#[path = "../tests/router/proxy.rs"]
mod proxy;

use proxy::{Limits, Router};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let speed = std::env::args().nth(1).map(|speed| speed.parse()).transpose()?;
    let limits = Limits {
        upload_bytes_per_second: speed,
        ..Limits::default()
    };
    let router = Router::start(limits).await?;
    println!("{}", router.url());
    let reading = tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lines() {
            let line = line?;
            let addresses = line.split_whitespace().map(str::parse);
            router.route_to(addresses.collect::<Result<_, _>>()?);
        }
        anyhow::Ok(())
    });
    reading.await?
}
