//! The suite's checks of an answer, without a server between.

use toolrack_sdk::{Content, IntoOutput, Output, ToolError};

use crate::conformance as tools;

#[test]
fn answers_have_the_kinds_of_content_that_the_suite_expects() {
    let check = |answer: Result<Output, ToolError>, expected: &[&str]| {
        let answer = answer.expect("the tool answers");
        let kinds: Vec<&str> = answer.content().iter().map(kind).collect();
        assert_eq!(kinds, expected);
    };
    check(tools::test_simple_text().into_output(), &["text"]);
    check(tools::test_image_content().into_output(), &["image/png"]);
    check(tools::test_audio_content().into_output(), &["audio/wav"]);
    check(tools::test_embedded_resource().into_output(), &["test://embedded-resource"]);
    check(
        tools::test_multiple_content_types().into_output(),
        &["text", "image/png", "test://mixed-content-resource"],
    );
    check(tools::test_tool_with_progress().into_output(), &["text"]);
    check(tools::test_tool_with_logging().into_output(), &["text"]);
    check(tools::test_logging_tool().into_output(), &["text"]);
}

fn kind(block: &Content) -> &str {
    match block {
        Content::Text(_) => "text",
        Content::Image { mime_type, .. } | Content::Audio { mime_type, .. } => mime_type,
        Content::TextResource { uri, .. } => uri,
        _ => "unexpected",
    }
}

#[test]
fn the_failing_tool_fails_with_its_reason() {
    let expected = ToolError::new("This tool intentionally returns an error for testing");
    assert_eq!(tools::test_error_handling(), Err(expected));
}
