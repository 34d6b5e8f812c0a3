//! The long help texts of the commands, with examples. Which arguments there are is not known here.

pub(crate) const ABOUT: &str = "One MCP server, many sandboxed WebAssembly tools";

pub(crate) const LONG_ABOUT: &str = "\
One MCP server, many sandboxed WebAssembly tools.

Each plugin is two files in a plugin directory: a manifest (NAME.toml) and its WebAssembly \
(NAME.wasm). Run `toolrack register` once for your MCP clients; install tools with \
`toolrack add`, or by copying files.";

pub(crate) const EXAMPLES: &str = "\
Examples:
  toolrack check                               what would be served, and what is refused and why
  toolrack list                                the tools, as a client sees them
  toolrack call calc_evaluate expression=2^64  call a tool from the shell
  toolrack inspect ./some.wasm                 what a Wasm file is, and which tools it would give
  toolrack add ./weather.wasm                  check a plugin and install it
  toolrack remove weather                      remove it
  toolrack grant files files ~/notes --write   let a plugin see a directory
  toolrack set weather limits.memory 128MiB    decide a limit (revoke, unset: take back)
  toolrack approve                             accept plugins as they are, in toolrack.lock
  toolrack new roman                           begin a plugin (--lang js, python, go, c, ...)
  toolrack dev ./roman                         build a plugin on every save and install it
  toolrack secret set GITHUB_TOKEN             keep a secret in the system's keyring
  toolrack status                              what running servers serve, with calls and errors
  toolrack health --http 8787                  ask a server over HTTP whether it lives
  toolrack register claude                     make Claude Code start this toolrack
  toolrack doctor                              look at what usually goes wrong
  toolrack serve --plugins ./manifests         speak MCP on stdin and stdout

Register with the MCP clients on this machine:
  toolrack register

Exit codes: 0 success; 1 a tool failed, a server does not live, or something was refused, not accepted or \
found wrong; 2 any other error.";

pub(crate) const SERVE: &str = "\
Speaks MCP on stdin and stdout, one JSON message a line, until stdin ends or a signal comes. An MCP \
client starts this command; logs go to stderr.

With --http, it serves any number of clients over HTTP at /mcp instead, until a signal comes. On an address of this \
machine it works at once; docs/http.md says how clients, pages and proxies reach it.

With OTEL_EXPORTER_OTLP_ENDPOINT in its environment, it sends traces to that collector by OTLP over HTTP; \
docs/operating.md names the other variables that count.

Without a client, `toolrack list` shows the same tools and `toolrack call` calls them. The README shows the \
lines of the protocol.";

pub(crate) const CALL: &str = "\
Calls one tool as an MCP client would, in the same sandbox with the same limits, and prints its answer.

Arguments are one JSON object, or KEY=VALUE pairs that are read by the tool's input schema: a string \
where it wants a string, JSON where it wants anything else. KEY=@FILE takes the text of a file, KEY=- that on stdin, and \
KEY=@@TEXT is @TEXT itself; @FILE or - alone is the whole object. A text of one hyphen is given in an object.

Examples:
  toolrack call hello_greet name=Ada
  toolrack call text_count text=@notes.md
  git diff | toolrack call text_find pattern=TODO text=-
  toolrack call calc_evaluate '{\"expression\": \"0.1 + 0.2\"}'
  toolrack call --json time_now";

pub(crate) const CHECK: &str = "\
Loads every plugin as `serve` would and says what would be served, with which limits, what each \
plugin may reach, and what is refused and why. With names, those plugins alone. Exits with 1 if anything of it is \
refused.

Examples:
  toolrack check
  toolrack check weather";

pub(crate) const STATUS: &str = "\
Shows what the servers that run on this machine under your name serve: their directories, plugins with \
their versions (the beginning of the Wasm's SHA-256), tools with their calls, and what is refused \
and why. A server is shown from its start to its end, whatever ends it. One with another TOOLRACK_HOME is \
not seen.

