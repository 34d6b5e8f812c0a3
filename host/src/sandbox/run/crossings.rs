//! The hook at each crossing between a guest and the host: work is counted, and a guest that has kept its thread for long
//! gives way, whoever worked for it meanwhile.
//!
//! Fuel alone does not see to that: what the runtime does for a guest between two of its instructions, such as turning a
//! string of many megabytes into another encoding, costs none.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use wasmtime::{CallHook, CallHookHandler, StoreContextMut};

use super::meter::{MeteredState, Onward};

/// The hook.
pub(crate) struct Crossings;

/// The state of the hook at one crossing. Most crossings end at once, without allocating anything.
type Crossing<'a> = Pin<Box<dyn Future<Output = wasmtime::Result<()>> + Send + 'a>>;

/// The end of a crossing at which there is nothing to wait for. It has no size, so its box is none.
struct AtOnce;

impl Future for AtOnce {
    type Output = wasmtime::Result<()>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(()))
    }
}

// As `async_trait` writes it.
impl<T: MeteredState + Send> CallHookHandler<T> for Crossings {
    fn handle_call_event<'this, 'store, 'crossing>(
        &'this self,
        mut store: StoreContextMut<'store, T>,
        hook: CallHook,
    ) -> Crossing<'crossing>
    where
        'this: 'crossing,
        'store: 'crossing,
        Self: 'crossing,
    {
        let meter = store.data_mut().meter();
        let onward = match hook {
            CallHook::CallingHost => Ok(Onward::AtOnce),
            CallHook::ReturningFromHost => meter.returning(),
            CallHook::CallingWasm => {
                meter.entering();
                Ok(Onward::AtOnce)
            }
            CallHook::ReturningFromWasm => {
                meter.entered();
                Ok(Onward::AtOnce)
            }
        };
        match onward {
            Ok(Onward::AtOnce) => Box::pin(AtOnce),
            Ok(Onward::AfterOthers) => Box::pin(async {
                tokio::task::yield_now().await;
                Ok(())
            }),
            Err(stopped) => Box::pin(async { Err(wasmtime::Error::new(stopped)) }),
        }
    }
}
