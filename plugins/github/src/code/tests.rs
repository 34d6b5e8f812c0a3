//! Files and directories as GitHub gives them.

use super::*;
use toolrack_sdk::http::{self, Response};

const ALL: Lines = Lines { first: 1, most: 100 };

fn read(path: &str, lines: Lines, answer: &'static str) -> Result<String, String> {
    http::mock(move |_| Response::new(200, answer));
    file(&Api::new(|_| None), &Name::parse("a/b").unwrap(), path, None, lines)
}

#[test]
fn a_file_is_decoded() {
    // "größe\n", in two lines as GitHub wraps it.
    let answer = r#"{"type":"file","size":8,"encoding":"base64","content":"Z3LDtsOf\nZQo=\n"}"#;
    assert_eq!(read("a.txt", ALL, answer).unwrap(), "größe");
    let binary = r#"{"type":"file","size":4,"encoding":"base64","content":"AAEC/w=="}"#;
    assert!(
        read("a.bin", ALL, binary)
            .unwrap_err()
            .contains("`a.bin` in `a/b` is not text in UTF-8 (4 bytes)")
    );
    let wrong = r#"{"type":"file","size":4,"encoding":"base64","content":"***"}"#;
    assert!(read("a", ALL, wrong).unwrap_err().contains("base64"));
}

#[test]
fn what_is_no_file_is_described() {
    let directory = r#"{"type":"dir","entries":[{"name":"src","type":"dir","size":0},
        {"name":"a.rs","type":"file","size":12},{"name":"l","type":"symlink","size":3}]}"#;
    assert_eq!(
        read("", ALL, directory).unwrap(),
        "the root of `a/b` is a directory of 3 entries:\nsrc/\na.rs (12 bytes)\nl (symlink)\n"
    );
    let link = r#"{"type":"symlink","target":"../x"}"#;
    assert_eq!(read("l", ALL, link).unwrap(), "`l` in `a/b` is a link to `../x`");
}

#[test]
fn a_large_file_is_read_in_its_raw_form() {
    http::mock(|request| match request.header_value("accept") {
        Some("application/vnd.github.raw+json") => Response::new(200, "raw\n"),
        _ => Response::new(200, r#"{"type":"file","size":2000000,"encoding":"none","content":""}"#),
    });
    let text = file(&Api::new(|_| None), &Name::parse("a/b").unwrap(), "c", Some("v1"), ALL);
    assert_eq!(text.unwrap(), "raw");
}

#[test]
fn parts_of_a_file_say_how_to_go_on() {
    let check = |first: usize, most: usize, expected: Result<&str, &str>| {
        let told = shown("`f`", "a\nb\nc\n", Lines { first, most });
        assert_eq!(told.as_deref().map_err(|error| error.as_str()), expected);
    };
    check(1, 3, Ok("a\nb\nc"));
    check(1, 2, Ok("a\nb\n\n(lines 1 to 2 of 3; go on with first_line 3)"));
    check(3, 2, Ok("c\n\n(lines 3 to 3 of 3)"));
    check(4, 1, Err("`first_line` is 4, and `f` has 3 lines"));
    assert_eq!(shown("`f`", "", ALL).unwrap(), "");
}

#[test]
fn whatever_field_is_absent_null_or_of_another_type_a_file_or_directory_is_read() {
    let directory = serde_json::json!({ "type": "dir", "entries": [{ "name": "src", "type": "dir", "size": 0 },
        { "name": "a.rs", "type": "file", "size": 12 }] });
    let small = serde_json::json!({ "type": "file", "size": 2, "encoding": "base64", "content": "YQo=", "sha": "1" });
    for lenient::Change { what, answer } in
        lenient::variants(&directory).into_iter().chain(lenient::variants(&small))
    {
        http::mock(move |request| match request.header_value("accept") {
            Some("application/vnd.github.raw+json") => Response::new(200, "raw\n"),
            _ => Response::new(200, answer.to_string()),
        });
        let told = file(&Api::new(|_| None), &Name::parse("a/b").unwrap(), "c", None, ALL);
        assert!(told.is_ok(), "{what}: {told:?}");
    }
}

#[test]
fn what_is_too_long_for_one_answer_says_how_to_get_the_rest() {
    let text = "0123456789\n".repeat(20_000);
    let told = shown("`f`", &text, Lines { first: 1, most: 20_000 }).unwrap();
    assert!(
        told.len() < 61_000
            && told.ends_with("(lines 1 to 5454 of 20000; go on with first_line 5455)")
    );
    let long = format!("{}\nb", "é".repeat(100_000));
    let told = shown("`f`", &long, ALL).unwrap();
    assert!(told.len() < 61_000, "{}", told.len());
    assert!(
        told.ends_with("of which only these 60000 can be shown; go on with first_line 2)"),
        "{told}"
    );
    let large = r#"{"type":"file","size":5000000,"encoding":"none","content":""}"#;
    assert!(read("c", ALL, large).unwrap_err().contains("the most that can be read is 4194304"));
}
