//! A shop whose changes are sent to real receivers by real workers.

use crate::support::brokers;
use crate::support::database::TestDatabase;
use crate::support::process::{Process, program};
use crate::webhook;
use anyhow::Context as _;
use product_importer::catalog::edit::{self, NewProduct, Patch};
use product_importer::platform::doorbell::{Carrier, Doorbell};
use product_importer::webhooks::TOPIC;
use sqlx::PgPool;
use std::process::Command;
use std::time::Duration;

/// A catalogue, and what works on it.
pub struct Shop {
    doorbell: Doorbell,
    /// Ends before the database goes.
    _carrier: Carrier,
    pub database: TestDatabase,
}

impl Shop {
    pub async fn open() -> anyhow::Result<Self> {
        let database = TestDatabase::create().await?;
        let doorbell = brokers::doorbell(&database.database.pool)?;
        Ok(Self {
            _carrier: doorbell.carry(),
            doorbell,
            database,
        })
    }

    pub fn pool(&self) -> &PgPool {
        &self.database.database.pool
    }

    pub fn worker(&self) -> anyhow::Result<Process> {
        Process::start(&mut self.working())
    }

    /// One that gives up on a receiver only after the longest time, so that on a slow machine too nothing is sent again.
    pub fn patient_worker(&self) -> anyhow::Result<Process> {
        Process::start(self.working().env("WEBHOOK_TIMEOUT_SECONDS", "60"))
    }

    fn working(&self) -> Command {
        let mut command = program(Some(&self.database.url()));
        command.arg("worker").env("WEBHOOK_ALLOW_NETS", "127.0.0.0/8");
        command
    }

    /// A webhook that is told of everything.
    pub async fn webhook(&self, url: &str) -> anyhow::Result<i64> {
        webhook(self.pool(), url, crate::EVERYTHING).await
    }

    /// A new product and changes to it, so that its versions go up to `versions`.
    pub async fn story(&self, sku: &str, versions: usize) -> anyhow::Result<i64> {
        let database = &self.database.database;
        let product = NewProduct {
            sku: sku.to_owned(),
            name: "Version 1".to_owned(),
            ..NewProduct::default()
        };
        let product = edit::create(database, product)
            .await
            .map_err(|error| anyhow::anyhow!("{error:?}"))?;
        for version in 2..=versions {
            let patch = Patch {
                name: Some(format!("Version {version}")),
                ..Patch::default()
            };
            edit::change(database, product.id, patch)
                .await
                .map_err(|error| anyhow::anyhow!("{error:?}"))?;
        }
        self.ring();
        Ok(product.id)
    }

    /// So many new products.
    pub async fn products(&self, count: usize) -> anyhow::Result<()> {
        for number in 0..count {
            self.story(&format!("P-{number}"), 1).await?;
        }
        Ok(())
    }

    pub fn ring(&self) {
        self.doorbell.ring(TOPIC, 0);
    }

    /// Moves the database's rows instead of waiting.
    pub async fn update(&self, statement: &'static str) -> anyhow::Result<u64> {
        let done = sqlx::query(statement).execute(self.pool()).await?;
        self.ring();
        Ok(done.rows_affected())
    }

    /// Whatever waits for its next attempt need wait no longer.
    pub async fn make_due(&self) -> anyhow::Result<u64> {
        self.update("UPDATE webhook_deliveries SET next_attempt_at = now() WHERE state = 'pending'")
            .await
    }

    /// Waits until a condition in SQL holds.
    pub async fn until(&self, condition: &'static str) -> anyhow::Result<()> {
        let waiting = async {
            while !self.holds(condition).await? {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(Duration::from_mins(2), waiting)
            .await
            .with_context(|| format!("it did not come to pass: {condition}"))?
    }

    pub async fn holds(&self, condition: &'static str) -> anyhow::Result<bool> {
        Ok(sqlx::query_scalar(condition).fetch_one(self.pool()).await?)
    }
}
