//! The walkthroughs say what happens: every command runs, and prints what is recorded.
//!
//! `MILLWRIGHT_RECORD=1` writes down what is printed now, in both languages, instead of comparing.

mod document;
mod ports;
mod session;
mod varying;

use std::{env, fs, path::PathBuf};

use crate::{document::Document, ports::Ports, session::Session};

const ENGLISH: &str = "walkthrough.md";
const CHINESE: &str = "walkthrough.zh-CN.md";

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "docs", name].iter().collect()
}

fn read(name: &str) -> Document {
    Document::parse(&fs::read_to_string(path(name)).expect("a file of the repository"))
}

#[test]
fn both_languages_run_the_same_commands() {
    let (english, chinese) = (read(ENGLISH), read(CHINESE));
    for (english, chinese) in english.blocks().zip(chinese.blocks()) {
        assert_eq!(english, chinese);
    }
    assert_eq!(english.blocks().count(), chinese.blocks().count());
}

#[test]
#[ignore = "needs tests/data/fetched, Debian's prometheus and the Python clients: run .ci/run"]
fn every_command_prints_what_is_recorded() {
    let mut document = read(ENGLISH);
    let mut session = Session::start(Ports::draw());
    let outside = env::var("MILLWRIGHT_WALK").unwrap_or_default();
    let blocks =
        document.blocks_mut().filter(|block| block.needs.is_empty() || block.needs == outside);
    let differences = blocks.filter_map(|block| block.replay(&mut session)).collect::<Vec<_>>();
    if env::var_os("MILLWRIGHT_RECORD").is_none() {
        assert!(differences.is_empty(), "{}", differences.join("\n"));
        return;
    }
    let mut chinese = read(CHINESE);
    chinese
        .blocks_mut()
        .zip(document.blocks())
        .for_each(|(block, recorded)| *block = recorded.clone());
    for (name, document) in [(ENGLISH, &document), (CHINESE, &chinese)] {
        fs::write(path(name), document.to_string()).expect("a writable repository");
    }
}
