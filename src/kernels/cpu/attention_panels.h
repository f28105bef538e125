#pragma once

#include <algorithm>

#include "base/thread_team.h"
#include "kernels/cpu/attention_plan.h"
#include "kernels/cpu/attention_rows.h"
#include "kernels/cpu/transpose.h"

namespace hearth {

/// The keys and values of an attention as tiles take them: of each head the keys as panels [key_elements, panel],
/// one for every `panel` keys, and the values as panels [packed_value_rows, width], one for every `panel` columns, of
/// which the last may be narrower.
class AttentionPanels {
 public:
  AttentionPanels(const MicroKernels& kernels, const AttentionOperands& operands, const AttentionPlan& plan)
      : kernels_(kernels), operands_(operands), plan_(plan), key_heads_(operands.heads / operands.heads_per_key_head) {}

  /// Elements of all panels.
  int64_t size() const {
    return operands_.batches * key_heads_ * (plan_.packed_keys_size() + plan_.packed_values_size());
  }

  /// Fills `memory`, of size() elements; `scratch` holds plan.packing_size() elements for each member, `step` apart.
  void pack(ThreadTeam& team, float* memory, float* scratch, int64_t step) {
    keys_ = memory;
    values_ = memory + operands_.batches * key_heads_ * plan_.packed_keys_size();
    const int64_t panels = plan_.padded_keys / plan_.panel;
    team.parallel_for(operands_.batches * key_heads_ * panels, 1, [&](int64_t begin, int64_t end) {
      float* lines = scratch + ThreadTeam::current_member() * step;
      for (int64_t i = begin; i < end; ++i) {
        const int64_t first = plan_.first_key + i % panels * plan_.panel;
        pack_keys(i / panels, first, lines);
        pack_values(i / panels, first, lines);
      }
    });
  }

  /// The panel of the keys from `first`, the first of a panel, on.
  const float* keys(int64_t batch, int64_t key_head, int64_t first) const {
    return keys_of(batch * key_heads_ + key_head, first);
  }

  /// The values from the one of the key `first` on, in the panel of the columns from `column` on.
  const float* values(int64_t batch, int64_t key_head, int64_t first, int64_t column) const {
    return values_of(batch * key_heads_ + key_head, first, column);
  }

  int64_t values_width(int64_t column) const { return std::min(plan_.panel, plan_.padded_depth - column); }

 private:
  float* keys_of(int64_t instance, int64_t first) const {
    return keys_ + instance * plan_.packed_keys_size() + (first - plan_.first_key) * plan_.key_elements;
  }

  float* values_of(int64_t instance, int64_t first, int64_t column) const {
    const int64_t row = (first - plan_.first_key) / (plan_.pairs ? 2 : 1);
    return values_ + instance * plan_.packed_values_size() + column * plan_.packed_value_rows() +
           row * values_width(column);
  }

  /// Row `row` of `rows` in `line`, filled up with zeros to `elements`; all zeros where there is no such row. `floats`
  /// has room for a row.
  void load(const AttentionRows& rows, int64_t instance, int64_t row, int64_t elements, float* line,
            float* floats) const {
    const int64_t batch = instance / key_heads_;
    const int64_t head = instance % key_heads_;
    if (row >= operands_.keys) return void(std::fill_n(line, elements, 0.0F));
    if (plan_.pairs && rows.dtype() == DType::kBFloat16) {
      const auto* from = rows.at<BFloat16>(batch, head, row);
      return load_elements(kernels_, /*pairs=*/true, from, rows.element_stride(), operands_.depth, elements, line);
    }
    float* numbers = plan_.pairs ? floats : line;
    load_row(kernels_, rows, batch, head, row, operands_.depth, numbers);
    if (plan_.pairs) {
      auto* pairs = reinterpret_cast<BFloat16*>(line);
      kernels_.narrow_bfloat16(numbers, pairs, operands_.depth);
      std::fill(pairs + operands_.depth, pairs + 2 * elements, BFloat16());
    } else {
      std::fill(line + operands_.depth, line + elements, 0.0F);
    }
  }

  void pack_keys(int64_t instance, int64_t first, float* lines) const {
    const int64_t elements = plan_.key_elements;
    float* panel = keys_of(instance, first);
    float* floats = lines + plan_.lines_size();
    for (int64_t i = 0; i < plan_.panel; ++i) {
      load(operands_.key, instance, first + i, elements, lines + i * elements, floats);
    }
    for (int64_t i = 0; i < plan_.panel; i += 4) {
      int64_t e = 0;
      for (; e + 4 <= elements; e += 4) {
        transpose_four(lines + i * elements + e, elements, panel + e * plan_.panel + i, plan_.panel);
      }
      for (; e < elements; ++e) {
        for (int64_t j = i; j < i + 4; ++j) std::memcpy(panel + e * plan_.panel + j, lines + j * elements + e, 4);
      }
    }
  }

  void pack_values(int64_t instance, int64_t first, float* lines) const {
    const int64_t step = plan_.pairs ? 2 : 1;
    for (int64_t row = first; row < first + plan_.panel; row += step) {
      for (int64_t i = 0; i < step; ++i) {
        load(operands_.value, instance, row + i, plan_.padded_depth, lines + i * plan_.row_stride,
             lines + plan_.lines_size());
      }
      for (int64_t column = 0; column < operands_.depth; column += plan_.panel) {
        float* to = values_of(instance, row, column);
        if (plan_.pairs) {
          interleave(lines, column, values_width(column), to);
        } else {
          std::copy_n(lines + column, values_width(column), to);
        }
      }
    }
  }

  /// Columns of two rows of bfloat16 numbers as pairs.
  void interleave(const float* lines, int64_t column, int64_t count, float* to) const {
    const auto* low = reinterpret_cast<const uint16_t*>(lines) + column;
    const auto* high = reinterpret_cast<const uint16_t*>(lines + plan_.row_stride) + column;
    auto* pairs = reinterpret_cast<uint32_t*>(to);
    for (int64_t i = 0; i < count; ++i) pairs[i] = low[i] | static_cast<uint32_t>(high[i]) << 16;
  }

  const MicroKernels& kernels_;
  const AttentionOperands& operands_;
  const AttentionPlan& plan_;
  int64_t key_heads_;
  float* keys_ = nullptr;
  float* values_ = nullptr;
};

}  // namespace hearth
