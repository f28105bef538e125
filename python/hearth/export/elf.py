"""What an ELF64 little-endian shared object asks of the process that opens it."""

import struct
from dataclasses import dataclass, field

_MACHINES = {62: "x86_64", 183: "aarch64"}
_DYNAMIC, _DYNSYM, _VERSIONS = 6, 11, 0x6FFFFFFF
_NEEDED, _WEAK = 1, 2
_STACK, _EXECUTABLE = 0x6474E551, 1


@dataclass
class ElfFacts:
    """`imports`: undefined symbols that are not weak, and whether the library names the system library's version
    (GLIBC_2.17) that each must have; `executable_stack`: whether it makes the process's stacks executable."""

    machine: str
    executable_stack: bool = False
    needed: list[str] = field(default_factory=list)
    imports: dict[str, bool] = field(default_factory=dict)
    exports: list[str] = field(default_factory=list)


def read_elf(code: bytes) -> ElfFacts:
    """Reads the dynamic section and symbols of our own compilers' output. ValueError when it is no such object."""
    if code[:6] != b"\x7fELF\x02\x01":
        raise ValueError("not an ELF64 little-endian file")
    (machine,) = struct.unpack_from("<H", code, 18)
    facts = ElfFacts(_MACHINES.get(machine, f"unknown ({machine})"))
    facts.executable_stack = _asks_for_executable_stack(code)
    (section_offset,) = struct.unpack_from("<Q", code, 40)
    entry_size, count = struct.unpack_from("<HH", code, 58)
    # name, type, flags, address, offset, size, link, info, alignment, entry size
    sections = [struct.unpack_from("<IIQQQQIIQQ", code, section_offset + i * entry_size) for i in range(count)]
    versions = next((s[4] for s in sections if s[1] == _VERSIONS), None)
    for section in sections:
        if section[1] not in (_DYNAMIC, _DYNSYM):
            continue
        _, _, _, _, offset, size, link, _, _, step = section
        strings = sections[link][4]
        for index in range(size // step):
            if section[1] == _DYNAMIC:
                tag, value = struct.unpack_from("<QQ", code, offset + index * step)
                if tag == _NEEDED:
                    facts.needed.append(_text(code, strings + value))
            else:
                _add_symbol(facts, code, offset + index * step, strings, versions, index)
    return facts


def _asks_for_executable_stack(code: bytes) -> bool:
    """Whether the program headers say so, or say nothing, which means the same."""
    (offset,) = struct.unpack_from("<Q", code, 32)
    size, count = struct.unpack_from("<HH", code, 54)
    headers = [struct.unpack_from("<II", code, offset + i * size) for i in range(count)]
    flags = [flags for kind, flags in headers if kind == _STACK]
    return not flags or bool(flags[0] & _EXECUTABLE)


def _add_symbol(facts: ElfFacts, code: bytes, offset: int, strings: int, versions: int | None, index: int) -> None:
    name_offset, info, _, section = struct.unpack_from("<IBBH", code, offset)
    name = _text(code, strings + name_offset)
    if section != 0:
        facts.exports.append(name)
    elif name and info >> 4 != _WEAK:
        version = struct.unpack_from("<H", code, versions + 2 * index)[0] if versions is not None else 0
        facts.imports[name] = version & 0x7FFF > 1


def _text(code: bytes, offset: int) -> str:
    return code[offset : code.index(b"\0", offset)].decode()
