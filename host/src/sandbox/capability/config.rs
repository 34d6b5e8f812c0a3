//! `wasi:config/store`: the standard way to ask for what `toolrack:plugin/host` calls `config`.

use wasmtime::component::{HasSelf, Linker};

use super::super::run::store::StoreState;

mod bindings {
    #![allow(missing_docs, unreachable_pub, reason = "generated")]

    wasmtime::component::bindgen!({
        inline: "
            package wasi:config@0.2.0-rc.1;
            interface store {
                variant error { upstream(string), io(string) }
                get: func(key: string) -> result<option<string>, error>;
                get-all: func() -> result<list<tuple<string, string>>, error>;
            }
            world imports { import store; }
        ",
        world: "imports",
        imports: { default: trappable },
    });
}

use self::bindings::wasi::config::store;

/// Adds the interface.
pub(crate) fn add_to_linker(linker: &mut Linker<StoreState>) -> wasmtime::Result<()> {
    store::add_to_linker::<StoreState, HasSelf<StoreState>>(linker, StoreState::own)
}

impl store::Host for StoreState {
    fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, store::Error>> {
        Ok(Ok(self.configured(&key)))
    }

    fn get_all(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, store::Error>> {
        let keys = self.configured_keys();
        let pair = |key: String| self.configured(&key).map(|value| (key, value));
        Ok(Ok(keys.into_iter().filter_map(pair).collect()))
    }
}
