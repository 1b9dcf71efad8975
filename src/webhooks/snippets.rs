//! How a receiver makes sure that a message is really ours: code to copy, which tests run against real deliveries.

/// Code in one language.
#[derive(Clone, Copy, Debug)]
pub struct Snippet {
    /// The language.
    pub language: &'static str,
    /// What names it in the page.
    pub id: &'static str,
    /// The code.
    pub code: &'static str,
}

/// The snippets, in the order in which they are shown.
pub const SNIPPETS: [Snippet; 3] = [
    Snippet {
        language: "Python",
        id: "python",
        code: include_str!("../../templates/webhooks/snippets/verify.py"),
    },
    Snippet {
        language: "Node.js",
        id: "node",
        code: include_str!("../../templates/webhooks/snippets/verify.mjs"),
    },
    Snippet {
        language: "Rust",
        id: "rust",
        code: include_str!("../../templates/webhooks/snippets/verify.rs"),
    },
];
