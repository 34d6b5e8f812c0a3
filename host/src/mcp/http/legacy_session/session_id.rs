//! The id of a legacy session, which is its state: what the handshake agreed on, signed.
//!
//! Nothing of a session is kept, so none is lost when the server starts anew, and servers that share a key share
//! sessions.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;

use crate::catalog::Catalog;
use crate::fs::bounded_read::read_at_most;
use crate::fs::stated::Stated;
use crate::home::{Home, private_directory};
use crate::mcp::http::bounds::SESSION_TIME;
use crate::mcp::version::Version;
use crate::sandbox::Seal;
use crate::typed_path::shown;

/// The name under which ids are signed. Another form of them needs another name.
const SESSION_NAME: &str = "session 2";
/// The name under which the key of shared answers is derived.
#[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "nothing is shared"))]
const ANSWERS_KEY_NAME: &str = "key of shared answers";
const SESSION_TAG: usize = 32;
const NONCE: usize = 16;
const LISTS: usize = 8;
/// A version, the time in milliseconds, the random bytes, and the digest of the lists.
const STATE: usize = 1 + 8 + NONCE + LISTS;

/// The milliseconds by which the clocks of servers that share a key may differ.
const SERVER_CLOCK_LEEWAY: u64 = 60_000;

/// The key that ids are signed with, and another whose ids are taken, too, while servers change from one to the other.
pub(crate) struct SessionKey {
    seal: Seal,
    second: Option<Seal>,
}

/// The files with the keys of sessions.
#[derive(Clone, Debug, Default)]
pub struct SessionKeyFiles {
    /// The file with the key that ids are signed with. `None` stands for a key in toolrack's own directory.
    pub first: Option<Stated<PathBuf>>,
    /// The file with another key whose ids are taken, too.
    pub second: Option<Stated<PathBuf>>,
}

/// The bytes by which a session is known while something of it runs.
pub(crate) type SessionNonce = [u8; NONCE];

/// A session, as a valid id says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) version: Version,
    pub(crate) nonce: SessionNonce,
    /// The time at which it began, in milliseconds since 1970, by the clock of the server that began it.
    pub(crate) began: u64,
    /// The lists of the server that began it, as its client was to see them.
    pub(crate) lists: ListsDigest,
}

/// The beginning of the digest of what one principal sees in lists, or the mark of a server whose lists are not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListsDigest([u8; LISTS]);

impl ListsDigest {
    /// A mark for the lists of one server that are not known yet. Those of another server have another.
    pub(crate) fn unknown() -> Self {
        Self(RandomState::new().build_hasher().finish().to_be_bytes())
    }

    /// The digest of what `catalog` holds. `None` where more is about to come.
    pub(crate) fn of(catalog: Option<&Catalog>) -> Option<Self> {
        let catalog = catalog.filter(|catalog| catalog.is_ready() && !catalog.is_provisional())?;
        let whole = catalog.digest();
        Some(Self(std::array::from_fn(|at| whole.as_bytes()[at])))
    }
}

/// The shortest and the longest key in a file, in bytes.
const MIN_KEY: usize = 32;
const MAX_KEY: usize = 4096;

/// The reason why a file gives no key.
#[derive(Debug, thiserror::Error)]
pub enum SessionKeyError {
    /// It cannot be read.
    #[error("{0} {1}")]
    Unreadable(String, String),
    /// The system gives no random bytes for one.
    #[error("a key of sessions cannot be made: {0}")]
    Random(std::io::Error),
    /// It is too short to be one.
    #[error(
        "{0} has fewer than {MIN_KEY} bytes, too few for the key of sessions; make one with `openssl rand -hex 32`, and give it to every \
         server that shares sessions"
    )]
    TooShort(String),
}

impl SessionKeyFiles {
    /// Reads the keys.
    pub(crate) fn key(&self, home: Option<&Home>) -> Result<SessionKey, SessionKeyError> {
        let seal = match &self.first {
            Some(file) => SessionKey::seal_of_file(file)?,
            None => SessionKey::seal_of(home).map_err(SessionKeyError::Random)?,
        };
        let second = self.second.as_ref().map(SessionKey::seal_of_file).transpose()?;
        Ok(SessionKey { seal, second })
    }

    /// Reads the key of answers that servers with the first file share. It says nothing of that key. `None` where no file is
    /// named, so that this server has a key of its own.
    #[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "nothing is shared"))]
    pub(crate) fn answers(&self) -> Result<Option<Seal>, SessionKeyError> {
        let Some(file) = &self.first else { return Ok(None) };
        let seal = Seal::of_bytes(&SessionKey::seal_of_file(file)?.tag(ANSWERS_KEY_NAME, b""));
        seal.map(Some).map_err(SessionKeyError::Random)
    }

