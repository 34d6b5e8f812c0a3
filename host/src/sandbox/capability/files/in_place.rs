//! wasmtime-wasi's work on files, done in place on a thread that may wait.
//!
//! Its functions check what a guest may do and keep it in its directories. They want a table of what is open; here each
//! gets one of its own, which holds what it works on and nothing else.

use std::future::Future;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::filesystem::{
    Descriptor, WasiFilesystemCtx, WasiFilesystemCtxView, WasiFilesystemView as _,
};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// wasmtime-wasi's functions, with a table of what they work on.
pub(crate) type WasiFiles<'a> = WasiFilesystemCtxView<'a>;

/// A descriptor in that table.
pub(crate) type Handle = Resource<Descriptor>;

/// A context in which what is opened is worked on in place, too.
static IN_PLACE: LazyLock<WasiFilesystemCtx> = LazyLock::new(|| {
    let wasi = WasiCtx::builder().allow_blocking_current_thread(true).build();
    WasiContext { wasi, table: ResourceTable::new() }.filesystem().ctx.clone()
});

/// A context to take its part for files from.
pub(crate) struct WasiContext {
    pub(crate) wasi: WasiCtx,
    pub(crate) table: ResourceTable,
}

impl WasiView for WasiContext {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Does `work` on `descriptors`, all of which were opened to be worked on in place. Blocks.
pub(crate) fn in_place<T, const N: usize>(
    descriptors: [Descriptor; N],
    work: impl AsyncFnOnce(&mut WasiFiles<'_>, [Handle; N]) -> FsResult<T>,
) -> FsResult<T> {
    let (mut ctx, mut table) = (IN_PLACE.clone(), ResourceTable::new());
    let mut handles = Vec::with_capacity(N);
    for descriptor in descriptors {
        handles.push(table.push(descriptor)?);
    }
    let handles = std::array::from_fn(|at| borrowed(&handles[at]));
    at_once(work(&mut WasiFilesystemCtxView { ctx: &mut ctx, table: &mut table }, handles))
}

/// The same descriptor once more: wasmtime-wasi's functions take theirs.
pub(crate) fn borrowed(handle: &Handle) -> Handle {
    Resource::new_borrow(handle.rep())
}

/// The output of a future that waits for nothing. Blocks where it does.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
        std::thread::yield_now();
    }
}
