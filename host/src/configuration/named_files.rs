//! The files that the configuration names, each with the rights that others may have to it. Where a file lies is not known here:
//! a path is as it is written.

use super::auth::{AuthSection, ClientSecretPlace, IssuerFiles};
use super::content::Configuration;
use super::redis_section::RedisSection;
use super::sections::{AUDIT_STDERR, HttpSection, ServeSection};
use crate::fs::stated::Stated;

/// The rights that other users of the machine may have to a file that decides how a server is run or who may use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSecrecy {
    /// Others may read it, and nobody else may change it: the configuration, a certificate, an authority.
    Public,
    /// Others may neither read nor change it: a key, a secret.
    Secret,
}

/// A file that the configuration names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedFile<'a> {
    /// The path as it is written.
    pub written: &'a str,
    /// The rights that others may have to it.
    pub secrecy: FileSecrecy,
}

impl Configuration {
    /// Returns every file that it names. Each field is named here, so that none that is added can be forgotten.
    pub fn named_files(&self) -> Vec<NamedFile<'_>> {
        let Self {
            policy: _,
            plugins: _,
            locked: _,
            cache: _,
            warm,
            serve,
            http,
            auth,
            redis,
            keys: _,
        } = self;
        let mut files = http.named_files();
        let warm = warm.iter().map(|stated| &*stated.value);
        files.extend(warm.map(|written| NamedFile { written, secrecy: FileSecrecy::Public }));
        files.extend(serve.named_files());
        files.extend(auth.iter().flat_map(AuthSection::named_files));
        files.extend(redis.iter().flat_map(RedisSection::named_files));
        files
    }
}

impl RedisSection {
    fn named_files(&self) -> impl Iterator<Item = NamedFile<'_>> {
        let Self { url: _, password, authorities, prefix: _, timeout: _ } = self;
        password.iter().filter_map(secret_file).chain(authorities.iter().map(authorities_file))
    }
}

/// The file of a secret. `None` if it is in a variable.
fn secret_file(place: &Stated<ClientSecretPlace>) -> Option<NamedFile<'_>> {
    match &place.value {
        ClientSecretPlace::File(file) => {
            Some(NamedFile { written: file, secrecy: FileSecrecy::Secret })
        }
        ClientSecretPlace::Variable(_) => None,
    }
}

fn authorities_file(file: &Stated<Box<str>>) -> NamedFile<'_> {
    NamedFile { written: &file.value, secrecy: FileSecrecy::Public }
}

impl ServeSection {
    fn named_files(&self) -> Option<NamedFile<'_>> {
        let Self {
            stdio: _,
            page_size: _,
            result_cache: _,
            metrics: _,
            optimize: _,
            log: _,
            log_format: _,
            audit,
            audit_size: _,
            audit_files: _,
            audit_arguments: _,
        } = self;
        let written = &*audit.as_ref()?.value;
        let is_file = !AUDIT_STDERR.contains(&written);
        is_file.then_some(NamedFile { written, secrecy: FileSecrecy::Secret })
    }
}

impl HttpSection {
    fn named_files(&self) -> Vec<NamedFile<'_>> {
        let Self {
            // It may name a socket, in which no bytes lie.
            address: _,
            hosts: _,
            origins: _,
            allow_unauthenticated: _,
            grace: _,
            drain_delay: _,
            session_key_file,
            second_session_key_file,
            tls_cert,
            tls_key,
            client_ca,
            client_calls: _,
            client_rate: _,
            page: _,
        } = self;
        let all = [
            (session_key_file, FileSecrecy::Secret),
            (second_session_key_file, FileSecrecy::Secret),
            (tls_cert, FileSecrecy::Public),
            (tls_key, FileSecrecy::Secret),
            (client_ca, FileSecrecy::Public),
        ];
        let named =
            all.into_iter().filter_map(|(stated, secrecy)| Some((stated.as_ref()?, secrecy)));
        named.map(|(stated, secrecy)| NamedFile { written: &stated.value, secrecy }).collect()
    }
}

impl AuthSection {
    fn named_files(&self) -> impl Iterator<Item = NamedFile<'_>> {
        let Self { settings: _, files, place: _ } = self;
        files.iter().flat_map(|IssuerFiles { client_secret, authorities }| {
            let secret = client_secret.as_ref().and_then(secret_file);
            secret.into_iter().chain(authorities.as_ref().map(authorities_file))
        })
    }
}
