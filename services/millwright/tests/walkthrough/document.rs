//! A document whose blocks marked `console` hold commands and what they print.

use std::fmt;

use crate::{session::Session, varying::Varying};

const OPEN: &str = "```console";
const CLOSE: &str = "```";

/// Prose and blocks, in order.
pub(crate) struct Document {
    parts: Vec<Part>,
}

enum Part {
    Line(String),
    Block(Block),
}

/// Commands with their output.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Block {
    /// `<!-- varies: … -->` before the block: what of its output differs from run to run.
    varying: Vec<Varying>,
    /// `<!-- needs: … -->`: what must be there beside the program, where CI has none.
    pub(crate) needs: String,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
struct Step {
    /// Lines of the command, without prompts.
    command: Vec<String>,
    output: Vec<String>,
}

impl Document {
    /// # Panics
    /// Of a mark that nobody knows, and of output before the first command.
    pub(crate) fn parse(text: &str) -> Self {
        let (mut parts, mut varying, mut needs) = (vec![], vec![], String::new());
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line == OPEN {
                let steps = steps(lines.by_ref().take_while(|line| *line != CLOSE));
                let (varying, needs) = (std::mem::take(&mut varying), std::mem::take(&mut needs));
                parts.push(Part::Block(Block { varying, needs, steps }));
                continue;
            }
            if let Some(kinds) = mark(line, "varies") {
                varying = kinds.split(' ').map(Varying::of).collect();
            }
            if let Some(part) = mark(line, "needs") {
                needs = part.to_owned();
            }
            parts.push(Part::Line(line.to_owned()));
        }
        Self { parts }
    }

    pub(crate) fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.parts.iter().filter_map(|part| match part {
            Part::Block(block) => Some(block),
            Part::Line(_) => None,
        })
    }

    pub(crate) fn blocks_mut(&mut self) -> impl Iterator<Item = &mut Block> {
        self.parts.iter_mut().filter_map(|part| match part {
            Part::Block(block) => Some(block),
            Part::Line(_) => None,
        })
    }
}

fn mark<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.strip_prefix("<!-- ")?.strip_prefix(name)?.strip_prefix(": ")?.strip_suffix(" -->")
}

fn steps<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Step> {
    let mut steps: Vec<Step> = vec![];
    for line in lines {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { command: vec![command.to_owned()], output: vec![] });
            continue;
        }
        let step = steps.last_mut().expect("a block begins with a command");
        match line.strip_prefix("> ") {
            Some(more) if step.output.is_empty() => step.command.push(more.to_owned()),
            _ => step.output.push(line.to_owned()),
        }
    }
    steps
}

impl Block {
    /// Runs the commands and keeps what they print; tells what is not as recorded.
    pub(crate) fn replay(&mut self, session: &mut Session) -> Option<String> {
        let varying = &self.varying;
        let told = self.steps.iter_mut().filter_map(|step| step.replay(session, varying));
        let told = told.collect::<Vec<_>>();
        (!told.is_empty()).then(|| told.join("\n"))
    }
}

impl Step {
    fn replay(&mut self, session: &mut Session, varying: &[Varying]) -> Option<String> {
        let printed = session.run(&self.command.join("\n"), self.output.len());
        let printed = printed.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
        let recorded = std::mem::replace(&mut self.output, printed);
        let alike = |lines: &[String]| Varying::hidden(varying, &lines.join("\n"));
        (alike(&recorded) != alike(&self.output)).then(|| {
            let (command, printed) = (self.command.join("\n"), self.output.join("\n"));
            format!("$ {command}\nrecorded:\n{}\nprinted:\n{printed}\n", recorded.join("\n"))
        })
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Line(line) => writeln!(f, "{line}"),
            Part::Block(block) => writeln!(f, "{OPEN}\n{block}{CLOSE}"),
        })
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Step { command, output } in &self.steps {
            writeln!(f, "$ {}", command.join("\n> "))?;
            output.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        }
        Ok(())
    }
}
