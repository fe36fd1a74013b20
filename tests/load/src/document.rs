//! The tables' place in a document.

use std::{fs, path::Path};

use crate::{Args, Failure};

const BEGIN: &str = "<!-- load: begin -->";
const END: &str = "<!-- load: end -->";

/// Replaces what stands between the marks in `path` by `tables` and how they came about.
pub(crate) fn write(path: &Path, args: &Args, tables: &str) -> Result<(), Failure> {
    let text = fs::read_to_string(path)?;
    let unmarked = |mark| Failure::Unmarked(path.to_owned(), mark);
    let (before, rest) = text.split_once(BEGIN).ok_or_else(|| unmarked(BEGIN))?;
    let (_, after) = rest.split_once(END).ok_or_else(|| unmarked(END))?;
    let text = format!("{before}{BEGIN}\n{}\n\n{tables}{END}{after}", how(args)?);
    Ok(fs::write(path, text)?)
}

/// The machine and the measure, in a sentence.
fn how(args: &Args) -> Result<String, Failure> {
    let info = fs::read_to_string("/proc/cpuinfo")?;
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(": ")).map_or("?", |(_, value)| value).to_owned()
    };
    let Args { rounds, seconds, .. } = args;
    let [name, family, model] = ["model name", "cpu family", "model\t"].map(field);
    Ok(format!(
        "{name} (family {family}, model {model}), {rounds} rounds of {seconds} s a server, one after \
         the other; medians."
    ))
}
