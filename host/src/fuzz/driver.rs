//! Invented input on any toolchain: seeds, changed at random, for so many rounds or so long.
//!
//! Without more, a test goes the same rounds each time. `TOOLRACK_FUZZ_SECONDS` makes it go on for so long, from
//! another beginning each time, which `TOOLRACK_FUZZ_SEED` fixes. What fails or hangs is left in
//! `target/fuzz/found/`; put into `fuzz/corpus/NAME/`, it is tried first by every run.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::noise::Noise;
use super::{Seen, TARGETS, Target, seeds};
use crate::manifest::Sha256Digest;

/// The time after which an input hangs: none takes so long, on a busy machine in an unoptimised build.
const HANG: Duration = Duration::from_secs(30);

/// The length of a test, and the seed that it begins with.
#[derive(Clone, Copy)]
struct Plan {
    rounds: u64,
    time: Option<Duration>,
    seed: u64,
}

impl Plan {
    fn of(target: &Target) -> Self {
        let number = |name| std::env::var(name).ok().map(|text| text.parse().expect(name));
        let time = number("TOOLRACK_FUZZ_SECONDS").map(Duration::from_secs);
        let clock = || {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            since.map_or(1, |since| since.as_nanos() as u64)
        };
        let usual = if time.is_some() { clock() } else { 0x5eed };
        let seed = number("TOOLRACK_FUZZ_SEED").unwrap_or(usual).max(1);
        Self { rounds: target.rounds, time, seed }
    }

    fn is_over(&self, begun: Instant, round: u64) -> bool {
        self.time.map_or(round >= self.rounds, |time| begun.elapsed() >= time)
    }
}

/// The input that is being tried, and the time at which it was begun.
type CurrentInput = Arc<Mutex<(Instant, Vec<u8>)>>;

/// Tries what is kept for the target of this name, and then what is invented.
pub(super) fn drive(name: &str) {
    let target = TARGETS.into_iter().find(|target| target.name == name).expect("a target");
    let plan = Plan::of(&target);
    let now: CurrentInput = Arc::new(Mutex::new((Instant::now(), Vec::new())));
    let (running, over) = channel::<()>();
    let worker = {
        let now = now.clone();
        thread::spawn(move || {
            let _running = running;
            work(&target, plan, &now)
        })
    };
    wait(name, &over, &now);
    match worker.join() {
        Ok(seen) => {
            assert!(
                seen.iter().all(|count| *count > 0),
                "{name}: one side only was seen: {seen:?}"
            );
        }
        Err(_) => {
            let left = leave(name, &now.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).1);
            panic!("{name} fails on {} (seed {})", left.display(), plan.seed);
        }
    }
}

/// Tries the inputs, and returns how many were accepted and refused.
#[expect(clippy::print_stdout, reason = "who gives it time wants to know what came of it")]
fn work(target: &Target, plan: Plan, now: &CurrentInput) -> [u64; 2] {
    let mut seen = [0, 0];
    let mut try_one = |input: Vec<u8>| {
        let mut current = now.lock().expect("nobody panics while it is held");
        *current = (Instant::now(), input.clone());
        drop(current);
        seen[usize::from((target.body)(&input) == Seen::Refused)] += 1;
    };
    let kept = seeds::kept(target.name).into_iter().map(|file| fs::read(file).expect("an input"));
    let seeds: Vec<_> = kept.chain((target.seeds)()).collect();
    seeds.iter().cloned().for_each(&mut try_one);
    let begun = Instant::now();
    let mut noise = Noise(plan.seed);
    let mut round = 0;
    while !plan.is_over(begun, round) {
        try_one(noise.of(&seeds));
        round += 1;
    }
    if plan.time.is_some() {
        let rate = round as f64 / begun.elapsed().as_secs_f64();
        let (name, seed) = (target.name, plan.seed);
        println!(
            "{name}: {round} inputs, {rate:.0} a second; accepted, refused: {seen:?}; seed {seed}"
        );
    }
    seen
}

/// Waits for the worker. Panics if the worker does not get done with an input.
fn wait(name: &str, over: &Receiver<()>, now: &CurrentInput) {
    while over.recv_timeout(Duration::from_millis(200)) == Err(RecvTimeoutError::Timeout) {
        let Ok(current) = now.lock() else { return };
        if current.0.elapsed() > HANG {
            panic!("{name} hangs on {}", leave(name, &current.1).display());
        }
    }
}

/// Leaves an input in a file for a person to find, and returns the file's path.
fn leave(name: &str, input: &[u8]) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/fuzz/found");
    let digest = Sha256Digest::of(input).to_string();
    let path = folder.join(format!("{name}-{}", &digest[..16]));
    fs::create_dir_all(&folder).and_then(|()| fs::write(&path, input)).expect("a file is left");
    path
}
