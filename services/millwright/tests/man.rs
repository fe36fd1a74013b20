//! Manual pages.

mod program;

use std::{collections::BTreeMap, fs};

use program::{arg, run, stderr, stdout};

/// The text of every page, by its name.
fn pages() -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().expect("a folder");
    // It need not be there.
    let folder = folder.path().join("man/man1");
    let output = run(&["man", arg(&folder)]);
    assert!(output.status.success(), "{}", stderr(&output));
    let pages = fs::read_dir(&folder).expect("pages").map(|page| {
        let page = page.expect("a page");
        let name = page.file_name().into_string().expect("a name of ours");
        (name, fs::read_to_string(page.path()).expect("a text"))
    });
    pages.collect()
}

/// The words that help begins lines with, in this part of it.
fn listed(help: &str, part: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != part).skip(1);
    let lines = lines.take_while(|line| !line.is_empty()).filter(|line| line.starts_with("  "));
    let first = lines.filter_map(|line| line[2..].split([' ', ',']).next());
    first.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Every flag in a text of help.
fn flags(help: &str) -> Vec<&str> {
    let words = help.lines().filter(|line| line.trim_start().starts_with('-'));
    words
        .filter_map(|line| line.split([' ', '=', '[']).find(|word| word.starts_with("--")))
        .collect()
}

/// Every command that has no further ones, and every one that has, by their words.
fn commands() -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    let mut at = 0;
    while let Some(command) = found.get(at).cloned() {
        at += 1;
        let listed = listed(&help(&command), "Commands:").into_iter();
        // Below the first level `help` is clap's own, and has no page.
        for name in listed.filter(|name| command.is_empty() || name != "help") {
            found.push([&command[..], &[name]].concat());
        }
    }
    found
}

fn help(command: &[String]) -> String {
    let words: Vec<_> = command.iter().map(String::as_str).chain(["--help"]).collect();
    stdout(&run(&words))
}

#[test]
fn every_command_has_a_page_that_names_its_flags() {
    let pages = pages();
    let commands = commands();
    assert_eq!(pages.len(), commands.len(), "{:?}", pages.keys());
    for command in commands {
        let words = ["millwright".to_owned()].into_iter().chain(command.clone());
        let name = format!("{}.1", words.collect::<Vec<_>>().join("-"));
        let page = pages.get(&name).unwrap_or_else(|| panic!("there is no page {name}"));
        // A minus is escaped in a page.
        let page = page.replace("\\-", "-");
        let help = help(&command);
        assert!(!flags(&help).is_empty(), "{name}");
        for flag in flags(&help) {
            assert!(page.contains(flag), "{name} does not name {flag}");
        }
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a writable folder");
    let output = run(&["man", arg(&file.join("man1"))]);
    assert_eq!(output.status.code(), Some(73), "{}", stderr(&output));
    assert!(stderr(&output).contains("man1"), "{}", stderr(&output));
}