    /// Checks that each file that is named gives a key. Blocks.
    pub(crate) fn check(&self) -> Result<(), SessionKeyError> {
        let mut files = self.first.iter().chain(&self.second);
        files.try_for_each(|file| SessionKey::seal_of_file(file).map(drop))
    }
}

impl SessionKey {
    /// The key that is in a file: all of it. Of text, white space at the end is no part.
    fn seal_of_file(file: &Stated<PathBuf>) -> Result<Seal, SessionKeyError> {
        let unreadable = |error: String| SessionKeyError::Unreadable(shown(file), error);
        let bytes =
            read_at_most(&file.value, MAX_KEY).map_err(|error| unreadable(error.to_string()))?;
        // Random bytes may end with one that is white space by chance.
        let is_text =
            bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
        let key = if is_text { bytes.trim_ascii_end() } else { &bytes };
        if key.len() < MIN_KEY {
            return Err(SessionKeyError::TooShort(shown(file)));
        }
        Seal::of_bytes(key).map_err(|error| unreadable(error.to_string()))
    }

    /// The key that servers with this home share. Where none can be kept, sessions end with the server.
    fn seal_of(home: Option<&Home>) -> std::io::Result<Seal> {
        let kept = home.map(|home| {
            let directory = home.http();
            private_directory(&directory).map_err(std::io::Error::other)?;
            Seal::of(&directory)
        });
        let key = match kept {
            Some(Ok(key)) => key,
            None => Seal::random()?,
            Some(Err(error)) => {
                tracing::warn!(
                    "the key of sessions cannot be kept, so they end with this server: {error}"
                );
                Seal::random()?
            }
        };
        Ok(key)
    }

    /// An id for a session that begins now and speaks `version`, of this principal alone.
    pub(crate) fn begin(
        &self,
        version: Version,
        principal: &str,
        lists: ListsDigest,
    ) -> std::io::Result<HeaderValue> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce)?;
        Ok(self.id(Session { version, nonce, began: now(), lists }, principal))
    }

    fn id(&self, session: Session, principal: &str) -> HeaderValue {
        let Session { version, nonce, began, lists } = session;
        let mut bytes = Vec::with_capacity(STATE + SESSION_TAG);
        bytes.push(number(version));
        bytes.extend(began.to_be_bytes());
        bytes.extend(nonce);
        bytes.extend(lists.0);
        let tag = self.seal.tag(SESSION_NAME, &signed(&bytes, principal));
        bytes.extend(tag);
        HeaderValue::try_from(URL_SAFE_NO_PAD.encode(bytes)).expect("base64 is visible ASCII")
    }

    /// Reads an id. `None` if it is of neither key, too old, or another principal's.
    pub(crate) fn read(&self, id: &HeaderValue, principal: &str) -> Option<Session> {
        let bytes = URL_SAFE_NO_PAD.decode(id.as_bytes()).ok()?;
        let (state, tag) = bytes.split_at_checked(STATE)?;
        let signed = signed(state, principal);
        let mut seals = std::iter::once(&self.seal).chain(&self.second);
        if !seals.any(|seal| seal.verify(SESSION_NAME, &signed, tag)) {
            return None;
        }
        let (version, rest) = state.split_first()?;
        let (at, rest) = rest.split_first_chunk::<8>()?;
        let (nonce, lists) = rest.split_first_chunk::<NONCE>()?;
        let lists = ListsDigest(lists.try_into().ok()?);
        let (at, now) = (u64::from_be_bytes(*at), now());
        let age = now.saturating_sub(at);
        let version = Version::ALL.into_iter().find(|known| number(*known) == *version)?;
        let is_fresh = Duration::from_millis(age) <= SESSION_TIME
            && at <= now.saturating_add(SERVER_CLOCK_LEEWAY);
        is_fresh.then_some(Session { version, nonce: *nonce, began: at, lists })
    }
}

/// The text that is signed: the state, and whose it is.
fn signed(state: &[u8], principal: &str) -> Vec<u8> {
    [state, principal.as_bytes()].concat()
}

/// The number of a revision in an id. It never changes.
fn number(version: Version) -> u8 {
    match version {
        Version::V2024_11_05 => 1,
        Version::V2025_03_26 => 2,
        Version::V2025_06_18 => 3,
        Version::V2025_11_25 => 4,
        Version::V2026_07_28 => 5,
    }
}

