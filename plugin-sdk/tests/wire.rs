//! Every kind of answer and failure crosses as the case of the contract that carries it.

use toolrack_sdk::__private::answer;
use toolrack_sdk::__private::bindings::exports::toolrack::plugin::tools::{Content, Failure};

#[toolrack_sdk::plugin]
mod every {
    use toolrack_sdk::{Content, Output, ResourceLink, ToolError};

    /// Answers with every kind of content.
    pub fn kind() -> Result<Output, ToolError> {
        let link = ResourceLink { size: Some(7), ..ResourceLink::new("file:///l", "l") };
        Output::text("t")
            .with(Content::image("image/png", [1]))
            .with(Content::audio("audio/wav", [2]))
            .with(link)
            .with(Content::text_resource("file:///t", "text/plain", "r"))
            .with(Content::blob_resource("file:///b", "application/pdf", [3]))
            .meta("example.com/n", 4)
            .structured(&[5])
    }

    /// Fails with a picture.
    pub fn picture() -> Result<(), ToolError> {
        Err(ToolError::with_content(vec![Content::image("image/png", [6])]))
    }

    /// Refuses its arguments.
    pub fn refusal() -> Result<(), ToolError> {
        Err(ToolError::invalid_arguments("no"))
    }
}

fn show(block: &Content) -> String {
    match block {
        Content::Text(text) => format!("text {text}"),
        Content::Image(media) => format!("image {} {:?}", media.mime_type, media.data),
        Content::Audio(media) => format!("audio {} {:?}", media.mime_type, media.data),
        Content::ResourceLink(link) => format!("link {} {} {:?}", link.uri, link.name, link.size),
        Content::TextResource(resource) => {
            format!("text {} {:?} {}", resource.uri, resource.mime_type, resource.text)
        }
        Content::BlobResource(resource) => {
            format!("blob {} {:?} {:?}", resource.uri, resource.mime_type, resource.data)
        }
    }
}

#[test]
fn content_crosses_case_by_case() {
    let output = answer(every::__TOOLS, "kind", "{}").expect("the tool answers");
    let blocks: Vec<String> = output.content.iter().map(show).collect();
    let expected = [
        "text t",
        "image image/png [1]",
        "audio audio/wav [2]",
        "link file:///l l Some(7)",
        "text file:///t Some(\"text/plain\") r",
        "blob file:///b Some(\"application/pdf\") [3]",
    ];
    assert_eq!(blocks, expected);
    assert_eq!(output.meta.as_deref(), Some(r#"{"example.com/n":4}"#));
    assert_eq!(output.structured.as_deref(), Some("[5]"));
}

#[test]
fn failures_cross_case_by_case() {
    let check = |tool: &str, expected: &str| {
        let shown = match answer(every::__TOOLS, tool, "{}").expect_err("the tool fails") {
            Failure::InvalidArguments(reason) => format!("invalid {reason}"),
            Failure::Failed(blocks) => {
                format!("failed {:?}", blocks.iter().map(show).collect::<Vec<_>>())
            }
            Failure::Other(text) => format!("other {text}"),
        };
        assert_eq!(shown, expected);
    };
    check("picture", "failed [\"image image/png [6]\"]");
    check("refusal", "invalid no");
}
