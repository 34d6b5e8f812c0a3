//! The clients, one row each: the file of each scope, its form, and what a person does for the client to read it.
//!
//! Adding a client is adding a row here, and its name to the table in docs/serving.md.

use std::path::{Path, PathBuf};

use super::entry::EntryForm;
use super::http_entry::{HttpForm, VariableForm};
use super::user_directories::{UserDirectories, find_program};

/// An MCP client that keeps its servers in a file.
#[derive(Debug)]
pub struct Client {
    /// The name on the command line.
    pub name: &'static str,
    /// The name that its makers give it.
    pub title: &'static str,
    pub(super) syntax: Syntax,
    /// The member of the file that holds the servers.
    pub(super) key: &'static str,
    pub(super) form: EntryForm,
    pub(super) http: HttpForm,
    user_file: fn(&UserDirectories) -> PathBuf,
    /// The member of the user's file that holds, by directory, what counts in that directory before everything else.
    /// `None` where the client has none.
    pub(super) projects_key: Option<&'static str>,
    /// The file for one project, relative to it. `None` where the client has none.
    pub(super) project_file: Option<&'static str>,
    /// Its program, where it has one that people put on the PATH.
    program: Option<&'static str>,
    /// A directory or file that is there once the client has run.
    trace: fn(&UserDirectories) -> PathBuf,
    /// The step by which the client takes up a changed file, as an instruction to the user.
    pub pickup: &'static str,
    /// The further step that is needed in a project, as an instruction to the user.
    pub project_pickup: &'static str,
}

/// The syntax of a client's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    /// JSON without comments: the client cannot read others.
    Json,
    /// JSON with comments and trailing commas.
    JsonWithComments,
    Toml,
}

impl Client {
    /// The file for all of a user's projects.
    pub(super) fn user_file(&self, directories: &UserDirectories) -> PathBuf {
        (self.user_file)(directories)
    }

    /// True if the client only starts programs, so that another one speaks HTTP for it.
    #[must_use]
    pub fn needs_remote(&self) -> bool {
        self.http == HttpForm::Remote
    }

    /// True if the client seems to be installed: its file, its directory or its program is there.
    #[must_use]
    pub fn is_installed(&self, directories: &UserDirectories) -> bool {
        let is_there = |path: &Path| path.symlink_metadata().is_ok();
        is_there(&self.user_file(directories))
            || is_there(&(self.trace)(directories))
            || self.program.and_then(find_program).is_some()
    }
}

/// The client with this name.
#[must_use]
pub fn client(name: &str) -> Option<&'static Client> {
    CLIENTS.iter().find(|client| client.name == name)
}

