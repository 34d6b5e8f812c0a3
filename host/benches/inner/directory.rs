//! Looking at a plugin directory.

use std::hint::black_box;

use criterion::Criterion;
use toolrack::reload::{Reread, Scanner};

use crate::guest::Wat;
use crate::{install, wit};

const PLUGINS: usize = 100;
/// What a plugin made with the SDK weighs, roughly.
const SIZE: usize = 100 * 1024;

pub(crate) fn measure(criterion: &mut Criterion) {
    let directory = tempfile::TempDir::new().expect("a directory");
    let wasm = wit::with_section(Wat::default().build(), "weight", &vec![0; SIZE]);
    for number in 0..PLUGINS {
        install(directory.path(), &format!("p{number:03}"), &wasm);
    }
    let fresh = || Scanner::new(vec![directory.path().to_owned()]);
    let mut group = criterion.benchmark_group(format!("scan {PLUGINS} plugins"));
    group.bench_function("for the first time", |bencher| {
        bencher.iter(|| black_box(fresh().scan(&Reread::Nothing)));
    });
    let mut scanner = fresh();
    scanner.scan(&Reread::Nothing);
    group.bench_function("unchanged", |bencher| {
        bencher.iter(|| black_box(scanner.scan(&Reread::Nothing)));
    });
    group.bench_function("reading every file again", |bencher| {
        bencher.iter(|| black_box(scanner.scan(&Reread::Everything)));
    });
}
