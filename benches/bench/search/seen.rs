//! What is in a file, as far as questions need to know: some of its products, common and rare words.

use anyhow::Result;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use std::collections::HashMap;
use std::path::Path;

const PRODUCTS: usize = 2_000;
/// Words are counted in the first rows only: enough to tell common from rare.
const COUNTED_ROWS: usize = 100_000;
const COMMON_WORDS: usize = 60;

/// A product of the file.
pub struct Product {
    pub name: String,
    pub sku: String,
    pub description: String,
}

pub struct Seen {
    pub products: Vec<Product>,
    pub common: Vec<String>,
    pub rare: Vec<String>,
}

impl Seen {
    /// Reads the whole file once; the products are evenly spread over it.
    pub fn in_file(path: &Path, seed: u64) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut products: Vec<Product> = Vec::with_capacity(PRODUCTS);
        let mut counts: HashMap<String, usize> = HashMap::new();
        for (row, record) in csv::Reader::from_path(path)?.records().enumerate() {
            let record = record?;
            if row < COUNTED_ROWS {
                for word in words(&record[0]).chain(words(&record[2])) {
                    *counts.entry(word.to_lowercase()).or_default() += 1;
                }
            }
            let place = if row < PRODUCTS { row } else { rng.random_range(0..=row) };
            if place < PRODUCTS {
                let product = Product {
                    name: record[0].to_owned(),
                    sku: record[1].to_owned(),
                    description: record[2].to_owned(),
                };
                if place < products.len() {
                    products[place] = product;
                } else {
                    products.push(product);
                }
            }
        }
        let (common, rare) = common_and_rare(counts);
        Ok(Self { products, common, rare })
    }
}

/// The words of a text, without what stands around them.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
        .map(|word| word.trim_matches(|letter: char| !letter.is_alphanumeric()))
        .filter(|word| !word.is_empty())
}

fn common_and_rare(counts: HashMap<String, usize>) -> (Vec<String>, Vec<String>) {
    let mut counted: Vec<(String, usize)> = counts.into_iter().collect();
    counted.sort_unstable_by(|(word, count), (other, other_count)| other_count.cmp(count).then(word.cmp(other)));
    let common: Vec<String> = counted
        .iter()
        .take(COMMON_WORDS)
        .map(|(word, _)| word.clone())
        .collect();
    let rarest = counted.len() - counted.len() / 3;
    let rare = counted.split_off(rarest).into_iter().map(|(word, _)| word).collect();
    (common, rare)
}
