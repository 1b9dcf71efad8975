//! Exports: what comes out goes in again unchanged, also selected or filtered, and never looks complete when it is not.

use crate::support::process::{output, program};
use crate::support::served::Served;
use crate::{csv, filled};
use product_importer::catalog::{self, Exported, Filter, Search};
use std::collections::BTreeSet;

async fn export(served: &Served, query: &str) -> anyhow::Result<String> {
    Ok(served
        .get(&format!("/api/v1/products/export.csv{query}"))
        .await?
        .error_for_status()?
        .text()
        .await?)
}

fn skus(csv: &str) -> anyhow::Result<Vec<String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let skus = reader.records().map(|record| Ok(record?[1].to_owned()));
    skus.collect()
}

#[tokio::test]
async fn what_is_exported_goes_in_again_unchanged() -> anyhow::Result<()> {
    let served = Served::start("serve").await?;
    let odd = "sku,name,description,status\n\
               A-1,\"Lamp, \"\"big\"\"\",\"two\r\nlines\",inactive\n\
               =B,Ünïcödé 👍, spaced ,active\n";
    let import = served.import(odd).await?;
    assert_eq!(import["created"], 2, "{import}");
    let import = served.import(csv("C", 9_000)).await?;
    assert_eq!(import["created"], 9_000, "{import}");
    let answer = served.get("/products/export.csv").await?;
    let name = answer.headers()["content-disposition"].to_str()?.to_owned();
    assert!(
        name.starts_with("attachment; filename=\"products-20") && name.ends_with(".csv\""),
        "{name}"
    );
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    let exported = String::from_utf8(answer.bytes().await?.to_vec())?;
    assert!(exported.starts_with("\u{feff}name,"), "Excel would garble it");
    assert_eq!(skus(&exported)?.len(), 9_002);
    let import = served.import(exported).await?;
    assert_eq!(
        (&import["unchanged"], &import["rows_read"]),
        (&9_002.into(), &9_002.into()),
        "{import}"
    );
    Ok(())
}

#[tokio::test]
async fn the_words_of_the_list_choose_what_is_exported() -> anyhow::Result<()> {
    let served = filled(100).await?;
    let inactive = skus(&export(&served, "?status=inactive").await?)?;
    assert_eq!(inactive.len(), 34);
    let found: BTreeSet<_> = skus(&export(&served, "?import=1&status=inactive").await?)?
        .into_iter()
        .collect();
    assert_eq!(found, inactive.iter().cloned().collect());
    assert_eq!(export(&served, "?import=999").await?, "name,sku,description,status\r\n");

    let page = served.json("/api/v1/products?limit=3").await?;
    let ids: Vec<_> = (0..3).filter_map(|place| page["items"][place]["id"].as_str()).collect();
    let chosen = export(&served, &format!("?ids={}", ids.join(","))).await?;
    assert_eq!(skus(&chosen)?.len(), 3, "{chosen}");
    for (query, status) in [
        ("?ids=x", 422),
        ("?status=some", 422),
        ("?expected=some", 422),
        ("?status=inactive&expected=100", 409),
        ("?status=inactive&expected=34", 200),
    ] {
        let answer = served.get(&format!("/api/v1/products/export.csv{query}")).await?;
        assert_eq!(answer.status(), status, "{query}");
    }
    Ok(())
}

#[tokio::test]
async fn a_terminal_exports_what_is_searched_for() -> anyhow::Result<()> {
    let served = filled(100).await?;
    let url = served.database.url();
    let all = output(&program(Some(&url)).arg("export").output()?)?;
    assert_eq!(skus(&all)?.len(), 100);
    let found = output(
        &program(Some(&url))
            .args(["export", "--q", "a-99", "--status", "inactive"])
            .output()?,
    )?;
    assert_eq!(skus(&found)?, ["A-99"]);
    let refused = program(Some(&url)).args(["export", "--q", &"x".repeat(501)]).output()?;
    assert_eq!(refused.status.code(), Some(2));
    Ok(())
}

/// Takes the first bytes, then lets something happen before it takes the rest.
struct Interrupted<F: FnMut()> {
    taken: usize,
    happen: Option<F>,
}

impl<F: FnMut()> std::io::Write for Interrupted<F> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.taken += bytes.len();
        if self.taken > 1_000
            && let Some(mut happen) = self.happen.take()
        {
            happen();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_breaks_off_when_everything_is_deleted_under_it() -> anyhow::Result<()> {
    let served = filled(30_000).await?;
    let database = served.database.another().await?;
    let handle = tokio::runtime::Handle::current();
    let clearing = database.clone();
    let out = Interrupted {
        taken: 0,
        happen: Some(move || {
            let cleared = tokio::task::block_in_place(|| handle.block_on(catalog::clear(&clearing, 30_000)));
            assert!(cleared.is_ok(), "{cleared:?}");
        }),
    };
    let search = Search::new(database, 16);
    let written = catalog::export(search, Exported::Matching(Filter::default()), out).await;
    let error = format!(
        "{:#}",
        written.err().unwrap_or_else(|| anyhow::anyhow!("it ended well"))
    );
    assert!(error.contains("deleted or brought back"), "{error}");
    Ok(())
}
