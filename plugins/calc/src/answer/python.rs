//! Results held against Python's, which reckons with fractions of its own: invented expressions, each as calc and as
//! Python reads it. Needs `python3`, standard library only. What differs on purpose is in `PYTHON`.

use super::*;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Expressions that are tried each time, and with `TOOLRACK_TEST_LONG`.
const SHARE: usize = 500;
const ALL: usize = 10_000;

/// Reads an expression a line and writes what it comes to: `NUMERATOR/DENOMINATOR`, `~DIGITS` of what is not rational, or
/// `error`. Where calc and Python mean different things by a name, this says what calc means: `round` goes away from
/// zero at a half, and not to the even number.
const PYTHON: &str = r#"
import sys, math
from fractions import Fraction
from decimal import Decimal, getcontext
getcontext().prec = 60
getattr(sys, 'set_int_max_str_digits', lambda n: n)(0)
def whole(x):
    if Fraction(x).denominator != 1: raise ValueError(x)
    return int(x)
def real(x):
    if isinstance(x, Decimal): return x
    x = Fraction(x)
    return Decimal(x.numerator) / Decimal(x.denominator)
def rounded(x, n=0):
    x, unit = Fraction(x), Fraction(10) ** whole(n)
    return (1 if x >= 0 else -1) * Fraction(math.floor(abs(x) * unit + Fraction(1, 2))) / unit
def root(x):
    x = Fraction(x)
    n, d = math.isqrt(x.numerator), math.isqrt(x.denominator)
    return Fraction(n, d) if n * n == x.numerator and d * d == x.denominator else real(x).sqrt()
