//! The guides for callers show what was tested.

use std::{fs, path::PathBuf};

use crate::program;

const GUIDES: [&str; 2] = ["docs/clients.md", "docs/clients.zh-CN.md"];

/// Leads to a program's file, at the end of the line above the code that is shown of it.
const LINK: &str = "](../tests/clients/";

#[test]
fn guides_show_the_marked_part_of_each_program() {
    for guide in GUIDES {
        for (file, shown) in shown(guide) {
            let tested = marked(&file);
            assert_eq!(shown, tested, "{guide} differs from tests/clients/{file}: copy that part");
        }
    }
}

#[test]
fn guides_show_every_language() {
    for guide in GUIDES {
        let shown = shown(guide);
        for language in languages() {
            let is_its = |(file, _): &(String, String)| file.starts_with(&format!("{language}/"));
            assert!(shown.iter().any(is_its), "{guide} does not show {language}");
        }
    }
}

/// The code below each link to a program, with the file.
fn shown(guide: &str) -> Vec<(String, String)> {
    let text = read(root().join(guide));
    let mut lines = text.lines();
    let mut shown = Vec::new();
    while let Some(line) = lines.next() {
        let link = line.strip_suffix("):").and_then(|line| line.rsplit_once(LINK));
        let Some((_, file)) = link else { continue };
        let mut code = lines.by_ref().skip_while(|line| line.is_empty());
        let fence = code.next().unwrap_or_default();
        assert!(fence.starts_with("```"), "{guide}: code follows the link to {file}");
        shown.push((file.to_owned(), joined(code.take_while(|line| *line != "```"))));
    }
    shown
}

/// The lines of `file` between `docs: begin` and `docs: end`, moved to the margin.
fn marked(file: &str) -> String {
    let text = read(program::folder().join(file));
    let after = text.lines().skip_while(|line| !line.ends_with("docs: begin")).skip(1);
    let lines = after.take_while(|line| !line.ends_with("docs: end")).collect::<Vec<_>>();
    assert!(!lines.is_empty(), "tests/clients/{file} marks no part");
    let full = lines.iter().filter(|line| !line.is_empty());
    let margin = full.map(|line| line.len() - line.trim_start().len()).min().unwrap_or_default();
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    joined(lines[..end].iter().map(|line| line.get(margin..).unwrap_or_default()))
}

/// The folders that hold a program; `tools` builds those of others.
fn languages() -> Vec<String> {
    let folders = fs::read_dir(program::folder()).expect("the folder of the programs");
    let folders = folders.map(|folder| folder.expect("readable").path());
    let programs = folders.filter(|folder| folder.is_dir() && !folder.ends_with("tools"));
    programs.filter_map(|folder| Some(folder.file_name()?.to_str()?.to_owned())).collect()
}

fn joined<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.map(|line| line.to_owned() + "\n").collect()
}

fn read(path: PathBuf) -> String {
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}
