//! The real binary under very many files, changes and reloads.
