//! The names of tools, from the names of interfaces and functions.
//!
//! Every part is lower-cased, and what is neither a letter, a digit nor a hyphen becomes `_`; the parts are
//! joined by `_`. A component made for wassette so keeps its tools' names.

/// The longest name, in bytes: a client sees a shorter one that ends in the function's own.
const MAX_FUNCTION_NAME: usize = 256;

/// Returns the name of the tool that the function `name` within `path` becomes. `None` if it would be too long.
pub(crate) fn tool(path: &[String], name: &str) -> Option<String> {
    let length: usize = path.iter().map(|part| part.len() + 1).sum();
    if length + name.len() > MAX_FUNCTION_NAME {
        return None;
    }
    let parts = path.iter().map(String::as_str).chain([name]);
    let parts: Vec<String> = parts.map(|part| part.chars().map(folded).collect()).collect();
    Some(parts.join("_"))
}

fn folded(c: char) -> char {
    match c.to_ascii_lowercase() {
        c if c.is_ascii_alphanumeric() || c == '-' => c,
        _ => '_',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &[&str], name: &str, expected: &str) {
        let path: Vec<_> = path.iter().map(|&part| part.to_owned()).collect();
        assert_eq!(tool(&path, name).as_deref(), Some(expected));
    }

    #[test]
    fn a_tool_is_named_after_its_interface_and_function() {
        check(&[], "get-weather", "get-weather");
        check(&["local:calc/ops@0.1.0"], "add", "local_calc_ops_0_1_0_add");
        check(&["My-Ops"], "Add", "my-ops_add");
        check(&["a:b/c@1.0.0-rc.1+x"], "f", "a_b_c_1_0_0-rc_1_x_f");
        check(&["a:b/c"], "[method]counter.get-value", "a_b_c__method_counter_get-value");
        check(&["outer", "a:b/inner"], "f", "outer_a_b_inner_f");
    }

    #[test]
    fn a_name_without_end_is_none() {
        assert_eq!(tool(&["a".repeat(200)], &"b".repeat(60)), None);
    }
}
