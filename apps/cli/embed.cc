#include "hearth/embed.h"

#include <cmath>
#include <iostream>

#include "base/errors.h"
#include "cli/commands.h"
#include "cli/open_model.h"
#include "cli/output.h"
#include "tensor/npy.h"

namespace hearth::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kShownNumbers = 4;
constexpr size_t kShownBytes = 60;

/// The texts, with the lines of standard input in the place of "-".
std::vector<std::string> read_texts(const std::vector<std::string>& arguments) {
  std::vector<std::string> texts;
  for (const std::string& argument : arguments) {
    if (argument != "-") {
      texts.push_back(argument);
      continue;
    }
    for (std::string line; std::getline(std::cin, line);) {
      if (line.ends_with('\r')) line.pop_back();
      texts.push_back(line);
    }
  }
  return texts;
}

std::span<const float> vector_of(const Tensor& vectors, size_t text) {
  const auto dimensions = static_cast<size_t>(vectors.size(1));
  return {vectors.data_as<float>() + text * dimensions, dimensions};
}

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

/// Cosines of the angles between all vectors; 0 for one without length.
std::vector<std::vector<double>> similarities(const Tensor& vectors) {
  const auto texts = static_cast<size_t>(vectors.size(0));
  std::vector<std::vector<double>> rows(texts, std::vector<double>(texts));
  for (size_t i = 0; i < texts; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      const auto a = vector_of(vectors, i);
      const auto b = vector_of(vectors, j);
      const double lengths = std::sqrt(dot(a, a) * dot(b, b));
      rows[i][j] = rows[j][i] = lengths > 0 ? dot(a, b) / lengths : 0;
    }
  }
  return rows;
}

/// The beginning of a text on one line, whole characters of it.
std::string excerpt(std::string text) {
  if (text.size() > kShownBytes) {
    size_t end = kShownBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text = text.substr(0, end) + "…";
  }
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return text;
}

void print_similarities(const std::vector<std::string>& texts, const Tensor& vectors) {
  std::vector<std::vector<std::string>> rows;
  const auto cosines = similarities(vectors);
  for (size_t i = 0; i < texts.size(); ++i) {
    rows.emplace_back();
    for (const double cosine : cosines[i]) rows.back().push_back(fmt::format("{:6.3f}", cosine));
    rows.back().push_back(excerpt(texts[i]));
  }
  print_columns(rows, 0);
}

void print_vectors(const std::vector<std::string>& texts, const Tensor& vectors) {
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < texts.size(); ++i) {
    std::string numbers;
    const auto vector = vector_of(vectors, i);
    for (const float number : vector.first(std::min(vector.size(), kShownNumbers))) {
      numbers += fmt::format("{:8.4f} ", number);
    }
    rows.push_back({numbers + "…", excerpt(texts[i])});
  }
  fmt::print("{} numbers a text\n", vectors.size(1));
  print_columns(rows, 0);
}

void print_as_json(const EmbedCommandOptions& options, const Tensor& vectors) {
  if (options.similarity) return print_json({{"similarity", similarities(vectors)}});
  for (size_t i = 0; i < static_cast<size_t>(vectors.size(0)); ++i) {
    const auto vector = vector_of(vectors, i);
    print_json({{"index", i}, {"embedding", std::vector<float>(vector.begin(), vector.end())}});
  }
}

}  // namespace

Status embed(const EmbedCommandOptions& options, const CommonOptions& common) {
  HEARTH_RETURN_IF_ERROR(check_trust(common.trust, options.file));
  HEARTH_ASSIGN_OR_RETURN(const Model model, open_model(options.file, common));
  HEARTH_ASSIGN_OR_RETURN(TextEmbedder embedder, TextEmbedder::create(model));
  const std::vector<std::string> texts = read_texts(options.texts);
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  HEARTH_ASSIGN_OR_RETURN(const Tensor vectors,
                          embedder.embed(views, {.prompt = options.prompt, .truncates = options.truncate}));
  if (!options.output.empty()) HEARTH_RETURN_IF_ERROR(write_npy(options.output, vectors));
  if (common.json) {
    print_as_json(options, vectors);
  } else if (options.similarity) {
    print_similarities(texts, vectors);
  } else if (!common.quiet || options.output.empty()) {
    print_vectors(texts, vectors);
  }
  return {};
}

}  // namespace hearth::cli
