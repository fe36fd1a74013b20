//! README in two languages: the same sections, commands and figures.

use std::fs;

fn readme(name: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    fs::read_to_string(format!("{root}/{name}")).expect("a file of the repository")
}

/// What both languages must have alike.
#[derive(Debug, Default, PartialEq)]
struct Bones {
    /// Depth of every heading.
    headings: Vec<usize>,
    /// Lines of code without their comments.
    code: Vec<String>,
    /// Cells of every row of a table.
    cells: Vec<usize>,
    /// Bullets, by the section that they stand in.
    bullets: Vec<usize>,
    /// By section: words in backquotes and targets of links, sorted.
    words: Vec<Vec<String>>,
    /// By section: figures outside code, sorted.
    figures: Vec<Vec<String>>,
}

impl Bones {
    fn of(text: &str) -> Self {
        let mut bones = Self { words: vec![vec![]], figures: vec![vec![]], ..Self::default() };
        let mut in_code = false;
        for line in text.lines() {
            if line.starts_with("```") {
                in_code = !in_code;
                bones.code.push(line.to_owned());
            } else if in_code {
                bones.code.push(without_comment(line).to_owned());
            } else {
                bones.prose(line);
            }
        }
        for section in bones.words.iter_mut().chain(&mut bones.figures) {
            section.sort();
        }
        bones
    }

    fn prose(&mut self, line: &str) {
        if line.starts_with('#') {
            self.headings.push(line.chars().take_while(|c| *c == '#').count());
            self.words.push(vec![]);
            self.figures.push(vec![]);
        }
        if line.starts_with('|') {
            self.cells.push(line.matches('|').count());
        }
        if line.starts_with("- ") {
            self.bullets.push(self.headings.len());
        }
        let quoted = line.split('`').skip(1).step_by(2).map(str::to_owned);
        let links = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        // Each names the other one.
        let links = links.filter(|link| !link.starts_with("README"));
        let links = links.map(|link| link.replace(".zh-CN", ""));
        self.words.last_mut().expect("one at least").extend(quoted.chain(links));
        let bare: String = line.split('`').step_by(2).collect();
        let bare = bare.replace("](", " [").replace("**", " ");
        let figures = bare.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ','));
        let figures = figures.map(|word| word.trim_matches(['.', ',']));
        let figures = figures.filter(|word| word.bytes().any(|b| b.is_ascii_digit()));
        self.figures.last_mut().expect("one at least").extend(figures.map(str::to_owned));
    }
}

fn without_comment(line: &str) -> &str {
    line.split(" # ").next().unwrap_or(line).trim_end()
}

#[test]
fn both_languages_have_the_same_sections_commands_and_figures() {
    let (english, chinese) =
        (Bones::of(&readme("README.md")), Bones::of(&readme("README.zh-CN.md")));
    assert_eq!(english.headings, chinese.headings);
    assert_eq!(english.code, chinese.code);
    assert_eq!(english.cells, chinese.cells);
    assert_eq!(english.bullets, chinese.bullets);
    assert_eq!(english.words, chinese.words);
    assert_eq!(english.figures, chinese.figures);
}

#[test]
fn each_names_the_other() {
    assert!(readme("README.md").contains("(README.zh-CN.md)"));
    assert!(readme("README.zh-CN.md").contains("(README.md)"));
}
