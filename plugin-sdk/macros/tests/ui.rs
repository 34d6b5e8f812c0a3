//! Every mistake an author can make gets an error that points at it and says what to write.
//! `TRYBUILD=overwrite` rewrites the expected errors.

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
