//! Lengths, names and heads: what keeps a file readable at one sitting.

use crate::Offence;
use crate::source::Source;
use syn::visit::{self, Visit};

const FUNCTION_MAX_LINES: usize = 70;
const FILE_MAX_LINES: usize = 400;
/// Names that say nothing about what is inside.
const VAGUE_NAMES: [&str; 12] = [
    "utils", "util", "helpers", "helper", "common", "core", "manager", "managers", "service", "services", "misc",
    "shared",
];

fn offence(source: &Source, line: usize, rule: String) -> Offence {
    Offence {
        file: source.file.clone(),
        line,
        rule,
    }
}

/// Tests too: a test of more than a screen is several tests.
pub fn long_functions(source: &Source) -> Vec<Offence> {
    let mut functions = Functions(Vec::new());
    functions.visit_file(&source.syntax);
    let long = functions
        .0
        .into_iter()
        .filter(|(_, _, lines)| *lines > FUNCTION_MAX_LINES);
    long.map(|(name, line, lines)| {
        let rule = format!("`{name}` has {lines} lines; a function has at most {FUNCTION_MAX_LINES}: name its steps");
        offence(source, line, rule)
    })
    .collect()
}

/// Name, line and lines between the braces of every function.
struct Functions(Vec<(String, usize, usize)>);

impl Functions {
    fn add(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let (open, close) = (
            block.brace_token.span.open().start().line,
            block.brace_token.span.close().end().line,
        );
        let line = signature.ident.span().start().line;
        self.0
            .push((signature.ident.to_string(), line, (close - open).saturating_sub(1)));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.add(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

/// Without the tests at its end; files of nothing but tests are left alone.
pub fn long_file(source: &Source) -> Vec<Offence> {
    let lines = source.first_test_line() - 1;
    if source.is_tests() || lines <= FILE_MAX_LINES {
        return Vec::new();
    }
    let rule = format!("{lines} lines before its tests; a file has at most {FILE_MAX_LINES}: give a part its own file");
    vec![offence(source, FILE_MAX_LINES + 1, rule)]
}

pub fn vague_names(source: &Source) -> Vec<Offence> {
    let path = source.file.trim_end_matches(".rs");
    let files = path
        .split('/')
        .filter(|name| VAGUE_NAMES.contains(name))
        .map(|name| (1, name.to_owned()));
    let mut modules = Modules(Vec::new());
    modules.visit_file(&source.syntax);
    let inline = modules
        .0
        .into_iter()
        .filter(|(_, name)| VAGUE_NAMES.contains(&name.as_str()));
    let rule = |name| format!("a module named `{name}` says nothing; name it after what it is for");
    files
        .chain(inline)
        .map(|(line, name)| offence(source, line, rule(name)))
        .collect()
}

/// Line and name of every module that has its content in the same file.
struct Modules(Vec<(usize, String)>);

impl<'ast> Visit<'ast> for Modules {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.content.is_some() {
            self.0
                .push((module.ident.span().start().line, module.ident.to_string()));
        }
        visit::visit_item_mod(self, module);
    }
}

pub fn missing_head(source: &Source) -> Vec<Offence> {
    if source.text.starts_with("//! ") {
        return Vec::new();
    }
    vec![offence(
        source,
        1,
        "no `//!` at the top: say in about three lines what the module is for".to_owned(),
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function_of(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    step();\n".repeat(lines))
    }

    #[test]
    fn functions_of_more_than_seventy_lines() {
        let found = |text: &str| long_functions(&Source::new("src/a.rs", text));
        assert!(found(&function_of(70)).is_empty());
        let offences = found(&format!("\n{}", function_of(71)));
        assert_eq!(offences[0].line, 2);
        assert!(offences[0].rule.contains("`long` has 71 lines"), "{offences:?}");
        assert_eq!(found(&format!("impl A {{ {} }}", function_of(71))).len(), 1);
        assert_eq!(found(&format!("trait A {{ {} }}", function_of(71))).len(), 1);
        assert_eq!(
            found(&format!("#[cfg(test)] mod tests {{ {} }}", function_of(71))).len(),
            1
        );
        assert_eq!(found(&format!("fn outer() {{ {} }}", function_of(71))).len(), 2);
    }

    #[test]
    fn files_of_more_than_four_hundred_lines_without_tests() {
        let found = |file: &str, lines: usize| {
            let text = format!(
                "{}#[cfg(test)]\nmod tests {{\n{}}}\n",
                "fn f() {}\n".repeat(lines),
                "\n".repeat(500)
            );
            long_file(&Source::new(file, text)).len()
        };
        assert_eq!(
            (found("src/a.rs", 400), found("src/a.rs", 401), found("tests/a.rs", 401)),
            (0, 1, 0)
        );
    }

    #[test]
    fn names_that_say_nothing() {
        let found = |file: &str, text: &str| vague_names(&Source::new(file, text)).len();
        assert_eq!(found("src/imports/helpers.rs", ""), 1);
        assert_eq!(found("src/core/mod.rs", ""), 1);
        assert_eq!(found("src/a.rs", "mod outer { mod utils {} }"), 1);
        assert_eq!(found("src/score.rs", "mod commons {}"), 0);
    }

    #[test]
    fn files_without_a_head() {
        let found = |text: &str| missing_head(&Source::new("src/a.rs", text)).len();
        assert_eq!(
            (found("//! What it is for.\n"), found("// No.\n"), found("")),
            (0, 1, 1)
        );
    }
}