Of a tool that was called: calls that were begun, those that ended in an error, the mean and the percentiles of the time from \
the arrival of a call to its end, the wait before it is begun, the most memory that a call held, the mean of its fuel. All count \
from the server's start, over all versions of the tool. Where the terminal is narrow, the last of them are left out; --json has all.

Examples:
  toolrack status
  toolrack status --plugin weather
  toolrack status --watch
  toolrack status --json";

pub(crate) const HEALTH: &str = "\
Asks a server over HTTP whether it lives (/health), and prints what it says of itself on one line; with --ready, whether \
clients are served (/readyz). Exits with 0 if it does, and with 1 and the reason if not: no shell and no curl are needed \
for the health check of a container.

Without --url, the server is the one that `toolrack serve` starts here: at the `address` under [http] in the configuration, \
or at --http, which both commands take, with the certificate of `tls_cert` or --tls-cert. An address that stands for all of a \
machine is asked on this one. The certificate is compared with that file, whatever name it is for; behind an https URL, one that \
an authority has signed for that name counts as well. Redirects are not followed.

Examples:
  toolrack health
  toolrack health --http 0.0.0.0:8787
  toolrack health --ready --timeout 500ms
  toolrack health --url https://tools.example";

pub(crate) const ADD: &str = "\
Installs plugins into the plugin directory: the first one that --plugins or TOOLRACK_PLUGINS names, else \
`plugins` in ~/.toolrack. It is made if it is missing.

A .toml brings the Wasm that it names. A .wasm brings the .toml beside it; without one, the manifest that \
is installed stays, or an empty one is made. A directory brings every manifest in it with its Wasm; one that has none \
brings those in the directories below it, but for hidden ones, tests, fixtures and build output. What is passed over is said. \
A .wit beside a manifest, which describes a component's functions, comes along.

What you decided of a plugin, NAME.local.toml beside its manifest, stays as it is and holds for the new version. \
A manifest that is replaced by another one is kept as NAME.toml.bak (.bak2, ...). A NAME.local.toml that comes with a plugin is never installed. An update whose manifest grants more than the installed version \
has says so and asks; where nobody can be asked, it needs --yes. A directory with a toolrack.lock holds it back \
instead.

First everything is checked as `toolrack check` does, beside what is installed. If anything is refused, \
nothing changes and the exit code is 1. A plugin that is there already is updated. Running servers take it \
up by themselves; where the directory has a toolrack.lock, once it is accepted there (--approve, or `toolrack \
approve`).

Examples:
  toolrack add target/wasm32-wasip2/release/roman.wasm
  toolrack add ./manifests
  toolrack add weather.toml --plugins ./plugins";

pub(crate) const APPROVE: &str = "\
Shows how the plugins in a plugin directory differ from the file toolrack.lock in it (new plugins, grants, \
what clients are told of tools, code), asks, and writes the file. Running servers take it up by themselves. \
The first time it makes the file: from then on, servers hold back a plugin that is not in it, one that is \
granted more, and one whose tools are described otherwise; the version that was accepted serves on. Other code, \
other values of `env` and `config`, and another way to run a program are served. With `serve --locked`, nothing \
else is served than what is locked, to the last byte.

Keep the file in version control beside the plugins: what was accepted is then part of the history. To go \
back to plugins without a lock, delete it.

Of a new plugin it shows what it may reach and the first sentence of each tool, and all that a model reads with --full, or \
by `s` at the question; of a changed one, all that differs. Where there is no terminal to ask on, all is shown and nothing is \
accepted. --yes accepts without a question what is shown, the first sentences alone but with --full. Exits with 1 if something is not accepted.

Examples:
  toolrack approve
  toolrack approve weather --plugins ./plugins
  toolrack approve --json                      what would be accepted";

