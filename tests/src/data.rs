//! Tables for tests; `tests/data/README.md` names their sources and licences.

use std::{fs, path::PathBuf};

/// 1,797 handwritten digits of 8 × 8 pixels.
pub fn digits() -> Vec<u8> {
    read("digits.csv")
}

/// 365 print runs, with and without banding.
pub fn bands() -> Vec<u8> {
    read("bands.csv")
}

/// 160 notes of fitters beside three measurements, some of them missing.
pub fn notes_with_measurements() -> Vec<u8> {
    read("notes.csv")
}

/// A table that is fetched, not shipped: `.ci/fetch-data` brings it.
pub fn fetched(name: &str) -> Vec<u8> {
    read(&format!("fetched/{name}"))
}

/// What scikit-learn reaches, by data set.
pub fn reference() -> Vec<u8> {
    read("reference.json")
}

/// A handful of notes from a press shop, made up.
pub fn notes() -> Vec<u8> {
    let seen = [
        ("hydraulic hose leaks oil at the press", "hydraulic"),
        ("oil leak under hydraulic cylinder", "hydraulic"),
        ("液压 软管 漏油 press", "hydraulic"),
        ("conveyor motor trips the breaker", "electric"),
        ("breaker trips when motor starts", "electric"),
        ("电机 跳闸 breaker", "electric"),
    ];
    let mut table = "text,label,fold\n".to_owned();
    for (i, (text, label)) in seen.into_iter().cycle().take(36).enumerate() {
        let fold = if i < 24 { "train" } else { "test" };
        table += &format!("\"{text}, no {i}\",{label},{fold}\n");
    }
    table.into_bytes()
}

fn read(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
