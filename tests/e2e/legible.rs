//! What a page must never do to whoever reads it: cut a text off, let two lie over each other, say
//! something in the other language, or put the focus where nobody sees it.

use serde_json::{Value, json};

use crate::window::Window;

/// What is said in a language, by its name.
fn texts(language: &str) -> Vec<String> {
    fn leaves(tree: &Value, into: &mut Vec<String>) {
        match tree {
            Value::String(text) => into.push(text.clone()),
            Value::Object(inner) => inner.values().for_each(|one| leaves(one, into)),
            _ => {}
        }
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/src/shared/locales");
    let source = std::fs::read_to_string(format!("{folder}/{language}.json"));
    let tree = serde_json::from_str(&source.expect("each language is there")).expect("it is JSON");
    let mut found = Vec::new();
    leaves(&tree, &mut found);
    found
}

/// Everything that is wrong with what the window shows at its present size, in words.
pub async fn faults(window: &Window, language: &str) -> Vec<String> {
    let other = if language == "en" { "zh-CN" } else { "en" };
    let mine = texts(language);
    // Whole sentences that only the other language has: the names in the demo shop are in Chinese.
    let foreign: Vec<String> =
        texts(other).into_iter().filter(|one| !mine.contains(one) && is_whole(one)).collect();
    let told =
        window.page().execute_async(LEGIBLE, vec![json!(foreign)]).await.expect("a script runs");
    let lines = told.as_array().expect("a list").iter();
    lines.map(|line| line.as_str().unwrap_or_default().to_owned()).collect()
}

/// Nothing is filled into it, and it is no single sign, with which a name may begin.
fn is_whole(text: &str) -> bool {
    !text.contains('{') && text.chars().count() > 1
}

const LEGIBLE: &str = include_str!("legible.js");