pub(crate) const REMOVE: &str = "\
Removes plugins by name: the manifest, the .wit file beside it, and the Wasm unless another manifest names \
it. What you decided of a plugin (NAME.local.toml) stays for when it is installed again, unless you say \
--purge. Looks through all plugin directories. Of a file that is a link, only the link is removed. Running \
servers follow by themselves.

Examples:
  toolrack remove weather
  toolrack remove weather --purge
  toolrack remove calc hash --plugins ./plugins";

pub(crate) const GRANT: &str = "\
Lets a plugin reach something, beside what its manifest grants. What you decide stands in NAME.local.toml beside the \
manifest, which no update touches; comments in it stay, but those of an item that goes. Where the directory has a toolrack.lock that accepts the \
plugin as it is, it accepts it as it becomes. Running servers follow.

Examples:
  toolrack grant files files ~/notes --at /notes --write
  toolrack grant fetch network 'https://*.example.org'
  toolrack grant github secret GITHUB_TOKEN --for https://api.github.com
  toolrack grant weather secret OWM_KEY \\
    --for https://api.openweathermap.org --query appid
  toolrack grant weather config units=metric
  toolrack grant my-program scratch /tmp";

pub(crate) const REVOKE: &str = "\
Takes something away that a plugin may reach, whether its manifest grants it or you did. Without WHAT it is all of that \
kind, and what updates ask for as well. What is taken away is what can be reached: a URL also out of wider grants, a \
directory under any name. Calls that run keep what they began with until they end. `toolrack unset NAME files:/notes` \
takes a revocation back.

Examples:
  toolrack revoke files files /notes
  toolrack revoke fetch network https://go.dev
  toolrack revoke weather network";

pub(crate) const SET: &str = "\
Decides a value in place of the manifest's: the prefix, a limit, or what a tool says. It stands in NAME.local.toml \
beside the manifest, which no update touches. A tool goes by its public name or by the plugin's own, which is written.

Examples:
  toolrack set weather limits.memory 128MiB
  toolrack set weather limits.rate 60/min
  toolrack set weather prefix w
  toolrack set weather tools.forecast.hidden true";

pub(crate) const UNSET: &str = "\
Forgets what was decided of a plugin: its manifest says it again. `toolrack check` shows what is decided, and under \
which name.

Examples:
  toolrack unset weather limits.memory
  toolrack unset files files:/notes
  toolrack unset weather network";

pub(crate) const INSPECT: &str = "\
Says what a Wasm file is (a plugin made for toolrack, any other component, a WASI program), what it can use \
if its manifest grants it, and which tools it would give. Nothing is granted to it meanwhile, and nothing is \
installed. A file that is none of these is refused with what it is.

Examples:
  toolrack inspect some.wasm                   with what some.wit says, if it is there
  toolrack inspect some.wasm --json
  toolrack inspect some.wasm --manifest > some.toml";

pub(crate) const PACK: &str = "\
Writes the tools of a plugin into its file, as a custom section `toolrack:listing`. A server lists the plugin from \
it at once, while its code is still being compiled; without it, a client that asks for the list within the first \
seconds is told of the tools later. The server compares the section with the code before the first call, and refuses \
a plugin whose section says something else.

Only a plugin of the kind `tools`, such as one made with toolrack-sdk, needs it: of programs and of other components \
the tools are known without. `toolrack dev` packs what it builds. Pack before you publish the file, or take its \
SHA-256: the section changes both. `toolrack add` never changes a file.

Examples:
  toolrack pack target/wasm32-wasip2/release/roman.wasm
  toolrack pack roman.wasm --output dist/roman.wasm";

pub(crate) const WARM: &str = "\
Compiles all plugins that would be served, and writes their code into DIRECTORY, for machines of the same kind that \
serve the same plugins: a layer of an image, so that no replica compiles when it starts. The file warm.sha256 in it \
names each file with its SHA-256. A server reads them where its configuration says

  warm = \"/warm/warm.sha256\"

and nobody but root and its own user can change that file. Code is native, and trusted as the program is: keep the \
directory where it was made, or in a layer that is. Another version of toolrack and another kind of processor compile \
as ever. DIRECTORY holds no key and nothing of secrets.

