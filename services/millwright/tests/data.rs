//! Data as plants have it: detected, shown, overridden.

mod program;

use program::{Plant, arg, stderr, stdout};
use serde_json::json;

/// A German Excel's export of a Chinese line: decimal commas, `;`, missing numbers as `-`.
fn export() -> String {
    let rows = (0..60).map(|i| {
        let load = if i % 10 == 3 { "-".to_owned() } else { format!("1.{:03},5", i * 7) };
        format!("{},{};{load};{}\r\n", i % 6, i % 10, if i % 6 < 3 { "合格" } else { "报废" })
    });
    std::iter::once("速度;负荷 kN;结果\r\n".to_owned()).chain(rows).collect()
}

#[test]
fn a_profile_is_a_table_whose_columns_align() {
    let plant = Plant::start();
    let file = plant.file("export.csv", &export());
    let uploaded = plant.json(&["dataset", "upload", arg(&file)]);
    let digest = uploaded["digest"].as_str().expect("a digest");
    let profile = plant.json(&["dataset", "show", digest]);
    assert_eq!(profile["n_rows"], 60);
    assert_eq!(profile["format"]["delimiter"], ";");
    assert_eq!(profile["format"]["decimal"], "comma");
    assert_eq!(profile["format"]["thousands"], ".");
    assert_eq!(profile["contradictions"], json!([]));
    let load = &profile["columns"][1];
    assert_eq!((&load["name"], &load["kind"]), (&json!("负荷 kN"), &json!("numeric")));
    assert_eq!((&load["n_missing"], &load["distinct"]), (&json!(6), &json!({"exactly": 54})));
    assert_eq!(load["range"], json!([1000.5, 1413.5]));

    let shown = stdout(&plant.run(&["dataset", "show", digest]));
    let columns: Vec<_> = shown.lines().skip_while(|line| !line.starts_with("COLUMN")).collect();
    let places: Vec<_> = columns[1..].iter().map(|line| width_before(line, "numeric")).collect();
    assert_eq!(places[0], places[1], "{shown}");
    assert_eq!(places[0], width_before(columns[0], "KIND"), "{shown}");
    assert!(shown.contains("6  10.0 %"), "{shown}");
    assert!(!shown.contains("合格"), "no example of a cell is shown: {shown}");
}

/// Columns of a terminal before `word`: Chinese characters take two.
fn width_before(line: &str, word: &str) -> Option<usize> {
    let before = line.split_once(word)?.0;
    Some(before.chars().map(|c| if c >= '\u{2e80}' { 2 } else { 1 }).sum())
}

#[test]
fn a_flag_wins_and_the_profile_says_what_was_seen() {
    let plant = Plant::start();
    let file = plant.file("export.csv", &export());
    let read = ["dataset", "upload", arg(&file), "--decimal", ".", "--thousands", "none"];
    let profile = plant.json(&read);
    assert_eq!(profile["format"]["decimal"], "point");
    assert!(!profile["contradictions"].as_array().expect("sentences").is_empty(), "{profile}");
    assert_eq!(profile["columns"][0]["kind"], "text");
    let digest = profile["digest"].as_str().expect("a digest");
    assert!(stdout(&plant.run(&["dataset", "show", digest])).contains("\nbut"));
}

#[test]
fn a_file_without_header_trains_and_predicts_by_column_numbers() {
    let plant = Plant::start();
    let rows: String =
        (0..60).map(|i| format!("{};{}\n", i % 6, if i % 6 < 3 { "a" } else { "b" })).collect();
    let file = plant.file("bare.csv", &rows);
    plant.json(&[
        "train",
        arg(&file),
        "--model",
        "bare",
        "--target",
        "column 2",
        "--no-header",
        "--alias",
        "production",
    ]);
    let predict = ["predict", "bare", "-", "--output", "json", "--no-header", "--delimiter", ";"];
    let output = plant.feed(&predict, "1;x\n5;x\n");
    assert!(output.status.success(), "{}", stderr(&output));
    let labels: Vec<_> =
        stdout(&output).lines().map(|line| line.contains("\"label\":\"a\"")).collect();
    assert_eq!(labels, [true, false]);
}

#[test]
fn lists_end_where_they_are_told_to() {
    let plant = Plant::start();
    for i in 0..3 {
        let file = plant.file("t.csv", &format!("a,b\n1,{i}\n"));
        plant.json(&["dataset", "upload", arg(&file)]);
    }
    let output = plant.run(&["dataset", "ls", "--limit", "2", "--output", "json"]);
    let listed: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    assert!(stderr(&output).contains("--limit"), "{}", stderr(&output));
    let all = plant.run(&["dataset", "ls", "--output", "json"]);
    assert!(stderr(&all).is_empty(), "{}", stderr(&all));
}
