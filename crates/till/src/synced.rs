//! Whether a folder is kept in step with another place by a program such as OneDrive or Dropbox. Such a
//! program holds files while it reads them, copies a database without its log, and puts older copies
//! back: the anchor notices that ([`crate::views::Distrust`]), but a desk should not lie there at all.

use std::path::Path;

/// Folders that such programs make, as their names begin (in lower case), and whose they are.
const NAMED: &[(&str, &str)] = &[
    ("onedrive", "OneDrive"),
    ("dropbox", "Dropbox"),
    ("google drive", "Google Drive"),
    ("googledrive", "Google Drive"),
    ("iclouddrive", "iCloud"),
    ("icloud drive", "iCloud"),
    ("mobile documents", "iCloud"),
    ("nextcloud", "Nextcloud"),
    ("owncloud", "ownCloud"),
    ("nutstore", "坚果云"),
    ("坚果云", "坚果云"),
    ("我的坚果云", "坚果云"),
    ("baidusyncdisk", "百度网盘"),
    ("百度云同步盘", "百度网盘"),
    ("wps云盘", "WPS 云盘"),
    ("wpsdrive", "WPS 云盘"),
];

/// Files that such programs leave in the folder that they look after.
const MARKED: &[(&str, &str)] = &[
    (".dropbox.cache", "Dropbox"),
    (".stfolder", "Syncthing"),
    (".tmp.drivedownload", "Google Drive"),
    (".nextcloudsync.log", "Nextcloud"),
    (".owncloudsync.log", "ownCloud"),
];

/// Whose folder it is, or lies in; none: nobody's that is known here.
pub(crate) fn by_whom(folder: &Path) -> Option<&'static str> {
    // A link may lead there.
    let real = folder.canonicalize();
    let folder = real.as_deref().unwrap_or(folder);
    folder.ancestors().find_map(|above| named(above).or_else(|| marked(above)))
}

fn named(folder: &Path) -> Option<&'static str> {
    let name = folder.file_name()?.to_string_lossy().to_lowercase();
    // `OneDrive - Contoso`, `OneDrive-Personal`, `Dropbox (Old)`; not `dropboxes`.
    let is = |begins: &str| {
        let rest = name.strip_prefix(begins);
        rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    NAMED.iter().find(|(begins, _)| is(begins)).map(|(_, whose)| *whose)
}

fn marked(folder: &Path) -> Option<&'static str> {
    MARKED.iter().find(|(mark, _)| folder.join(mark).exists()).map(|(_, whose)| *whose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_known_by_their_names() {
        for (path, whose) in [
            ("/nowhere/Users/chen/OneDrive - 打卡健身/till", Some("OneDrive")),
            ("/nowhere/chen/Library/CloudStorage/OneDrive-Personal/till", Some("OneDrive")),
            ("/nowhere/chen/Dropbox/shop/till", Some("Dropbox")),
            ("/nowhere/chen/Library/Mobile Documents/till", Some("iCloud")),
            ("/nowhere/chen/我的坚果云/till", Some("坚果云")),
            ("/nowhere/chen/BaiduSyncdisk/till", Some("百度网盘")),
            ("/nowhere/chen/dropboxes/till", None),
            ("/nowhere/chen/AppData/Local/punchcard", None),
        ] {
            assert_eq!(by_whom(Path::new(path)), whose, "{path}");
        }
    }
}
