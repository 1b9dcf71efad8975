//! Products changed by hand over the API: who may overwrite whom, what is remembered, and what is never half-written.

use crate::support::process::{Process, program};
use crate::support::served::Served;
use anyhow::Context as _;
use product_importer::catalog::edit;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::time::Duration;

const PRODUCTS: &str = "/api/v1/products";

async fn send(served: &Served, method: Method, path: &str, body: Value) -> anyhow::Result<(u16, Value)> {
    let request = served.client.request(method, served.url(path));
    let response = if body.is_null() {
        request.send().await?
    } else {
        request.json(&body).send().await?
    };
    told(response).await
}

async fn told(response: Response) -> anyhow::Result<(u16, Value)> {
    let status = response.status().as_u16();
    let text = response.text().await?;
    let body = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text)?
    };
    Ok((status, body))
}

async fn add(served: &Served, sku: &str, name: &str) -> anyhow::Result<Value> {
    let (status, product) = send(served, Method::POST, PRODUCTS, json!({"sku": sku, "name": name})).await?;
    anyhow::ensure!(status == 201, "{product}");
    Ok(product)
}

fn path(product: &Value) -> String {
    format!("{PRODUCTS}/{}", product["id"].as_str().unwrap_or_default())
}

async fn history(served: &Served, product: &Value) -> anyhow::Result<Vec<Value>> {
    let history = served.json(&format!("{}/history", path(product))).await?;
    Ok(history["items"].as_array().context("no items")?.clone())
}

/// Product rows, history rows, notes for the search index, and the sums of the counts.
async fn traces(served: &Served) -> anyhow::Result<(i64, i64, i64, i64, i64)> {
    Ok(sqlx::query_as(
        "SELECT (SELECT count(*) FROM products), (SELECT count(*) FROM product_edits),
                (SELECT count(*) FROM search_changes),
                (SELECT coalesce(sum(active_change), 0)::bigint FROM product_count_changes),
                (SELECT coalesce(sum(inactive_change), 0)::bigint FROM product_count_changes)",
    )
    .fetch_one(&served.database.database.pool)
    .await?)
}

#[tokio::test]
async fn a_product_is_created_changed_and_deleted() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let sent = json!({"sku": " A-1 ", "name": "Lamp", "description": "bright", "active": false});
    let request = served.client.post(served.url(PRODUCTS)).json(&sent);
    let response = request.send().await?;
    let location = response.headers()["location"].to_str()?.to_owned();
    let (status, product) = told(response).await?;
    assert_eq!(
        (status, &product["sku"], &product["version"]),
        (201, &json!("A-1"), &json!(1))
    );
    assert_eq!(served.json(&location).await?, product);
    assert_eq!(traces(&served).await?, (1, 1, 1, 0, 1));

    let patch = json!({"name": "Lantern", "active": true, "version": 1});
    let (status, changed) = send(&served, Method::PATCH, &location, patch).await?;
    assert_eq!((status, &changed["version"]), (200, &json!(2)));
    assert_eq!(
        (&changed["name"], &changed["description"]),
        (&json!("Lantern"), &json!("bright"))
    );
    assert_eq!(traces(&served).await?, (1, 2, 2, 1, 0));

    let (status, same) = send(
        &served,
        Method::PATCH,
        &location,
        json!({"name": "Lantern", "sku": "A-1 "}),
    )
    .await?;
    assert_eq!((status, same), (200, changed));
    assert_eq!(traces(&served).await?.1, 2, "what changes nothing is no change");

    assert_eq!(
        send(&served, Method::DELETE, &location, Value::Null).await?,
        (204, Value::Null)
    );
    assert_eq!(send(&served, Method::DELETE, &location, Value::Null).await?.0, 404);
    assert_eq!(served.get(&location).await?.status(), 404);
    assert_eq!(traces(&served).await?, (0, 3, 3, 0, 0));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_is_refused_at_its_field() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let product = add(&served, "A-1", "Lamp").await?;
    for (body, fields) in [
        (json!({}), vec!["sku", "name"]),
        (json!({"sku": "x", "name": "\u{0}"}), vec!["name"]),
        (json!({"sku": "é".repeat(256), "name": "n"}), vec!["sku"]),
        (json!({"sku": 7, "name": "n", "price": 1}), vec!["sku", "price"]),
        (json!({"sku": "x", "name": "n", "active": "yes"}), vec!["active"]),
        (json!({"sku": "x", "name": "n", "version": 1}), vec!["version"]),
    ] {
        let (status, problem) = send(&served, Method::POST, PRODUCTS, body.clone()).await?;
        let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        let at: Vec<&str> = errors.iter().filter_map(|error| error["field"].as_str()).collect();
        assert_eq!((status, at), (422, fields), "{body}");
    }
    for (content_type, body, expected) in [
        ("text/plain", "{}", 415),
        ("application/json", "{\"name\":", 400),
        ("application/json", "[1]", 400),
        ("application/json", "\u{0}", 400),
    ] {
        let request = served.client.patch(served.url(&path(&product)));
        let response = request.header("Content-Type", content_type).body(body).send().await?;
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.status(), expected, "{content_type} {body}");
    }
    let (status, _) = send(&served, Method::PATCH, &path(&product), json!({"name": " "})).await?;
    assert_eq!((status, history(&served, &product).await?.len()), (422, 1));
    for unknown in ["/api/v1/products/4711", "/api/v1/products/x"] {
        assert_eq!(
            send(&served, Method::PATCH, unknown, json!({"name": "n"})).await?.0,
            404
        );
    }
    Ok(())
}

