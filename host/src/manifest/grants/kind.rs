//! The kinds of grants, and what each must answer: a new one does not compile until it has.

/// A kind of grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantKind {
    /// Requests.
    Network,
    /// Directories.
    Files,
    /// The directory that each call has for itself.
    Scratch,
    /// Variables.
    Env,
    /// Secrets.
    Secret,
    /// Configuration.
    Config,
}

impl GrantKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Network, Self::Files, Self::Scratch, Self::Env, Self::Secret, Self::Config];

    /// The kind in the name of a grant.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Files => "files",
            Self::Scratch => "scratch",
            Self::Env => "env",
            Self::Secret => "secret",
            Self::Config => "config",
        }
    }

    /// Returns examples of a grant of the kind, in the forms in which grants are written.
    #[must_use]
    pub fn example(self) -> GrantExample {
        let (name, argument, placeholder, line) = match self {
            Self::Network => (
                Some("https://api.example.org"),
                "https://api.example.org",
                Some("URL"),
                r#"network = ["https://api.example.org"]"#,
            ),
            Self::Files => (
                Some("/notes"),
                "~/notes --at /notes",
                Some("DIRECTORY"),
                r#"files = [{ path = "~/notes", at = "/notes", access = "read" }]"#,
            ),
            Self::Scratch => (None, "/tmp", None, r#"scratch = "/tmp""#),
            Self::Env => (Some("LANG"), "KEY=VALUE", Some("KEY=VALUE"), r#"env = { LANG = "C" }"#),
            Self::Secret => {
                (Some("API_TOKEN"), "API_TOKEN", Some("NAME"), r#"secrets = ["API_TOKEN"]"#)
            }
            Self::Config => {
                (Some("units"), "KEY=VALUE", Some("KEY=VALUE"), r#"config = { units = "metric" }"#)
            }
        };
        GrantExample { name, argument, placeholder, line }
    }

    /// The beginning of the name of the interface by which a plugin uses such grants. `None` where it needs none of its
    /// own.
    #[must_use]
    pub fn interface(self) -> Option<&'static str> {
        match self {
            Self::Network => Some("wasi:http/"),
            Self::Files => Some("wasi:filesystem/preopens@"),
            Self::Env => Some("wasi:cli/environment@"),
            Self::Config => Some("wasi:config/store@"),
            // A directory like others; a value of the configuration.
            Self::Scratch | Self::Secret => None,
        }
    }

    /// True if a plugin that imports the interface and is granted nothing of the kind is refused. What every program's
    /// libc imports needs no grant: without one there is nothing to see.
    #[must_use]
    pub fn is_required_by_import(self) -> bool {
        match self {
            Self::Network => true,
            Self::Files | Self::Scratch | Self::Env | Self::Secret | Self::Config => false,
        }
    }
}

/// Examples of a grant of one kind.
#[derive(Clone, Copy, Debug)]
pub struct GrantExample {
    /// The rest of its name behind the kind, as a manifest takes it away. `None` where there is only one.
    pub name: Option<&'static str>,
    /// It, as `toolrack grant` takes it behind the kind.
    pub argument: &'static str,
    /// The word that stands for it in a command. `None` where there is only one.
    pub placeholder: Option<&'static str>,
    /// It, as a line of a manifest under `[grants]`.
    pub line: &'static str,
}
