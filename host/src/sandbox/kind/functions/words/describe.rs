//! The description that a model reads of a function whose author wrote none: its name and its
//! types.

use super::super::types::shape::Shape;

/// A longer signature tells a model no more than the schema does.
const MAX_SIGNATURE: usize = 600;

/// A sentence on the function `name` within `path`.
pub(crate) fn sentence(
    path: &[String],
    name: &str,
    parameters: &[(String, Shape)],
    result: Option<&Shape>,
) -> String {
    let signature = signature(name, parameters, result);
    match path {
        [] => format!("Calls the function `{signature}`."),
        path => format!("Calls the function `{signature}` of `{}`.", path.join("`, `")),
    }
}

fn signature(name: &str, parameters: &[(String, Shape)], result: Option<&Shape>) -> String {
    let typed: Vec<_> = parameters.iter().map(|(name, shape)| format!("{name}: {shape}")).collect();
    let answer = result.map(|shape| format!(" -> {shape}")).unwrap_or_default();
    let whole = format!("{name}({}){answer}", typed.join(", "));
    if whole.len() <= MAX_SIGNATURE {
        return whole;
    }
    let names: Vec<_> = parameters.iter().map(|(name, _)| name.as_str()).collect();
    let named = format!("{name}({})", names.join(", "));
    if named.len() <= MAX_SIGNATURE { named } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::super::types::form::Integer;
    use super::*;

    #[test]
    fn a_function_is_described_by_its_signature() {
        let parameters = [
            ("a".to_owned(), Shape::F64),
            ("b".to_owned(), Shape::Option(Box::new(Shape::Integer(Integer::S32)))),
        ];
        let result = Shape::Result(None, Some(Box::new(Shape::String)));
        assert_eq!(
            sentence(&["local:calc/ops@0.1.0".into()], "divide", &parameters, Some(&result)),
            "Calls the function `divide(a: f64, b: option<s32>) -> result<_, string>` of `local:calc/ops@0.1.0`."
        );
        assert_eq!(sentence(&[], "tick", &[], None), "Calls the function `tick()`.");
    }

    #[test]
    fn a_long_signature_keeps_its_names() {
        let many = Shape::Enum(vec!["case".into(); 200]);
        let parameters = [("choice".to_owned(), many)];
        assert_eq!(sentence(&[], "f", &parameters, None), "Calls the function `f(choice)`.");
        let parameters = vec![("x".repeat(30), Shape::Bool); 30];
        assert_eq!(sentence(&[], "f", &parameters, None), "Calls the function `f`.");
    }
}
