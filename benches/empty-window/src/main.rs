//! A Tauri window with nothing in it, started as the desk starts.

fn main() -> tauri::Result<()> {
    #[cfg(target_os = "linux")]
    #[expect(unsafe_code, reason = "called first in main, before there is a second thread")]
    // SAFETY: no other thread exists yet that could read the environment meanwhile.
    unsafe {
        std::env::set_var("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
    }
    tauri::Builder::default().run(tauri::generate_context!())
}
