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
template <typename T>
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
        pack_keys(i / panels, i % panels * plan_.panel, lines);
        pack_values(i / panels, i % panels * plan_.panel, lines);
      }
    });
  }

  /// The panel of the keys from `first`, the first of a panel, on.
  const float* keys(int64_t batch, int64_t key_head, int64_t first) const {
    return keys_ + (batch * key_heads_ + key_head) * plan_.packed_keys_size() + first * plan_.key_elements;
  }

  /// The values from the one of the key `first` on, in the panel of the columns from `column` on.
  const float* values(int64_t batch, int64_t key_head, int64_t first, int64_t column) const {
    return values_of(batch * key_heads_ + key_head, first, column);
  }

  int64_t values_width(int64_t column) const { return std::min(plan_.panel, plan_.padded_depth - column); }

 private:
  float* values_of(int64_t instance, int64_t first, int64_t column) const {
    const int64_t row = plan_.pairs ? first / 2 : first;
    return values_ + instance * plan_.packed_values_size() + column * plan_.packed_value_rows() +
           row * values_width(column);
  }

  /// Row `row` of `rows` in `line`, filled up with zeros to `elements`; all zeros where there is no such row.
  void load(const AttentionRows& rows, int64_t instance, int64_t row, int64_t elements, float* line) const {
    const bool exists = row < operands_.keys;
    const int64_t count = exists ? operands_.depth : 0;
    const T* from = nullptr;
    if (exists) from = rows.template at<T>(instance / key_heads_, instance % key_heads_, row);
    const int64_t step = exists ? rows.element_stride() : 1;
    load_elements(kernels_, plan_.pairs, from, step, count, elements, line);
  }

  void pack_keys(int64_t instance, int64_t first, float* lines) const {
    const int64_t elements = plan_.key_elements;
    float* panel = keys_ + instance * plan_.packed_keys_size() + first * elements;
    for (int64_t i = 0; i < plan_.panel; ++i) load(operands_.key, instance, first + i, elements, lines + i * elements);
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
        load(operands_.value, instance, row + i, plan_.padded_depth, lines + i * plan_.row_stride);
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
