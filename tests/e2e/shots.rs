//! Pictures of the window, for people to look at.

use std::{fs, path::PathBuf};

use crate::window::Window;

/// Where they go: `$PUNCHCARD_SHOTS`, or beside what was built.
pub fn folder() -> PathBuf {
    let folder = std::env::var_os("PUNCHCARD_SHOTS")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("shots"), PathBuf::from);
    fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

/// Takes one at the size the window has.
pub async fn one(window: &Window, name: &str) {
    window.at_rest().await;
    let picture = window.picture().await;
    let path = folder().join(format!("{name}.png"));
    let mut file = fs::File::create(&path).expect("the folder can be written");
    std::io::Write::write_all(&mut file, &picture).expect("there is room");
}

/// Takes one at each size the desk is made for, and sees that nothing is cut off.
pub async fn both(window: &Window, name: &str) {
    for (width, height) in [(1024, 768), (1366, 768)] {
        window.resize(width, height).await;
        one(window, &format!("{name}-{width}")).await;
        let cut = window.script(CUT_OFF).await;
        assert_eq!(cut, serde_json::json!([]), "cut off at {width}: {name}");
    }
}

/// Buttons, and what has text of its own, that reach beyond the window or their own box.
const CUT_OFF: &str = r"
    const found = [];
    for (const one of document.querySelectorAll('button, h1, h2, dd, dt, label, kbd, p, select')) {
        const box = one.getBoundingClientRect();
        if (box.width === 0 || one.closest('.sr-only, [data-may-scroll], aside, footer')) continue;
        const wide = one.scrollWidth > one.clientWidth + 2 && one.clientWidth > 0;
        const cut = wide && getComputedStyle(one).overflowX === 'hidden' &&
            !one.classList.contains('truncate');
        if (box.right > innerWidth + 1 || box.left < -1 || cut) {
            found.push(`${one.tagName} ${one.innerText.slice(0, 40)} ${Math.round(box.right)}`);
        }
    }
    return found;
";
