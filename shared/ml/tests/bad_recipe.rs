//! A recipe that does not fit its table is refused, with the field that is wrong.

mod plant;

use millwright_domain::{
    Code, Fault, InputSpec, MixedSpec, NgramRange, Split, TextSpec, TrainingSpec, VectorizerSpec,
};
use plant::{fit, numeric, recipe, table, text};

const TABLE: &str = "\
note,x,gap,label,fold,none,same
pump leaks,1,,bad,train,,k
all well,2,,good,train,,k
pump dry,3,,bad,train,,k
well again,4,5,good,test,,k
";

/// Field and message of the error that training on `csv` ends with.
fn refusal(csv: &str, spec: &TrainingSpec) -> (String, String) {
    let (table, _folder) = table(csv);
    let error = fit(&table, spec).expect_err("a wrong recipe");
    assert_eq!(error.code(), Code::InvalidArgument, "{error}");
    (error.violation().expect("the field is named").field, error.to_string())
}

fn refused(spec: &TrainingSpec, field: &str, message: &str) {
    let (found, told) = refusal(TABLE, spec);
    assert_eq!(found, field, "{told}");
    assert!(told.contains(message), "{told}");
}

fn with_target(target: &str, input: InputSpec) -> TrainingSpec {
    let mut spec = recipe(input);
    spec.pipeline.target = target.to_owned();
    spec
}

fn with_split(split: &str, input: InputSpec) -> TrainingSpec {
    TrainingSpec { split: Split::Column(split.to_owned()), ..recipe(input) }
}

#[test]
fn unknown_columns_are_named_with_those_there_are() {
    let known = "note, x, gap, label, fold, none, same";
    refused(&with_target("lable", numeric(&["x"])), "target", known);
    refused(&recipe(numeric(&["x", "y"])), "input", "no column \"y\"");
    refused(&recipe(text("notes")), "input", "no column \"notes\"");
    refused(&with_split("folds", text("note")), "split", "no column \"folds\"");
}

#[test]
fn columns_have_one_part_to_play() {
    refused(&recipe(numeric(&["x", "x"])), "input", "\"x\" is named twice");
    refused(&recipe(numeric(&["x", "fold"])), "input", "cannot be a feature");
    refused(&recipe(numeric(&["x", "label"])), "input", "not the target");
}

#[test]
fn text_among_numbers_is_told_with_its_line() {
    let (field, told) = refusal(TABLE, &recipe(numeric(&[])));
    assert_eq!(field, "input");
    assert!(told.contains("line 2, column \"note\"") && told.contains("--features"), "{told}");
    let late = "x,label,fold\n1,a,train\n2,b,train\n1.5.2,a,test\n";
    let (_, told) = refusal(late, &recipe(numeric(&["x"])));
    assert!(told.contains("line 4, column \"x\"") && !told.contains("1.5.2"), "{told}");
    let commas = "x;label;fold\n1,5;a;train\nNA;b;train\n2,5;b;train\nabout 3;a;test\n";
    let (_, told) = refusal(commas, &recipe(numeric(&["x"])));
    assert!(told.contains("line 5, column \"x\""), "a comma and a gap are no text: {told}");
}

#[test]
fn a_target_needs_two_classes() {
    refused(&with_target("same", numeric(&["x"])), "target", "one class only");
    refused(&with_target("none", numeric(&["x"])), "target", "empty in every row");
    let held_out = "x,label,fold\n1,a,train\n2,a,train\n3,b,test\n";
    let (field, told) = refusal(held_out, &recipe(numeric(&["x"])));
    assert!(field == "target" && told.contains("one class only"), "{told}");
}

#[test]
fn a_split_needs_both_parts() {
    refused(&with_split("note", numeric(&["x"])), "split", "no row is held out");
    let all = "x,label,fold\n1,a,test\n2,b,test\n";
    let (field, told) = refusal(all, &recipe(numeric(&["x"])));
    assert!(field == "split" && told.contains("every row is held out"), "{told}");
    let unseen = "x,label,fold\n1,a,train\n2,b,train\n3,c,test\n";
    let (field, told) = refusal(unseen, &recipe(numeric(&["x"])));
    assert!(field == "split" && told.contains("line 4"), "{told}");
    let pairs = TrainingSpec { split: Split::Fraction(0.5), ..recipe(numeric(&["x"])) };
    let (field, told) = refusal("x,label\n1,a\n2,b\n", &pairs);
    assert!(field == "split" && told.contains("no row is held out"), "{told}");
}