/// Its connection is closed with most of it unread, and may break before the answer has been read.
#[tokio::test]
async fn what_is_far_too_long_is_refused_unread() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let answered = async {
        loop {
            let request = served.client.post(served.url(PRODUCTS));
            let request = request.header("Content-Type", "application/json");
            if let Ok(answer) = request.body(" ".repeat(3 << 20)).send().await {
                return answer.status();
            }
        }
    };
    assert_eq!(tokio::time::timeout(Duration::from_mins(1), answered).await?, 413);
    Ok(())
}

#[tokio::test]
async fn a_taken_sku_names_who_has_it() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let first = add(&served, "Straße-É", "Lamp").await?;
    let second = add(&served, "B-2", "Table").await?;
    for (method, path) in [(Method::POST, PRODUCTS.to_owned()), (Method::PATCH, path(&second))] {
        let (status, problem) = send(&served, method, &path, json!({"sku": " STRASSE-é", "name": "x"})).await?;
        assert_eq!(status, 409, "{problem}");
        assert_eq!(problem["product"]["id"], first["id"]);
        assert_eq!(problem["product"]["name"], "Lamp");
        assert_eq!(
            problem["product"]["page"],
            format!("/products/{}", first["id"].as_str().unwrap_or_default())
        );
        assert_eq!(problem["errors"][0]["field"], "sku");
        assert!(problem.get("current").is_none(), "nobody changed it: {problem}");
    }
    let (status, respelt) = send(&served, Method::PATCH, &path(&first), json!({"sku": "STRASSE-É"})).await?;
    assert_eq!(
        (status, &respelt["sku"]),
        (200, &json!("STRASSE-É")),
        "its own SKU in another case"
    );
    Ok(())
}

#[tokio::test]
async fn of_two_editors_the_second_is_told() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let product = add(&served, "A-1", "Lamp").await?;
    let path = path(&product);
    let change = |name: &'static str| send(&served, Method::PATCH, &path, json!({"name": name, "version": 1}));
    assert_eq!(change("Lantern").await?.0, 200);
    let (status, problem) = change("Torch").await?;
    assert_eq!((status, &problem["current"]["name"]), (409, &json!("Lantern")));
    assert_eq!(problem["current"]["version"], 2);
    assert!(problem.get("product").is_none(), "nobody else has its SKU: {problem}");
    let (status, _) = send(&served, Method::PATCH, &path, json!({"name": "Torch"})).await?;
    assert_eq!(status, 200, "whoever names no version goes over what is there");
    Ok(())
}