Examples:
  toolrack warm ./warm
  toolrack warm /warm --plugins /plugins";

pub(crate) const NEW: &str = "\
Makes a directory with a plugin that builds: a source file with one tool, its manifest, and what its \
language needs. The plugin has the directory's name.

In Rust, functions are tools, through toolrack-sdk. In JavaScript and Python they are too: the file .wit \
beside the manifest says what they take and give. In C, Go and AssemblyScript it is a program: the manifest \
declares its tools, and how their parameters become arguments and input.

Examples:
  toolrack new roman
  toolrack new roman --sdk ./toolrack/plugin-sdk
  toolrack new word-count --lang js
  toolrack new word-count --lang go";

pub(crate) const DEV: &str = "\
Builds a plugin now and on every save, checks it as `toolrack add` does, installs it, and says \
when running servers serve it. What the plugin prints and logs in them is shown as well. If a build fails or \
its plugin is refused, the version before stays installed. Ctrl-c ends it.

Of a crate, it runs `cargo build --release --target wasm32-wasip2` (the program that the variable CARGO names, if it \
is set). Of what `toolrack new --lang` has made in another language, it runs that language's build, which makes NAME.wasm \
beside NAME.toml: `npm run build`, `go build`, componentize-py, clang. The manifest is NAME.toml or toolrack.toml in the crate's directory; without one, the manifest that \
is installed stays, or an empty one is made. Path dependencies outside the directory, `target`, hidden files \
and Cargo.lock are not watched.

Examples:
  toolrack dev
  toolrack dev ./roman --plugins ./plugins
  toolrack dev . --package roman";

pub(crate) const TOKEN: &str = "\
Makes, lists and removes tokens for clients that reach a server over HTTP (`toolrack serve --http`). A client sends \
its token in the header `Authorization: Bearer TOKEN`. Only the SHA-256 of a token is kept, in ~/.toolrack/http, so \
it is shown once, when it is made.

Without any token, a server on an address of this machine lets everybody in, and one on another address does not \
start. Once there is a token, everybody needs one. Running servers follow within a second; what a token may not call, \
its client does not see. In the log, a token is the first letters of its SHA-256.

Examples:
  toolrack token add ada-laptop
  toolrack token add ci --allow 'github_*' --allow hash_digest --expires 90d
  toolrack token list
  toolrack token remove ci";

pub(crate) const SECRET: &str = "\
Keeps values of secrets in the system's keyring (the Secret Service on Linux, the Keychain on macOS, the \
Credential Manager on Windows) or in files that only you can read, and shows where the secrets that plugins are \
granted have their values. No value is ever shown.

A secret's value is looked for at each call: in the variable NAME of the server's environment, in the file that the \
variable NAME_FILE names, in `.env` beside the plugin's manifest, in `.env` in ~/.toolrack, in a file NAME in the \
directories that TOOLRACK_SECRETS and CREDENTIALS_DIRECTORY (systemd's) name, in ~/.toolrack/secrets/NAME, in the \
keyring. The first that has it counts.

Examples:
  toolrack secret set GITHUB_TOKEN              asks for the value
  gh auth token | toolrack secret set GITHUB_TOKEN
  toolrack secret set GITHUB_TOKEN --file       where there is no keyring
  toolrack secret list
  toolrack secret remove GITHUB_TOKEN";

pub(crate) const LOGS: &str = "\
Shows what servers and their plugins logged, also those that have ended: clients often show nothing of it. It is kept in \
~/.toolrack/log, in files of 4 MiB, at most five of them, which only you can read. What is logged is what \
`serve --log` says.

Examples:
  toolrack logs                 the last 200 lines
  toolrack logs -f              and what is written from now on
  toolrack logs weather -n 20   of the plugin weather alone
  toolrack logs --json | jq .";

