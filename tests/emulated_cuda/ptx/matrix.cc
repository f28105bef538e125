#include <algorithm>
#include <array>

#include "emulated_cuda/ptx/addresses.h"

namespace hearth::ptx {
namespace {

constexpr int kRows = 16;    // Of A and of the result.
constexpr int kColumns = 8;  // Of B and of the result.
constexpr int kMostDepth = 32;

// How the elements of A and B lie in registers, which is the same for all their types (PTX ISA, "Matrix fragments for
// mma"): lane 4·g + t holds rows g and g + 8 of A and column g of B; one register holds as many neighbours along the
// depth as fit, and four neighbouring lanes a piece of the depth.
struct Shape {
  int depth = 0;
  int bits = 0;  // Of one element.

  int per_register() const { return 32 / bits; }
  int piece() const { return 4 * per_register(); }
  int b_registers() const { return depth / piece(); }
  int a_registers() const { return 2 * b_registers(); }
};

// Instruction::options: the depth, and these.
enum MatrixOptions : uint32_t { kDepthMask = 0xFF, kSaturate = 0x100 };

Shape shape_of(const Instruction& instruction) {
  return {static_cast<int>(instruction.options & kDepthMask),
          instruction.source_type == Type::kTf32 ? 32 : 8 * static_cast<int>(type_bytes(instruction.source_type))};
}

// A and B as numbers. Products of halves, and of tf32, are exact in double, those of integers in any case.
struct Operands {
  std::array<std::array<double, kMostDepth>, kRows> a;
  std::array<std::array<double, kMostDepth>, kColumns> b;
};

double element(uint64_t bits, Type type) {
  switch (type) {
    case Type::kF16:
      return from_half(static_cast<uint16_t>(bits));
    case Type::kBf16:
      return from_bfloat(static_cast<uint16_t>(bits));
    case Type::kU8:
      return static_cast<uint8_t>(bits);
    case Type::kS8:
      return static_cast<int8_t>(bits);
    default:
      // Of tf32 the lowest 13 bits of a float do not count.
      return std::bit_cast<float>(static_cast<uint32_t>(bits) & 0xFFFF'E000U);
  }
}

// Registers of A begin at operands[4], those of B at operands[8].
Operands gather_operands(const Instruction& instruction, Warp& warp, const Shape& shape, Type a_type, Type b_type) {
  Operands operands;
  for (int lane = 0; lane < kLanes; ++lane) {
    const int group = lane / 4;
    const int first = lane % 4 * shape.per_register();
    for (int r = 0; r < shape.a_registers(); ++r) {
      const uint64_t bits = warp.row(instruction.operands[static_cast<size_t>(4 + r)])[lane];
      for (int j = 0; j < shape.per_register(); ++j) {
        operands.a[group + r % 2 * 8][first + j + r / 2 * shape.piece()] = element(bits >> (j * shape.bits), a_type);
      }
    }
    for (int r = 0; r < shape.b_registers(); ++r) {
      const uint64_t bits = warp.row(instruction.operands[static_cast<size_t>(8 + r)])[lane];
      for (int j = 0; j < shape.per_register(); ++j) {
        operands.b[group][first + j + r * shape.piece()] = element(bits >> (j * shape.bits), b_type);
      }
    }
  }
  return operands;
}

double dot(const Operands& operands, int row, int column, int depth) {
  double sum = 0;
  for (int k = 0; k < depth; ++k) sum += operands.a[row][k] * operands.b[column][k];
  return sum;
}

// Element i of a lane's four: rows g and g + 8, columns 2·t and 2·t + 1.
int result_row(int lane, int i) { return lane / 4 + i / 2 * 8; }
int result_column(int lane, int i) { return lane % 4 * 2 + i % 2; }

bool whole_warp(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  if (!warp.gather(lanes, kAllLanes)) return false;
  if (lanes == kAllLanes) return true;
  warp.fault(instruction.line, std::countr_zero(lanes),
             fmt::format("an instruction for whole warps is run by lanes 0x{:08x} only", lanes));
  return false;
}

// operands: [0..] the result, [4..] A, [8..] B, [10..] C.
void execute_single(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  if (!whole_warp(instruction, warp, lanes)) return;
  const Shape shape = shape_of(instruction);
  const Operands operands = gather_operands(instruction, warp, shape, instruction.source_type, instruction.source_type);
  for (int i = 0; i < 4; ++i) {
    uint64_t* to = warp.row(instruction.operands[static_cast<size_t>(i)]);
    const uint64_t* c = warp.row(instruction.operands[static_cast<size_t>(10 + i)]);
    for (int lane = 0; lane < kLanes; ++lane) {
      const double sum = dot(operands, result_row(lane, i), result_column(lane, i), shape.depth);
      to[lane] = widen(static_cast<float>(sum + narrow<float>(c[lane])));
    }
  }
}

// The same with halves as C and result, two in each register.
void execute_half(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  if (!whole_warp(instruction, warp, lanes)) return;
  const Shape shape = shape_of(instruction);
  const Operands operands = gather_operands(instruction, warp, shape, Type::kF16, Type::kF16);
  for (int r = 0; r < 2; ++r) {
    uint64_t* to = warp.row(instruction.operands[static_cast<size_t>(r)]);
    const uint64_t* c = warp.row(instruction.operands[static_cast<size_t>(10 + r)]);
    for (int lane = 0; lane < kLanes; ++lane) {
      uint64_t packed = 0;
      for (int j = 0; j < 2; ++j) {
        const int i = 2 * r + j;
        const double sum = dot(operands, result_row(lane, i), result_column(lane, i), shape.depth) +
                           from_half(static_cast<uint16_t>(c[lane] >> (16 * j)));
        packed |= static_cast<uint64_t>(to_half(sum)) << (16 * j);
      }
      to[lane] = packed;
    }
  }
}

// Integers: the second operand's type is in `type`.
void execute_integer(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  if (!whole_warp(instruction, warp, lanes)) return;
  const Shape shape = shape_of(instruction);
  const Operands operands = gather_operands(instruction, warp, shape, instruction.source_type, instruction.type);
  for (int i = 0; i < 4; ++i) {
    uint64_t* to = warp.row(instruction.operands[static_cast<size_t>(i)]);
    const uint64_t* c = warp.row(instruction.operands[static_cast<size_t>(10 + i)]);
    for (int lane = 0; lane < kLanes; ++lane) {
      int64_t sum = narrow<int32_t>(c[lane]);
      sum += static_cast<int64_t>(dot(operands, result_row(lane, i), result_column(lane, i), shape.depth));
      if ((instruction.options & kSaturate) != 0) sum = std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX);
      to[lane] = static_cast<uint32_t>(sum);
    }
  }
}

struct KnownShape {
  std::string_view name;
  int depth;
};
constexpr auto kShapes =
    std::to_array<KnownShape>({{"m16n8k4", 4}, {"m16n8k8", 8}, {"m16n8k16", 16}, {"m16n8k32", 32}});

void decode_multiply(Decoder& decoder, Instruction& instruction) {
  if (!decoder.take("sync") || !decoder.take("aligned")) decoder.fail(".sync.aligned is missing");
  for (const KnownShape& shape : kShapes) {
    if (instruction.options == 0 && decoder.take(shape.name)) {
      instruction.options = static_cast<uint32_t>(shape.depth);
    }
  }
  if (instruction.options == 0) decoder.fail("the shape is not known to the interpreter");
  if (!decoder.take("row") || !decoder.take("col")) decoder.fail(".row.col is missing");
  if (decoder.take("satfinite")) instruction.options |= kSaturate;
  const Type result = decoder.require_type({Type::kF32, Type::kF16, Type::kS32});
  const Type a = decoder.require_type({Type::kF16, Type::kBf16, Type::kTf32, Type::kU8, Type::kS8});
  const Type b = decoder.require_type({Type::kF16, Type::kBf16, Type::kTf32, Type::kU8, Type::kS8});
  if (decoder.require_type({Type::kF32, Type::kF16, Type::kS32}) != result) decoder.fail("two types of results");
  instruction.source_type = a;
  instruction.type = b;
  const bool integers = is_integer(a);
  const Shape shape = shape_of(instruction);
  const bool fits = shape.depth == shape.piece() || shape.depth == 2 * shape.piece();
  if (!fits || integers != (result == Type::kS32) || (integers ? !is_integer(b) : a != b) ||
      (result == Type::kF16 && a != Type::kF16)) {
    decoder.fail("shape and types do not belong together");
  }
  if (decoder.failed()) return;
  const size_t results = result == Type::kF16 ? 2 : 4;
  decoder.destinations(instruction, 0, results, Type::kB32);
  decoder.sources(instruction, 4, static_cast<size_t>(shape.a_registers()), Type::kB32);
  decoder.sources(instruction, 8, static_cast<size_t>(shape.b_registers()), Type::kB32);
  decoder.sources(instruction, 10, results, Type::kB32);
  instruction.execute = integers ? &execute_integer : result == Type::kF16 ? &execute_half : &execute_single;
}

constexpr int kTile = 8;  // Rows, and elements of 16 bits in each, of what ldmatrix loads.
constexpr size_t kRowBytes = 16;
using Tile = std::array<std::array<uint16_t, kTile>, kTile>;

// Row r of the i-th tile lies where lane 8·i + r says. Lane 4·g + t gets elements 2·t and 2·t + 1 of row g, or of
// column g. operands: [0] the base, then one register for each tile. `options` is 1 for .trans.
void execute_load_tiles(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  if (!whole_warp(instruction, warp, lanes)) return;
  std::array<Tile, 4> tiles{};
  for (int lane = 0; lane < kTile * instruction.count; ++lane) {
    auto& row = tiles[static_cast<size_t>(lane / kTile)][static_cast<size_t>(lane % kTile)];
    if (!warp.load(instruction, instruction.space, lane, address_of(instruction, warp, 0, lane),
                   std::as_writable_bytes(std::span(row)))) {
      return;
    }
  }
  for (size_t i = 0; i < instruction.count; ++i) {
    uint64_t* to = warp.row(instruction.operands[1 + i]);
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const size_t group = lane / 4;
      const size_t first = lane % 4 * 2;
      const bool transposed = instruction.options != 0;
      const uint64_t low = transposed ? tiles[i][first][group] : tiles[i][group][first];
      const uint64_t high = transposed ? tiles[i][first + 1][group] : tiles[i][group][first + 1];
      to[lane] = high << 16 | low;
    }
  }
}

void execute_store_tiles(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  if (!whole_warp(instruction, warp, lanes)) return;
  std::array<Tile, 4> tiles{};
  for (size_t i = 0; i < instruction.count; ++i) {
    const uint64_t* from = warp.row(instruction.operands[1 + i]);
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const size_t group = lane / 4;
      const size_t first = lane % 4 * 2;
      const bool transposed = instruction.options != 0;
      (transposed ? tiles[i][first][group] : tiles[i][group][first]) = static_cast<uint16_t>(from[lane]);
      (transposed ? tiles[i][first + 1][group] : tiles[i][group][first + 1]) = static_cast<uint16_t>(from[lane] >> 16);
    }
  }
  for (int lane = 0; lane < kTile * instruction.count; ++lane) {
    const auto& row = tiles[static_cast<size_t>(lane / kTile)][static_cast<size_t>(lane % kTile)];
    if (!warp.store(instruction, instruction.space, lane, address_of(instruction, warp, 0, lane),
                    std::as_bytes(std::span(row)))) {
      return;
    }
  }
}