/// Sends the form of a product's page; answers the status and the page.
async fn save(served: &Served, product: &Value, fields: &[(&str, &str)]) -> anyhow::Result<(u16, String)> {
    let address = served.url(&path(product).replace("/api/v1", ""));
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let request = served.client.post(address).body(body);
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    let answer = request.send().await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}

#[tokio::test]
async fn theirs_that_was_picked_stays_theirs_when_others_change_it_once_more() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let product = add(&served, "A-1", "Lamp").await?;
    let typed = [
        ("sku", "A-1"),
        ("name", "Mine"),
        ("description", "Mine"),
        ("active", "true"),
    ];
    send(&served, Method::PATCH, &path(&product), json!({"name": "Theirs"})).await?;
    let first = save(&served, &product, &[&typed[..], &[("version", "1")]].concat()).await?;
    assert!(first.0 == 409 && first.1.contains("pick_name"), "{first:?}");
    send(&served, Method::PATCH, &path(&product), json!({"active": false})).await?;
    let picked = [("version", "2"), ("pick_name", "theirs"), ("pick_description", "mine")];
    let second = save(&served, &product, &[&typed[..], &picked].concat()).await?;
    assert_eq!(second.0, 409);
    let hidden = "type=\"hidden\" name=\"name\" value=\"Theirs\"";
    assert!(
        second.1.contains(hidden) && !second.1.contains("pick_name"),
        "{second:?}"
    );
    Ok(())
}

#[tokio::test]
async fn what_was_typed_outlives_the_deletion_of_its_product() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let product = add(&served, "A-1", "Lamp").await?;
    let typed = [
        ("sku", "A-1"),
        ("name", "Mine"),
        ("description", "Long"),
        ("version", "1"),
    ];
    let restoring = [&typed[..], &[("restore", "true")]].concat();
    send(&served, Method::DELETE, &path(&product), Value::Null).await?;
    let (status, page) = save(&served, &product, &typed).await?;
    assert_eq!(status, 410);
    for kept in ["value=\"Mine\"", "\nLong</textarea>", "name=\"restore\" value=\"true\""] {
        assert!(page.contains(kept), "{kept} in {page}");
    }

    let other = add(&served, "a-1", "Other").await?;
    let (status, page) = save(&served, &product, &restoring).await?;
    assert_eq!(status, 409);
    assert!(
        page.contains("value=\"Mine\"") && !page.contains("name=\"restore\""),
        "{page}"
    );
    send(&served, Method::DELETE, &path(&other), Value::Null).await?;

    assert_eq!(save(&served, &product, &restoring).await?.0, 200);
    let back = served.json(&path(&product)).await?;
    let fields = ["name", "description", "active"].map(|field| &back[field]);
    assert_eq!(fields, [&json!("Mine"), &json!("Long"), &json!(false)]);
    Ok(())
}

#[tokio::test]
async fn the_description_knows_what_is_in_the_way() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let described = served.json("/api/v1/openapi.json").await?;
    let members = &described["components"]["schemas"]["Problem"]["properties"];
    assert!(members["product"]["description"].is_string(), "{members}");
    assert_eq!(members["current"]["$ref"], "#/components/schemas/Product");
    let conflict = &described["paths"]["/products/{id}"]["patch"]["responses"]["409"]["description"];
    for member in ["`product`", "`current`"] {
        assert!(conflict.as_str().unwrap_or_default().contains(member), "{conflict}");
    }
    Ok(())
}

#[tokio::test]
async fn of_many_at_once_one_gets_the_sku() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    for round in 0..5 {
        let sku = format!("RACE-{round}");
        let tries = (0..6).map(|number| {
            let body = json!({"sku": if number % 2 == 0 { sku.clone() } else { sku.to_lowercase() }, "name": "n"});
            send(&served, Method::POST, PRODUCTS, body)
        });
        let answers = futures_util::future::try_join_all(tries).await?;
        let with = |wanted: u16| answers.iter().filter(|(status, _)| *status == wanted).count();
        assert_eq!((with(201), with(409)), (1, 5), "{answers:?}");
        assert!(
            answers
                .iter()
                .all(|(status, body)| *status == 201 || body["product"]["id"].is_string())
        );
    }
    assert_eq!(traces(&served).await?, (5, 5, 5, 5, 0));
    Ok(())
}

