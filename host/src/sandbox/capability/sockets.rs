//! `wasi:sockets`: offered, since interpreters import it whether or not they use it, and refused.
//!
//! No socket is ever made and no name looked up: whatever a guest asks for ends with an error that it can
//! handle. Requests go over `wasi:http`, where a grant names the host.

use wasmtime::component::Linker;
use wasmtime_wasi::p2::bindings::sockets;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView as _};

use super::super::run::store::StoreState;

/// Adds the interfaces.
pub(crate) fn add_to_linker(linker: &mut Linker<StoreState>) -> wasmtime::Result<()> {
    let l = linker;
    let options = sockets::network::LinkOptions::default();
    sockets::network::add_to_linker::<StoreState, WasiSockets>(l, &options, StoreState::sockets)?;
    sockets::instance_network::add_to_linker::<StoreState, WasiSockets>(l, StoreState::sockets)?;
    sockets::ip_name_lookup::add_to_linker::<StoreState, WasiSockets>(l, StoreState::sockets)?;
    sockets::tcp::add_to_linker::<StoreState, WasiSockets>(l, StoreState::sockets)?;
    sockets::tcp_create_socket::add_to_linker::<StoreState, WasiSockets>(l, StoreState::sockets)?;
    sockets::udp::add_to_linker::<StoreState, WasiSockets>(l, StoreState::sockets)?;
    sockets::udp_create_socket::add_to_linker::<StoreState, WasiSockets>(l, StoreState::sockets)
}
