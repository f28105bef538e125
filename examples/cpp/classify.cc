// Says what is in pictures: usage: classify MODEL PICTURE...
#include <hearth/classify.h>
#include <hearth/model.h>

#include <cstdio>
#include <filesystem>
#include <vector>

namespace {

int fail(const hearth::Status& status) {
  std::fprintf(stderr, "classify: %s\n", status.message().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: classify MODEL PICTURE...\n");
    return 2;
  }
  const auto model = hearth::Model::open(argv[1]);
  if (!model) return fail(model.status());
  auto classifier = hearth::ImageClassifier::create(*model);
  if (!classifier) return fail(classifier.status());

  const std::vector<std::filesystem::path> pictures(argv + 2, argv + argc);
  const auto answers = classifier->classify(pictures, /*top=*/1);
  if (!answers) return fail(answers.status());
  for (size_t i = 0; i < pictures.size(); ++i) {
    const hearth::Classification& best = answers->at(i).front();
    std::printf("%s: %s (%.1f %%)\n", pictures[i].c_str(), best.label.c_str(), best.probability * 100);
  }
  return 0;
}