#[tokio::test]
async fn many_changes_at_once_all_count() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let product = add(&served, "A-1", "Lamp").await?;
    let path = path(&product);
    let names: Vec<String> = (0..12).map(|number| format!("Lamp {number}")).collect();
    let changes = names
        .iter()
        .map(|name| send(&served, Method::PATCH, &path, json!({"name": name})));
    let answers = futures_util::future::try_join_all(changes).await?;
    assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
    assert_eq!(served.json(&path).await?["version"], 13);
    assert_eq!(history(&served, &product).await?.len(), 13);
    Ok(())
}

#[tokio::test]
async fn a_deletion_can_be_undone_unless_the_sku_was_taken() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let product = add(&served, "A-1", "Lamp").await?;
    let restoration = format!("{}/restoration", path(&product));
    send(&served, Method::DELETE, &path(&product), Value::Null).await?;
    let (status, restored) = send(&served, Method::PUT, &restoration, Value::Null).await?;
    assert_eq!(
        (status, &restored["id"], &restored["version"]),
        (200, &product["id"], &json!(3))
    );
    assert_eq!(restored["created_at"], product["created_at"]);
    let again = send(&served, Method::PUT, &restoration, Value::Null).await?;
    assert_eq!(again, (200, restored), "it is back already");
    assert_eq!(traces(&served).await?, (1, 3, 3, 1, 0));

    send(&served, Method::DELETE, &path(&product), Value::Null).await?;
    let other = add(&served, "a-1", "Other").await?;
    let (status, problem) = send(&served, Method::PUT, &restoration, Value::Null).await?;
    assert_eq!((status, &problem["product"]["id"]), (409, &other["id"]));
    send(&served, Method::DELETE, &path(&other), Value::Null).await?;
    assert_eq!(send(&served, Method::PUT, &restoration, Value::Null).await?.0, 200);
    let actions: Vec<Value> = history(&served, &product)
        .await?
        .iter()
        .map(|step| step["action"].clone())
        .collect();
    assert_eq!(actions, ["restored", "deleted", "restored", "deleted", "created"]);

    send(&served, Method::DELETE, &path(&product), Value::Null).await?;
    let pool = &served.database.database.pool;
    sqlx::query("UPDATE deleted_products SET deleted_at = now() - interval '25 hours' WHERE sku = 'A-1'")
        .execute(pool)
        .await?;
    assert_eq!(send(&served, Method::PUT, &restoration, Value::Null).await?.0, 404);
    product_importer::catalog::sweep_deleted(pool).await?;
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM deleted_products")
        .fetch_one(pool)
        .await?;
    assert_eq!(left, 1, "the other can still be restored");
    Ok(())
}

#[tokio::test]
async fn a_product_stays_one_of_its_import_whatever_is_done_to_it_by_hand() -> anyhow::Result<()> {
    let served = Served::start("serve").await?;
    served.import("sku,name\nA-1,Lamp\nB-2,Table\nC-3,Chair\n").await?;
    let of_import = async |id: i64| -> anyhow::Result<Value> {
        let list = served.json(&format!("{PRODUCTS}?import={id}&sort=sku")).await?;
        let names = list["items"]
            .as_array()
            .context("no items")?
            .iter()
            .map(|item| item["name"].clone());
        Ok(names.collect())
    };
    let list = served.json(PRODUCTS).await?;
    let items = list["items"].as_array().context("no items")?;
    let patch = json!({"name": "Lantern", "active": false});
    assert_eq!(send(&served, Method::PATCH, &path(&items[0]), patch).await?.0, 200);
    let all = json!({"action": "deactivate", "ids": [items[1]["id"]]});
    assert_eq!(
        send(&served, Method::POST, &format!("{PRODUCTS}/changes"), all)
            .await?
            .0,
        200
    );
    send(&served, Method::DELETE, &path(&items[2]), Value::Null).await?;
    assert_eq!(of_import(1).await?, json!(["Lantern", "Table"]));
    let restoration = format!("{}/restoration", path(&items[2]));
    assert_eq!(send(&served, Method::PUT, &restoration, Value::Null).await?.0, 200);
    add(&served, "D-4", "By hand").await?;
    assert_eq!(of_import(1).await?, json!(["Lantern", "Table", "Chair"]));

    // Another import takes what it changes, and the story knows who did what.
    served.import("sku,name\nA-1,Light\nB-2,Table\n").await?;
    assert_eq!(of_import(1).await?, json!(["Table", "Chair"]));
    assert_eq!(of_import(2).await?, json!(["Light"]));
    let told: Vec<(Value, Value)> = history(&served, &items[0])
        .await?
        .iter()
        .map(|step| (step["action"].clone(), step["import"]["id"].clone()))
        .collect();
    assert_eq!(
        told,
        [
            (json!("changed"), json!("2")),
            (json!("changed"), Value::Null),
            (json!("created"), json!("1"))
        ]
    );
    Ok(())
}

