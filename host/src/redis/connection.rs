//! One connection to a Redis: questions on it, and the proof that it is of use.

use std::pin::Pin;
use std::sync::LazyLock;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{
    AsyncConnectionConfig, ErrorKind, ProtocolVersion, RedisConnectionInfo, RedisError,
    RedisResult, Script,
};
use tokio::time::timeout;

use super::bounded_stream::{BoundedStream, UnansweredBytes};
use super::settings::RedisSettings;
use super::way::RedisWay;
use crate::text::{clip, escape};

/// The rule of rates.
pub(super) static TOKEN_BUCKET: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("../catalog/admission/token_bucket.lua")));

/// The calls that the bucket of a check holds: never too few.
const CHECK_CALLS: u32 = 1_000_000;
/// The time that it may take to connect.
const REDIS_CONNECT_TIME: Duration = Duration::from_secs(3);
/// The most bytes of an error that are told.
const MAX_TOLD_ERROR: usize = 200;

/// The task that moves the bytes of a connection.
pub(super) type RedisDriver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A connection. Its clones are the same one.
#[derive(Clone)]
pub(super) struct RedisConnection {
    connection: MultiplexedConnection,
    unanswered: UnansweredBytes,
    timeout: Duration,
}

/// The reason why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// Redis refuses this one. It may answer others.
    #[error("it refuses: {0}")]
    Refused(String),
    /// The connection is of no use any more.
    #[error("{0}")]
    Lost(String),
}

impl RedisConnection {
    /// Connects, and returns the connection with the task that moves its bytes, on which it depends.
    pub(super) async fn open(way: &RedisWay) -> Result<(Self, RedisDriver), String> {
        let RedisSettings { url, password, timeout: answer_time, .. } = &way.settings;
        let mut info = RedisConnectionInfo::default()
            .set_db(url.database.into())
            .set_protocol(ProtocolVersion::RESP2)
            .set_skip_set_lib_name();
        if let Some(user) = &url.user {
            info = info.set_username(user);
        }
        if let Some(password) = password {
            info = info.set_password(password.expose());
        }
        let unanswered = UnansweredBytes::default();
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let opened = async {
            let stream = way.open().await.map_err(|error| {
                let error = escape(clip(&error.to_string(), MAX_TOLD_ERROR));
                format!("cannot be reached: {error}")
            })?;
            let stream = BoundedStream::new(stream, unanswered.clone());
            let opened = MultiplexedConnection::new_with_config(&info, stream, config).await;
            let opened = opened.map(|(connection, driver)| (connection, Box::pin(driver) as _));
            opened.map_err(|error| format!("lets nobody in: {}", told(&error)))
        };
        let opened = timeout(REDIS_CONNECT_TIME, opened).await;
        let seconds = REDIS_CONNECT_TIME.as_secs();
        let (connection, driver): (_, RedisDriver) =
            opened.map_err(|_| format!("takes no connection within {seconds} s"))??;
        unanswered.answered();
        Ok((Self { connection, unanswered, timeout: *answer_time }, driver))
    }

    /// The connection as the library has it.
    pub(super) fn multiplexed(&self) -> MultiplexedConnection {
        self.connection.clone()
    }

    /// Returns the answer to a question on this connection, if it comes in time.
    pub(super) async fn answer<T>(
        &self,
        question: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, Unanswered> {
        match timeout(self.timeout, question).await {
            Ok(Ok(answer)) => {
                self.unanswered.answered();
                Ok(answer)
            }
            Ok(Err(error)) if is_refusal(&error) => {
                self.unanswered.answered();
                Err(Unanswered::Refused(told(&error)))
            }
            Ok(Err(error)) => Err(Unanswered::Lost(format!("broke off: {}", told(&error)))),
            Err(_) => {
                let time = self.timeout.as_millis();
                Err(Unanswered::Lost(format!("does not answer within {time} ms")))
            }
        }
    }

    /// Checks that it does all that is asked of it: the script of rates runs, and writes.
    pub(super) async fn check(&self, prefix: &str) -> Result<(), String> {
        let key = format!("{prefix}check");
        let mut connection = self.multiplexed();
        let asked = async {
            let mut call = TOKEN_BUCKET.key(&key);
            call.arg(1).arg(CHECK_CALLS).arg(1).invoke_async::<(i64, i64)>(&mut connection).await
        };
        match self.answer(asked).await {
            Ok((1, 0)) => Ok(()),
            Ok(_) => Err("answers what no Redis answers".into()),
            Err(problem @ Unanswered::Refused(_)) => Err(format!("is of no use: {problem}")),
            Err(problem) => Err(problem.to_string()),
        }
    }
}

/// True if Redis itself says no to a question that it understood.
fn is_refusal(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension)
}

/// An error as it is told. Redis wrote it.
fn told(error: &RedisError) -> String {
    escape(clip(&error.to_string(), MAX_TOLD_ERROR))
}
