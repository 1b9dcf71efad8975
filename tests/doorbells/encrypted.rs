//! Brokers behind TLS, with a certificate that nobody but whoever is told so trusts.

use crate::support::brokers::settings;
use crate::{Broker, Kind, Process, TOPIC, TestDatabase, for_redis_and_rabbitmq, heard};
use product_importer::platform::line::{self, Tls};

for_redis_and_rabbitmq! { rings_are_encrypted }

/// A broker with a certificate of its own for the name localhost.
fn start(kind: Kind) -> anyhow::Result<(Broker, String)> {
    let mut broker = Broker::new(kind)?;
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let file = broker.folder().join("certificate.pem");
    std::fs::write(&file, made.cert.pem())?;
    std::fs::write(broker.folder().join("key.pem"), made.signing_key.serialize_pem())?;
    broker.run()?;
    Ok((broker, file.display().to_string()))
}

async fn rings_are_encrypted(kind: Kind) -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let (broker, certificate) = start(kind)?;
    let url = format!("--broker-url={}", broker.tls_url());
    let file = format!("--broker-ca-file={certificate}");
    // Somebody who trusts this certificate, and somebody who trusts anybody.
    let mut trusting = Process::start(&database, &[&url, &file]).await?;
    let mut careless = Process::start(&database, &[&url, "--broker-tls=require"]).await?;
    trusting.connected().await?;
    careless.connected().await?;
    let mut ears = careless.bell.listen(TOPIC);
    trusting.bell.ring(TOPIC, 7);
    heard(&mut ears).await?;
    refused(&broker, "localhost", &[]).await?;
    // The right certificate for another name.
    refused(&broker, "127.0.0.1", &[&file]).await
}

async fn refused(broker: &Broker, host: &str, flags: &[&str]) -> anyhow::Result<()> {
    let tls = Tls::of(&settings(flags)?)?;
    let Err(error) = line::open(host, broker.tls_port(), Some(&tls)).await else {
        anyhow::bail!("{host} was trusted with {flags:?}");
    };
    anyhow::ensure!(error.to_string().contains("certificate"), "{error}");
    Ok(())
}

#[test]
fn a_file_without_certificates_is_refused() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("empty.pem");
    std::fs::write(&file, "nothing\n")?;
    for name in ["empty.pem", "missing.pem"] {
        let flag = format!("--broker-ca-file={}", folder.path().join(name).display());
        assert!(Tls::of(&settings(&[&flag])?).is_err(), "{name}");
    }
    Ok(())
}
