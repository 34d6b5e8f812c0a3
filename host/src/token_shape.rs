//! The shape of tokens, by which a secret is known that a person typed where its name, or something else, belongs.
//!
//! A shape is a guess: a password may look like any word. Nothing here is proof that a text is no secret.

/// The beginnings of tokens that only names of tokens have, too.
const TOKENS: [&str; 10] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "dop_v1_",
    "sk_live_",
    "sk_test_",
    "sk-ant-",
];
/// The beginnings of tokens that short words may have, too.
const LONG_TOKENS: [&str; 21] = [
    "hf_", "npm_", "gsk_", "r8_", "lin_api_", "pk_test_", "pk_live_", "rk_test_", "rk_live_",
    "glpat-", "xoxb-", "xoxp-", "xapp-", "sk-", "shpat_", "whsec_", "trk_", "pypi-", "AKIA",
    "AIza", "eyJ",
];
/// The number of letters and digits in a row, behind the beginning of a token, from which it is one.
const LONG_REST: usize = 16;
/// The same where digits, or small letters and capitals, are among them and nothing but a token begins so.
const MIXED_REST: usize = 10;
/// The number of letters of Base64 for URLs, `-` and `_` among them, behind the beginning of a token, from which it is
/// one where digits, or small letters and capitals, are among them.
const LONG_BASE64_REST: usize = 32;
/// The number of letters and digits in a row from which words do not mix them.
const LONG_RUN: usize = 24;
/// The same where they change as often as this.
const MIXED_RUN: usize = 16;
const MANY_CHANGES: usize = 4;

/// True if `word`, a text without blanks, looks like a token: it begins as known ones do and is about as long, or mixes
/// letters and digits at a length that no word has. The host of a URL is none.
pub(crate) fn looks_like_token(word: &str) -> bool {
    begins_like_token(word) || runs(behind_host(word)).any(is_random)
}

/// True if `name` is the name of a variable in capitals, as in `TOOLRACK_TOKEN`, and no token that a person typed in its
/// place.
pub(crate) fn is_variable_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let begins = name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    begins && name.bytes().all(fits) && !looks_like_token(name)
}

/// True if `word` begins as known tokens do and is about as long.
pub(crate) fn begins_like_token(word: &str) -> bool {
    let has_issuer = |beginnings: &[&str], is_rest: fn(&str) -> bool| {
        let mut rests = beginnings.iter().filter_map(|beginning| word.strip_prefix(beginning));
        rests.any(|rest| runs(rest).any(is_rest) || base64_runs(rest).any(is_long_base64))
    };
    has_issuer(&TOKENS, |run| run.len() >= LONG_REST || (run.len() >= MIXED_REST && is_mixed(run)))
        || has_issuer(&LONG_TOKENS, |run| run.len() >= LONG_REST)
}

/// Returns the part of a URL behind its host, or `word` if it is no URL.
fn behind_host(word: &str) -> &str {
    let Some((_, rest)) = word.split_once("://") else { return word };
    let host = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    // Before an `@` stands a user, and a password.
    if rest.contains('@') { rest } else { &rest[host..] }
}

/// True if digits, or small letters and capitals, are among the letters of `run`.
fn is_mixed(run: &str) -> bool {
    let has = |is_it: fn(&u8) -> bool| run.bytes().any(|byte| is_it(&byte));
    has(u8::is_ascii_digit) || (has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase))
}

/// True if one of the words of `text` looks like a token.
pub(crate) fn holds_token(text: &str) -> bool {
    text.split(word_ends).any(looks_like_token)
}

/// True if words end there.
fn word_ends(c: char) -> bool {
    c.is_whitespace() || "\"'`<>()[]{},;=".contains(c)
}

/// The letters and digits in a row.
fn runs(word: &str) -> impl Iterator<Item = &str> {
    word.split(|c: char| !c.is_ascii_alphanumeric())
}

/// The letters of Base64 for URLs in a row.
fn base64_runs(word: &str) -> impl Iterator<Item = &str> {
    word.split(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c))
}

/// True if `run` is as long as a random text in Base64 for URLs, in which `-` and `_` may stand anywhere.
fn is_long_base64(run: &str) -> bool {
    run.len() >= LONG_BASE64_REST && is_mixed(run)
}

fn is_random(run: &str) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let bytes = run.as_bytes();
    let changes = bytes.windows(2).filter(|pair| is_digit(&pair[0]) != is_digit(&pair[1])).count();
    changes > 0
        && (bytes.len() >= LONG_RUN || (bytes.len() >= MIXED_RUN && changes >= MANY_CHANGES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_told_from_a_word() {
        for token in [
            "ghp_aB3dE5gH7j",
            "dop_v1_0f3a9c4b7d",
            "sk_live_abcdefghijklmnop",
            "https://hooks.example/T0/0f3a9c4b7d2e8615",
            "gsk_Zk3vQ8wLm2Rt6YbN1sHcWGdyb3FYx7Jp0uKe4aTf",
            "r8_Hw3kL9sQ2mZx7Vb1Nc5Tr8Yp0Df4Gj6Ke",
            "lin_api_q7Wm2Xk9Rt4Lz8Vb3Nc6Hs1Yp5Df0Gj",
            "pk_test_TYooMQauvdEDq54NiTphI7jx",
            "glpat-ABcdEFghIJklMNopQRst",
            "AKIAIOSFODNN7EXAMPLE",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.abc",
            "trk_aB-dE_gH7j-Lm_oP3r-Tu_wX-zA_cD5f-Hi_kL8n-Pq",
            "sk-ant-api-Zk_vQ-wLm_Rt-YbN_sHc-Gdyb_FYx-Jp_uKe-TfA",
            "0f3a9c4b7d2e8615",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ] {
            assert!(looks_like_token(token), "{token}");
            let text = format!("header = \"Bearer {token}\"");
            assert!(holds_token(&text), "{token}");
        }
        for word in [
            "",
            "GITHUB_TOKEN",
            "OPENWEATHER_API_KEY_2",
            "npm_registry_auth_token_ci",
            "sk-learn",
            "sk_live_key",
            "sk_test_key_2",
            "ghp_token",
            "github_pat_work",
            "ghs_key",
            "dop_v1_prod",
            "https://0f3a9c4b7d2e8615.ngrok.app",
            "https://0f3a9c4b7d2e8615.ngrok.app:8443/v1",
            "oauth2_client_secret_v2",
            "s3_access_key_id",
            "https://api.openweathermap.org/data/2.5",
            "geocoding-api.open-meteo.com",
            "1_000_000_000",
            "2026-11-28T20:15:30Z",
            "anthropic/maxResultSizeChars",
            "report20260101final",
            "550e8400-e29b-41d4-a716-446655440000",
            "internationalization",
        ] {
            assert!(!looks_like_token(word), "{word}");
        }
    }
}
