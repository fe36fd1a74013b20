//! A table that is larger than the memory that its rows may take is trained on all the same.
//!
//! Alone in its file: what is measured is the whole process.
#![cfg(target_os = "linux")]

mod plant;

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use millwright_domain::{Split, TrainingSpec};
use millwright_ml::{TrainingInput, train};
use plant::{Nobody, job, noise, numeric, open, recipe};

const ROWS: usize = 200_000;
const COLUMNS: usize = 40;

/// Most memory that this process ever had, in bytes (proc(5)).
fn most_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    peak.trim().trim_end_matches(" kB").parse::<usize>().expect("kilobytes") * 1024
}

fn write_table(path: &Path) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let columns = (0..COLUMNS).map(|j| format!("x{j}")).collect::<Vec<_>>().join(",");
    writeln!(file, "{columns},label")?;
    let pool = noise(10_007, 3).into_iter().map(|x| format!("{x:.2},")).collect::<Vec<_>>();
    for row in 0..ROWS {
        let cells = (0..COLUMNS).map(|j| &*pool[(row * COLUMNS + j) % pool.len()]);
        writeln!(file, "{}c{}", cells.collect::<String>(), row % 3)?;
    }
    file.flush()
}

#[test]
fn rows_beyond_the_memory_that_they_may_take_are_not_held() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table.csv");
    write_table(&path).expect("a file");
    let table = open(&path);
    let mut spec = TrainingSpec { split: Split::Fraction(0.1), ..recipe(numeric(&[])) };
    spec.pipeline.logistic.max_iter = 2;
    let (before, memory) = (most_memory(), 4 << 20);
    let input = TrainingInput { memory, ..job(&spec) };
    let summary = train(&table, input, &mut Nobody).expect("a sound recipe").manifest.summary;
    assert_eq!(summary.n_train, 180_000);
    let (taken, features) = (most_memory() - before, 180_000 * COLUMNS * size_of::<f64>());
    println!("{} MiB for {} MiB of features", taken >> 20, features >> 20);
    assert!(taken < features / 2, "{taken} bytes for {features} bytes of features");
}
