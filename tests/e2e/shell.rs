//! What a script in the page may ask of the shell: our own commands, and nothing else.

use serde_json::json;

use crate::{shop::Shop, window::Window};

#[tokio::test]
async fn the_page_reaches_our_commands_and_nothing_of_the_shells() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    for (command, arguments) in [
        ("plugin:fs|read_text_file", json!({ "path": "/etc/passwd" })),
        ("plugin:shell|execute", json!({ "program": "id", "args": [] })),
        ("plugin:http|fetch", json!({ "url": "http://127.0.0.1" })),
        ("plugin:window|set_title", json!({ "label": "desk", "value": "x" })),
        ("plugin:window|close", json!({ "label": "desk" })),
        ("plugin:webview|create_webview_window", json!({ "options": { "label": "x" } })),
        ("plugin:event|emit", json!({ "event": "x" })),
        ("plugin:app|version", json!({})),
        ("plugin:path|resolve_directory", json!({ "directory": 1 })),
        ("no_such_command", json!({})),
    ] {
        let answer = window.ask(command, arguments).await;
        let error = answer.expect_err("not for the page").to_string();
        assert!(
            error.contains("not allowed") || error.contains("not found"),
            "{command} was refused for another reason: {error}"
        );
    }
    window.ask("status", json!({})).await.expect("our own commands work");
    window.close().await;
}

#[tokio::test]
async fn nothing_is_fetched_from_elsewhere() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    let names = window
        .script("return performance.getEntriesByType('resource').map(({ name }) => name)")
        .await;
    for name in names.as_array().expect("a list") {
        let name = name.as_str().unwrap_or_default();
        let ours = name.starts_with("tauri://localhost") || name.starts_with("ipc://localhost");
        assert!(ours, "{name} is not ours");
    }
    let refused = window
        .script("return fetch('http://127.0.0.1:9/').then(() => 'fetched', () => 'refused')")
        .await;
    assert_eq!(refused, json!("refused"));
    let told = window.script("return window.complaints.splice(0).join(' ')").await;
    assert!(told.as_str().unwrap_or_default().contains("connect-src"), "not by policy: {told}");
    window.close().await;
}
