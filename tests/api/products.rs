//! The list of products: every page of it, in order, while the catalogue changes.

use crate::support::served::Served;
use serde_json::Value;

/// 120 products, every third of them inactive, whose SKUs do not sort as numbers do.
async fn catalogue() -> anyhow::Result<Served> {
    let served = Served::start("serve").await?;
    let rows: String = (0..120)
        .map(|number| {
            let status = if number % 3 == 0 { "inactive" } else { "active" };
            ["Sku-É", &(number * 7).to_string(), ",name,", status, "\n"].concat()
        })
        .collect();
    let import = served.import(format!("sku,name,status\n{rows}")).await?;
    anyhow::ensure!(import["created"] == 120, "{import}");
    Ok(served)
}

async fn in_order(served: &Served, condition: &'static str) -> anyhow::Result<Vec<String>> {
    let query = ["SELECT sku FROM products WHERE ", condition, " ORDER BY sku_key"].concat();
    Ok(sqlx::query_scalar(sqlx::AssertSqlSafe(query))
        .fetch_all(&served.database.database.pool)
        .await?)
}

fn skus(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| Some(item["sku"].as_str()?.to_owned()))
        .collect()
}

async fn walk(served: &Served, query: &str) -> anyhow::Result<(Vec<String>, i64)> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = served
            .json(&format!("/api/v1/products?limit=7&{query}{cursor}"))
            .await?;
        anyhow::ensure!(page["total"]["relation"] == "exact");
        found.extend(skus(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok((found, page["total"]["value"].as_i64().unwrap_or(-1))),
        }
    }
}

#[tokio::test]
async fn pages_together_are_the_whole_list_both_ways() -> anyhow::Result<()> {
    let served = catalogue().await?;
    for (query, condition) in [
        ("", "true"),
        ("status=active", "active"),
        ("status=inactive", "NOT active"),
    ] {
        let mut expected = in_order(&served, condition).await?;
        let total = expected.len() as i64;
        assert_eq!(walk(&served, query).await?, (expected.clone(), total), "{query}");
        expected.reverse();
        assert_eq!(
            walk(&served, &format!("{query}&sort=-sku")).await?,
            (expected, total),
            "{query}"
        );
    }
    for bad in ["status=some", "sort=price", "cursor=!"] {
        assert_eq!(
            served.get(&format!("/api/v1/products?{bad}")).await?.status(),
            422,
            "{bad}"
        );
    }
    let first = served.json("/api/v1/products?sort=created_at&limit=7").await?;
    let cursor = first["next_cursor"].as_str().unwrap_or_default();
    for (sort, status) in [
        ("created_at", 200),
        ("-created_at", 422),
        ("updated_at", 422),
        ("sku", 422),
    ] {
        let asked = format!("/api/v1/products?sort={sort}&limit=7&cursor={cursor}");
        assert_eq!(served.get(&asked).await?.status(), status, "{sort}");
    }
    let page = served.get("/products?status=active&cursor=!").await?;
    assert_eq!(page.status(), 200);
    assert_eq!(
        page.url().query(),
        Some("status=active"),
        "a page leads to the first one"
    );
    Ok(())
}

#[tokio::test]
async fn a_walk_survives_changes_on_the_way() -> anyhow::Result<()> {
    let served = catalogue().await?;
    let before = in_order(&served, "true").await?;
    let first = served.json("/api/v1/products?limit=40").await?;
    let pool = &served.database.database.pool;
    sqlx::query("DELETE FROM products WHERE sku = ANY($1)")
        .bind(&before[3..9])
        .execute(pool)
        .await?;
    sqlx::query("DELETE FROM products WHERE sku = $1")
        .bind(&before[39])
        .execute(pool)
        .await?;
    let import = served.import("sku,name\naaa,earlier\nzzz,later\n").await?;
    assert_eq!(import["created"], 2, "{import}");
    let cursor = first["next_cursor"].as_str().unwrap_or_default();
    let second = served
        .json(&format!("/api/v1/products?limit=500&cursor={cursor}"))
        .await?;
    let mut found = skus(&first);
    found.extend(skus(&second));
    let mut expected = before;
    expected.push("zzz".into());
    assert_eq!(found, expected);
    Ok(())
}

/// The address behind a link of that relation.
fn link(html: &str, relation: &str) -> Option<String> {
    let (before, _) = html.split_once(&format!("rel=\"{relation}\""))?;
    let (_, address) = before.rsplit_once("href=\"")?;
    Some(address.split('"').next()?.replace("&#38;", "&").replace("&amp;", "&"))
}

#[tokio::test]
async fn the_pages_lead_to_the_end_and_back() -> anyhow::Result<()> {
    let served = catalogue().await?;
    let shown = |html: &str| html.matches("Sku-É").count();
    let mut html = served
        .get("/products?status=active&sort=-sku&limit=30")
        .await?
        .text()
        .await?;
    let mut pages = vec![html.clone()];
    while let Some(address) = link(&html, "next") {
        html = served.get(&address).await?.text().await?;
        pages.push(html.clone());
    }
    assert_eq!(pages.len(), 3, "80 active products, 30 a page");
    assert!(pages.iter().all(|page| shown(page) > 0));
    for page in pages.iter().rev().skip(1) {
        let address = link(&html, "prev").unwrap_or_default();
        html = served.get(&address).await?.text().await?;
        assert_eq!(shown(&html), shown(page), "{address}");
    }
    assert_eq!(link(&html, "prev"), None);
    Ok(())
}

#[tokio::test]
async fn a_product_is_told_as_promised() -> anyhow::Result<()> {
    let served = Served::start("serve").await?;
    served
        .import("sku,name,description\n A-1 ,Lamp,\"two\nlines\"\n")
        .await?;
    let listed = served.json("/api/v1/products").await?["items"][0].take();
    let id = listed["id"].as_str().unwrap_or_default();
    let product = served.json(&format!("/api/v1/products/{id}")).await?;
    assert_eq!(product, listed);
    for (name, value) in [
        ("sku", Value::from("A-1")),
        ("name", "Lamp".into()),
        ("description", "two\nlines".into()),
        ("active", true.into()),
        ("version", 1.into()),
    ] {
        assert_eq!(product[name], value, "{product}");
    }
    Ok(())
}