pub(crate) const REGISTER: &str = "\
Writes an entry that starts this program into the file of each client. Everything else in the file stays as it is, \
comments too, and `toolrack unregister` leaves it as it was. The file as it was is kept in ~/.toolrack/clients until then.

The entry names this program by its absolute path, with `serve` and what decides here what is served: --plugins or \
TOOLRACK_PLUGINS, --locked, TOOLRACK_HOME. An entry of the same name that is something else is refused, unless \
--force replaces it; one that starts a toolrack that is no longer there is corrected. Of an entry that starts another toolrack, --force changes these alone: variables, switches and \
comments that you added stay. A file that cannot be understood is left alone. Exits with 1 if a client was refused.

With --scope project, the entry goes into a file of the project in the current directory, to be committed: .mcp.json, \
.codex/config.toml, .cursor/mcp.json, .gemini/settings.json, .vscode/mcp.json. It holds paths of this machine.

With --http, the entry reaches a server that runs already, at its URL, in the form that each client reads. A token comes from \
--token-file, and is written into the file, or the client reads it itself from the variable that --token-env names; Claude \
Desktop and Zed read none. Claude Desktop only starts programs: its entry starts mcp-remote by npx, which Node.js brings. In a \
project's file, no token is written. For a URL that the client has already, --force changes the headers alone.

Examples:
  toolrack register                            all clients that are found
  toolrack register claude codex --print       what would change in which file
  toolrack register vscode --scope project
  toolrack register --plugins ./plugins --name my-tools
  toolrack register cursor --http http://127.0.0.1:8787/mcp
  toolrack register codex --http https://tools.example/mcp --token-env MY_TOKEN";

pub(crate) const UNREGISTER: &str = "\
Takes the entry that `toolrack register` wrote out of the files of clients. A file that nobody else has written since is \
then the same as before, to the last byte; one that toolrack made is removed. An entry that `register` did not write and that \
does not start toolrack is refused, unless --force removes it.

Examples:
  toolrack unregister                          all clients that have the entry
  toolrack unregister claude --print
  toolrack unregister --name my-tools";

pub(crate) const DOCTOR: &str = "\
Looks at what usually goes wrong and says what to do about it, a line for each thing: this program, the entries of MCP \
clients that start it or another one, the plugin directory and who may write into it, refused plugins, what differs from \
toolrack.lock, the cache, secrets without a value, authorization servers that cannot be reached, and servers that serve something else \
than lies in the directory.

It changes nothing. Plugins are loaded for five seconds at most; `toolrack check` waits for all. A `note` may be meant so. \
Exits with 1 if something is wrong.

Examples:
  toolrack doctor
  toolrack doctor --json
  toolrack doctor --plugins ./plugins";

pub(crate) const COMPLETIONS: &str = "\
Prints a script that completes commands, options and names of clients in a shell. Put it where the shell looks for it, and \
start a new one.

Examples:
  toolrack completions bash \\
    > ~/.local/share/bash-completion/completions/toolrack
  toolrack completions zsh > ~/.zfunc/_toolrack        with `fpath+=~/.zfunc` before `compinit` in ~/.zshrc
  toolrack completions fish > ~/.config/fish/completions/toolrack.fish
  toolrack completions powershell >> $PROFILE";

pub(crate) const MAN: &str = "\
Prints the manual page of toolrack, or writes a page for each command into a directory, which has to be there.

Examples:
  toolrack man | man -l -
  mkdir -p ~/.local/share/man/man1 && toolrack man ~/.local/share/man/man1
  man toolrack-register";

pub(crate) const LIST: &str = "\
Lists the tools that would be served, as a client sees them: each with the first sentence of its description and its \
parameters. With the name of a plugin, its tools alone; with that of a tool, shows that one in full: what it says of itself, what it takes and gives in words, its \
hints for clients, and the plugin that it comes from.

Examples:
  toolrack list
  toolrack list calc
  toolrack list calc_evaluate
  toolrack list calc_evaluate --json";
