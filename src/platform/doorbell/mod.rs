//! Doorbells: they tell whoever listens that a row waits for it.
//!
//! A ring is a topic and an id and no truth: rows are the truth, and everybody looks at them once in a while anyway. So
//! a ring may get lost, come late or come twice, and whoever rings never waits: the ring is left in an [`Outbox`], from
//! where a [`Carrier`] takes it to a broker and so to every other process. Ears of the same process hear it at once.
//!
//! Every process hears every ring. Which broker carries them is a setting; all three are used alike.

mod carrier;
mod outbox;
mod postgres;
mod rabbitmq;
mod redis;
mod ring;

pub use carrier::Carrier;

use crate::config::{Broker, BrokerSettings};
use crate::platform::line::Tls;
use outbox::Outbox;
use ring::Ring;
use sqlx::PgPool;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::Instant;
use uuid::Uuid;

/// Rings kept for a slow listener. One that misses some looks anyway.
const KEPT_RINGS: usize = 256;

/// The topic of a process's rings for itself.
const BEAT: &str = "heartbeat";

/// Whether this process's rings are carried at the moment. A process has one doorbell, and metrics know no other way to it.
static ARE_CARRIED: AtomicBool = AtomicBool::new(false);

/// Whether rings go to other processes and come from them at the moment.
pub fn are_rings_carried() -> bool {
    ARE_CARRIED.load(Ordering::Relaxed)
}

/// Rings for rows of one database, and hears those of others. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Doorbell {
    bells: Arc<Bells>,
}

/// Hears one topic.
#[derive(Debug)]
pub struct Ears {
    topic: &'static str,
    id: Option<i64>,
    heard: broadcast::Receiver<Heard>,
}

/// What ears are told.
#[derive(Clone, Debug)]
enum Heard {
    Ring(Ring),
    /// Rings may have been missed.
    Anything,
}

/// What a process's rings and ears share with whatever carries them.
struct Bells {
    way: Way,
    /// What this database's rings go by, where a broker serves several.
    name: String,
    /// Tells this process's own rings from others'.
    process: Uuid,
    outbox: Outbox,
    heard: broadcast::Sender<Heard>,
    heard_at: Mutex<Instant>,
    /// Whether the connection was lost and has carried nothing since.
    is_away: AtomicBool,
}

/// How rings get from process to process.
enum Way {
    Postgres(PgPool),
    Redis(::redis::ConnectionInfo, Option<Tls>),
    RabbitMq(lapin::uri::AMQPUri, Option<Tls>),
}

impl Doorbell {
    /// A doorbell that rings through the database itself.
    pub fn new(pool: PgPool) -> Self {
        let name = name_for(&pool);
        Self::by(Way::Postgres(pool), name)
    }

    /// A doorbell that rings through the broker of these settings.
    ///
    /// # Errors
    /// When the certificates to trust cannot be read. A broker that cannot be reached is no error: it may come.
    pub fn over(settings: &BrokerSettings, pool: &PgPool) -> anyhow::Result<Self> {
        let tls = |is_wanted: bool| is_wanted.then(|| Tls::of(settings)).transpose();
        let way = match settings.broker() {
            Broker::Postgres => Way::Postgres(pool.clone()),
            Broker::Redis { server, is_tls } => Way::Redis(server, tls(is_tls)?),
            Broker::RabbitMq { server, is_tls } => Way::RabbitMq(server, tls(is_tls)?),
        };
        Ok(Self::by(way, name_for(pool)))
    }

    fn by(way: Way, name: String) -> Self {
        let bells = Bells {
            way,
            name,
            process: Uuid::new_v4(),
            outbox: Outbox::default(),
            heard: broadcast::channel(KEPT_RINGS).0,
            heard_at: Mutex::new(Instant::now()),
            is_away: AtomicBool::new(false),
        };
        Self { bells: Arc::new(bells) }
    }

    /// Rings for `id`. This waits for nothing and cannot fail: a ring that gets lost costs the time between two looks.
    pub fn ring(&self, topic: &'static str, id: i64) {
        let ring = Ring::new(topic, id, self.bells.process);
        self.bells.outbox.put(ring.clone());
        self.bells.tell(Heard::Ring(ring));
    }

    /// Ears for a topic.
    pub fn listen(&self, topic: &'static str) -> Ears {
        let heard = self.bells.heard.subscribe();
        Ears { topic, id: None, heard }
    }

    /// Ears for what concerns `id` alone.
    pub fn listen_for(&self, topic: &'static str, id: i64) -> Ears {
        let ears = self.listen(topic);
        Ears { id: Some(id), ..ears }
    }

    /// Carries rings from this process to others and back, in a task of its own, through every lost connection.
    pub fn carry(&self) -> Carrier {
        Carrier::start(&self.bells)
    }
}

/// Rings for another database would do no harm, and cost everybody a look.
fn name_for(pool: &PgPool) -> String {
    let options = pool.connect_options();
    format!("product_importer.{}", options.get_database().unwrap_or("postgres"))
}

impl Ears {
    /// Waits for a ring, at most as long as `poll`: then it is time to look anyway.
    pub async fn wait(&mut self, poll: Duration) {
        let ring = async {
            loop {
                match self.heard.recv().await {
                    Ok(Heard::Ring(ring)) if !ring.concerns(self.topic, self.id) => {}
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                    Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        let _ = tokio::time::timeout(poll, ring).await;
    }
}

impl Bells {
    /// A connection is there and hears. What was rung before it was is unknown, so everybody looks. Whether it carries is
    /// not known yet: a broker short of memory takes connections and nothing more.
    fn connected(&self) {
        self.note_life();
        self.beat();
        self.tell(Heard::Anything);
    }

    /// Rings for this process alone, to hear whether that comes back.
    fn beat(&self) {
        self.outbox.put(Ring::new(BEAT, 0, self.process));
    }

    /// A ring of this process has come back.
    fn carried(&self) {
        ARE_CARRIED.store(true, Ordering::Relaxed);
        if self.is_away.swap(false, Ordering::Relaxed) {
            tracing::info!("rings are carried again");
        }
    }

    /// A broker brought this.
    fn hear(&self, text: &str) {
        self.note_life();
        match Ring::parse(text) {
            // Its own process has heard it already.
            Some(ring) if ring.process != self.process => self.tell(Heard::Ring(ring)),
            Some(_) => self.carried(),
            None => tracing::debug!(text, "a ring that nobody understands"),
        }
    }

    fn tell(&self, heard: Heard) {
        // Nobody listening is no error.
        let _ = self.heard.send(heard);
    }

    fn note_life(&self) {
        *self.heard_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn silent_for(&self) -> Duration {
        self.heard_at.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}

impl fmt::Debug for Bells {
    /// Addresses of brokers carry passwords.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Bells")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
