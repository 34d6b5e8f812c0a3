//! One block of an answer: [`Content`]. Knows what MCP can carry, not how it crosses to the host.

/// One block of an answer, as MCP has it.
///
/// A tool returns one `Content`, a `Vec<Content>`, or an [`Output`](crate::Output) when there is more
/// to say than blocks. Bytes are bytes here: the host turns them into base64, which makes them a
/// third longer, and counts that against the plugin's output limit.
///
/// ```
/// use toolrack_sdk::Content;
///
/// let blocks = vec![Content::text("a red dot"), Content::image("image/png", vec![0x89, 0x50])];
/// assert_eq!(blocks[0], Content::Text("a red dot".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// Text for the model.
    Text(String),
    /// A picture.
    Image {
        /// Such as `image/png`.
        mime_type: String,
        /// The bytes of the file.
        data: Vec<u8>,
    },
    /// A recording.
    Audio {
        /// Such as `audio/wav`.
        mime_type: String,
        /// The bytes of the file.
        data: Vec<u8>,
    },
    /// A pointer to something the client may read elsewhere.
    ResourceLink(ResourceLink),
    /// A resource's text, carried inside the answer.
    TextResource {
        /// The resource's name for clients.
        uri: String,
        /// Such as `text/markdown`.
        mime_type: Option<String>,
        /// All of it.
        text: String,
    },
    /// A resource's bytes, carried inside the answer.
    BlobResource {
        /// The resource's name for clients.
        uri: String,
        /// Such as `application/pdf`.
        mime_type: Option<String>,
        /// All of them.
        data: Vec<u8>,
    },
}

impl Content {
    /// Text for the model.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A picture: its media type, such as `image/png`, and the bytes of the file.
    pub fn image(mime_type: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Self::Image { mime_type: mime_type.into(), data: data.into() }
    }

    /// A recording: its media type, such as `audio/wav`, and the bytes of the file.
    pub fn audio(mime_type: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Self::Audio { mime_type: mime_type.into(), data: data.into() }
    }

    /// A pointer to something the client may read elsewhere. [`ResourceLink::new`] takes more detail.
    pub fn resource_link(uri: impl Into<String>, name: impl Into<String>) -> Self {
        Self::ResourceLink(ResourceLink::new(uri, name))
    }

    /// A resource's text with its URI and media type, such as `text/markdown`.
    pub fn text_resource(
        uri: impl Into<String>,
        mime_type: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self::TextResource { uri: uri.into(), mime_type: Some(mime_type.into()), text: text.into() }
    }

    /// A resource's bytes with its URI and media type, such as `application/pdf`.
    pub fn blob_resource(
        uri: impl Into<String>,
        mime_type: impl Into<String>,
        data: impl Into<Vec<u8>>,
    ) -> Self {
        Self::BlobResource { uri: uri.into(), mime_type: Some(mime_type.into()), data: data.into() }
    }
}

/// A place where a client may read something, and what that is.
///
/// ```
/// use toolrack_sdk::{Content, ResourceLink};
///
/// let link = ResourceLink {
///     mime_type: Some("text/plain".into()),
///     size: Some(120),
///     ..ResourceLink::new("https://example.com/a.txt", "a.txt")
/// };
/// assert_eq!(Content::from(link.clone()), Content::ResourceLink(link));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceLink {
    /// Its address.
    pub uri: String,
    /// Its name for programs.
    pub name: String,
    /// Its name for people.
    pub title: Option<String>,
    /// A description of it, for the model.
    pub description: Option<String>,
    /// Its media type.
    pub mime_type: Option<String>,
    /// Its size in bytes.
    pub size: Option<u64>,
}

impl ResourceLink {
    /// A link that says nothing but where and what.
    pub fn new(uri: impl Into<String>, name: impl Into<String>) -> Self {
        Self { uri: uri.into(), name: name.into(), ..Self::default() }
    }
}

impl From<ResourceLink> for Content {
    fn from(link: ResourceLink) -> Self {
        Self::ResourceLink(link)
    }
}