#[tokio::test]
async fn what_is_too_old_is_forgotten_and_the_rest_still_told() -> anyhow::Result<()> {
    let served = Served::start("serve").await?;
    served.import("sku,name\nA-1,Lamp\nB-2,Table\n").await?;
    let lamp = served.json(&format!("{PRODUCTS}?q=a-1")).await?["items"][0].clone();
    let rename = async |name: &str| send(&served, Method::PATCH, &path(&lamp), json!({"name": name})).await;
    rename("Lantern").await?;
    served.import("sku,name\nA-1,Light\nB-2,Desk\n").await?;
    rename("Bulb").await?;
    let told = async || -> anyhow::Result<Vec<Value>> {
        let steps = history(&served, &lamp).await?;
        Ok(steps.iter().map(|step| step["changes"][0]["from"].clone()).collect())
    };
    assert_eq!(
        told().await?,
        [json!("Light"), json!("Lantern"), json!("Lamp"), Value::Null]
    );

    let pool = &served.database.database.pool;
    let left = async || -> anyhow::Result<(i64, i64)> {
        let counts = "SELECT (SELECT count(*) FROM product_edits), (SELECT count(*) FROM import_edits)";
        Ok(sqlx::query_as(counts).fetch_one(pool).await?)
    };
    assert_eq!(left().await?, (2, 1));
    let age = async |table: &str, days: i32| {
        let statement = format!("UPDATE {table} SET at = at - make_interval(days => $1)");
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(days)
            .execute(pool)
            .await
    };
    age("import_edits", 11).await?;
    product_importer::catalog::sweep_history(pool, 12).await?;
    assert_eq!(left().await?, (2, 1), "nothing is that old");
    product_importer::catalog::sweep_history(pool, 10).await?;
    assert_eq!(left().await?, (2, 0));
    // The second import is known to have written the product, but no longer what was there before.
    assert_eq!(told().await?, [json!("Light"), Value::Null]);
    age("product_edits", 11).await?;
    product_importer::catalog::sweep_history(pool, 10).await?;
    assert_eq!(left().await?, (0, 0));
    let nothing: [Value; 0] = [];
    assert_eq!(told().await?, nothing);
    let address = format!("/products/{}", lamp["id"].as_str().unwrap_or_default());
    let page = served.get(&address).await?.text().await?;
    assert!(page.contains("too long ago to be kept"));
    Ok(())
}

