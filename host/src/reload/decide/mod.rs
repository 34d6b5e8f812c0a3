//! What to serve, decided from scans, loads and time. Nothing here does input or output.

pub(super) mod publication;
pub(super) mod pending;
pub(super) mod failed_versions;
pub(super) mod tracked;
pub(super) mod locks_in_force;
pub(super) mod directory_trust;
pub(super) mod served_view;
pub(super) mod core;
pub(super) mod latest_manifests;
