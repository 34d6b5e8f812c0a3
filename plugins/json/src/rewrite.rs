//! A filter's tree with jq's meaning where jaq reads the same text otherwise: assignments go path by path, and of
//! two operands with several results the right one is the outer loop.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::path::{Part, Path};

/// Names that filters do not use.
const RIGHT: &str = "$__right";
const LEFT: &str = "$__left";

/// `term` as jq means it; `code` is the whole filter, for `$__loc__`.
pub fn rewrite<'a>(term: Term<&'a str>, code: &'a str) -> Term<&'a str> {
    Rewriter { code }.term(term)
}

struct Rewriter<'a> {
    code: &'a str,
}

type Tree<'a> = Term<&'a str>;

impl<'a> Rewriter<'a> {
    fn boxed(&self, term: Tree<'a>) -> Box<Tree<'a>> {
        Box::new(self.term(term))
    }

    fn term(&self, term: Tree<'a>) -> Tree<'a> {
        match term {
            Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) => term,
            Term::Var(name) if name == "$__loc__" => self.location(name),
            Term::Var(_) => term,
            Term::Str(format, parts) => {
                Term::Str(format, parts.into_iter().map(|part| self.part(part)).collect())
            }
            Term::Arr(inner) => Term::Arr(inner.map(|inner| self.boxed(*inner))),
            Term::Obj(entries) => {
                Term::Obj(entries.into_iter().map(|(key, value)| self.entry(key, value)).collect())
            }
            Term::Neg(inner) => Term::Neg(self.boxed(*inner)),
            Term::BinOp(left, op, right) => self.operation(self.term(*left), op, self.term(*right)),
            Term::Label(name, inner) => Term::Label(name, self.boxed(*inner)),
            Term::Fold(name, source, pattern, parts) => Term::Fold(
                name,
                self.boxed(*source),
                self.pattern(pattern),
                parts.into_iter().map(|part| self.term(part)).collect(),
            ),
            Term::TryCatch(inner, catch) => {
                Term::TryCatch(self.boxed(*inner), catch.map(|catch| self.boxed(*catch)))
            }
            Term::IfThenElse(cases, other) => Term::IfThenElse(
                cases.into_iter().map(|(is, then)| (self.term(is), self.term(then))).collect(),
                other.map(|other| self.boxed(*other)),
            ),
            Term::Def(defs, inner) => Term::Def(
                defs.into_iter().map(|def| Def { body: self.term(def.body), ..def }).collect(),
                self.boxed(*inner),
            ),
            Term::Call(name, arguments) => Term::Call(
                name,
                arguments.into_iter().map(|argument| self.term(argument)).collect(),
            ),
            Term::Path(inner, Path(parts)) => Term::Path(
                self.boxed(*inner),
                Path(
                    parts.into_iter().map(|(part, optional)| (self.step(part), optional)).collect(),
                ),
            ),
        }
    }

    fn part(&self, part: StrPart<&'a str, Tree<'a>>) -> StrPart<&'a str, Tree<'a>> {
        match part {
            StrPart::Term(term) => StrPart::Term(self.term(term)),
            StrPart::Str(_) | StrPart::Char(_) => part,
        }
    }

    fn step(&self, part: Part<Tree<'a>>) -> Part<Tree<'a>> {
        match part {
            Part::Index(index) => Part::Index(self.term(index)),
            Part::Range(from, to) => {
                Part::Range(from.map(|from| self.term(from)), to.map(|to| self.term(to)))
            }
        }
    }

    fn entry(&self, key: Tree<'a>, value: Option<Tree<'a>>) -> (Tree<'a>, Option<Tree<'a>>) {
        match (key, value) {
            (Term::Var(name), None) if name == "$__loc__" => {
                (text("__loc__"), Some(self.location(name)))
            }
            (key, value) => (self.term(key), value.map(|value| self.term(value))),
        }
    }

    fn pattern(&self, pattern: Pattern<&'a str>) -> Pattern<&'a str> {
        match pattern {
            Pattern::Var(_) => pattern,
            Pattern::Arr(parts) => {
                Pattern::Arr(parts.into_iter().map(|part| self.pattern(part)).collect())
            }
            Pattern::Obj(entries) => Pattern::Obj(
                entries
                    .into_iter()
                    .map(|(key, part)| (self.term(key), self.pattern(part)))
                    .collect(),
            ),
        }
    }

    fn operation(&self, left: Tree<'a>, op: BinaryOp<&'a str>, right: Tree<'a>) -> Tree<'a> {
        match op {
            BinaryOp::Update => Term::Call("_modify", vec![left, right]),
            BinaryOp::Assign => {
                bind(right, RIGHT, Term::Call("_assign", vec![left, Term::Var(RIGHT)]))
            }
            BinaryOp::UpdateMath(op) => {
                let update = binary(Term::Id, BinaryOp::Math(op), Term::Var(RIGHT));
                bind(right, RIGHT, Term::Call("_modify", vec![left, update]))
            }
            BinaryOp::UpdateAlt => {
                let update = binary(Term::Id, BinaryOp::Alt, Term::Var(RIGHT));
                bind(right, RIGHT, Term::Call("_modify", vec![left, update]))
            }
            BinaryOp::Math(_) | BinaryOp::Cmp(_) if !is_single(&left) && !is_single(&right) => {
                let inner = binary(Term::Var(LEFT), op, Term::Var(RIGHT));
                bind(right, RIGHT, bind(left, LEFT, inner))
            }
            BinaryOp::Pipe(pattern) => {
                binary(left, BinaryOp::Pipe(pattern.map(|pattern| self.pattern(pattern))), right)
            }
            op @ (BinaryOp::Comma
            | BinaryOp::Alt
            | BinaryOp::Or
            | BinaryOp::And
            | BinaryOp::Math(_)
            | BinaryOp::Cmp(_)) => binary(left, op, right),
        }
    }

    /// `{file: "<top-level>", line: N}`
    fn location(&self, name: &'a str) -> Tree<'a> {
        let at = (name.as_ptr() as usize).saturating_sub(self.code.as_ptr() as usize);
        let before = self.code.get(..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        // The tree holds parts of texts, none of its own: the number is counted up.
        let line = (1..line).fold(Term::Num("1"), |sum, _| {
            binary(sum, BinaryOp::Math(jaq_core::ops::Math::Add), Term::Num("1"))
        });
        Term::Obj(vec![(text("file"), Some(text("<top-level>"))), (text("line"), Some(line))])
    }
}

fn text(part: &str) -> Term<&str> {
    Term::Str(None, vec![StrPart::Str(part)])
}

fn binary<'a>(left: Tree<'a>, op: BinaryOp<&'a str>, right: Tree<'a>) -> Tree<'a> {
    Term::BinOp(Box::new(left), op, Box::new(right))
}

/// `value as name | inner`
fn bind<'a>(value: Tree<'a>, name: &'a str, inner: Tree<'a>) -> Tree<'a> {
    binary(value, BinaryOp::Pipe(Some(Pattern::Var(name))), inner)
}

/// True if the term plainly has one result at most, so that no order of results is to be kept.
fn is_single(term: &Tree<'_>) -> bool {
    match term {
        Term::Id | Term::Num(_) | Term::Var(_) | Term::Arr(_) => true,
        Term::Str(_, parts) => parts.iter().all(|part| match part {
            StrPart::Term(term) => is_single(term),
            StrPart::Str(_) | StrPart::Char(_) => true,
        }),
        Term::Neg(inner) => is_single(inner),
        Term::BinOp(left, BinaryOp::Math(_) | BinaryOp::Cmp(_) | BinaryOp::Pipe(None), right) => {
            is_single(left) && is_single(right)
        }
        Term::Call(name, arguments) => arguments.is_empty() && SINGLE.contains(name),
        Term::Path(inner, Path(parts)) => {
            is_single(inner)
                && parts.iter().all(|(part, _)| match part {
                    Part::Index(index) => is_single(index),
                    Part::Range(None, None) => false,
                    Part::Range(from, to) => {
                        from.as_ref().is_none_or(is_single) && to.as_ref().is_none_or(is_single)
                    }
                })
        }
        _ => false,
    }
}

/// Filters that are called often and have one result.
const SINGLE: [&str; 12] = [
    "length", "type", "tostring", "tonumber", "tojson", "floor", "keys", "add", "not", "true",
    "false", "null",
];
