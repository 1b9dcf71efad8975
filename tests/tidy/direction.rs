//! One direction: a module of `src` uses only contexts to its right, and enters them by their front door.
//!
//! The order is total, so no circle between contexts can pass. Within its own context a module is free.

use crate::Offence;
use crate::source::{NamedPath, Source};
use std::collections::{BTreeMap, BTreeSet};

/// A module may use only what stands to its right.
const ORDER: [&str; 13] = [
    "main",
    "cli",
    "router",
    "worker",
    "description",
    "status",
    "imports",
    "catalog",
    "webhooks",
    "accounts",
    "http",
    "platform",
    "config",
];

/// Collections of tools, not contexts of the domain: each of their modules is a front door of its own, so that
/// `platform::database::Database` is fine and `platform::postgres::server::Server` is not.
const COLLECTIONS: [&str; 2] = ["http", "platform"];

/// The name by which `main.rs` knows the library.
const LIBRARY: &str = "product_importer";

/// Each front door (`catalog`, `http`, `http::pages`) with the modules behind it and the names it hands out.
#[derive(Default)]
pub struct FrontDoors {
    behind: BTreeMap<String, BTreeSet<String>>,
    handed_out: BTreeMap<String, BTreeSet<String>>,
}

impl FrontDoors {
    pub fn of(sources: &[Source]) -> Self {
        let mut doors = Self::default();
        for source in sources {
            let Some(module) = source.module() else { continue };
            if let [door @ .., name] = &*module {
                doors
                    .behind
                    .entry(door.join("::"))
                    .or_default()
                    .insert((*name).to_owned());
            }
            doors.handed_out.insert(module.join("::"), handed_out(source));
        }
        doors
    }

    /// `catalog::sku::SkuKey` goes past the front door, and so does `catalog::sku` when it means the module and
    /// not a function or type of that name.
    fn are_passed_by(&self, path: &[String]) -> bool {
        let is_collection = path.first().is_some_and(|context| COLLECTIONS.contains(&&**context));
        let Some((door, rest)) = path.split_at_checked(if is_collection { 2 } else { 1 }) else {
            return false;
        };
        let door = door.join("::");
        let Some((name, further)) = rest.split_first() else {
            return false;
        };
        let has =
            |names: &BTreeMap<String, BTreeSet<String>>| names.get(&door).is_some_and(|names| names.contains(name));
        has(&self.behind) && !(further.is_empty() && has(&self.handed_out))
    }
}

/// The names of `pub use` in a module.
fn handed_out(source: &Source) -> BTreeSet<String> {
    let uses = source.syntax.items.iter().filter_map(|item| match item {
        syn::Item::Use(item) if !matches!(item.vis, syn::Visibility::Inherited) => Some(&item.tree),
        _ => None,
    });
    let mut names = BTreeSet::new();
    uses.for_each(|tree| leaves(tree, &mut names));
    names
}

fn leaves(tree: &syn::UseTree, names: &mut BTreeSet<String>) {
    match tree {
        syn::UseTree::Path(path) => leaves(&path.tree, names),
        syn::UseTree::Name(name) => {
            names.insert(name.ident.to_string());
        }
        syn::UseTree::Rename(rename) => {
            names.insert(rename.rename.to_string());
        }
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, names)),
        syn::UseTree::Glob(_) => {}
    }
}

pub fn offences(source: &Source, doors: &FrontDoors) -> Vec<Offence> {
    let Some(module) = source.module() else {
        return Vec::new();
    };
    let Some(context) = module.first() else {
        return Vec::new();
    };
    let offence = |line, rule| Offence {
        file: source.file.clone(),
        line,
        rule,
    };
    if !ORDER.contains(context) {
        let rule = format!("`{context}` has no place in the order of contexts; see tests/tidy/direction.rs");
        return vec![offence(1, rule)];
    }
    let paths = source.paths();
    let named = paths
        .iter()
        .filter_map(|path| Some((path.line, within_crate(path, &module)?)));
    named
        .filter_map(|(line, target)| Some(offence(line, judged(context, &target, doors)?)))
        .collect()
}

