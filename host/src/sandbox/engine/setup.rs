//! The setup of wasmtime: the code that guests are compiled to, and the pool that their memory comes from.
//!
//! Guests are metered by fuel. Every instruction costs some, and those that work on many bytes cost by the byte, so no
//! guest computes without spending. After each [slice](SliceKind::slice) of fuel, the guest gives way, and its processor
//! time and the wall clock are looked at. Checks of the epoch, which would do the same, cost computing guests another
//! tenth. What the host and the runtime do for a guest costs no fuel: there, at each crossing
//! (`sandbox::run::crossings`), time is looked at.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::{Config, Enabled, Engine, OperatorCost, OptLevel, PoolingAllocationConfig};

use super::super::compile::function_cache::CachedFunctions;
use super::error_text::one_line;

/// Calls that run at once, over all plugins; those whose answer waits to be read count too. More wait
/// their turn.
pub(crate) const MAX_CALLS: usize = 32;
/// Calls that run at once beside those, each the only one of its plugin: what other plugins run keeps it waiting for none
/// of theirs.
pub(crate) const MAX_SOLE_CALLS: usize = 8;

/// The stack of a guest, in bytes. Deeper recursion traps.
pub(crate) const MAX_GUEST_STACK: usize = 512 * 1024;

/// Core instances, memories and tables of one call. A component made of a preview 1 module has about
/// ten instances and three tables.
pub(crate) const MAX_INSTANCES: usize = 256;
pub(crate) const MAX_MEMORIES: usize = 32;
pub(crate) const MAX_TABLES: usize = 64;

/// The most guests that are only asked for their tools, beside all calls: those whose tools are not known from anything
/// else, those that are compared with what tells their tools, and those of the latter that a call waits for.
pub(crate) const MAX_LISTING_GUESTS: usize = 3;
pub(crate) const MAX_COMPARED: usize = 3;
pub(crate) const MAX_COMPARED_FOR_CALLS: usize = 2;
/// The most guests that exist at once.
const GUESTS: usize =
    MAX_CALLS + MAX_SOLE_CALLS + MAX_LISTING_GUESTS + MAX_COMPARED + MAX_COMPARED_FOR_CALLS;
/// The most elements that a table of a guest has: 8 MiB of pointers.
const MAX_ELEMENTS: usize = 1 << 20;
/// The most that the runtime itself keeps for an instance: what it knows of functions and globals.
const MAX_INSTANCE: usize = 32 << 20;
/// The bytes of a guest's memory that stay with its slot for the next guest: they are cleaned, and never given back and
/// asked for again between calls. A short call touches less.
///
/// Every slot that was ever in use keeps as much, and a component has up to [`MAX_MEMORIES`] memories: this is the bound
/// on what a guest leaves behind for good. A larger one saves larger calls nothing that can be measured.
const KEPT_MEMORY: usize = 64 << 10;
/// The bytes of a table that stay with its slot: two thousand elements.
const KEPT_TABLE: usize = 16 << 10;
/// The most unused slots before one that was in use is taken again, whichever module had it.
const WARM_SLOTS: u32 = 4;

/// The bytes of an answer that are read at once. A larger one gives way first: where its call was begun on a thread that
/// has something else to do, it goes on among the guests.
pub(crate) const MAX_READ_AT_ONCE: usize = 32 * 1024;

/// The kind of thread whose time a guest takes. It decides how soon the guest gives way to others and its limits are
/// looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SliceKind {
    /// A thread that is there for guests.
    #[default]
    Guest,
    /// A thread that has something else to do.
    Protocol,
}

impl SliceKind {
    /// Returns the fuel after which a guest gives way: about a millisecond, or a twentieth of one.
    pub(crate) fn slice(self) -> u64 {
        match self {
            Self::Guest => 2_000_000,
            Self::Protocol => 100_000,
        }
    }

    /// Returns the time after which a guest gives way whenever the host or the runtime has worked for it, whatever it has
    /// spent.
    pub(crate) fn at_most(self) -> Duration {
        match self {
            Self::Guest => Duration::from_millis(10),
            Self::Protocol => Duration::from_millis(1),
        }
    }
}

/// The fuel that asking for more memory costs: the system does the work, even to grow by nothing.
const GROWING: u8 = u8::MAX;

