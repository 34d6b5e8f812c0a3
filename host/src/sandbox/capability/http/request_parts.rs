//! The parts of a request that a guest sets one by one, bounded: each is kept on the host until the request is sent.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::p2::bindings::http::types::{
    HostOutgoingRequest as _, Method, OutgoingRequest, Scheme,
};

use super::super::super::run::store::StoreState;
use super::bounds::MAX_PART;

/// The interface, in the version that wasmtime-wasi has. A version that it has not cannot be linked with.
const TYPES: &str = "wasi:http/types@0.2.12";

type State<'a> = StoreContextMut<'a, StoreState>;
type RequestHandle = Resource<OutgoingRequest>;
type SetResult = wasmtime::Result<(Result<(), ()>,)>;

/// Puts bounded functions in the place of those that the linker has.
pub(crate) fn bound_in(linker: &mut Linker<StoreState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut interface = linker.instance(TYPES)?;
    interface.func_wrap(
        "[method]outgoing-request.set-method",
        |mut store: State<'_>, (request, method): (RequestHandle, Method)| -> SetResult {
            let part = if let Method::Other(name) = &method { Some(&**name) } else { None };
            if !fits(part) {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_method(request, method)?,))
        },
    )?;
    interface.func_wrap(
        "[method]outgoing-request.set-scheme",
        |mut store: State<'_>, (request, scheme): (RequestHandle, Option<Scheme>)| -> SetResult {
            let part = if let Some(Scheme::Other(name)) = &scheme { Some(&**name) } else { None };
            if !fits(part) {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_scheme(request, scheme)?,))
        },
    )?;
    interface.func_wrap(
        "[method]outgoing-request.set-authority",
        |mut store: State<'_>,
         (request, authority): (RequestHandle, Option<String>)|
         -> SetResult {
            if !fits(authority.as_deref()) {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_authority(request, authority)?,))
        },
    )?;
    interface.func_wrap(
        "[method]outgoing-request.set-path-with-query",
        |mut store: State<'_>, (request, path): (RequestHandle, Option<String>)| -> SetResult {
            if !fits(path.as_deref()) {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_path_with_query(request, path)?,))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

fn fits(part: Option<&str>) -> bool {
    part.is_none_or(|part| part.len() <= MAX_PART)
}
