//! Asking the program over HTTP, as its list does, and what that took.

use super::questions::{Kind, Question};
use crate::report::Latency;
use crate::upload::succeeded;
use anyhow::Result;
use reqwest::{Client, Url};
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const API: &str = "api/v1/products";
const PAGE: &str = "products";

/// One answer: a page of products.
pub struct Answered {
    pub kind: Kind,
    pub took: Duration,
    pub products: usize,
    /// What was asked, to be told when it was slow.
    pub asked: String,
}

/// Asks all questions once, by so many clients at a time that share the list.
pub async fn ask(server: &Url, questions: &[Question], clients: usize) -> Result<Vec<Answered>> {
    let (client, next) = (Client::new(), AtomicUsize::new(0));
    let asking = (0..clients).map(|_| async {
        let mut answers = Vec::new();
        while let Some(question) = questions.get(next.fetch_add(1, Ordering::Relaxed)) {
            answers.extend(ask_one(&client, server, question).await?);
        }
        anyhow::Ok(answers)
    });
    let answers = futures_util::future::try_join_all(asking).await?;
    Ok(answers.into_iter().flatten().collect())
}

/// Asks for the whole page of each question once, as a browser without scripts does.
pub async fn ask_pages(server: &Url, questions: &[Question]) -> Result<Vec<Answered>> {
    let client = Client::new();
    let mut answers = Vec::new();
    for question in questions {
        let url = address(server, PAGE, question, None)?;
        let start = Instant::now();
        succeeded(client.get(url.clone()).send().await?).await?.bytes().await?;
        answers.push(Answered {
            kind: question.kind,
            took: start.elapsed(),
            products: 0,
            asked: asked(&url),
        });
    }
    Ok(answers)
}

/// Asks one question, page by page.
pub async fn ask_one(client: &Client, server: &Url, question: &Question) -> Result<Vec<Answered>> {
    let mut answers = Vec::new();
    let mut cursor = None;
    for _ in 0..question.pages {
        let url = address(server, API, question, cursor.as_deref())?;
        let start = Instant::now();
        let bytes = succeeded(client.get(url.clone()).send().await?).await?.bytes().await?;
        let took = start.elapsed();
        let page: Value = serde_json::from_slice(&bytes)?;
        answers.push(Answered {
            kind: question.kind,
            took,
            products: page["items"].as_array().map_or(0, Vec::len),
            asked: asked(&url),
        });
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    Ok(answers)
}

fn address(server: &Url, path: &str, question: &Question, cursor: Option<&str>) -> Result<Url> {
    let mut url = server.join(path)?;
    let words = [
        ("q", Some(question.q.as_str())),
        ("status", Some(question.status)),
        ("sort", Some(question.sort)),
        ("changed_since", question.changed_since.as_deref()),
        ("import", question.import.as_deref()),
        ("cursor", cursor),
    ];
    for (name, word) in words {
        if let Some(word) = word.filter(|word| !word.is_empty()) {
            url.query_pairs_mut().append_pair(name, word);
        }
    }
    Ok(url)
}

fn asked(url: &Url) -> String {
    let words: Vec<String> = url.query_pairs().map(|(name, word)| format!("{name}={word}")).collect();
    words.join(" ")
}

/// The figures of some answers.
pub fn latency<'a>(name: &str, kind: &str, answers: impl Iterator<Item = &'a Answered>) -> Latency {
    let (mut took, mut products) = (Vec::new(), 0);
    for answer in answers {
        took.push(answer.took);
        products += answer.products;
    }
    Latency::of(name, kind, products, &took)
}

/// The questions whose answers took longest.
pub fn slowest(answers: &[Answered], count: usize) -> Vec<String> {
    let mut sorted: Vec<&Answered> = answers.iter().collect();
    sorted.sort_by_key(|answer| std::cmp::Reverse(answer.took));
    let told = sorted.into_iter().take(count);
    told.map(|answer| {
        let asked: String = answer.asked.chars().take(160).collect();
        format!(
            "{:.0} ms {}: {asked}",
            answer.took.as_secs_f64() * 1e3,
            answer.kind.name()
        )
    })
    .collect()
}
