//! Directories to what a scan sees, and to what is served.
