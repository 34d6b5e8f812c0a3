//! The trace that somebody else began, as W3C Trace Context writes it: `traceparent` and `tracestate`.
//!
//! Pure. Whatever does not have that form is no trace: it is left out, and nobody is told an error.

/// The longest `traceparent` that is read: a later version of the format may have more than this one's 55 bytes.
const MAX_TRACE_PARENT: usize = 256;
/// The length of a `traceparent` of the first version.
const FIRST_LENGTH: usize = 55;
/// The longest `tracestate` that is kept, and the most members of one.
const MAX_TRACE_STATE: usize = 512;
const MAX_STATE_MEMBERS: usize = 32;

/// A span of somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// The id of the trace, never all zeros.
    pub trace: [u8; 16],
    /// The id of the span, never all zeros.
    pub span: [u8; 8],
    /// True if whoever began the trace records it.
    pub is_sampled: bool,
    /// The state that other vendors carry along; empty if there is none.
    pub state: Box<str>,
}

impl TraceParent {
    /// Reads both texts. `None` if `parent` does not have the form; a `state` that does not have it is left out.
    #[must_use]
    pub fn parse(parent: &str, state: Option<&str>) -> Option<Self> {
        let bytes = parent.as_bytes();
        if bytes.len() < FIRST_LENGTH || bytes.len() > MAX_TRACE_PARENT {
            return None;
        }
        let (fields, rest) = bytes.split_at(FIRST_LENGTH);
        let [version] = hexadecimal(&fields[..2])?;
        let is_whole = match version {
            0 => rest.is_empty(),
            u8::MAX => false,
            _ => rest.first().is_none_or(|&byte| byte == b'-'),
        };
        if !is_whole || [2, 35, 52].iter().any(|&at| fields[at] != b'-') {
            return None;
        }
        let trace = hexadecimal(&fields[3..35])?;
        let span = hexadecimal(&fields[36..52])?;
        let [flags] = hexadecimal(&fields[53..])?;
        if trace == [0; 16] || span == [0; 8] {
            return None;
        }
        let state = state.map(str::trim_ascii).filter(|state| is_state(state)).unwrap_or_default();
        Some(Self { trace, span, is_sampled: flags & 1 == 1, state: state.into() })
    }
}

/// Reads lower-case hexadecimal digits, two for each byte.
fn hexadecimal<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// True if a text is a list of `key=value` as `tracestate` has them.
fn is_state(state: &str) -> bool {
    let members = || state.split(',').map(|member| member.trim_matches([' ', '\t']));
    state.len() <= MAX_TRACE_STATE
        && members().count() <= MAX_STATE_MEMBERS
        && members().all(|member| member.is_empty() || is_member(member))
}

fn is_member(member: &str) -> bool {
    let Some((key, value)) = member.split_once('=') else { return false };
    let is_word = |text: &str, longest: usize, first: fn(u8) -> bool| {
        let rest = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/');
        text.len() <= longest && text.bytes().next().is_some_and(first) && text.bytes().all(rest)
    };
    let is_letter = |byte: u8| byte.is_ascii_lowercase();
    let is_key = match key.split_once('@') {
        None => is_word(key, 256, is_letter),
        Some((tenant, system)) => {
            is_word(tenant, 241, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
                && is_word(system, 14, is_letter)
        }
    };
    is_key
        && !value.is_empty()
        && value.len() <= 256
        && value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    fn parse(parent: &str) -> Option<TraceParent> {
        TraceParent::parse(parent, None)
    }

    #[test]
    fn a_parent_is_read_strictly() {
        let found = parse(&format!("00-{TRACE}-{SPAN}-01")).expect("it has the form");
        assert_eq!((found.trace[0], found.trace[15], found.span[7]), (0x0a, 0x9c, 0x31));
        assert!(found.is_sampled && found.state.is_empty());
        for (parent, is_sampled) in [
            (format!("00-{TRACE}-{SPAN}-00"), false),
            (format!("00-{TRACE}-{SPAN}-03"), true),
            (format!("00-{TRACE}-{SPAN}-fe"), false),
            // A later version may say more.
            (format!("01-{TRACE}-{SPAN}-01"), true),
            (format!("cc-{TRACE}-{SPAN}-01-what-it-is"), true),
        ] {
            assert_eq!(parse(&parent).map(|found| found.is_sampled), Some(is_sampled), "{parent}");
        }
        let zeros = "0".repeat(32);
        for parent in [
            String::new(),
            "00".into(),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}-01x"),
            format!("01-{TRACE}-{SPAN}-01x"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("0g-{TRACE}-{SPAN}-01"),
            format!(" 00-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-0x"),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{zeros}-{SPAN}-01"),
            format!("00-{TRACE}-{}-01", &zeros[..16]),
            format!("00_{TRACE}-{SPAN}-01"),
            format!("00-{}é{SPAN}-01", &TRACE[..31]),
            format!("01-{TRACE}-{SPAN}-01-{}", "x".repeat(MAX_TRACE_PARENT)),
        ] {
            assert_eq!(parse(&parent), None, "{parent}");
        }
    }

    #[test]
    fn a_state_that_does_not_have_the_form_is_left_out() {
        let parent = format!("00-{TRACE}-{SPAN}-01");
        let long = format!("a={}", "x".repeat(256));
        let many =
            |count: usize| (0..count).map(|at| format!("k{at}=v")).collect::<Vec<_>>().join(",");
        let most = many(MAX_STATE_MEMBERS);
        for state in
            ["", "congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7, congo=a b", "1a@b-c=x", &long, &most]
        {
            let found = TraceParent::parse(&parent, Some(state)).expect("a parent");
            assert_eq!(&*found.state, state);
        }
        let (longer, more) = (format!("{long}x"), many(MAX_STATE_MEMBERS + 1));
        let longest = [&*long; 3].join(",");
        for state in [
            "a",
            "A=1",
            "a=",
            "=1",
            "a=b=c",
            "a=\u{1b}[2J",
            "a=é",
            "1a=x",
            &longer,
            &more,
            &longest,
        ] {
            let found = TraceParent::parse(&parent, Some(state)).expect("a parent");
            assert_eq!(&*found.state, "", "{state}");
        }
    }
}
