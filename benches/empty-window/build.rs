//! What every Tauri window is built with.

fn main() {
    tauri_build::build();
}