#[test]
fn columns_that_teach_nothing_are_named() {
    refused(&recipe(numeric(&["x", "gap"])), "input", "\"gap\" is empty in every training row");
    refused(&recipe(text("none")), "input", "no word of two letters");
    let (field, told) = refusal("label,fold\na,train\nb,test\n", &recipe(numeric(&[])));
    assert!(field == "input" && told.contains("no column to learn from"), "{told}");
    let (field, told) = refusal(
        "x,label,fold\n1e300,a,train\n-1e300,b,train\n1,b,test\n",
        &recipe(numeric(&["x"])),
    );
    assert!(field == "input" && told.contains("too far apart"), "{told}");
}

#[test]
fn a_vocabulary_of_nothing_names_the_column_and_the_setting() {
    use millwright_domain::DocumentFrequency::{Count, Share};
    let recipe_of = |change: &dyn Fn(&mut VectorizerSpec)| {
        let mut vectorizer = VectorizerSpec::default();
        change(&mut vectorizer);
        recipe(InputSpec::Text(TextSpec { column: "note".to_owned(), vectorizer }))
    };
    let crossed = recipe_of(&|spec| spec.min_df = Count(4));
    refused(&crossed, "max_df", "max_df allows fewer training rows than min_df");
    let rare = recipe_of(&|spec| (spec.min_df, spec.max_df) = (Count(3), Count(9)));
    refused(&rare, "min_df", "no term of column \"note\" is left");
    let common = recipe_of(&|spec| (spec.min_df, spec.max_df) = (Share(0.0), Share(0.1)));
    refused(&common, "max_df", "change max_df");
    let long = recipe_of(&|spec| spec.ngrams = NgramRange { min: 3, max: 4 });
    refused(&long, "ngrams", "\"note\" has no 3 words in a row");
    let none = recipe_of(&|spec| spec.ngrams = NgramRange { min: 2, max: 1 });
    refused(&none, "ngrams", "the shorter one first");
}

#[test]
fn a_text_beside_numbers_is_found_or_refused() {
    let mixed = |text: &str, numbers: &[&str]| {
        let text = TextSpec { column: text.to_owned(), vectorizer: VectorizerSpec::default() };
        let InputSpec::Numeric(numeric) = numeric(numbers) else { panic!("a numeric input") };
        recipe(InputSpec::Mixed(MixedSpec { text, numeric }))
    };
    refused(&mixed("note", &["y"]), "input", "no column \"y\"");
    refused(&mixed("notes", &[]), "input", "no column \"notes\"");
    refused(&mixed("note", &["note"]), "input", "each once");
    refused(&mixed("fold", &["x"]), "input", "cannot be a feature");
    refused(&mixed("note", &["x", "same"]), "input", "line 2, column \"same\"");
    let alone = "note,label,fold\nww,a,train\nvv,b,train\nvv,b,test\n";
    let (field, told) = refusal(alone, &mixed("note", &[]));
    assert!(field == "input" && told.contains("no column of numbers"), "{told}");
}

#[test]
fn a_target_that_is_no_class_is_refused_before_memory_runs_out() {
    let mut csv = "note,label,fold\nw,x,test\n".to_owned();
    csv.extend((0..8000).map(|i| format!("word{i},{i},train\n")));
    csv = csv.replacen("w,x,test", "w,1,test", 1);
    let (field, told) = refusal(&csv, &recipe(text("note")));
    assert!(field == "target" && told.contains("too many at once"), "{told}");
    let long = format!("x,label,fold\n1,{},train\n", "y".repeat(1025));
    let (field, told) = refusal(&long, &recipe(numeric(&["x"])));
    assert!(field == "target" && told.contains("line 2"), "{told}");
}

#[test]
fn parameters_keep_to_their_ranges() {
    let mut spec = recipe(numeric(&["x"]));
    spec.pipeline.logistic.l2 = -1.0;
    refused(&spec, "l2", "0 or more");
}
