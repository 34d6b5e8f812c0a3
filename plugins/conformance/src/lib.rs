//! The tools that the MCP conformance suite calls, with the answers it expects.
//!
//! Names, texts and schema are those of `@modelcontextprotocol/conformance`, 0.2.0-alpha.12: its
//! server scenarios say what each tool must do. They are also an example of every kind of content.
//! Left out is what a server of tools alone does not offer, such as sampling and elicitation.

mod fixtures;

#[toolrack_sdk::plugin]
mod conformance {
    use std::{thread::sleep, time::Duration};

    use toolrack_sdk::{Content, Progress, ToolError, log};

    use crate::fixtures::{JSON_SCHEMA_2020_12, RED_DOT, REPEATED_ARGUMENTS, SILENCE};

    /// The time that the suite asks a tool to wait between two reports.
    const PAUSE: Duration = Duration::from_millis(50);

    /// Returns a simple text.
    #[tool(read_only)]
    pub fn test_simple_text() -> &'static str {
        "This is a simple text response for testing."
    }

    /// Returns an image: one red pixel.
    #[tool(read_only)]
    pub fn test_image_content() -> Content {
        Content::image("image/png", RED_DOT)
    }

    /// Returns a recording: a moment of silence.
    #[tool(read_only)]
    pub fn test_audio_content() -> Content {
        Content::audio("audio/wav", SILENCE)
    }

    /// Returns a text resource inside the answer.
    #[tool(read_only)]
    pub fn test_embedded_resource() -> Content {
        let text = "This is an embedded resource content.";
        Content::text_resource("test://embedded-resource", "text/plain", text)
    }

    /// Returns text, an image and a resource in one answer.
    #[tool(read_only)]
    pub fn test_multiple_content_types() -> Vec<Content> {
        let json = r#"{"test":"data","value":123}"#;
        vec![
            Content::text("Multiple content types test:"),
            Content::image("image/png", RED_DOT),
            Content::text_resource("test://mixed-content-resource", "application/json", json),
        ]
    }

    /// Always fails.
    #[tool(read_only)]
    pub fn test_error_handling() -> Result<(), ToolError> {
        Err(ToolError::new("This tool intentionally returns an error for testing"))
    }

    /// Reports progress three times.
    #[tool(read_only)]
    pub fn test_tool_with_progress() -> &'static str {
        let progress = Progress::of(100);
        progress.report(0, "");
        sleep(PAUSE);
        progress.report(50, "");
        sleep(PAUSE);
        progress.report(100, "");
        "Progress was reported three times."
    }

    /// Writes three lines to the log.
    #[tool(read_only)]
    pub fn test_tool_with_logging() -> &'static str {
        log::info("Tool execution started");
        sleep(PAUSE);
        log::info("Tool processing data");
        sleep(PAUSE);
        log::info("Tool execution completed");
        "Three lines were logged."
    }

    /// Writes a line to the log, which must not reach a client that asked for none.
    #[tool(read_only)]
    pub fn test_logging_tool() -> &'static str {
        log::info("This line is for the operator");
        "One line was logged."
    }

    /// Asks whoever runs the suite to change the list of tools, which only files can.
    pub fn test_trigger_tool_change() -> &'static str {
        log::warn("test_trigger_tool_change");
        "The list changes soon."
    }

    /// Says a region and a number, which a client repeats in the headers of its request over HTTP.
    #[tool(read_only, input_schema = REPEATED_ARGUMENTS)]
    pub fn test_repeated_arguments(region: Option<String>, count: Option<i64>) -> String {
        format!("{} {}", region.as_deref().unwrap_or("nowhere"), count.unwrap_or_default())
    }

    /// Tool with JSON Schema 2020-12 features
    #[tool(read_only, input_schema = JSON_SCHEMA_2020_12)]
    pub fn json_schema_2020_12_tool(name: Option<String>) -> String {
        format!("The arguments of {} conform.", name.as_deref().unwrap_or("nobody"))
    }
}

#[cfg(test)]
mod tests;