/// The time in milliseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.ok().and_then(|since| u64::try_from(since.as_millis()).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random() -> SessionKey {
        SessionKey { seal: Seal::random().expect("a key"), second: None }
    }

    fn begun(key: &SessionKey, version: Version) -> HeaderValue {
        key.begin(version, "a", ListsDigest::unknown()).expect("an id")
    }

    #[test]
    fn an_id_holds_what_was_agreed_for_its_principal_and_its_time() {
        let key = random();
        for version in Version::ALL {
            let id = begun(&key, version);
            assert!(id.to_str().is_ok_and(|id| id.bytes().all(|byte| byte.is_ascii_graphic())));
            assert_eq!(key.read(&id, "a").map(|session| session.version), Some(version));
            assert_eq!(key.read(&id, "b"), None);
            assert_eq!(random().read(&id, "a"), None);
        }
        let old = now() - u64::try_from(SESSION_TIME.as_millis()).expect("a number") - 1;
        for (at, is_valid) in [
            (now(), true),
            (old, false),
            (old + 10_000, true),
            // The clock of the server that began it is ahead.
            (now() + SERVER_CLOCK_LEEWAY - 10_000, true),
            (now() + SERVER_CLOCK_LEEWAY + 10_000, false),
            (u64::MAX, false),
        ] {
            let lists = ListsDigest([9; LISTS]);
            let session =
                Session { version: Version::NEWEST_LEGACY, nonce: [7; NONCE], began: at, lists };
            let id = key.id(session, "");
            assert_eq!(key.read(&id, ""), is_valid.then_some(session), "{at}");
        }
    }

    #[test]
    fn an_id_of_the_second_key_is_taken_and_none_is_made_with_it() {
        let [old, new] = [[b'a'; 32], [b'b'; 32]];
        let seal = |bytes: [u8; 32]| Seal::of_bytes(&bytes).expect("a key");
        let key =
            |first, second: Option<_>| SessionKey { seal: seal(first), second: second.map(seal) };
        // Three rollouts: each server takes what those of the rollouts beside its own make.
        let steps = [key(old, None), key(old, Some(new)), key(new, Some(old)), key(new, None)];
        for (at, by) in steps.iter().enumerate() {
            let id = begun(by, Version::NEWEST_LEGACY);
            for (other, reader) in steps.iter().enumerate() {
                let is_beside = at.abs_diff(other) <= 1;
                let is_read = reader.read(&id, "a").is_some();
                assert!(is_read || !is_beside, "{at} is read at {other}");
            }
        }
        let id = begun(&steps[0], Version::NEWEST_LEGACY);
        assert!(steps[3].read(&id, "a").is_none());
    }

    #[test]
    fn a_key_of_random_bytes_may_end_with_white_space_and_one_of_text_ends_before_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let key = |bytes: &[u8]| {
            let path = directory.path().join("key");
            std::fs::write(&path, bytes).expect("written");
            let file = Stated { value: path, place: "`session_key_file`".into() };
            SessionKeyFiles { first: Some(file), second: None }.key(None)
        };
        let random = |last: u8| [&[0xC3; 31][..], &[last]].concat();
        for last in [b'\t', b'\n', b'\r', 0x0c, b' ', b'x'] {
            assert!(key(&random(last)).is_ok(), "{last}");
        }
        assert!(key(&[&[b'a'; 31][..], b"\n"].concat()).is_err());
        let (bare, with_newline) = ([b'a'; 32], [&[b'a'; 32][..], b"\n"].concat());
        let id = begun(&key(&bare).expect("a key"), Version::NEWEST_LEGACY);
        assert!(key(&with_newline).expect("a key").read(&id, "a").is_some());
    }

    #[test]
    fn lists_that_are_not_known_yet_have_no_digest() {
        assert_eq!(ListsDigest::of(None), None);
        assert_eq!(ListsDigest::of(Some(&Catalog::unscanned())), None);
        assert!(ListsDigest::of(Some(&Catalog::default())).is_some());
        assert_ne!(ListsDigest::unknown(), ListsDigest::unknown());
    }

    #[test]
    fn an_id_that_was_changed_anywhere_is_none() {
        let key = random();
        let id = begun(&key, Version::NEWEST_LEGACY);
        let bytes = URL_SAFE_NO_PAD.decode(id.as_bytes()).expect("base64");
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let changed = HeaderValue::try_from(URL_SAFE_NO_PAD.encode(changed)).expect("ASCII");
            assert_eq!(key.read(&changed, "a"), None, "byte {at}");
        }
        for other in ["", "x", "%%%", &"A".repeat(STATE), &"A".repeat(10_000)] {
            let other = HeaderValue::from_str(other).expect("ASCII");
            assert_eq!(key.read(&other, "a"), None);
        }
    }
}
