//! The metadata of this server as a protected resource (RFC 9728): where clients learn whom to ask for a token.

use std::collections::BTreeSet;

use hyper::body::Bytes;
use serde::Serialize;

use super::settings::OauthSettings;

/// The path of the metadata. The path of the resource follows, where there is one.
const METADATA_PATH: &str = "/.well-known/oauth-protected-resource";
/// The path at which this server serves MCP, whatever a proxy makes of it.
const OWN_PATH: &str = "/mcp";

/// The metadata.
pub(super) struct ResourceMetadata {
    document: Bytes,
    paths: BTreeSet<String>,
    url: String,
}

impl ResourceMetadata {
    pub(super) fn of(settings: &OauthSettings) -> Self {
        #[derive(Serialize)]
        struct MetadataForm<'a> {
            resource: &'a str,
            authorization_servers: Vec<&'a str>,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            scopes_supported: Vec<&'a str>,
            bearer_methods_supported: [&'a str; 1],
        }
        let OauthSettings { resource, issuers, scopes, .. } = settings;
        let form = MetadataForm {
            resource: resource.as_str(),
            authorization_servers: issuers.iter().map(|issuer| issuer.issuer.as_str()).collect(),
            scopes_supported: scopes.names().collect(),
            bearer_methods_supported: ["header"],
        };
        let own = format!("{METADATA_PATH}{}", resource.trimmed_path());
        let url = resource.with_path(&own).to_string();
        let paths = [METADATA_PATH.to_owned(), format!("{METADATA_PATH}{OWN_PATH}"), own].into();
        // Texts are always JSON.
        let document = serde_json::to_vec(&form).unwrap_or_default().into();
        Self { document, paths, url }
    }

    /// The document, if it is at this path.
    pub(super) fn at(&self, path: &str) -> Option<Bytes> {
        let path = path.strip_suffix('/').unwrap_or(path);
        self.paths.contains(path).then(|| self.document.clone())
    }

    /// The URL of the document.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}
