//! Every URL, on one screen.

use crate::accounts::{self, Access, MOST_CARRIED_BYTES};
use crate::catalog::Search;
use crate::http::deadline::{self, Deadline};
use crate::http::site_guard::{SiteGuard, refuse_foreign};
use crate::http::{assets, compression, flash, health, measure, method_override, render};
use crate::imports::{Uploads, Watches};
use crate::platform::database::{Database, Pools};
use crate::platform::doorbell::Doorbell;
use crate::webhooks::{Rings, Webhooks, ring_after_changes};
use crate::{catalog, description, imports, status, webhooks};
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::Redirect;
use axum::routing::{delete, get, post, put};

/// What handlers need.
#[derive(Clone, FromRef)]
pub struct AppState {
    /// Both views of the database: SeaORM and sqlx.
    pub database: Database,
    /// All connections of this process, for whoever keeps it running.
    pub pools: Pools,
    /// What tells workers that something waits.
    pub doorbell: Doorbell,
    /// Finding products.
    pub search: Search,
    /// Where files are received.
    pub uploads: Uploads,
    /// The imports that are watched live.
    pub watches: Watches,
    /// What tells other systems of changes.
    pub webhooks: Webhooks,
    /// From which sites one may ask.
    pub guard: SiteGuard,
    /// Who may come in.
    pub access: Access,
    /// How long an answer may take to begin.
    pub deadline: Deadline,
}

/// The whole web half.
pub fn service(state: AppState) -> Router {
    // Inside the layers that tell of problems: whoever asked for a page is refused by a page.
    let guard = from_fn_with_state(state.guard.clone(), refuse_foreign);
    let in_time = from_fn_with_state(state.deadline, deadline::in_time);
    // Files may take long to arrive.
    let pages = pages()
        .layer(in_time.clone())
        .merge(imports::form_routes(imports::routes::create))
        .layer(from_fn_with_state(state.access.clone(), accounts::before_pages))
        .merge(entrance())
        .layer(guard.clone())
        .layer(map_response(render::refusals_as_problems))
        .layer(from_fn(render::problems_as_pages))
        .layer(from_fn(flash::carry));
    let api = api()
        .layer(in_time)
        .merge(imports::upload_routes())
        .layer(from_fn_with_state(state.access.clone(), accounts::before_api))
        .layer(guard)
        .layer(map_response(render::refusals_as_problems));
    let guarded = pages
        .nest("/api/v1", api)
        .merge(metrics(&state.access, &state.guard))
        .layer(from_fn_with_state(
            Rings::new(state.doorbell.clone()),
            ring_after_changes,
        ))
        .layer(map_response(render::with_security_headers))
        .layer(from_fn(compression::compress));
    let measured = guarded.merge(health()).layer(from_fn(measure::measure));
    method_override::before(measured.with_state(state))
}

/// What a worker answers where it is told to listen.
pub fn worker_service(pools: Pools, access: &Access, guard: &SiteGuard) -> Router {
    metrics(access, guard).merge(health()).with_state(pools)
}

/// What a process answers that waits for its database.
pub fn waiting_service() -> Router {
    Router::new()
        .fallback(health::not_yet)
        .layer(from_fn(render::problems_as_pages))
        .nest("/api/v1", Router::new().fallback(health::not_yet))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::not_ready))
        .route(assets::ROUTE, get(assets::show))
        .layer(map_response(render::with_security_headers))
}

/// Health and metrics use the page pool and its time limits.
impl FromRef<Pools> for Database {
    fn from_ref(pools: &Pools) -> Self {
        pools.pages.clone()
    }
}

fn metrics<S>(access: &Access, guard: &SiteGuard) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Pools: FromRef<S>,
{
    Router::new()
        .route("/metrics", get(status::routes::metrics))
        .layer(from_fn_with_state(access.clone(), accounts::before_api))
        .layer(from_fn_with_state(guard.clone(), refuse_foreign))
}

fn health<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Database: FromRef<S>,
{
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
}

fn pages() -> Router<AppState> {
    use imports::routes as pages;
    Router::new()
        .route("/", get(|| async { Redirect::to("/products") }))
        .route(
            "/products",
            get(catalog::routes::index).post(catalog::edit::routes::create),
        )
        .route("/products/new", get(catalog::edit::routes::new))
        .route(
            "/products/{id}",
            get(catalog::edit::routes::show).post(catalog::edit::routes::save),
        )
        .route("/products/{id}/status", post(catalog::edit::routes::set_status))
        .route("/products/{id}/deletion", post(catalog::edit::routes::delete))
        .route("/products/{id}/restoration", post(catalog::edit::routes::restore))
        .route("/products/count", get(catalog::routes::count))
        .merge(whole_catalogue_pages())
        .merge(webhook_pages())
        .route("/imports", get(pages::index))
        .route("/imports/sample", post(pages::try_sample))
        .route("/imports/sample.csv", get(pages::sample))
        .route("/imports/running", get(pages::running))
        .route("/imports/names", get(pages::names))
        .route("/imports/choices", get(pages::choices))
        .route("/imports/{id}", get(pages::show))
        .route("/imports/{id}/cancellation", post(pages::cancel))
        .route("/imports/{id}/rejected.csv", get(imports::api::rejected_rows))
        .route("/status", get(status::routes::show))
        .route("/api/docs", get(description::routes::docs))
        .fallback(render::not_found)
}

