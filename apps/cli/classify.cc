#include "hearth/classify.h"

#include <cmath>

#include "base/errors.h"
#include "cli/commands.h"
#include "cli/open_model.h"
#include "cli/output.h"

namespace hearth::cli {
namespace {

constexpr double kBarWidth = 20;

std::string bar(double probability) {
  std::string text;
  for (int i = 0; i < static_cast<int>(std::lround(probability * kBarWidth)); ++i) text += "█";
  return text;
}

void print_answer(const std::string& file, const std::vector<Classification>& classes) {
  fmt::print("{}\n", file);
  std::vector<std::vector<std::string>> rows;
  for (const Classification& entry : classes) {
    rows.push_back({fmt::format("{:5.1f} %", entry.probability * 100), entry.label, bar(entry.probability)});
  }
  print_columns(rows);
}

}  // namespace

Status classify(const ClassifyOptions& options, const CommonOptions& common) {
  HEARTH_RETURN_IF_ERROR(check_trust(common.trust, options.file));
  HEARTH_ASSIGN_OR_RETURN(const Model model, open_model(options.file, common));
  HEARTH_ASSIGN_OR_RETURN(ImageClassifier classifier, ImageClassifier::create(model));
  const std::vector<std::filesystem::path> files(options.images.begin(), options.images.end());
  HEARTH_ASSIGN_OR_RETURN(const auto answers, classifier.classify(files, static_cast<size_t>(options.top)));
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (size_t i = 0; i < answers.size(); ++i) {
    nlohmann::ordered_json top = nlohmann::ordered_json::array();
    for (const Classification& entry : answers[i]) {
      top.push_back({{"label", entry.label}, {"index", entry.index}, {"probability", entry.probability}});
    }
    list.push_back({{"image", options.images[i]}, {"top", top}});
    if (!common.json) print_answer(options.images[i], answers[i]);
  }
  if (common.json) print_json(list);
  return {};
}

}  // namespace hearth::cli