/// The effort that compiling puts into fast code. The code of both runs on the same engines, and spends the same fuel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tier {
    /// Cranelift without its optimizations: made sooner, runs slower.
    ///
    /// Two ways would be quicker, and neither is safe enough. Winch 48 meters single instructions as Cranelift does,
    /// but not those that work on many bytes: `memory.copy` of a gigabyte costs one unit of fuel. Cranelift's
    /// single-pass register allocator is, by wasmtime's documentation, not for untrusted code.
    Baseline,
    /// Cranelift with its optimizations.
    Optimized,
}

impl Tier {
    pub(crate) const ALL: [Self; 2] = [Self::Baseline, Self::Optimized];

    fn opt_level(self) -> OptLevel {
        match self {
            Self::Baseline => OptLevel::None,
            Self::Optimized => OptLevel::Speed,
        }
    }
}

/// Returns an engine that compiles, with functions that were compiled before, if there are any. Code for
/// [`Concurrency::Off`] runs on the engine that [`running`] gives, other code on the one that [`concurrent`] gives.
pub(crate) fn compiling(
    concurrency: Concurrency,
    tier: Tier,
    functions: Option<Arc<CachedFunctions>>,
) -> wasmtime::Result<Engine> {
    let mut config = config(concurrency);
    config.cranelift_opt_level(tier.opt_level());
    if let Some(functions) = functions {
        config.enable_incremental_compilation(functions)?;
    }
    Engine::new(&config)
}

/// Returns the engine that most guests run on.
pub(crate) fn running() -> wasmtime::Result<Engine> {
    pooled(Concurrency::Off)
}

/// Returns the engine that components with asynchronous functions, futures or streams run on, within the same bounds. Few
/// components need it, and every call costs more on it.
pub(crate) fn concurrent() -> wasmtime::Result<Engine> {
    pooled(Concurrency::On)
}

fn pooled(concurrency: Concurrency) -> wasmtime::Result<Engine> {
    let mut pooled = config(concurrency);
    pooled.allocation_strategy(pool());
    Engine::new(&pooled).or_else(|error| {
        // Address space is scarce: there is a limit, or the machine is small. Everything works, only slower.
        tracing::info!("memory for guests is not pooled here: {}", one_line(&error));
        Engine::new(&config(concurrency))
    })
}

/// Support for components with asynchronous functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Concurrency {
    Off,
    On,
}

fn config(concurrency: Concurrency) -> Config {
    let mut config = Config::new();
    config.consume_fuel(true).max_wasm_stack(MAX_GUEST_STACK);
    let mut cost = OperatorCost::new();
    (cost.MemoryGrow, cost.TableGrow) = (GROWING, GROWING);
    config.operator_cost(cost);
    config.wasm_component_model_map(true);
    // No message shows where in a guest it trapped, and the map takes a tenth of the code.
    config.generate_address_map(false);
    config.concurrency_support(matches!(concurrency, Concurrency::On));
    // No toolchain of docs/programs.md makes code with these, and the code that runs them is young. Relaxed SIMD gives
    // other results on other machines. Several memories stay: wasmtime itself makes such modules, between two parts of
    // a component.
    config.wasm_memory64(false).wasm_relaxed_simd(false);
    config
}

/// Returns a pool with slots for all that can exist at once, as the meter and the semaphores bound it: the pool is
/// never full. A slot costs address space; memory costs only what a guest has touched.
fn pool() -> PoolingAllocationConfig {
    let of_all = |each: usize| u32::try_from(GUESTS * each).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(of_all(1))
        .total_core_instances(of_all(MAX_INSTANCES))
        .total_memories(of_all(MAX_MEMORIES))
        .total_tables(of_all(MAX_TABLES))
        .total_stacks(of_all(1))
        .max_memories_per_module(u32::try_from(MAX_MEMORIES).unwrap_or(u32::MAX))
        .max_tables_per_module(u32::try_from(MAX_TABLES).unwrap_or(u32::MAX))
        .max_core_instance_size(MAX_INSTANCE)
        .max_component_instance_size(MAX_INSTANCE)
        .table_elements(MAX_ELEMENTS)
        .max_unused_warm_slots(WARM_SLOTS);
    // Only the kernel knows cheaply which pages have to be cleaned. Where it does not tell, giving
    // memory back costs less than cleaning what may be dirty.
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(KEPT_MEMORY)
            .table_keep_resident(KEPT_TABLE);
    }
    pool
}