/// All clients that are known.
pub const CLIENTS: &[Client] = &[
    Client {
        name: "claude",
        title: "Claude Code",
        syntax: Syntax::Json,
        key: "mcpServers",
        form: EntryForm::Typed,
        http: HttpForm::Typed(VariableForm::Shell),
        user_file: |user| user.home_or("CLAUDE_CONFIG_DIR").join(".claude.json"),
        projects_key: Some("projects"),
        project_file: Some(".mcp.json"),
        program: Some("claude"),
        trace: |user| user.named_or("CLAUDE_CONFIG_DIR", ".claude"),
        pickup: "start a new session; `claude mcp list` shows whether it connects",
        project_pickup: "Claude Code asks each person once whether the project's server may start",
    },
    Client {
        name: "claude-desktop",
        title: "Claude Desktop",
        syntax: Syntax::Json,
        key: "mcpServers",
        form: EntryForm::Plain,
        http: HttpForm::Remote,
        user_file: |user| user.settings.join("Claude").join("claude_desktop_config.json"),
        projects_key: None,
        project_file: None,
        program: None,
        trace: |user| user.settings.join("Claude"),
        pickup: "quit Claude Desktop fully and start it again",
        project_pickup: "",
    },
    Client {
        name: "codex",
        title: "Codex",
        syntax: Syntax::Toml,
        key: "mcp_servers",
        form: EntryForm::Plain,
        http: HttpForm::Codex,
        user_file: |user| user.named_or("CODEX_HOME", ".codex").join("config.toml"),
        projects_key: None,
        project_file: Some(".codex/config.toml"),
        program: Some("codex"),
        trace: |user| user.named_or("CODEX_HOME", ".codex"),
        pickup: "start a new session; `codex mcp list` shows the entry",
        project_pickup: "Codex reads the file only in a project that is trusted",
    },
    Client {
        name: "cursor",
        title: "Cursor",
        syntax: Syntax::JsonWithComments,
        key: "mcpServers",
        form: EntryForm::Plain,
        http: HttpForm::Member("url", VariableForm::Env),
        user_file: |user| user.home.join(".cursor").join("mcp.json"),
        projects_key: None,
        project_file: Some(".cursor/mcp.json"),
        program: Some("cursor"),
        trace: |user| user.home.join(".cursor"),
        pickup: "restart Cursor; its settings list the server under MCP",
        project_pickup: "",
    },
    Client {
        name: "gemini",
        title: "Gemini CLI",
        syntax: Syntax::JsonWithComments,
        key: "mcpServers",
        form: EntryForm::Plain,
        http: HttpForm::Member("httpUrl", VariableForm::Shell),
        user_file: |user| user.home_or("GEMINI_CLI_HOME").join(".gemini").join("settings.json"),
        projects_key: None,
        project_file: Some(".gemini/settings.json"),
        program: Some("gemini"),
        trace: |user| user.home_or("GEMINI_CLI_HOME").join(".gemini"),
        pickup: "start a new session; in a trusted folder, `gemini mcp list` shows whether it connects",
        project_pickup: "",
    },
    Client {
        name: "vscode",
        title: "VS Code",
        syntax: Syntax::JsonWithComments,
        key: "servers",
        form: EntryForm::Typed,
        http: HttpForm::Typed(VariableForm::Env),
        user_file: |user| user.settings.join("Code").join("User").join("mcp.json"),
        projects_key: None,
        project_file: Some(".vscode/mcp.json"),
        program: Some("code"),
        trace: |user| user.settings.join("Code"),
        pickup: "in VS Code, start it by the command `MCP: List Servers`",
        project_pickup: "",
    },
    Client {
        name: "vscode-insiders",
        title: "VS Code Insiders",
        syntax: Syntax::JsonWithComments,
        key: "servers",
        form: EntryForm::Typed,
        http: HttpForm::Typed(VariableForm::Env),
        user_file: |user| user.settings.join("Code - Insiders").join("User").join("mcp.json"),
        projects_key: None,
        project_file: None,
        program: Some("code-insiders"),
        trace: |user| user.settings.join("Code - Insiders"),
        pickup: "in its window, start it by the command `MCP: List Servers`",
        project_pickup: "",
    },
    Client {
        name: "vscodium",
        title: "VSCodium",
        syntax: Syntax::JsonWithComments,
        key: "servers",
        form: EntryForm::Typed,
        http: HttpForm::Typed(VariableForm::Env),
        user_file: |user| user.settings.join("VSCodium").join("User").join("mcp.json"),
        projects_key: None,
        project_file: None,
        program: Some("codium"),
        trace: |user| user.settings.join("VSCodium"),
        pickup: "in its window, start it by the command `MCP: List Servers`",
        project_pickup: "",
    },
    Client {
        name: "windsurf",
        title: "Windsurf",
        syntax: Syntax::JsonWithComments,
        key: "mcpServers",
        form: EntryForm::Plain,
        http: HttpForm::Member("serverUrl", VariableForm::Env),
        user_file: |user| user.home.join(".codeium").join("windsurf").join("mcp_config.json"),
        projects_key: None,
        project_file: None,
        program: Some("windsurf"),
        trace: |user| user.home.join(".codeium").join("windsurf"),
        pickup: "refresh the list of MCP servers in Cascade, or restart Windsurf",
        project_pickup: "",
    },
    Client {
        name: "zed",
        title: "Zed",
        syntax: Syntax::JsonWithComments,
        key: "context_servers",
        form: EntryForm::Plain,
        http: HttpForm::Member("url", VariableForm::None),
        user_file: |user| zed(user).join("settings.json"),
        projects_key: None,
        project_file: None,
        program: Some("zed"),
        trace: zed,
        pickup: "Zed reads its settings again by itself",
        project_pickup: "",
    },
];

fn zed(user: &UserDirectories) -> PathBuf {
    if cfg!(windows) { user.settings.join("Zed") } else { user.xdg_config.join("zed") }
}
