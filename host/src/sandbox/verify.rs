//! A plugin that is served by what its file says, held to what its code says.
//!
//! It is listed before it is compiled. Its code comes later, and no call enters it before it was compared: what a file
//! says of its tools is a claim, and a plugin whose code does not bear it out is refused.

use super::code::link::Linked;
use super::code::terms_check;
use super::guest::Guest;
use super::kind::contract;
use super::kind::listing_section;
use super::kind::outline::Claim;
use super::known_tools::ListError;
use super::readiness::{Readiness, Unverified};

use crate::suggestion::CommandName;

/// The message about types that two libraries read in different ways.
pub(super) const TWO_WAYS: &str =
    "the types of its functions are read in two ways; this is a fault of toolrack";

impl Guest {
    /// Returns the readiness of the guest to be called now.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let compared = match &self.offered.claim {
            Some(_) => self.verified.get(),
            None => Some(&Ok(())),
        };
        match compared {
            None => Readiness::AwaitsCode,
            Some(Ok(())) if self.code.is_being_remade() => Readiness::Remaking,
            Some(Ok(())) => Readiness::Ready,
            Some(Err(error)) if error.may_pass() => Readiness::FailedForNow,
            Some(Err(_)) => Readiness::Refused,
        }
    }

    /// True if its code has been made and agrees with what it is listed by.
    pub(super) fn is_verified(&self) -> bool {
        matches!(self.readiness(), Readiness::Ready | Readiness::Remaking)
    }

    /// Has its code made, if there is none, and compared with what it is listed by. This is done once: a later caller
    /// gets the same answer, and one that comes meanwhile waits for it.
    pub async fn verify(&self) -> Result<(), Unverified> {
        let Some(claim) = &self.offered.claim else { return Ok(()) };
        let compare = async || {
            let compared = self.compare(claim).await;
            if let Err(Unverified::Disagrees(problem)) = &compared {
                self.offered.keep_disagreement(&self.sandbox.codes, problem).await;
            }
            compared
        };
        self.verified.get_or_init(compare).await.clone()
    }

    async fn compare(&self, claim: &Claim) -> Result<(), Unverified> {
        let code = self.code.get(&self.sandbox.codes).await?;
        let engines = self.sandbox.codes.engines();
        terms_check::check(&code, engines, self.limits(), self.grants())?;
        match (claim, &code.linked) {
            (Claim::Listed(section), Linked::Tools(tools)) => {
                let wanted = self.sandbox.codes.wanted(self.code.wasm().digest);
                let place = self.sandbox.asking.compared(&wanted).await;
                let asked = self.asked(tools).await?;
                drop(place);
                // Tools that are compared by name must have each name once; this check sees to that, among other
                // things.
                contract::tools(asked.clone(), self.grants()).map_err(ListError::from)?;
                if let Some(difference) = listing_section::difference(section, &asked)? {
                    return Err(Unverified::Disagrees(format!(
                        "its section `{}` and its code disagree: {difference}; `{}` writes the section anew",
                        listing_section::SECTION_NAME,
                        CommandName::Pack.alone()
                    )));
                }
            }
            (Claim::Functions(types), Linked::Functions(functions)) => {
                // Two libraries have read the same types.
                let value = |it| serde_json::to_string(it).unwrap_or_default();
                let (one, two) = (value(types), value(functions.descriptions()));
                if one.is_empty() || one != two {
                    tracing::debug!("types as read from the file: {one}; from the code: {two}");
                    return Err(Unverified::Disagrees(TWO_WAYS.into()));
                }
            }
            (Claim::Program, Linked::Command(_)) => {}
            (claim, linked) => {
                let (claimed, found) = (claim.kind().name(), linked.kind().name());
                return Err(Unverified::Disagrees(format!(
                    "its file says that it is of the kind `{claimed}`, and its code is of the kind `{found}`"
                )));
            }
        }
        self.offered.keep(&self.sandbox.codes).await;
        Ok(())
    }
}
