//! Which broker carries rings between processes, and whom to trust on the way there.

use clap::builder::{EnumValueParser, PossibleValue};
use clap::{Args, ValueEnum};
use lapin::uri::{AMQPScheme, AMQPUri};
use redis::{ConnectionInfo, IntoConnectionInfo as _};
use std::path::PathBuf;

const WRITE_IT: &str = "write it as redis://user:password@host:6379, rediss://…, amqp://user:password@host:5672/vhost, \
                        amqps://…, or postgres for none";

/// How processes tell each other that something waits.
#[derive(Args, Clone)]
pub struct BrokerSettings {
    /// What tells workers that something waits: redis://, rediss://, amqp:// or amqps://, or "postgres" for the
    /// database itself [default: REDIS_URL, else CLOUDAMQP_URL, else the database]
    #[arg(long, env = "BROKER_URL", value_name = "URL", hide_env_values = true, value_parser = broker)]
    broker_url: Option<Broker>,

    /// Where platforms say that there is a Redis
    #[arg(long, env = "REDIS_URL", value_name = "URL", hide_env_values = true, value_parser = redis)]
    redis_url: Option<Broker>,

    /// Where platforms say that there is a RabbitMQ
    #[arg(long, env = "CLOUDAMQP_URL", value_name = "URL", hide_env_values = true, value_parser = rabbitmq)]
    cloudamqp_url: Option<Broker>,

    /// Whether rediss:// and amqps:// look at the broker's certificate: "verify" does, "require" only encrypts
    #[arg(long, env = "BROKER_TLS", value_name = "HOW", default_value = "verify",
          value_parser = EnumValueParser::<BrokerTrust>::new())]
    pub broker_tls: BrokerTrust,

    /// Certificates (PEM) whose authorities are trusted besides the public ones, which are built in
    #[arg(long, env = "BROKER_CA_FILE", value_name = "FILE")]
    pub broker_ca_file: Option<PathBuf>,
}

/// A broker's address, understood.
#[derive(Clone)]
pub enum Broker {
    /// The database itself.
    Postgres,
    Redis {
        server: ConnectionInfo,
        is_tls: bool,
    },
    RabbitMq {
        server: AMQPUri,
        is_tls: bool,
    },
}

/// Whom to believe to be the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerTrust {
    /// Whoever has a certificate for its name, signed by somebody who is trusted.
    Verify,
    /// Whoever answers.
    Require,
}

impl BrokerSettings {
    /// The broker to use.
    pub fn broker(&self) -> Broker {
        let stated = [&self.broker_url, &self.redis_url, &self.cloudamqp_url];
        stated.into_iter().flatten().next().cloned().unwrap_or(Broker::Postgres)
    }
}

impl ValueEnum for BrokerTrust {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Verify, Self::Require]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Verify => "verify",
            Self::Require => "require",
        }))
    }
}

fn broker(text: &str) -> Result<Broker, String> {
    if text == "postgres" {
        return Ok(Broker::Postgres);
    }
    redis(text).or_else(|_| rabbitmq(text)).map_err(|_| WRITE_IT.to_owned())
}

fn redis(text: &str) -> Result<Broker, String> {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let is_tls = match scheme {
        "redis" => false,
        "rediss" => true,
        _ => return Err("write it as redis://user:password@host:6379 or rediss://…".to_owned()),
    };
    // TLS is spoken by our own line, which the crate need not know.
    let server = format!("redis://{rest}").into_connection_info();
    let server = server.map_err(|error| error.to_string())?;
    Ok(Broker::Redis { server, is_tls })
}

fn rabbitmq(text: &str) -> Result<Broker, String> {
    let server: AMQPUri = text
        .parse()
        .map_err(|_| "write it as amqp://user:password@host:5672/vhost or amqps://…".to_owned())?;
    let is_tls = server.scheme == AMQPScheme::AMQPS;
    Ok(Broker::RabbitMq { server, is_tls })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Probe {
        #[command(flatten)]
        broker: BrokerSettings,
    }

    /// The broker of these arguments, in a few letters.
    fn chosen(arguments: &[&str]) -> Result<String, String> {
        let probe = Probe::try_parse_from(std::iter::once(&"probe").chain(arguments));
        Ok(match probe.map_err(|error| error.to_string())?.broker.broker() {
            Broker::Postgres => "postgres".to_owned(),
            Broker::Redis { server, is_tls } => format!("redis {} {is_tls}", server.addr()),
            Broker::RabbitMq { server, is_tls } => {
                format!(
                    "rabbitmq {}:{}/{} {is_tls}",
                    server.authority.host, server.authority.port, server.vhost
                )
            }
        })
    }

    #[test]
    fn what_is_stated_is_used() -> Result<(), String> {
        for (arguments, expected) in [
            (&[][..], "postgres"),
            (&["--broker-url=redis://:secret@one:7000/2"], "redis one:7000 false"),
            (&["--broker-url=rediss://one"], "redis one:6379 true"),
            (&["--broker-url=amqp://guest:guest@two"], "rabbitmq two:5672// false"),
            (&["--broker-url=amqps://two/shop"], "rabbitmq two:5671/shop true"),
            (
                &["--redis-url=redis://one", "--cloudamqp-url=amqp://two"],
                "redis one:6379 false",
            ),
            (&["--cloudamqp-url=amqps://two/shop"], "rabbitmq two:5671/shop true"),
            (
                &["--redis-url=redis://one", "--broker-url=amqp://two/shop"],
                "rabbitmq two:5672/shop false",
            ),
            (&["--redis-url=redis://one", "--broker-url=postgres"], "postgres"),
        ] {
            assert_eq!(chosen(arguments)?, expected, "{arguments:?}");
        }
        Ok(())
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for argument in [
            "--broker-url=kafka://one",
            "--broker-url=one:6379",
            "--broker-url=",
            "--redis-url=amqp://one",
            "--cloudamqp-url=redis://one",
            "--broker-tls=maybe",
        ] {
            let refusal = chosen(&[argument]).expect_err(argument);
            assert!(
                refusal.contains("invalid value") || refusal.contains("write it as"),
                "{refusal}"
            );
        }
    }
}