/// The path from the crate's root, if it is one of the crate's: `super` is resolved by the module's own place.
fn within_crate(path: &NamedPath, module: &[&str]) -> Option<Vec<String>> {
    let (first, rest) = path.segments.split_first()?;
    if first == "crate" || first == LIBRARY {
        return Some(rest.to_vec());
    }
    let ups = path.segments.iter().take_while(|segment| *segment == "super").count();
    if ups == 0 || ups > module.len() {
        return None;
    }
    let above = module[..module.len() - ups].iter().map(ToString::to_string);
    Some(above.chain(path.segments[ups..].iter().cloned()).collect())
}

fn judged(context: &str, target: &[String], doors: &FrontDoors) -> Option<String> {
    let other = target.first()?;
    let place = |name: &str| ORDER.iter().position(|context| *context == name);
    let (own_place, other_place) = (place(context)?, place(other)?);
    if other_place < own_place {
        return Some(format!(
            "`{context}` uses `{}`, which stands to its left: move what both need to the right, or let the left call",
            target.join("::")
        ));
    }
    (other_place > own_place && doors.are_passed_by(target)).then(|| {
        format!(
            "`{context}` enters `{}` past the front door: `pub use` it in src/{other}/mod.rs",
            target.join("::")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules broken by a file, in a crate where the catalogue has a module `sku` and hands out `clear`.
    fn rules(file: &str, text: &str) -> Vec<String> {
        let sources = [
            Source::new(
                "src/catalog/mod.rs",
                "mod clear; mod sku; pub use clear::clear; pub use sku::{fold as key};",
            ),
            Source::new("src/catalog/clear.rs", ""),
            Source::new("src/catalog/sku.rs", ""),
            Source::new("src/platform/database.rs", ""),
            Source::new("src/platform/postgres/mod.rs", ""),
            Source::new("src/platform/postgres/server.rs", ""),
            Source::new(file, text),
        ];
        let doors = FrontDoors::of(&sources);
        offences(&sources[6], &doors)
            .into_iter()
            .map(|offence| offence.rule)
            .collect()
    }

    #[test]
    fn to_the_right_by_the_front_door_is_fine() {
        let text = "use crate::catalog::{clear, Product}; fn f() { crate::platform::open(); crate::catalog::key(); }";
        assert!(rules("src/imports/merge.rs", text).is_empty());
        assert!(
            rules(
                "src/imports/merge.rs",
                "use super::staging::Rows; use crate::imports::read::Row;"
            )
            .is_empty()
        );
        let tools = "use crate::platform::{database, database::Database, postgres::PrivatePostgres};";
        assert!(rules("src/imports/merge.rs", tools).is_empty());
        assert!(rules("src/main.rs", "fn main() { product_importer::cli::run() }").is_empty());
    }

    #[test]
    fn to_the_left_is_an_offence() {
        for text in [
            "use crate::imports::Import;",
            "use crate::{imports::Import};",
            "fn f() { println!(\"{}\", crate::imports::count()); }",
            "use super::super::imports::Import;",
            "fn f(_: product_importer::router::Routes) {}",
        ] {
            let rules = rules("src/catalog/edit.rs", text);
            assert!(
                rules.len() == 1 && rules[0].contains("stands to its left"),
                "{text}: {rules:?}"
            );
        }
    }

    #[test]
    fn past_the_front_door_is_an_offence() {
        for text in [
            "use crate::catalog::sku::SkuKey;",
            "use crate::catalog::sku;",
            "use crate::catalog::clear::now;",
        ] {
            let rules = rules("src/imports/merge.rs", text);
            assert!(
                rules.len() == 1 && rules[0].contains("past the front door"),
                "{text}: {rules:?}"
            );
        }
    }

    #[test]
    fn every_module_has_a_place() {
        assert_eq!(rules("src/billing.rs", "").len(), 1);
        assert!(rules("src/lib.rs", "pub mod catalog;").is_empty());
    }
}
