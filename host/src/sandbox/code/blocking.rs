//! Work that takes long, on threads where it disturbs no other work, a few jobs at a time.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::super::compile::error::CompileError;
use crate::text::escape;

/// Runs a job that takes long on a thread where it disturbs no other work, when there is a slot. The slot is free when
/// the job is done, even if no caller waits for it any more.
///
/// `what` names the job, should it fail.
pub(crate) async fn blocking<T: Send + 'static>(
    what: &'static str,
    slots: &Arc<Semaphore>,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CompileError> {
    let slot = slots.clone().acquire_owned().await;
    let span = tracing::Span::current();
    let job = move || {
        let _slot = slot;
        span.in_scope(job)
    };
    let ran = tokio::task::spawn_blocking(job).await;
    ran.map_err(|error| {
        CompileError::Host(format!("{what} failed inside toolrack: {}", escape(&error.to_string())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_fails_inside_is_named() {
        let slots = Arc::new(Semaphore::new(1));
        let failed = blocking("reading its notes", &slots, || panic!("at \u{202e} once")).await;
        let Err(CompileError::Host(reason)) = failed else { panic!("{failed:?}") };
        assert!(reason.starts_with("reading its notes failed inside toolrack: "), "{reason}");
        assert!(reason.contains("once") && !reason.contains('\u{202e}'), "{reason}");
        assert_eq!(slots.available_permits(), 1, "its slot is free again");
    }
}
