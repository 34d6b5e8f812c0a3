//! The requests that a tool may make of its host while it runs: progress, configuration and secrets.
//!
//! In a native build, such as in tests, there is no host: each function says what it does instead.

use crate::imports;

/// Tells the client how far a long call is, if it asked to know.
///
/// The host drops reports that do not increase, and those above 20 a second after the first 16. A
/// message is cut after 1 KiB. In a native build a report goes nowhere.
///
/// ```
/// use toolrack_sdk::Progress;
///
/// let pages = ["one", "two"];
/// let progress = Progress::of(pages.len());
/// for (done, page) in pages.iter().enumerate() {
///     progress.report(done, &format!("reading page {page}"));
/// }
/// progress.report(pages.len(), "");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    total: Option<f64>,
}

impl Progress {
    /// Progress towards a known end.
    pub fn of(total: impl Amount) -> Self {
        Self { total: Some(total.amount()) }
    }

    /// Progress whose end is not known.
    pub fn unbounded() -> Self {
        Self { total: None }
    }

    /// Reports that `done` is done, and what happens now; an empty message is no message.
    pub fn report(&self, done: impl Amount, message: &str) {
        let message = (!message.is_empty()).then_some(message);
        imports::progress(done.amount(), self.total, message);
    }
}

/// A number that progress is counted in: any of Rust's integers and floats.
pub trait Amount: sealed::Sealed {
    #[doc(hidden)]
    fn amount(self) -> f64;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! amounts {
    ($($number:ty),*) => {$(
        impl sealed::Sealed for $number {}
        impl Amount for $number {
            // Above 2^53 it rounds, which no progress bar shows.
            fn amount(self) -> f64 {
                self as f64
            }
        }
    )*};
}

amounts!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, f32, f64);

/// A value that the operator set under `[grants.config]` of the plugin's manifest, or nothing. It is
/// always text: `10` and `true` in the manifest come as `"10"` and `"true"`.
///
/// In a native build it is always `None`: let the function that needs a value take it as a
/// parameter, and test that one.
///
/// ```
/// let units = toolrack_sdk::config("units").unwrap_or_else(|| "metric".into());
/// assert_eq!(units, "metric");
/// ```
pub fn config(key: &str) -> Option<String> {
    imports::config(key)
}

/// The variable in which the host says which time zone its machine is in.
const HOST_ZONE: &str = "TOOLRACK_HOST_ZONE";

/// The IANA name of the time zone that the host's machine is in, such as `Europe/Berlin`. `None` unless the plugin may
/// know, as `config = { host_zone = true }` under `[grants]` says, and where the system does not say one.
pub fn host_zone() -> Option<String> {
    std::env::var(HOST_ZONE).ok()
}

/// A secret that the operator granted with `secrets = ["NAME"]` under `[grants]` of the plugin's
/// manifest. `None` where it is not granted, or has no value; the host's log tells of the second only.
///
/// A key that only goes into requests is better bound to them, since then the plugin never sees it
/// and cannot leak it:
///
/// ```toml
/// [grants]
/// network = [{ url = "https://api.example.com", secret = "NAME", header = "Authorization", before = "Bearer " }]
/// ```
///
/// This function is for what is left, such as signing. In a native build it is always `None`.
///
/// ```
/// use toolrack_sdk::ToolError;
///
/// fn key() -> Result<String, ToolError> {
///     toolrack_sdk::secret("SIGNING_KEY").ok_or_else(|| {
///         ToolError::new("no SIGNING_KEY: add `secrets = [\"SIGNING_KEY\"]` to [grants] in the manifest")
///     })
/// }
/// assert!(key().is_err());
/// ```
pub fn secret(name: &str) -> Option<String> {
    imports::config(name)
}