#[tokio::test]
async fn the_story_goes_through_imports_and_hands() -> anyhow::Result<()> {
    let served = Served::start("serve").await?;
    served
        .import("sku,name,description\nB-2,Table,\nA-1,Lamp,bright\n")
        .await?;
    served.import("sku,name\na-1,Lamp\nB-2,Table\nC-3,Chair\n").await?;
    let listed = served.json("/api/v1/products?limit=1").await?;
    let product = listed["items"][0].clone();
    assert_eq!(product["sku"], "a-1");
    let hand = json!({"sku": "Z-9", "description": "very bright"});
    send(&served, Method::PATCH, &path(&product), hand).await?;
    served.import("sku,name,status\nz-9,Lantern,inactive\n").await?;
    send(&served, Method::DELETE, &path(&product), Value::Null).await?;

    let changes = |step: &Value| -> Vec<String> {
        let changes = step["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
        changes
            .iter()
            .map(|change| format!("{} {} {}", change["field"], change["from"], change["to"]).replace('"', ""))
            .collect()
    };
    let story: Vec<_> = history(&served, &product)
        .await?
        .iter()
        .map(|step| {
            let from = format!("{} {}", step["import"]["id"], step["import"]["line"]).replace('"', "");
            let action = step["action"].as_str().unwrap_or_default().to_owned();
            (
                step["version"].as_i64().unwrap_or_default(),
                action,
                from,
                changes(step),
            )
        })
        .collect();
    let step = |version, action: &str, from: &str, changes: &[&str]| {
        let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
        (version, action.to_owned(), from.to_owned(), changes)
    };
    let last = ["name Lamp Lantern", "sku Z-9 z-9", "active true false"];
    let expected = [
        step(5, "deleted", "null null", &[]),
        step(4, "changed", "3 2", &last),
        step(
            3,
            "changed",
            "null null",
            &["sku a-1 Z-9", "description bright very bright"],
        ),
        step(2, "changed", "2 2", &["sku A-1 a-1"]),
        step(1, "created", "1 3", &[]),
    ];
    assert_eq!(story, expected);
    Ok(())
}

#[tokio::test]
async fn a_piece_of_many_products_is_recorded_like_one() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let mut ids = Vec::new();
    for number in 0..5 {
        let product = json!({"sku": format!("S-{number}"), "name": "n", "active": number < 3});
        let (_, product) = send(&served, Method::POST, PRODUCTS, product).await?;
        ids.push(product["id"].as_str().context("no id")?.parse::<i64>()?);
    }
    let before = traces(&served).await?;
    let pool = &served.database.database.pool;
    let mut transaction = pool.begin().await?;
    let changed = edit::set_active(&mut transaction, &ids, false).await?;
    assert_eq!(changed.iter().map(|product| product.id).collect::<Vec<_>>(), ids[..3]);
    transaction.rollback().await?;
    assert_eq!(traces(&served).await?, before, "it belongs to the caller's transaction");

    let mut transaction = pool.begin().await?;
    edit::set_active(&mut transaction, &ids, false).await?;
    let unknown = [&ids[..2], &[4711]].concat();
    let gone = edit::delete_all(&mut transaction, &unknown).await?;
    transaction.commit().await?;
    assert_eq!(gone.len(), 2);
    let (products, steps, _, active, inactive) = traces(&served).await?;
    assert_eq!((products, steps, active, inactive), (3, 5 + 3 + 2, 0, 3));
    let restoration = format!("{PRODUCTS}/{}/restoration", ids[0]);
    let (_, restored) = send(&served, Method::PUT, &restoration, Value::Null).await?;
    assert_eq!((&restored["version"], &restored["active"]), (&json!(4), &json!(false)));
    Ok(())
}

#[tokio::test]
async fn nothing_is_half_written() -> anyhow::Result<()> {
    let mut served = Served::start("web").await?;
    let product = add(&served, "A-1", "Lamp").await?;
    let gone = add(&served, "B-2", "Gone").await?;
    send(&served, Method::DELETE, &path(&gone), Value::Null).await?;
    let before = traces(&served).await?;
    let faulty = Process::serve(
        program(Some(&served.database.url()))
            .arg("web")
            .env("PRODUCT_IMPORTER_FAULT", "edit.commit=error"),
    )?;
    (served.process, served.address) = faulty;
    for (method, path, body) in [
        (Method::POST, PRODUCTS.to_owned(), json!({"sku": "C-3", "name": "x"})),
        (Method::PATCH, path(&product), json!({"name": "x", "active": false})),
        (Method::DELETE, path(&product), Value::Null),
        (Method::PUT, format!("{}/restoration", path(&gone)), Value::Null),
    ] {
        let (status, problem) = send(&served, method, &path, body).await?;
        assert_eq!(status, 500, "{problem}");
        assert_eq!(traces(&served).await?, before, "{path}");
    }
    assert_eq!(served.json(&path(&product)).await?, product);
    Ok(())
}