/// What stands before the gate.
fn entrance() -> Router<AppState> {
    use accounts::routes as accounts;
    let sign_in = post(accounts::sign_in).layer(DefaultBodyLimit::max(MOST_CARRIED_BYTES));
    Router::new()
        .route("/sign-in", sign_in.get(accounts::ask))
        .route("/sign-out", post(accounts::sign_out))
        .route(assets::ROUTE, get(assets::show))
}

/// What concerns many products at once.
fn whole_catalogue_pages() -> Router<AppState> {
    use catalog::selection::routes as changes;
    use imports::clearing;
    Router::new()
        .route("/products/clearing", get(clearing::ask).post(clearing::clear))
        .route("/products/clearing/cancellations", post(clearing::cancel))
        .route("/products/restoration", post(clearing::restore))
        .route("/products/changes", get(changes::index).post(changes::create))
        .route("/products/changes/{id}", get(changes::show))
        .route("/products/changes/{id}/cancellation", post(changes::cancel))
        .route("/products/changes/{id}/restoration", post(changes::restore))
        .route(
            "/products/export.csv",
            get(catalog::export_list).post(catalog::export_ticked),
        )
}

fn webhook_pages() -> Router<AppState> {
    use webhooks::{log::routes as log, routes as pages};
    Router::new()
        .route("/webhooks", get(pages::index).post(pages::create))
        .route("/webhooks/new", get(pages::new))
        .route("/webhooks/{id}", get(pages::show).post(pages::save))
        .route("/webhooks/{id}/edit", get(pages::edit))
        .route("/webhooks/{id}/status", post(pages::set_status))
        .route("/webhooks/{id}/deletion", get(pages::ask_deletion).post(pages::delete))
        .route(
            "/webhooks/{id}/secret",
            get(pages::show_secret).post(pages::replace_secret),
        )
        .route("/webhooks/{id}/tests", post(pages::try_out))
        .route("/webhooks/{id}/events", get(log::watch))
        .route("/webhooks/{id}/deliveries/{delivery}", get(log::show))
        .route("/webhooks/{id}/deliveries/{delivery}/attempts", post(log::try_again))
        .route("/webhooks/{id}/retries", post(log::retry))
        .route("/webhooks/{id}/retries/new", get(log::ask_retry))
        .route("/webhooks/{id}/retries/{retry}/cancellation", post(log::cancel_retry))
}

fn api() -> Router<AppState> {
    use imports::api;
    Router::new()
        .route("/openapi.json", get(description::routes::openapi))
        .route("/imports", get(api::list))
        .route("/imports/{id}", get(api::show))
        .route("/imports/{id}/events", get(api::watch))
        .route("/imports/{id}/cancellation", put(api::cancel))
        .route("/imports/{id}/rejected.csv", get(api::rejected_rows))
        .merge(whole_catalogue_api())
        .merge(webhook_api())
        .route("/products", get(catalog::api::list).post(catalog::edit::api::create))
        .route(
            "/products/{id}",
            get(catalog::api::show)
                .patch(catalog::edit::api::change)
                .delete(catalog::edit::api::delete),
        )
        .route("/products/{id}/restoration", put(catalog::edit::api::restore))
        .route("/products/{id}/history", get(catalog::edit::api::history))
        .fallback(render::no_such_resource)
}

fn whole_catalogue_api() -> Router<AppState> {
    use catalog::selection::api as changes;
    Router::new()
        .route("/products", delete(catalog::clearing_api::clear_all))
        .route("/products/restoration", put(catalog::clearing_api::restore_all))
        .route("/products/changes", get(changes::list).post(changes::create))
        .route("/products/changes/{id}", get(changes::show))
        .route("/products/changes/{id}/cancellation", put(changes::cancel))
        .route("/products/changes/{id}/restoration", put(changes::restore))
        .route("/products/export.csv", get(catalog::export_csv))
}

fn webhook_api() -> Router<AppState> {
    use webhooks::{api, log::api as log};
    Router::new()
        .route("/webhooks", get(api::list).post(api::create))
        .route("/webhooks/{id}", get(api::show).patch(api::change).delete(api::delete))
        .route("/webhooks/{id}/secret", get(api::secret).put(api::replace_secret))
        .route("/webhooks/{id}/tests", post(api::try_out))
        .route("/webhooks/{id}/deliveries", get(log::list))
        .route("/webhooks/{id}/retries", post(log::retry))
        .route("/deliveries/{id}", get(log::show))
        .route("/deliveries/{id}/attempts", post(log::try_again))
        .route("/retries/{id}", get(log::show_retry))
        .route("/retries/{id}/cancellation", put(log::cancel_retry))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// axum tells its routes to nobody but a debugger.
    fn paths_of(router: &Router<AppState>) -> BTreeSet<String> {
        let told = format!("{router:?}");
        let paths = told.split("RouteId(").skip(1).filter_map(|rest| {
            let (_, path) = rest.split_once("): \"")?;
            Some(path.split_once('"')?.0.to_owned())
        });
        paths.filter(|path| path.starts_with('/')).collect()
    }

    #[test]
    fn every_path_of_the_api_is_described_and_no_other() {
        let described = description::document()
            .paths
            .paths
            .keys()
            .cloned()
            .collect::<BTreeSet<_>>();
        let mut routed = paths_of(&api().merge(imports::upload_routes()));
        assert!(routed.remove("/openapi.json"), "{routed:?}");
        // Where axum keeps its fallback.
        routed.retain(|path| path != "/" && !path.contains("{*"));
        assert_eq!(routed, described);
    }
}
