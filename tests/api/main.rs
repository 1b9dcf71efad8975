//! The API as scripts and pages meet it: the whole program in a process of its own, asked over the wire.

#[path = "../support/mod.rs"]
mod support;

mod description;
mod editing;
mod imports;
mod live;
mod odd_inputs;
mod products;
mod receiver;
mod refusals;
mod snippets;
mod webhooks;
