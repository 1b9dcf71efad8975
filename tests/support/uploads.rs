//! A real server of the upload routes, and looks behind it.

use super::database::TestDatabase;
use super::{brokers, storages};
use axum::Router;
use axum::middleware::from_fn_with_state;
use futures_util::StreamExt as _;
use product_importer::http::{method_override, site_guard};
use product_importer::imports::upload::{self, UploadSettings, Uploads, pieces_from};
use product_importer::imports::{Import, State};
use product_importer::platform::database::Database;
use product_importer::platform::doorbell::Carrier;
use product_importer::platform::storage::FileStorage;
use reqwest::{Client, Method, RequestBuilder, Response};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;

/// One web process: its address and its own view of the database.
pub struct Server {
    pub address: SocketAddr,
    pub uploads: Uploads,
    pub client: Client,
    /// Rings are told to others only as long as it is there.
    _carrier: Carrier,
}

/// Receiving into the place that `TEST_STORAGE` asks for.
pub fn uploads_over(database: Database, settings: UploadSettings) -> Uploads {
    let storage = storages::wanted().and_then(|kind| storages::storage(kind, &database.pool));
    uploads_in(
        storage.expect("the storage for tests does not start"),
        database,
        settings,
    )
}

pub fn uploads_in(storage: FileStorage, database: Database, settings: UploadSettings) -> Uploads {
    Uploads {
        storage,
        doorbell: brokers::doorbell(&database.pool).expect("the broker for tests does not start"),
        database,
        settings,
    }
}

/// Starts a server on a port of its own.
pub async fn serve(uploads: Uploads) -> anyhow::Result<Server> {
    let guard = site_guard::SiteGuard::new(None, false);
    let routes = Router::new()
        .nest("/api/v1", upload::routes())
        .with_state(uploads.clone());
    let app = method_override::before(routes.layer(from_fn_with_state(guard, site_guard::refuse_foreign)));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(Server {
        address,
        _carrier: uploads.doorbell.carry(),
        uploads,
        client: Client::new(),
    })
}

/// A fresh database with one server.
pub async fn start() -> anyhow::Result<(TestDatabase, Server)> {
    start_with(UploadSettings::default()).await
}

pub async fn start_with(settings: UploadSettings) -> anyhow::Result<(TestDatabase, Server)> {
    let database = TestDatabase::create().await?;
    let server = serve(uploads_over(database.database.clone(), settings)).await?;
    Ok((database, server))
}

impl Server {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn imports_url(&self) -> String {
        self.url("/api/v1/imports")
    }

    /// A request that speaks tus.
    pub fn tus(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, self.url(path))
            .header("Tus-Resumable", "1.0.0")
    }

    /// Creates an upload and gives its path.
    pub async fn create(&self, length: usize) -> anyhow::Result<String> {
        let created = self
            .tus(Method::POST, "/api/v1/imports")
            .header("Upload-Length", length)
            .send()
            .await?;
        anyhow::ensure!(created.status() == 201, "{created:?}");
        Ok(header(&created, "location").to_owned())
    }

    pub fn patch(&self, path: &str, offset: usize, bytes: impl Into<reqwest::Body>) -> RequestBuilder {
        self.tus(Method::PATCH, path)
            .header("Content-Type", "application/offset+octet-stream")
            .header("Upload-Offset", offset)
            .body(bytes)
    }

    pub async fn head(&self, path: &str) -> anyhow::Result<Response> {
        Ok(self.tus(Method::HEAD, path).send().await?)
    }

    pub async fn import(&self, id: i64) -> anyhow::Result<Import> {
        let pool = &self.uploads.database.pool;
        Ok(sqlx::query_as("SELECT * FROM imports WHERE id = $1")
            .bind(id)
            .fetch_one(pool)
            .await?)
    }

    /// The file as its pieces give it back.
    pub async fn file(&self, id: i64) -> anyhow::Result<Vec<u8>> {
        let mut file = Vec::new();
        for piece in pieces_from(&self.uploads.database.pool, id, 0, i64::MAX).await? {
            anyhow::ensure!(
                usize::try_from(piece.start)? == file.len(),
                "a gap before {}",
                piece.start
            );
            let bytes = self.uploads.storage.get(&piece.key).await?;
            file.extend(bytes.ok_or_else(|| anyhow::anyhow!("{} is lost", piece.key))?);
        }
        Ok(file)
    }

    /// How many objects are stored, whether they count or not.
    pub async fn stored_objects(&self) -> anyhow::Result<i64> {
        Ok(match &self.uploads.storage {
            FileStorage::Postgres(pool) => {
                let count = sqlx::query_scalar("SELECT count(*) FROM stored_objects");
                count.fetch_one(pool).await?
            }
            FileStorage::Objects(objects) => objects.store().list(None).count().await as i64,
        })
    }

    /// How many pieces count. A stream that stalls for a second is cut into more of them.
    pub async fn pieces(&self) -> anyhow::Result<i64> {
        let count = sqlx::query_scalar("SELECT count(*) FROM import_pieces");
        Ok(count.fetch_one(&self.uploads.database.pool).await?)
    }

    /// Waits until an import is as `wanted`.
    pub async fn until(&self, id: i64, wanted: impl Fn(&Import) -> bool) -> anyhow::Result<Import> {
        let waiting = async {
            loop {
                let import = self.import(id).await?;
                if wanted(&import) {
                    return anyhow::Ok(import);
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(2), waiting).await?
    }

    pub async fn newest(&self) -> anyhow::Result<i64> {
        let pool = &self.uploads.database.pool;
        Ok(sqlx::query_scalar("SELECT COALESCE(max(id), 0) FROM imports")
            .fetch_one(pool)
            .await?)
    }
}

/// The import behind an upload's or an import's path.
pub fn id_of(path: &str) -> i64 {
    path.split('/')
        .nth(4)
        .and_then(|id| id.parse().ok())
        .unwrap_or_default()
}

pub fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// Bytes that differ everywhere, so that a piece in the wrong place shows.
pub fn sample(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

pub fn is_complete(import: &Import) -> bool {
    matches!(import.state, State::Queued | State::Running)
}
