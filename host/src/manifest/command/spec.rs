//! The description of a tool that is a run of a program: checked values.

use super::super::syntax::source_span::SourceSpan;

/// The description of a tool that is a run of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramSpec {
    /// The first key that only a command has, and its place. `None` where the manifest has no such
    /// key.
    pub written: Option<(&'static str, SourceSpan)>,
    /// The parameters that a caller may give.
    pub parameters: Vec<Parameter>,
    /// JSON Schema of all of them, as text.
    pub input_schema: Box<str>,
    /// JSON Schema of what the program writes, as text.
    pub output_schema: Option<Box<str>>,
    /// The program's arguments, after its name.
    pub args: Vec<Group>,
    /// The text that it reads from stdin, if any.
    pub stdin: Option<Template>,
    /// Its variables, besides those that all tools of the plugin have.
    pub env: Vec<(Box<str>, Template)>,
    /// The form of its stdout.
    pub output: StdoutForm,
    /// The exit codes of success; empty stands for 0.
    pub success: Vec<u8>,
}

/// One parameter of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: Box<str>,
    /// The shape of a value.
    pub shape: ParameterShape,
    /// The value, as JSON, where a caller gives none.
    pub default: Option<Box<str>>,
    /// True if a value may begin with `-` where the program could take it for an option.
    pub allow_dash: bool,
}

/// The shape of a value, as far as templates need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterShape {
    /// One text: a string as it is, anything else as JSON.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Any number of texts.
    List,
}

/// Arguments that come and go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The arguments.
    pub arguments: Vec<Argument>,
    /// The list, among the parameters, for each of whose items the group stands once.
    pub repeats: Option<usize>,
}

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its text.
    pub template: Template,
    /// True if it must not begin with `-`, because a value stands where the program looks for
    /// options.
    pub guarded: bool,
}

/// Text in which the values of a call stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(pub Vec<TemplatePiece>);

/// A piece of a template. Parameters are meant by their number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplatePiece {
    /// Text as it is.
    Text(Box<str>),
    /// `{name}`: the value; of a list that repeats the group, one item.
    Value(usize),
    /// `{name...}`: the items of a list, each an argument. It stands alone.
    Spread(usize),
    /// `{name|,}`: the items of a list as one text.
    Joined(usize, Box<str>),
    /// `{name?text}`: the text, where the value is true.
    Flag(usize, Box<str>),
    /// `{...}`: all arguments of the call as one JSON object.
    All,
}

/// The form of a program's stdout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StdoutForm {
    /// Text for the model.
    #[default]
    Text,
    /// JSON: structured content.
    Json,
    /// Something of this media type.
    Media(Box<str>),
}
