//! The pairing code as a QR code: a till that reads it needs nothing typed.

use punchcard_hub::{Error, Result};
use punchcard_protocol::sync::PairingQr;
use qrcode::{
    EcLevel, QrCode,
    render::{svg, unicode::Dense1x2},
};

/// What it holds, as modules; readable where a seventh of it is dirty.
pub(crate) fn of(pairing: &PairingQr) -> Result<QrCode> {
    let text = serde_json::to_vec(pairing)?;
    QrCode::with_error_correction_level(text, EcLevel::M)
        .map_err(|error| Error::Internal(format!("the QR code: {error}")))
}

/// For a terminal, two modules a letter. Light is what the terminal draws, so that it is right on
/// a dark one; readers take it on a bright one too.
pub(crate) fn for_terminal(code: &QrCode) -> String {
    code.render::<Dense1x2>().dark_color(Dense1x2::Dark).light_color(Dense1x2::Light).build()
}

/// For paper.
pub(crate) fn as_svg(code: &QrCode) -> String {
    code.render::<svg::Color<'_>>().min_dimensions(320, 320).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairing() -> PairingQr {
        PairingQr {
            hub: "https://hub.example.com:8787".into(),
            code: "0123-4567-89AB-CDEF".into(),
            key: "ab".repeat(32),
        }
    }

    /// What a till reads. A code of the same text is the same code.
    #[test]
    fn it_holds_the_hub_the_code_and_the_key() {
        let text = format!(
            "{{\"hub\":\"https://hub.example.com:8787\",\"code\":\"0123-4567-89AB-CDEF\",\"key\":\"{}\"}}",
            "ab".repeat(32)
        );
        let same = QrCode::with_error_correction_level(&text, EcLevel::M).expect("short enough");
        let code = of(&pairing()).expect("short enough");
        assert_eq!(code.to_colors(), same.to_colors());
    }

    #[test]
    fn a_terminal_of_eighty_columns_is_wide_enough() {
        let text = for_terminal(&of(&pairing()).expect("short enough"));
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(80), "{widest:?} columns");
    }

    #[test]
    fn the_drawing_is_svg() {
        let svg = as_svg(&of(&pairing()).expect("short enough"));
        assert!(svg.contains("<svg") && svg.contains("</svg>"));
    }
}
