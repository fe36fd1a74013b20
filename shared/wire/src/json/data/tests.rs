use super::*;

fn read(datatype: Datatype, shape: &[i64], data: &str) -> Result<Bytes, String> {
    let data: &RawValue = serde_json::from_str(data).expect("JSON");
    contents(datatype, shape, data)
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

#[test]
fn a_flat_list_and_lists_as_the_shape_says_are_the_same() {
    let flat = read(Datatype::Fp32, &[2, 3], "[1, 2.5, -3, 4e2, 5, 0.1]").expect("flat");
    assert_eq!(floats(&flat), [1.0, 2.5, -3.0, 400.0, 5.0, 0.1]);
    let nested = read(Datatype::Fp32, &[2, 3], "[[1, 2.5, -3], [4e2, 5, 0.1]]").expect("nested");
    assert_eq!(nested, flat);
    let deep = read(Datatype::Fp32, &[2, 1, 3], "[[[1, 2.5, -3]], [[4e2, 5, 0.1]]]");
    assert_eq!(deep.expect("nested deeper"), flat);
    for (shape, data) in [(&[0][..], "[]"), (&[2, 0], "[[], []]"), (&[0, 2], "[]")] {
        assert!(read(Datatype::Fp32, shape, data).expect("no elements").is_empty(), "{shape:?}");
    }
}

#[test]
fn lists_that_say_something_else_than_the_shape_are_refused() {
    for (shape, data, why) in [
        (&[2, 2][..], "[[1, 2, 3], [4]]", "ragged"),
        (&[2, 2], "[[1, 2]]", "too few rows"),
        (&[2, 2], "[1, [2, 3]]", "a list after an element"),
        (&[2, 2], "[[1, 2], 3]", "an element after a list"),
        (&[2], "[[1], [2]]", "deeper than the shape"),
        (&[2, 1, 2], "[[1, 2], [3, 4]]", "not as deep as the shape"),
        (&[2], "{\"0\": 1}", "no list"),
        (&[2], "3", "no list"),
        (&[], "[[1]]", "a list where nothing is"),
    ] {
        let problem = read(Datatype::Fp64, shape, data).expect_err(why);
        assert!(!problem.is_empty(), "{why}");
    }
    let bomb = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    read(Datatype::Fp64, &[1; 1000], &bomb).expect_err("a bomb");
}

#[test]
fn an_integer_is_exact_or_refused() {
    for (datatype, least, most) in [
        (Datatype::Int8, i128::from(i8::MIN), i128::from(i8::MAX)),
        (Datatype::Int16, i16::MIN.into(), i16::MAX.into()),
        (Datatype::Int32, i32::MIN.into(), i32::MAX.into()),
        (Datatype::Int64, i64::MIN.into(), i64::MAX.into()),
        (Datatype::Uint8, 0, u8::MAX.into()),
        (Datatype::Uint16, 0, u16::MAX.into()),
        (Datatype::Uint32, 0, u32::MAX.into()),
        (Datatype::Uint64, 0, u64::MAX.into()),
    ] {
        let size = datatype.size().expect("of one size");
        let read = |value: i128| read(datatype, &[1], &format!("[{value}]"));
        let wanted = most.to_le_bytes();
        assert_eq!(read(most).expect("the largest")[..], wanted[..size], "{datatype}");
        let wanted = least.to_le_bytes();
        assert_eq!(read(least).expect("the smallest")[..], wanted[..size], "{datatype}");
        for outside in [least - 1, most + 1] {
            let problem = read(outside).expect_err("too large");
            assert_eq!(problem, format!("element 0 is not an integer that {datatype} holds"));
        }
    }
    for data in ["[1.0]", "[1e2]", "[true]", "[\"1\"]", "[null]", "[\"NaN\"]"] {
        read(Datatype::Int32, &[1], data).expect_err(data);
    }
}

#[test]
fn what_is_no_finite_number_of_the_type_is_refused_and_never_repeated() {
    for (datatype, data, why) in [
        (Datatype::Fp32, "[0.5, \"NaN\"]", "a text"),
        (Datatype::Fp32, "[0.5, 3.5e38]", "beyond FP32"),
        (Datatype::Fp32, "[0.5, 1e999]", "beyond every float"),
        (Datatype::Fp64, "[0.5, -1e999]", "beyond FP64"),
        (Datatype::Fp64, "[0.5, null]", "what a careless writer makes of NaN"),
        (Datatype::Fp64, "[0.5, true]", "a truth value"),
        (Datatype::Fp64, "[0.5, {\"secret\": 1}]", "an object"),
    ] {
        let problem = read(datatype, &[2], data).expect_err(why);
        assert!(problem.starts_with("element 1 is not a number"), "{why}: {problem}");
        assert!(problem.contains("travel only as binary"), "{why}: {problem}");
        assert!(!problem.contains("999") && !problem.contains("secret"), "{why}: {problem}");
    }
}

#[test]
fn texts_and_truth_values_come_as_they_are() {
    let texts =
        read(Datatype::Bytes, &[3], "[\"液压 漏油\", \"\", \"\\u0000\\\"\"]").expect("texts");
    let mut wanted = Vec::new();
    for text in ["液压 漏油", "", "\0\""] {
        wanted.extend((text.len() as u32).to_le_bytes());
        wanted.extend(text.as_bytes());
    }
    assert_eq!(texts, wanted);
    assert_eq!(read(Datatype::Bool, &[2], "[true, false]").expect("truth")[..], [1, 0]);
    for (datatype, data) in [
        (Datatype::Bool, "[1]"),
        (Datatype::Bytes, "[1]"),
        (Datatype::Bytes, "[\"\\ud800\"]"),
        (Datatype::Fp16, "[1]"),
        (Datatype::Bf16, "[1]"),
    ] {
        read(datatype, &[1], data).expect_err(data);
    }
}
