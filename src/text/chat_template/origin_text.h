#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::jinja {

/// UTF-8 text that knows of each of its bytes whether it comes from the template and its trusted variables, or from
/// what people and models wrote.
class OriginText {
 public:
  /// Bytes of one origin, up to `end`; they begin where the run before ends.
  struct Run {
    size_t end;
    bool trusted;
  };

  OriginText() = default;
  OriginText(std::string bytes, bool trusted);

  const std::string& bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  /// Of unlike neighbours, so that there are as few as can be; none for an empty text.
  const std::vector<Run>& runs() const { return runs_; }
  /// Whether all of it is; an empty text is.
  bool trusted() const { return runs_.empty() || (runs_.size() == 1 && runs_[0].trusted); }
  /// Of the byte at `position`, which must lie inside.
  bool trusted_at(size_t position) const;

  void append(std::string_view bytes, bool trusted);
  void append(const OriginText& other) { append(other, 0, other.size()); }
  /// Appends a part of another text; it must lie inside, and other must not be this.
  void append(const OriginText& other, size_t begin, size_t size);
  OriginText part(size_t begin, size_t size) const;

 private:
  std::vector<Run>::const_iterator run_at(size_t position) const;

  std::string bytes_;
  std::vector<Run> runs_;
};

}  // namespace hearth::jinja
