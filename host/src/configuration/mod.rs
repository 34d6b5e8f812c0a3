//! The configuration: `config.toml` of a person and that of the machine's administrator, read and put together.
//!
//! The effects of keys are not known here. A flag of the command line counts before the files, and the
//! person's file before the administrator's, but for `[policy]`, of which all that either says counts, and
//! `[auth]`, which counts as a whole.

mod stated_keys;
mod sections;
mod section_reader;
mod auth;
mod auth_files;
mod redis_section;
mod content;
mod named_files;
mod read;
mod files;
#[cfg(test)]
mod tests;

pub use auth::{AuthSection, ClientSecretPlace, IssuerFiles};
pub use auth_files::AuthFileError;
pub use content::Configuration;
pub use files::{ConfigurationError, administrators_file, load};
pub use named_files::{FileSecrecy, NamedFile};
pub use redis_section::RedisSection;
pub use sections::{AUDIT_STDERR, HttpSection, ServeSection};
pub use stated_keys::StatedKey;
