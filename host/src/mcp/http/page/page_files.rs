//! The files of the page, which are the same for everybody and tell nothing of the server, and the headers that keep
//! other sites out.

use http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use hyper::body::Bytes;

use crate::mcp::http::run::answer::{self, HttpAnswer};

/// The page loads what this server serves and nothing else, sends forms nowhere, is shown in no frame, and turns no text into
/// HTML or code.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// A file of the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageFile {
    kind: &'static str,
    content: &'static str,
}

/// The files by their paths. They are part of the program.
const FILES: [(&str, &str, &str); 13] = [
    ("/", HTML, include_str!("assets/index.html")),
    ("/page/page.css", CSS, include_str!("assets/page.css")),
    ("/page/icon.svg", SVG, include_str!("assets/icon.svg")),
    ("/page/main.js", SCRIPT, include_str!("assets/main.js")),
    ("/page/server.js", SCRIPT, include_str!("assets/server.js")),
    ("/page/events.js", SCRIPT, include_str!("assets/events.js")),
    ("/page/dom.js", SCRIPT, include_str!("assets/dom.js")),
    ("/page/units.js", SCRIPT, include_str!("assets/units.js")),
    ("/page/chart.js", SCRIPT, include_str!("assets/chart.js")),
    ("/page/overview.js", SCRIPT, include_str!("assets/overview.js")),
    ("/page/tools.js", SCRIPT, include_str!("assets/tools.js")),
    ("/page/calls.js", SCRIPT, include_str!("assets/calls.js")),
    ("/page/form.js", SCRIPT, include_str!("assets/form.js")),
];

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const SCRIPT: &str = "text/javascript; charset=utf-8";

impl PageFile {
    /// The file at this path.
    pub(crate) fn at(path: &str) -> Option<Self> {
        let found = FILES.iter().find(|(own, ..)| *own == path);
        found.map(|&(_, kind, content)| Self { kind, content })
    }

    /// The file as an answer.
    pub(crate) fn answer(self) -> HttpAnswer {
        answer::whole(StatusCode::OK, self.kind, Bytes::from_static(self.content.as_bytes()))
    }
}

/// Adds the headers that keep other sites from using the page or what it shows.
pub(crate) fn guard(headers: &mut HeaderMap) {
    let (resources, openers) = (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderName::from_static("cross-origin-opener-policy"),
    );
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (X_FRAME_OPTIONS, "DENY"),
        (resources, "same-origin"),
        (openers, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_no_other_site_and_makes_no_html_of_text() {
        for (path, kind, content) in FILES {
            assert!(!content.is_empty(), "{path}");
            for line in content.lines().filter(|line| line.contains("//")) {
                let known = ["http://www.w3.org/", "/// ", "// "];
                assert!(known.iter().any(|known| line.contains(known)), "{path}: {line}");
            }
            for risky in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
            ] {
                assert!(kind != SCRIPT || !content.contains(risky), "{path}: {risky}");
            }
            assert!(!content.contains("style=") || kind != HTML, "{path}: the policy forbids it");
        }
        assert!(PageFile::at("/page").is_none() && PageFile::at("/page/../page/main.js").is_none());
    }

    #[test]
    fn every_file_that_a_module_imports_is_there() {
        let mut imports = 0;
        for (path, _, content) in FILES {
            for line in content.lines().filter(|line| line.contains(" from \"./")) {
                let name = line.split("\"./").nth(1).and_then(|rest| rest.split('"').next());
                let file = format!("/page/{}", name.expect("a name"));
                assert!(PageFile::at(&file).is_some(), "{path}: {file}");
                imports += 1;
            }
        }
        assert!(imports > 10, "{imports}: is this test still looking?");
    }
}
