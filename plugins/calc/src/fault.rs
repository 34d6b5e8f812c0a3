//! The faults of an expression, and how they are shown: the place, the reason, and a line
//! with a caret under the place. Knows nothing of arithmetic.

/// A stretch of the expression, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

/// The reason why an operation gave no value; the caller that knows the place adds it.
#[derive(Clone, Debug, PartialEq)]
pub enum Wrong {
    /// The operation cannot be done with these operands.
    Refused(String),
    /// The operands are known too roughly to tell what the result is: more precision may help.
    Undecided(String),
    /// The evaluation has cost as much as it may.
    Exhausted(String),
}

/// Shorthand for a refusal.
pub fn refused<T>(message: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong::Refused(message.into()))
}

/// Shorthand for a question that more precision may answer.
pub fn undecided<T>(message: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong::Undecided(message.into()))
}

/// A reason and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub span: Span,
    pub wrong: Wrong,
}

impl Fault {
    pub fn new(span: Span, message: impl Into<String>) -> Fault {
        Fault { span, wrong: Wrong::Refused(message.into()) }
    }

    /// The fault as a person reads it, with the part of `source` around its place.
    pub fn render(&self, source: &str) -> String {
        // Enough to recognise the place in a long expression, and never more than a line.
        const AROUND: usize = 30;
        let message = match &self.wrong {
            Wrong::Refused(message) | Wrong::Undecided(message) | Wrong::Exhausted(message) => {
                message
            }
        };
        let start = source[..self.span.start].chars().count();
        let width = source[self.span.start..self.span.end].chars().count().clamp(1, AROUND);
        let skipped = start.saturating_sub(AROUND);
        let shown: Vec<char> = source.chars().skip(skipped).take(2 * AROUND + width).collect();
        let line: String = shown.iter().map(|c| if c.is_control() { ' ' } else { *c }).collect();
        let cut = skipped + shown.len() < source.chars().count();
        let (before, after) = (if skipped > 0 { "..." } else { "" }, if cut { "..." } else { "" });
        let indent = " ".repeat(before.len() + start - skipped);
        let carets = "^".repeat(width);
        let position = start + 1;
        format!("position {position}: {message}\n  {before}{line}{after}\n  {indent}{carets}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_place() {
        let check = |source: &str, (start, end), expected: &str| {
            assert_eq!(Fault::new(Span { start, end }, "no").render(source), expected);
        };
        check("1 + x", (4, 5), "position 5: no\n  1 + x\n      ^");
        check("1 +", (3, 3), "position 4: no\n  1 +\n     ^");
        check("π + sqr(2)", (5, 8), "position 5: no\n  π + sqr(2)\n      ^^^");
        let long = format!("{}x{}", "1+".repeat(50), "+1".repeat(50));
        let around = format!("...{}x{}...", "1+".repeat(15), "+1".repeat(15));
        check(&long, (100, 101), &format!("position 101: no\n  {around}\n  {}^", " ".repeat(33)));
    }
}
