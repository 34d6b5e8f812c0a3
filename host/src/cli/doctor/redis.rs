//! The Redis of the configuration: whether it answers, and does what servers ask of it.

use super::examined::Examined;
use super::finding::Finding;

const REDIS_TOPIC: &str = "Redis";

#[cfg(feature = "redis")]
pub(super) fn check(examined: &Examined) -> Vec<Finding> {
    let Some(settings) = &examined.redis else { return Vec::new() };
    let settings = match settings {
        Ok(settings) => settings.clone(),
        Err(error) => {
            let advice = "until it can be used, no server starts";
            return vec![Finding::wrong(REDIS_TOPIC, error, advice)];
        }
    };
    let shown = crate::text::escape(&settings.url.to_string());
    vec![match crate::redis::probe(settings) {
        Ok(()) => Finding::ok(REDIS_TOPIC, format!("{shown} answers, and takes what is written")),
        Err(problem) => Finding::wrong(
            REDIS_TOPIC,
            format!("{shown} {problem}"),
            "until it answers, each server counts calls and keeps answers by itself; look at its name, its password, the \
             network and the firewall",
        ),
    }]
}

/// No configuration names one.
#[cfg(not(feature = "redis"))]
pub(super) fn check(examined: &Examined) -> Vec<Finding> {
    let none = examined.redis.is_none();
    debug_assert!(none, "{REDIS_TOPIC} is named");
    Vec::new()
}
