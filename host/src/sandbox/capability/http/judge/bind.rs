//! A secret put into a request by the host, in place of what the guest put there. Pure.

use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Uri, request};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::failure::Failure;
use crate::manifest::{BoundSecret, SecretPlace};
use crate::secret::{ResolvedSecrets, Secret};

/// Puts `bound` into the request and returns it, or says why it cannot be sent. A request whose secret is optional and has
/// no value stays as it is.
pub(crate) fn bind<'a>(
    request: &mut request::Parts,
    bound: &BoundSecret,
    secrets: &'a ResolvedSecrets,
) -> Result<Option<&'a Secret>, Failure> {
    let secret = match secrets.value(&bound.name) {
        Ok(secret) => secret,
        Err(missing) if bound.is_optional && missing.is_certain() => return Ok(None),
        Err(missing) => return Err(missing.into()),
    };
    let value = secret.expose();
    let unfit = || Failure::UnfitSecret(bound.name.to_string());
    match &bound.place {
        SecretPlace::Header { name, before } => {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit())?;
            let text = format!("{before}{value}");
            let mut value = HeaderValue::from_bytes(text.as_bytes()).map_err(|_| unfit())?;
            value.set_sensitive(true);
            request.headers.insert(name, value);
        }
        SecretPlace::Query { name } => {
            let path = request.uri.path();
            let query = with_parameter(request.uri.query().unwrap_or_default(), name, value);
            let path = PathAndQuery::try_from(format!("{path}?{query}")).map_err(|_| unfit())?;
            request.uri = Uri::from(path);
        }
    }
    Ok(Some(secret))
}

/// `query` with one parameter of this name, and all others as they were.
fn with_parameter(query: &str, name: &str, value: &str) -> String {
    let is_other = |part: &&str| {
        let mut pairs = url::form_urlencoded::parse(part.as_bytes());
        !part.is_empty() && pairs.next().is_none_or(|(key, _)| key != name)
    };
    let mut shown: Vec<String> = query.split('&').filter(is_other).map(str::to_owned).collect();
    shown.push(format!("{}={}", encoded(name), encoded(value)));
    shown.join("&")
}

/// All but what RFC 3986 calls unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encoded wherever a URL could mean something else.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::manifest::SecretName;
    use crate::secret::Secrets;

    #[track_caller]
    fn check(query: &str, expected: &str) {
        assert_eq!(with_parameter(query, "key", "a b&c=é"), expected);
    }

    #[test]
    fn a_parameter_replaces_those_of_its_name_however_they_are_written() {
        check("", "key=a%20b%26c%3D%C3%A9");
        check("q=%20x&y", "q=%20x&y&key=a%20b%26c%3D%C3%A9");
        check("key=1&q=2&%6Bey=3&key&&keys=4", "q=2&keys=4&key=a%20b%26c%3D%C3%A9");
    }

    #[test]
    fn a_header_with_a_secret_replaces_the_guests_own_and_is_not_shown() {
        let name = SecretName::new("KEY").expect("a name");
        let given = BTreeMap::from([("KEY".into(), "hunter2hunter2".into())]);
        let known = Secrets::of(None, None).with_environment(given).look_up([&name]);
        let place = SecretPlace::Header { name: "authorization".into(), before: "Bearer ".into() };
        let request = http::Request::builder().header("authorization", "mine").body(());
        let (mut head, ()) = request.expect("a request").into_parts();
        let bound = BoundSecret { name, place, is_optional: false };
        bind(&mut head, &bound, &known).expect("bound");
        let values: Vec<_> = head.headers.get_all("authorization").iter().collect();
        assert_eq!(values, ["Bearer hunter2hunter2"]);
        assert!(!format!("{head:?}").contains("hunter2"), "{head:?}");
    }

    #[test]
    fn a_request_goes_without_an_optional_secret_only_where_there_is_none() {
        let name = SecretName::new("KEY").expect("a name");
        let place = SecretPlace::Header { name: "authorization".into(), before: "Bearer ".into() };
        let known = Secrets::of(None, None).look_up([&name]);
        for (is_optional, is_sent) in [(true, true), (false, false)] {
            let (mut head, ()) = http::Request::new(()).into_parts();
            let bound = BoundSecret { name: name.clone(), place: place.clone(), is_optional };
            assert_eq!(bind(&mut head, &bound, &known).is_ok(), is_sent);
            assert!(head.headers.is_empty(), "{head:?}");
        }
    }
}
