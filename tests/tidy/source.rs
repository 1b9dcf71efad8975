//! A source file, parsed, as the rules see it: its tokens without the tests, its functions, its paths.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use std::fs;
use std::path::Path;
use syn::{Attribute, Item};

/// A file of the crate.
pub struct Source {
    /// From the crate's root, with `/`.
    pub file: String,
    pub text: String,
    pub syntax: syn::File,
}

/// A path as written, `use` trees taken apart: `use a::{b, c::d}` is `a::b` and `a::c::d`.
#[derive(Debug, PartialEq, Eq)]
pub struct NamedPath {
    pub segments: Vec<String>,
    pub line: usize,
}

impl Source {
    /// Every Rust file below `folder`.
    pub fn read_all(root: &Path, folder: &str) -> Vec<Self> {
        let Ok(entries) = fs::read_dir(root.join(folder)) else {
            return Vec::new();
        };
        let mut sources = Vec::new();
        for entry in entries {
            let path = entry.expect("a folder entry").path();
            let file = format!("{folder}/{}", path.file_name().expect("a file name").to_string_lossy());
            if path.is_dir() {
                sources.extend(Self::read_all(root, &file));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push(Self::new(&file, fs::read_to_string(&path).expect("a readable file")));
            }
        }
        sources
    }

    pub fn new(file: &str, text: impl Into<String>) -> Self {
        let text = text.into();
        let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        Self {
            file: file.to_owned(),
            text,
            syntax,
        }
    }

    /// The module's path within the crate: `src/imports/read/mod.rs` is `imports`, `read`. None outside `src`.
    pub fn module(&self) -> Option<Vec<&str>> {
        let path = self.file.strip_prefix("src/")?.strip_suffix(".rs")?;
        let mut names: Vec<&str> = path.split('/').collect();
        if names.last() == Some(&"mod") || path == "lib" {
            names.pop();
        }
        Some(names)
    }

    /// Whether the whole file is tests: all of `tests/`, and a `mod tests;` in a file of its own.
    pub fn is_tests(&self) -> bool {
        self.file.starts_with("tests/") || self.file.ends_with("/tests.rs")
    }

    /// The tokens of everything but tests.
    pub fn tokens(&self) -> TokenStream {
        if self.is_tests() {
            return TokenStream::new();
        }
        self.syntax
            .items
            .iter()
            .filter(|item| !is_test(item))
            .map(ToTokens::to_token_stream)
            .collect()
    }

    /// The line of the first `#[cfg(test)]` module, or one past the end.
    pub fn first_test_line(&self) -> usize {
        let test = self
            .syntax
            .items
            .iter()
            .find(|item| matches!(item, Item::Mod(_)) && is_test(item));
        test.map_or(self.text.lines().count() + 1, |item| {
            item.to_token_stream()
                .into_iter()
                .next()
                .map_or(1, |token| token.span().start().line)
        })
    }

    pub fn paths(&self) -> Vec<NamedPath> {
        let mut paths = Vec::new();
        collect_paths(self.tokens(), &mut paths);
        paths
    }
}

fn is_test(item: &Item) -> bool {
    attributes(item).iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.to_token_stream().to_string().replace(' ', "") == "#[cfg(test)]"
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn collect_paths(tokens: TokenStream, paths: &mut Vec<NamedPath>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(_) => at = path_from(&tokens, at, &[], paths),
            TokenTree::Group(group) => {
                collect_paths(group.stream(), paths);
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// Reads the path that begins at `tokens[at]`, which is a name, and answers where it ends.
fn path_from(tokens: &[TokenTree], mut at: usize, prefix: &[String], paths: &mut Vec<NamedPath>) -> usize {
    let mut segments = prefix.to_vec();
    let line = tokens[at].span().start().line;
    while let Some(TokenTree::Ident(name)) = tokens.get(at) {
        segments.push(name.to_string());
        at += 1;
        if !is_path_separator(tokens, at) {
            break;
        }
        at += 2;
        if let Some(TokenTree::Group(group)) = tokens.get(at)
            && group.delimiter() == Delimiter::Brace
        {
            branches(group.stream(), &segments, paths);
            return at + 1;
        }
    }
    if segments.len() > 1 {
        paths.push(NamedPath { segments, line });
    }
    at
}

/// The inside of the braces of a `use`.
fn branches(tokens: TokenStream, prefix: &[String], paths: &mut Vec<NamedPath>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            // `a as b` is `a`: the new name is no path.
            TokenTree::Ident(name) if name == "as" => at += 2,
            TokenTree::Ident(_) => at = path_from(&tokens, at, prefix, paths),
            _ => at += 1,
        }
    }
}

fn is_path_separator(tokens: &[TokenTree], at: usize) -> bool {
    let colon = |at: usize| match tokens.get(at) {
        Some(TokenTree::Punct(mark)) if mark.as_char() == ':' => Some(mark.spacing()),
        _ => None,
    };
    colon(at) == Some(Spacing::Joint) && colon(at + 1).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        Source::new("src/a.rs", text)
            .paths()
            .iter()
            .map(|path| path.segments.join("::"))
            .collect()
    }

    #[test]
    fn trees_are_taken_apart() {
        let found = paths("use crate::{a::B, c::{self, D as E}, f};");
        assert_eq!(found, ["crate::a::B", "crate::c::self", "crate::c::D", "crate::f"]);
    }

    #[test]
    fn paths_are_found_inside_bodies_and_macros() {
        let found = paths("fn f() -> crate::a::B { g(format!(\"{}\", crate::c::d())) }");
        assert_eq!(found, ["crate::a::B", "crate::c::d"]);
    }

    #[test]
    fn tests_are_left_out() {
        assert!(paths("#[cfg(test)] mod tests { use crate::a::B; }").is_empty());
        assert!(Source::new("src/a/tests.rs", "use crate::a::B;").paths().is_empty());
        let source = Source::new("src/a.rs", "fn f() {}\n\n#[cfg(test)]\nmod tests {}\n");
        assert_eq!(source.first_test_line(), 3);
    }

    #[test]
    fn modules_are_named_by_their_files() {
        let module = |file| Source::new(file, "").module().map(|names| names.join("::"));
        assert_eq!(module("src/lib.rs").as_deref(), Some(""));
        assert_eq!(module("src/main.rs").as_deref(), Some("main"));
        assert_eq!(module("src/imports/mod.rs").as_deref(), Some("imports"));
        assert_eq!(
            module("src/imports/read/rows.rs").as_deref(),
            Some("imports::read::rows")
        );
        assert_eq!(module("tests/a.rs"), None);
    }
}
