//! The tables' place in a document.

use std::{fs, path::Path};

use crate::{Args, Failure, Found};

/// Replaces what stands between the marks of `study` in `path` by what was `found` and how; pictures
/// go beside it.
pub(crate) fn write(path: &Path, args: &Args, study: &str, found: &Found) -> Result<(), Failure> {
    let Found { text, pictures } = found;
    let document = fs::read_to_string(path)?;
    let [begin, end] = ["begin", "end"].map(|place| format!("<!-- load {study}: {place} -->"));
    let unmarked = |mark: &str| Failure::Unmarked(path.to_owned(), mark.to_owned());
    let (before, rest) = document.split_once(&begin).ok_or_else(|| unmarked(&begin))?;
    let (_, after) = rest.split_once(&end).ok_or_else(|| unmarked(&end))?;
    let document = format!("{before}{begin}\n{}\n\n{text}{end}{after}", how(args)?);
    for (name, picture) in pictures {
        fs::write(path.with_file_name(name), picture)?;
    }
    Ok(fs::write(path, document)?)
}

/// The machine and the measure, in a sentence.
fn how(args: &Args) -> Result<String, Failure> {
    let info = fs::read_to_string("/proc/cpuinfo")?;
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(": ")).map_or("?", |(_, value)| value).to_owned()
    };
    let Args { rounds, seconds, .. } = args;
    // Programs are in a folder that has the profile's name.
    let program = std::env::current_exe()?;
    let profile = program.parent().and_then(Path::file_name).unwrap_or_default().display();
    let [name, family, model] = ["model name", "cpu family", "model\t"].map(field);
    Ok(format!(
        "{name} (family {family}, model {model}), `{profile}` profile, {rounds} rounds of {seconds} s a \
         server, one after the other; medians."
    ))
}
