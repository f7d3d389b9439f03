//! Declares the window's commands, so that each must be allowed, and embeds the page.

include!("src/command_list.rs");

macro_rules! names {
    ($($name:ident),* $(,)?) => { &[$(stringify!($name)),*] };
}

const COMMANDS: &[&str] = commands!(names);

#[expect(clippy::panic, reason = "a build script has nobody else to tell")]
fn main() {
    // The macro that embeds the page does not watch it.
    println!("cargo:rerun-if-changed=ui/dist");
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    let attributes = tauri_build::Attributes::new().app_manifest(manifest);
    if let Err(error) = tauri_build::try_build(attributes) {
        panic!("{error:#}");
    }
}
