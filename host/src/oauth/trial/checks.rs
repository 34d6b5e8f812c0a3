//! Tokens of every kind, and authorization servers in every mood.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ring::hmac;
use serde_json::{Value, json};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep, timeout};

use super::super::fault::MissingClaim;
use super::super::introspection::{MAX_FIRST_QUESTIONS, MAX_WAITING_QUESTIONS};
use super::super::issuer::key_set::KeySet;
use super::super::{IssuerSettings, OauthChecker, TokenCheck, TokenFault};
use super::issuer::{Mood, RESOURCE, TrialIssuer, settings};
use super::signing_key::{SigningKey, encode, unsigned};
use crate::tokens::{Principal, Proof, now};

/// A time that is never reached, unless something waits for ever.
const CHECK_HANG: Duration = Duration::from_secs(60);

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), async {
        timeout(CHECK_HANG, test).await.expect("it ends");
    });
}

/// The result for a token, in a word.
async fn found(checker: &OauthChecker, token: &str) -> Result<(), TokenFault> {
    checker.check(token).await.map(drop)
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

fn without(claims: &Value, name: &str) -> Value {
    let mut claims = claims.clone();
    claims.as_object_mut().expect("claims").remove(name);
    claims
}

fn only(issuer: IssuerSettings) -> OauthChecker {
    OauthChecker::new(settings(vec![issuer]))
}

#[test]
fn a_good_token_of_each_kind_counts_and_says_whose_it_is() {
    run(async {
        let keys = [SigningKey::rsa("a"), SigningKey::p256("b"), SigningKey::ed25519("c")];
        let issuer = TrialIssuer::start(&keys.each_ref()).await;
        let checker = only(issuer.settings());
        let _tasks = checker.keep_keys();
        let mut principals: Vec<Principal> = Vec::new();
        for key in &keys {
            let token = key.token(&issuer.claims("tools:read"));
            principals.push(checker.check(&token).await.expect("it counts"));
        }
        let pss = json!({ "alg": "PS256", "kid": "a" });
        let pss = keys[0].token_with(&pss, &issuer.claims("tools:read"));
        principals.push(checker.check(&pss).await.expect("it counts"));
        for principal in &principals {
            assert_eq!(principal.id, principals[0].id);
            let allow = principal.allow.as_ref().expect("some tools");
            assert!(allow.allow("echo_run") && !allow.allow("large_run"));
            let Proof::AccessToken(token) = &principal.proof else { panic!("{principal:?}") };
            assert!(token.ends.is_some_and(|ends| (now() + 300..now() + 400).contains(&ends)));
            let shown = format!("{principal:?}");
            assert!(!shown.contains("eyJ"), "{shown}");
        }
        assert_eq!(issuer.asked_for_keys(), 1, "they are kept");
    });
}

#[test]
fn a_token_that_is_none_of_this_servers_does_not_count() {
    run(async {
        let (rsa, other) = (SigningKey::rsa("a"), SigningKey::p256("a"));
        let issuer = TrialIssuer::start(&[&rsa]).await;
        let checker = only(issuer.settings());
        let _tasks = checker.keep_keys();
        let good = issuer.claims("tools:read");
        let header = |more: Value| {
            let mut header = json!({ "alg": "RS256", "kid": "a", "typ": "at+jwt" });
            header
                .as_object_mut()
                .expect("a header")
                .extend(more.as_object().cloned().expect("members"));
            header
        };
        let headed = |more: Value| rsa.token_with(&header(more), &good);
        let fine = rsa.token(&good);
        assert_eq!(found(&checker, &fine).await, Ok(()));
        // The keys that a JWT may bring along count for nothing: the key of the issuer does.
        let brought = json!({ "jwk": other.jwk(), "jku": "https://evil.example/keys", "x5u": "https://evil.example" });
        assert_eq!(found(&checker, &headed(brought.clone())).await, Ok(()));
        let forged =
            other.token_with(&header(json!({ "alg": "ES256", "jwk": other.jwk() })), &good);
        let public = rsa.jwk()["n"].as_str().expect("a modulus").to_owned();
        let shared = |secret: &[u8]| {
            let signed = unsigned(&header(json!({ "alg": "HS256" })), &good);
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
            format!("{signed}.{}", encode(tag))
        };
        let none = unsigned(&header(json!({ "alg": "none" })), &good);
        let (head, rest) = fine.split_once('.').expect("parts");
        let (body, signature) = rest.split_once('.').expect("parts");
        let claims = |claims: Value| rsa.token(&claims);
        use TokenFault::{
            Algorithm, Audience, Bound, Claim, ClaimForm, Expired, Issuer, Key, Malformed,
            NotYetValid, Opaque, Scope, Signature,
        };
        for (token, fault) in [
            (forged, Key),
            (shared(public.as_bytes()), Algorithm),
            (shared(b"secret"), Algorithm),
            (format!("{none}."), Algorithm),
            (format!("{none}.{signature}"), Algorithm),
            (headed(json!({ "alg": "RS1" })), Algorithm),
            (headed(json!({ "crit": ["exp"], "exp": 1 })), Algorithm),
            (headed(json!({ "crit": ["b64"], "b64": false })), Algorithm),
            (headed(json!({ "typ": "logout+jwt" })), Malformed),
            (headed(json!({ "kid": "b" })), Key),
            (headed(json!({ "kid": "" })), Key),
            (headed(json!({ "kid": "a".repeat(600) })), Malformed),
            (headed(json!({ "alg": "RS384" })), Signature),
            (format!("{head}.{body}."), Signature),
            (format!("{head}.{body}.{}", encode("wrong")), Signature),
            (
                format!(
                    "{head}.{}.{signature}",
                    encode(with(&good, "sub", json!("root")).to_string())
                ),
                Signature,
            ),
            (claims(with(&good, "exp", json!(now() - 61))), Expired),
            (claims(with(&good, "exp", json!(0))), Expired),
            (claims(with(&good, "exp", json!(-1))), Expired),
            (claims(with(&good, "exp", json!(1e300))), ClaimForm),
            (claims(with(&good, "exp", json!("soon"))), ClaimForm),
            (claims(with(&good, "nbf", json!("soon"))), ClaimForm),
            (claims(with(&good, "nbf", json!(1e300))), ClaimForm),
            (claims(with(&good, "sub", json!(""))), ClaimForm),
            (claims(with(&good, "sub", json!(7))), ClaimForm),
            (claims(with(&good, "nbf", json!(now() + 90))), NotYetValid),
            (claims(with(&good, "aud", json!("https://other.example"))), Audience),
            (claims(with(&good, "aud", json!(["https://tools.example", "x"]))), Audience),
            (claims(with(&good, "aud", json!([]))), Audience),
            (claims(with(&good, "iss", json!("https://other.example"))), Issuer),
            (claims(with(&good, "iss", json!(format!("{}/", issuer.url)))), Issuer),
            (claims(with(&good, "iss", json!([issuer.url]))), Malformed),
            (claims(without(&good, "exp")), Claim(MissingClaim::Expiry)),
            (claims(without(&good, "aud")), Claim(MissingClaim::Audience)),
            (claims(without(&good, "iss")), Malformed),
            (claims(without(&without(&good, "sub"), "client_id")), Claim(MissingClaim::Subject)),
            (claims(with(&good, "cnf", json!({ "jkt": "x" }))), Bound),
            (claims(with(&good, "scope", json!("other"))), Scope),
            (claims(without(&good, "scope")), Scope),
            ("a.b.c".into(), Opaque),
            ("opaque".into(), Opaque),
            (String::new(), Malformed),
            (format!("{fine} "), Malformed),
            (format!("{fine}\""), Malformed),
            (format!("{fine}{}", "A".repeat(17_000)), Malformed),
        ] {
            assert_eq!(found(&checker, &token).await, Err(fault), "{token}");
        }
        // Neither clocks nor slashes are exact.
        for claims in [
            with(&good, "exp", json!(now() - 30)),
            with(&good, "nbf", json!(now() + 30)),
            with(&good, "aud", json!(format!("{RESOURCE}/"))),
            with(&good, "aud", json!(["x", RESOURCE])),
            with(&good, "exp", json!(now() as f64 + 30.5)),
            with(&without(&good, "scope"), "scp", json!(["tools:read"])),
        ] {
            assert_eq!(found(&checker, &rsa.token(&claims)).await, Ok(()), "{claims}");
        }
    });
}

#[test]
fn a_token_that_names_no_key_has_the_only_one_that_fits() {
    run(async {
        let (one, other) = (SigningKey::p256("one"), SigningKey::p256("other"));
        let rsa = SigningKey::rsa("rsa");
        let issuer = TrialIssuer::start(&[&one, &rsa]).await;
        let checker = only(issuer.settings());
        let _tasks = checker.keep_keys();
        let token = one.token_with(&json!({ "alg": "ES256" }), &issuer.claims("tools:read"));
        assert_eq!(found(&checker, &token).await, Ok(()));
        let issuer = TrialIssuer::start(&[&one, &other]).await;
        let checker = only(issuer.settings());
        let _tasks = checker.keep_keys();
        let token = one.token_with(&json!({ "alg": "ES256" }), &issuer.claims("tools:read"));
        assert_eq!(found(&checker, &token).await, Err(TokenFault::Key));
    });
}

#[test]
fn keys_that_are_not_for_signatures_or_are_secrets_check_nothing() {
    run(async {
        let key = SigningKey::rsa("a");
        let secret = json!({ "kty": "oct", "kid": "a", "k": encode("secret") });
        for (member, value) in [
            ("use", json!("enc")),
            ("alg", json!("RS512")),
            ("alg", json!("HS256")),
            ("key_ops", json!(["encrypt"])),
            ("kty", json!("new")),
        ] {
            let issuer = TrialIssuer::start(&[]).await;
            let fine = SigningKey::p256("b").jwk();
            let keys = vec![with(&key.jwk(), member, value.clone()), secret.clone(), fine];
            issuer.served.keys.replace(keys);
            let checker = only(issuer.settings());
            let _tasks = checker.keep_keys();
            let token = key.token(&issuer.claims("tools:read"));
            assert_eq!(found(&checker, &token).await, Err(TokenFault::Key), "{member} {value}");
        }
    });
}

#[test]
fn a_new_key_counts_as_soon_as_a_token_names_it_and_a_withdrawn_one_no_more() {
    run(async {
        let (old, new) = (SigningKey::p256("old"), SigningKey::ed25519("new"));
        let issuer = TrialIssuer::start(&[&old]).await;
        let checker = only(issuer.settings());
        let _tasks = checker.keep_keys();
        let (before, after) =
            (old.token(&issuer.claims("tools:read")), new.token(&issuer.claims("tools:read")));
        assert_eq!(found(&checker, &before).await, Ok(()));
        issuer.has(&[&new]);
        // So soon after the first time, nobody is asked again at once.
        assert_eq!(found(&checker, &after).await, Err(TokenFault::Key));
        sleep(Duration::from_millis(1100)).await;
        assert_eq!(found(&checker, &after).await, Ok(()));
        assert_eq!(found(&checker, &before).await, Err(TokenFault::Key));
        assert!(issuer.asked_for_keys() <= 3, "{}", issuer.asked_for_keys());
    });
}

#[test]
fn tokens_with_unknown_keys_ask_the_issuer_no_more_often_than_any_one_would() {
    run(async {
        let (key, stranger) = (SigningKey::p256("a"), SigningKey::p256("b"));
        let issuer = TrialIssuer::start(&[&key]).await;
        let checker = only(issuer.settings());
        let _tasks = checker.keep_keys();
        let good = key.token(&issuer.claims("tools:read"));
        assert_eq!(found(&checker, &good).await, Ok(()));
        let begun = Instant::now();
        for at in 0..500 {
            let header = json!({ "alg": "ES256", "kid": format!("unknown {at}") });
            let token = stranger.token_with(&header, &issuer.claims("tools:read"));
            assert_eq!(found(&checker, &token).await, Err(TokenFault::Key));
        }
        let pauses = begun.elapsed().as_millis() / 1000;
        let asked = issuer.asked_for_keys() as u128;
        assert!(asked <= 2 + pauses, "{asked} times in {pauses} pauses");
        assert_eq!(found(&checker, &good).await, Ok(()));
    });
}

#[test]
fn old_keys_serve_on_while_the_issuer_is_in_any_other_mood() {
    for mood in
        [Mood::Down, Mood::Silent, Mood::Failing, Mood::Redirecting, Mood::Endless, Mood::Nonsense]
    {
        run(async {
            let (key, stranger) = (SigningKey::p256("a"), SigningKey::p256("b"));
            let issuer = TrialIssuer::start(&[&key]).await;
            let checker = only(issuer.settings());
            let _tasks = checker.keep_keys();
            assert_eq!(found(&checker, &key.token(&issuer.claims("tools:read"))).await, Ok(()));
            issuer.served.mood.set(mood);
            sleep(Duration::from_millis(1100)).await;
            let unknown = stranger.token(&issuer.claims("tools:read"));
            let begun = Instant::now();
            // It may be a new key of the issuer's; nobody can tell.
            assert_eq!(found(&checker, &unknown).await, Err(TokenFault::Unreachable), "{mood:?}");
            assert!(begun.elapsed() < Duration::from_secs(10), "{mood:?}");
            let another = with(&issuer.claims("tools:read"), "jti", json!("2"));
            let begun = Instant::now();
            assert_eq!(found(&checker, &key.token(&another)).await, Ok(()), "{mood:?}");
            assert!(begun.elapsed() < Duration::from_secs(1), "{mood:?}: it waits for nothing");
        });
    }
}

#[test]
fn without_any_keys_a_request_waits_a_while_and_is_told_to_come_again() {
    for mood in [Mood::Down, Mood::Silent, Mood::Redirecting, Mood::Endless, Mood::Nonsense] {
        run(async {
            let key = SigningKey::p256("a");
            let issuer = TrialIssuer::start(&[&key]).await;
            issuer.served.mood.set(mood);
            let checker = only(issuer.settings());
            let _tasks = checker.keep_keys();
            let token = key.token(&issuer.claims("tools:read"));
            let begun = Instant::now();
            assert_eq!(found(&checker, &token).await, Err(TokenFault::Unreachable), "{mood:?}");
            assert!(begun.elapsed() < Duration::from_secs(10), "{mood:?}");
            issuer.served.mood.set(Mood::Well);
            while found(&checker, &token).await != Ok(()) {
                sleep(Duration::from_millis(20)).await;
            }
        });
    }
}

#[test]
fn many_requests_wait_for_one_question_for_the_first_keys() {
    run(async {
        let key = SigningKey::p256("a");
        let issuer = TrialIssuer::start(&[&key]).await;
        let checker = Rc::new(only(issuer.settings()));
        let _tasks = checker.keep_keys();
        let mut all = JoinSet::new();
        for at in 0..50 {
            let claims = with(&issuer.claims("tools:read"), "jti", json!(at));
            let (checker, token) = (checker.clone(), key.token(&claims));
            all.spawn_local(async move { checker.check(&token).await.is_ok() });
        }
        assert!(all.join_all().await.into_iter().all(|is_ok| is_ok));
        assert_eq!(issuer.asked_for_keys(), 1);
    });
}

#[test]
fn issuers_are_apart_and_metadata_that_name_another_give_no_keys() {
    run(async {
        let (one, other) = (SigningKey::p256("a"), SigningKey::p256("a"));
        let (first, second) =
            (TrialIssuer::start(&[&one]).await, TrialIssuer::start(&[&other]).await);
        let checker = OauthChecker::new(settings(vec![first.settings(), second.settings()]));
        let _tasks = checker.keep_keys();
        let ada = checker.check(&one.token(&first.claims("tools:read"))).await.expect("hers");
        let same = checker.check(&other.token(&second.claims("tools:read"))).await.expect("hers");
        assert_ne!(ada.id, same.id, "another issuer's Ada is another one");
        let crossed = other.token(&first.claims("tools:read"));
        assert_eq!(found(&checker, &crossed).await, Err(TokenFault::Signature));
        // A name that leads to the same server, but is not its own.
        let mut alias = first.settings();
        alias.issuer = first.url.replace("127.0.0.1", "localhost").parse().expect("a URL");
        let checker = only(alias);
        let _tasks = checker.keep_keys();
        let claims = with(
            &first.claims("tools:read"),
            "iss",
            json!(first.url.replace("127.0.0.1", "localhost")),
        );
        assert_eq!(found(&checker, &one.token(&claims)).await, Err(TokenFault::Unreachable));
    });
}

#[test]
fn an_issuer_over_tls_proves_who_it_is() {
    run(async {
        let key = SigningKey::p256("a");
        let issuer = TrialIssuer::start_over_tls(&[&key]).await;
        let token = key.token(&issuer.claims("tools:read"));
        // The authorities of the system are read first.
        let patient = |issuer: IssuerSettings| {
            let mut settings = settings(vec![issuer]);
            (settings.times.question, settings.times.wait) = (CHECK_HANG, CHECK_HANG);
            OauthChecker::new(settings)
        };
        let stranger = patient(issuer.settings());
        let _tasks = stranger.keep_keys();
        assert_eq!(found(&stranger, &token).await, Err(TokenFault::Unreachable));
        assert_eq!(issuer.asked("/.well-known/openid-configuration"), 0, "nothing was asked");
        let mut own = issuer.settings();
        let authority = include_bytes!("../../../tests/certificates/test-only-authority.der");
        own.authorities.push(authority.to_vec().into());
        let checker = patient(own);
        let _tasks = checker.keep_keys();
        assert_eq!(found(&checker, &token).await, Ok(()));
    });
}

#[test]
fn a_set_of_keys_has_a_bound_and_may_hold_none_that_checks_something() {
    let jwk = SigningKey::ed25519("a").jwk();
    for count in [0, 1, 64] {
        let text = json!({ "keys": vec![jwk.clone(); count] }).to_string();
        let keys = KeySet::parse(text.as_bytes()).ok();
        assert_eq!(keys.map(|keys| keys.len()), Some(count));
    }
    let too_many = json!({ "keys": vec![jwk.clone(); 65] }).to_string();
    for wrong in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[{}"#, &too_many] {
        assert!(KeySet::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
    let one = json!({ "keys": [1, {}, { "kty": "RSA" }, { "kty": "new" }, jwk] }).to_string();
    for (text, count) in [(r#"{"keys":[1]}"#, 0), (r#"{"keys":[{"kty":"RSA"}]}"#, 0), (&one, 1)] {
        assert_eq!(KeySet::parse(text.as_bytes()).map(|keys| keys.len()).ok(), Some(count));
    }
}

#[test]
fn an_issuer_that_publishes_no_key_any_more_has_withdrawn_all() {
    let secret = json!({ "kty": "oct", "kid": "a", "k": encode("secret") });
    for left in [vec![], vec![secret]] {
        run(async {
            let key = SigningKey::p256("a");
            let issuer = TrialIssuer::start(&[&key]).await;
            let checker = only(issuer.settings());
            let _tasks = checker.keep_keys();
            let good = key.token(&issuer.claims("tools:read"));
            assert_eq!(found(&checker, &good).await, Ok(()));
            issuer.served.keys.replace(left.clone());
            sleep(Duration::from_millis(1100)).await;
            // A token with a key that is not known makes the server ask again.
            let strange = SigningKey::p256("b").token(&issuer.claims("tools:read"));
            assert_eq!(found(&checker, &strange).await, Err(TokenFault::Key));
            assert_eq!(found(&checker, &good).await, Err(TokenFault::Key), "{left:?}");
            let another = with(&issuer.claims("tools:read"), "jti", json!("2"));
            assert_eq!(found(&checker, &key.token(&another)).await, Err(TokenFault::Key));
            issuer.has(&[&key]);
            sleep(Duration::from_millis(1100)).await;
            assert_eq!(found(&checker, &good).await, Ok(()), "it publishes one again");
        });
    }
}

#[test]
fn only_the_algorithms_of_the_operator_count() {
    run(async {
        let (rsa, curve) = (SigningKey::rsa("a"), SigningKey::p256("b"));
        let issuer = TrialIssuer::start(&[&rsa, &curve]).await;
        let mut own = issuer.settings();
        let url = Some(format!("{}/keys", issuer.url).parse().expect("a URL"));
        own.check = TokenCheck::Keys { url, algorithms: vec!["ES256".parse().expect("one")] };
        let checker = only(own);
        let _tasks = checker.keep_keys();
        let claims = issuer.claims("tools:read");
        assert_eq!(found(&checker, &curve.token(&claims)).await, Ok(()));
        assert_eq!(found(&checker, &rsa.token(&claims)).await, Err(TokenFault::Algorithm));
        assert_eq!(
            issuer.asked("/.well-known/openid-configuration"),
            0,
            "the keys' place is known"
        );
    });
}

#[test]
fn a_token_is_asked_about_once_a_while_whatever_the_answer() {
    run(async {
        let issuer = TrialIssuer::start(&[]).await;
        let checker = only(issuer.introspection());
        let mut claims = issuer.claims("tools:read");
        claims["active"] = json!(true);
        issuer.served.active.borrow_mut().insert("opaque-1".into(), claims.clone());
        claims["aud"] = json!("https://other.example");
        issuer.served.active.borrow_mut().insert("opaque-2".into(), claims);
        for _ in 0..5 {
            assert_eq!(found(&checker, "opaque-1").await, Ok(()));
            assert_eq!(found(&checker, "opaque-2").await, Err(TokenFault::Audience));
            assert_eq!(found(&checker, "opaque-3").await, Err(TokenFault::Inactive));
        }
        assert_eq!(issuer.asked("/introspect"), 3);
        // "tool rack" and "se:cret", each encoded as a form is.
        let proof = issuer.served.proof.borrow().clone();
        assert_eq!(proof, "Basic dG9vbCUyMHJhY2s6c2UlM0FjcmV0");
        issuer.served.active.borrow_mut().clear();
        sleep(Duration::from_millis(2100)).await;
        assert_eq!(found(&checker, "opaque-1").await, Err(TokenFault::Inactive), "withdrawn");
        assert_eq!(issuer.asked("/introspect"), 4);
    });
}

#[test]
fn those_who_guess_keep_out_no_token_that_was_good() {
    run(async {
        let issuer = TrialIssuer::start(&[]).await;
        let checker = Rc::new(only(issuer.introspection()));
        let mut claims = issuer.claims("tools:read");
        claims["active"] = json!(true);
        issuer.served.active.borrow_mut().insert("good".into(), claims);
        assert_eq!(found(&checker, "good").await, Ok(()));
        // Its answer is too old, and the issuer needs a while for each.
        sleep(Duration::from_millis(2100)).await;
        issuer.served.mood.set(Mood::Slow);
        let mut guesses = JoinSet::new();
        for at in 0..500 {
            let checker = checker.clone();
            guesses.spawn_local(async move { found(&checker, &format!("guess-{at}")).await });
        }
        let mut refused = 0;
        // So many are refused at once, and no more of them wait than may.
        while refused < 500 - MAX_FIRST_QUESTIONS - MAX_WAITING_QUESTIONS {
            let guess = guesses.join_next().await.expect("a guess").expect("no panic");
            assert_eq!(guess, Err(TokenFault::Busy));
            refused += 1;
        }
        let before = issuer.asked("/introspect");
        assert_eq!(found(&checker, "good").await, Ok(()));
        let asked = issuer.asked("/introspect") - before;
        assert!(asked <= 2 * MAX_FIRST_QUESTIONS + 1, "{asked} were asked about before it");
        // The wait for a turn is no fault of the issuer's.
        while let Some(guess) = guesses.join_next().await {
            let guess = guess.expect("no panic");
            assert!(matches!(guess, Err(TokenFault::Inactive | TokenFault::Busy)), "{guess:?}");
        }
    });
}

#[test]
fn many_requests_with_one_token_ask_about_it_once() {
    run(async {
        let issuer = TrialIssuer::start(&[]).await;
        issuer.served.mood.set(Mood::Slow);
        let checker = Rc::new(only(issuer.introspection()));
        let mut all = JoinSet::new();
        for _ in 0..200 {
            let checker = checker.clone();
            all.spawn_local(async move { found(&checker, "opaque").await });
        }
        assert!(all.join_all().await.into_iter().all(|it| it == Err(TokenFault::Inactive)));
        assert_eq!(issuer.asked("/introspect"), 1);
    });
}

#[test]
fn a_token_whose_issuer_does_not_answer_is_neither_good_nor_bad() {
    for mood in
        [Mood::Down, Mood::Silent, Mood::Failing, Mood::Redirecting, Mood::Endless, Mood::Nonsense]
    {
        run(async {
            let issuer = TrialIssuer::start(&[]).await;
            issuer.served.mood.set(mood);
            let checker = only(issuer.introspection());
            let begun = Instant::now();
            assert_eq!(found(&checker, "opaque").await, Err(TokenFault::Unreachable), "{mood:?}");
            assert!(begun.elapsed() < Duration::from_secs(10), "{mood:?}");
            issuer.served.mood.set(Mood::Well);
            assert_eq!(found(&checker, "opaque").await, Err(TokenFault::Inactive), "{mood:?}");
        });
    }
}

/// Returns the lines that are logged while `test` runs.
fn logged(test: impl FnOnce()) -> String {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let writer = Arc::new(file.reopen().expect("the same file"));
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(writer);
    tracing::subscriber::with_default(subscriber.finish(), test);
    std::fs::read_to_string(file.path()).expect("lines")
}

#[test]
fn an_issuer_that_answers_with_something_else_is_warned_of_once() {
    let lines = logged(|| {
        run(async {
            let issuer = TrialIssuer::start(&[]).await;
            issuer.served.mood.set(Mood::Nonsense);
            let checker = only(issuer.introspection());
            for token in ["one", "another"] {
                assert_eq!(found(&checker, token).await, Err(TokenFault::Unreachable));
            }
            issuer.served.mood.set(Mood::Well);
            assert_eq!(found(&checker, "one").await, Err(TokenFault::Inactive));
        });
    });
    let warned = lines.lines().filter(|line| line.contains("WARN"));
    let warned: Vec<_> = warned.collect();
    let said = "expected JSON with `active`, by RFC 7662; look at `introspection`";
    assert!(matches!(&warned[..], [line] if line.contains(said)), "{lines}");
    assert!(lines.contains("it answers again"), "{lines}");
}

#[test]
fn no_issuer_is_asked_about_the_token_of_another() {
    run(async {
        let key = SigningKey::p256("a");
        let (signs, answers) = (TrialIssuer::start(&[&key]).await, TrialIssuer::start(&[]).await);
        let issuers = vec![signs.settings(), answers.introspection()];
        let checker = OauthChecker::new(settings(issuers));
        let _tasks = checker.keep_keys();
        assert_eq!(found(&checker, &key.token(&signs.claims("tools:read"))).await, Ok(()));
        let strange = with(&signs.claims("tools:read"), "iss", json!("https://other.example"));
        assert_eq!(found(&checker, &key.token(&strange)).await, Err(TokenFault::Issuer));
        assert_eq!(answers.asked("/introspect"), 0);
        assert_eq!(found(&checker, "opaque").await, Err(TokenFault::Inactive));
        let mine = key.token(&answers.claims("tools:read"));
        assert_eq!(found(&checker, &mine).await, Err(TokenFault::Inactive), "it is asked about");
        assert_eq!(answers.asked("/introspect"), 2);
        // An encrypted token names its issuer to nobody, and another one may have made it.
        let jwe = format!("{}.a.b.c.d", encode(r#"{"alg":"dir","enc":"A256GCM"}"#));
        assert_eq!(found(&checker, &jwe).await, Err(TokenFault::Malformed));
        assert_eq!(answers.asked("/introspect"), 2);
        let alone = only(answers.introspection());
        let _tasks = alone.keep_keys();
        assert_eq!(found(&alone, &jwe).await, Err(TokenFault::Inactive), "it is asked about");
        assert_eq!(answers.asked("/introspect"), 3);
        let twice = vec![signs.introspection(), answers.introspection()];
        let (resource, rules) = (RESOURCE.parse().expect("a URL"), Default::default());
        assert!(super::super::OauthSettings::new(resource, twice, rules).is_err());
    });
}