void decode_tiles(Decoder& decoder, Instruction& instruction, bool loads) {
  if (!decoder.take("sync") || !decoder.take("aligned") || !decoder.take("m8n8")) {
    decoder.fail(".sync.aligned.m8n8 is missing");
  }
  instruction.count = decoder.take("x4") ? 4 : decoder.take("x2") ? 2 : 1;
  decoder.take("x1");
  instruction.options = static_cast<uint32_t>(decoder.take("trans"));
  instruction.space = decoder.take_space().value_or(Space::kGeneric);
  if (instruction.space != Space::kShared && instruction.space != Space::kGeneric)
    decoder.fail("only .shared is known");
  decoder.require_type({Type::kB16});
  if (loads) decoder.destinations(instruction, 1, instruction.count, Type::kB32);
  instruction.operands[0] = decoder.address(instruction);
  if (!loads) decoder.sources(instruction, 1, instruction.count, Type::kB32);
  note_access(decoder, Space::kShared, kRowBytes);
  instruction.execute = loads ? &execute_load_tiles : &execute_store_tiles;
}

void decode_load_tiles(Decoder& decoder, Instruction& instruction) { decode_tiles(decoder, instruction, true); }
void decode_store_tiles(Decoder& decoder, Instruction& instruction) { decode_tiles(decoder, instruction, false); }

constexpr auto kOpcodes = std::to_array<Opcode>({
    {"mma", Accepts::kAnything, &decode_multiply},
    {"ldmatrix", Accepts::kAnything, &decode_load_tiles},
    {"stmatrix", Accepts::kAnything, &decode_store_tiles},
});

}  // namespace

std::span<const Opcode> matrix_opcodes() { return kOpcodes; }

}  // namespace hearth::ptx
