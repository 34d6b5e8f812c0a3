//! The sections of a Wasm file, told apart and not understood: modules and components are laid out alike.

use wasmparser::BinaryReader;

/// Bytes before the first section.
pub(crate) const WASM_HEADER: usize = 8;
/// Sections that are looked at in one file: more than any toolchain writes.
const MAX_SECTIONS: usize = 1_000_000;

/// A custom section, in modules and components alike.
pub(crate) const CUSTOM: u8 = 0;
/// Sections of a module: exports, code.
pub(crate) const MODULE_EXPORTS: u8 = 7;
pub(crate) const MODULE_CODE: u8 = 10;
/// Sections of a component: a nested module, imports, exports.
pub(crate) const CORE_MODULE: u8 = 1;
pub(crate) const COMPONENT_IMPORTS: u8 = 10;
pub(crate) const COMPONENT_EXPORTS: u8 = 11;

/// A section at the top level of a file.
pub(crate) struct WasmSection<'a> {
    pub(crate) id: u8,
    /// Its place in the file, with what stands before its content.
    pub(crate) range: std::ops::Range<usize>,
    pub(crate) content: &'a [u8],
    start: usize,
}

impl<'a> WasmSection<'a> {
    /// A reader of the content.
    pub(crate) fn reader(&self) -> BinaryReader<'a> {
        BinaryReader::new(self.content, self.start)
    }

    /// The content behind what `reader` has read.
    pub(crate) fn after(&self, reader: &BinaryReader<'_>) -> &'a [u8] {
        &self.content[reader.original_position() - self.start..]
    }
}

/// The sections at the top level of `wasm`, as far as they can be told apart. What is nested in one is not looked at.
pub(crate) fn sections(wasm: &[u8]) -> impl Iterator<Item = WasmSection<'_>> {
    let mut at = WASM_HEADER;
    let next = move || {
        let mut reader = BinaryReader::new(wasm.get(at..)?, at);
        let id = reader.read_u8().ok()?;
        let length = usize::try_from(reader.read_var_u32().ok()?).ok()?;
        let start = reader.original_position();
        let end = start.checked_add(length)?;
        let content = wasm.get(start..end)?;
        let range = at..end;
        at = end;
        Some(WasmSection { id, range, content, start })
    };
    std::iter::from_fn(next).take(MAX_SECTIONS)
}

/// A length as a Wasm file has it.
pub(crate) fn leb128(number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut left = number;
    loop {
        let low = u8::try_from(left & 0x7f).unwrap_or_default();
        left >>= 7;
        if left == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