def rough(function): return lambda x: Decimal("%.10g" % function(float(x)))
def ln(x): return Fraction(0) if x == 1 else real(x).ln()
def exp(x): return Fraction(1) if x == 0 else real(x).exp()
def mean(*x): return Fraction(sum(x)) / len(x)
def variance(*x): return sum((Fraction(a) - mean(*x)) ** 2 for a in x) / (len(x) - 1)
def median(*x):
    x = sorted(x); n = len(x)
    return x[n // 2] if n % 2 else (Fraction(x[n // 2 - 1]) + x[n // 2]) / 2
names = dict(F=Fraction, floor=math.floor, ceil=math.ceil, trunc=math.trunc, abs=abs, min=lambda *x: min(x), max=lambda *x: max(x),
    sin=rough(math.sin), cos=rough(math.cos), atan=rough(math.atan), log10=rough(math.log10),
    rounded=rounded, root=root, ln=ln, exp=exp, mean=mean, median=median, variance=variance,
    sign=lambda x: (x > 0) - (x < 0), total=lambda *x: sum(x),
    gcd=lambda *x: math.gcd(*map(whole, x)), lcm=lambda *x: math.lcm(*map(whole, x)),
    choose=lambda n, k: math.comb(whole(n), whole(k)), perm=lambda n, k: math.perm(whole(n), whole(k)),
    factorial=lambda n: math.factorial(whole(n)), powmod=lambda a, b, m: pow(whole(a), whole(b), whole(m)),
    bitand=lambda a, b: whole(a) & whole(b), bitor=lambda a, b: whole(a) | whole(b),
    bitxor=lambda a, b: whole(a) ^ whole(b), shl=lambda a, n: whole(a) << whole(n),
    shr=lambda a, n: whole(a) >> whole(n), mod=lambda a, b: Fraction(a) % Fraction(b))
def exact(function):
    def found(*x):
        y = function(*x)
        return y if isinstance(y, Decimal) else Fraction(y)
    return found
names = {name: exact(function) for name, function in names.items()}
for line in sys.stdin:
    try:
        found = eval(line, names)
        print("~%s" % found if isinstance(found, Decimal) else "%d/%d" % Fraction(found).as_integer_ratio())
    except (ArithmeticError, ValueError):
        print("error")
"#;

/// A function as calc and as Python name it, how many arguments it takes, and of what kind.
type Named = (&'static str, &'static str, std::ops::RangeInclusive<u64>, Of);

#[derive(Clone, Copy)]
enum Of {
    Fractions,
    Whole,
    Small,
}

const NAMED: &[Named] = &[
    ("abs", "abs", 1..=1, Of::Fractions),
    ("sign", "sign", 1..=1, Of::Fractions),
    ("floor", "floor", 1..=1, Of::Fractions),
    ("ceil", "ceil", 1..=1, Of::Fractions),
    ("trunc", "trunc", 1..=1, Of::Fractions),
    ("round", "rounded", 1..=1, Of::Fractions),
    ("min", "min", 1..=4, Of::Fractions),
    ("max", "max", 1..=4, Of::Fractions),
    ("sum", "total", 1..=4, Of::Fractions),
    ("mean", "mean", 1..=4, Of::Fractions),
    ("median", "median", 1..=5, Of::Fractions),
    ("variance", "variance", 2..=5, Of::Fractions),
    ("mod", "mod", 2..=2, Of::Fractions),
    ("gcd", "gcd", 1..=3, Of::Whole),
    ("lcm", "lcm", 1..=3, Of::Whole),
    ("powmod", "powmod", 3..=3, Of::Small),
    ("choose", "choose", 2..=2, Of::Small),
    ("perm", "perm", 2..=2, Of::Small),
    ("factorial", "factorial", 1..=1, Of::Small),
    ("shl", "shl", 2..=2, Of::Small),
    ("shr", "shr", 2..=2, Of::Small),
    ("bitand", "bitand", 2..=2, Of::Whole),
    ("bitor", "bitor", 2..=2, Of::Whole),
    ("bitxor", "bitxor", 2..=2, Of::Whole),
];

/// Those whose values are hardly ever rational: only the whole expression, since Python's decimals are rounded.
const IRRATIONAL: &[(&str, &str)] = &[
    ("sqrt", "root"),
    ("ln", "ln"),
    ("exp", "exp"),
    ("sin", "sin"),
    ("cos", "cos"),
    ("atan", "atan"),
    ("log10", "log10"),
];

/// Invents expressions (splitmix64).
struct Inventor(u64);

impl Inventor {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % n
    }

    fn pick<T>(&mut self, from: &'static [T]) -> &'static T {
        &from[self.below(from.len() as u64) as usize]
    }

    fn whole(&mut self) -> u64 {
        let most = *self.pick(&[1, 3, 10, 100, 1_000_000, u64::MAX / 2]);
        self.below(most + 1)
    }

    fn number(&mut self) -> (String, String) {
        let text = match self.below(4) {
            0 => format!("{}.{}", self.whole(), self.below(1000)),
            1 => format!("{}e{}", self.below(100), self.below(12) as i64 - 6),
            _ => self.whole().to_string(),
        };
        let python = format!("F('{text}')");
        (text, python)
    }

    /// As calc reads it, and as Python does. Both bind alike, so that few parentheses try the order of things.
    fn expression(&mut self, depth: u64) -> (String, String) {
        if depth == 0 {
            return self.number();
        }
        match self.below(9) {
            0 => {
                let (calc, python) = self.expression(depth - 1);
                (format!("({calc})"), format!("({python})"))
            }
            1 => {
                let (calc, python) = self.number();
                (format!("-{calc}"), format!("-{python}"))
            }
            2 => {
                let ((calc, python), exponent) = (self.number(), self.below(9) as i64 - 3);
                (format!("{calc}^{exponent}"), format!("{python}**{exponent}"))
            }
            3 | 4 => self.call(depth - 1),
            _ => {
                let operator = self.pick(&["+", "-", "*", "/", "%"]);
                let (a, b) = (self.expression(depth - 1), self.expression(depth - 1));
                (format!("{} {operator} {}", a.0, b.0), format!("{} {operator} {}", a.1, b.1))
            }
        }
    }

    fn call(&mut self, depth: u64) -> (String, String) {
        let (calc, python, arity, of) = self.pick(NAMED);
        let count = arity.start() + self.below(arity.end() - arity.start() + 1);
        let arguments = (0..count).map(|_| match of {
            Of::Fractions => self.expression(depth),
            Of::Whole => {
                let text = format!("{}{}", self.pick(&["", "-"]), self.whole());
                (text.clone(), text)
            }
            Of::Small => {
                let text = format!("{}{}", self.pick(&["", "", "", "-"]), self.below(40));
                (text.clone(), text)
            }
        });
        let (left, right): (Vec<_>, Vec<_>) = arguments.unzip();
        (format!("{calc}({})", left.join(", ")), format!("{python}({})", right.join(", ")))
    }

    fn any(&mut self) -> (String, String) {
        let (calc, python) = self.expression(3);
        match self.below(5) {
            0 => {
                let (outer, of_python) = self.pick(IRRATIONAL);
                // A logarithm of nothing and an exponential of much are errors in different ways.
                (
                    format!("{outer}(abs({calc}) % 50 + 1/7)"),
                    format!("{of_python}(abs({python}) % 50 + F(1, 7))"),
                )
            }
            _ => (calc, python),
        }
    }
}

/// Returns Python's result of each line.
fn python(lines: &str) -> Vec<String> {
    let mut python = Command::new("python3");
    let python = python.args(["-c", PYTHON]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut python = python.expect("python3 is installed");
    let mut input = python.stdin.take().unwrap();
    let lines = lines.to_string();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_string).collect()
}

/// The same in the form of the other side, or `None` where there is too much to compare.
fn ours(expression: &str) -> Option<String> {
    match answer(expression, Some(40), None) {
        Ok(Answer { fraction: Some(fraction), .. }) => Some(fraction),
        Ok(Answer { value, exact: true, .. }) if !value.contains(['.', 'e']) => {
            Some(format!("{value}/1"))
        }
        Ok(Answer { exact: true, .. }) => None,
        Ok(Answer { value, .. }) => Some(format!("~{value}")),
        Err(message) if message.contains("the limit is") => None,
        Err(_) => Some("error".to_string()),
    }
}

/// True if two decimals agree in all digits that both show, but for the last ones.
fn agree(ours: &str, theirs: &str) -> bool {
    let digits = |text: &str| -> String {
        let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        digits.trim_start_matches('0').chars().take(35).collect()
    };
    let close = |text: &str| text.trim_start_matches('~').parse::<f64>().unwrap();
    let (a, b) = (close(ours), close(theirs));
    let (ours, theirs) = (digits(ours), digits(theirs));
    let shorter = ours.len().min(theirs.len()).saturating_sub(1);
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()) && ours[..shorter] == theirs[..shorter]
}

#[test]
fn results_are_those_of_python() {
    let count = if std::env::var_os("TOOLRACK_TEST_LONG").is_some() { ALL } else { SHARE };
    let mut inventor = Inventor(23);
    let invented: Vec<_> = (0..count).map(|_| inventor.any()).collect();
    let mut lines = String::new();
    for (_, python) in &invented {
        writeln!(lines, "{python}").unwrap();
    }
    let found = python(&lines);
    assert_eq!(found.len(), count);
    let (mut compared, mut wrong) = (0, String::new());
    for ((calc, python), theirs) in invented.iter().zip(&found) {
        let Some(ours) = ours(calc) else { continue };
        compared += 1;
        let same = match ours.starts_with('~') && theirs.starts_with('~') {
            true => agree(&ours, theirs),
            false => ours == *theirs,
        };
        if !same {
            writeln!(wrong, "{calc}\n  is {ours}\n  by Python {theirs}: {python}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    // Not nothing, and not errors alone.
    assert!(compared * 10 > count * 9, "{compared} of {count}");
    assert!(found.iter().filter(|line| *line != "error").count() * 2 > count);
}
