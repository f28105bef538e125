// What a run costs beside its kernels, through the C face alone.
//
// usage: overhead latency FILE THREADS ROUNDS       one session: microseconds of a run
//        overhead throughput FILE THREADS ROUNDS    four sessions on four threads, beside the same runs one after
//        another
//
// Prints one line of JSON. Models have one method of fixed shapes; inputs are filled with ones.

#include <hearth/hearth.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr int kSessions = 4;

[[noreturn]] void fail(const char* doing, const char* message) {
  std::fprintf(stderr, "%s: %s\n", doing, message);
  std::exit(1);
}

void check(hearth_status status, const hearth_error& error, const char* doing) {
  if (status != HEARTH_OK) fail(doing, error.message);
}

/// An input of ones: of their bits, for numbers that are not float32.
class Ones {
 public:
  explicit Ones(const hearth_value_info& info) {
    size_t elements = 1;
    for (size_t i = 0; i < info.rank; ++i) {
      if (info.shape[i] < 0) fail("making inputs", "a size is symbolic");
      elements *= static_cast<size_t>(info.shape[i]);
    }
    bytes_.resize(elements * static_cast<size_t>(hearth_dtype_bits(info.dtype)) / 8 + sizeof(float));
    if (info.dtype == HEARTH_FLOAT32) std::fill_n(reinterpret_cast<float*>(bytes_.data()), elements, 1.0F);
    hearth_error error;
    check(hearth_tensor_borrow(info.dtype, info.shape, info.rank, bytes_.data(), &tensor_, &error), error, "borrowing");
  }
  ~Ones() { hearth_tensor_free(tensor_); }
  Ones(const Ones&) = delete;
  Ones& operator=(const Ones&) = delete;
  const hearth_tensor* get() const { return tensor_; }

 private:
  std::vector<unsigned char> bytes_;
  hearth_tensor* tensor_ = nullptr;
};

/// A session with its own inputs. One thread at a time.
class Runner {
 public:
  explicit Runner(const hearth_model* model) : method_(hearth_model_method_at(model, 0)) {
    hearth_error error;
    check(hearth_session_create(model, &session_, &error), error, "creating a session");
    for (size_t i = 0; i < method_->input_count; ++i) {
      owned_.push_back(std::make_unique<Ones>(*method_->inputs[i]));
      inputs_.push_back(owned_.back()->get());
    }
    outputs_.resize(method_->output_count);
  }
  ~Runner() { hearth_session_free(session_); }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  void run(int rounds) {
    hearth_error error;
    for (int round = 0; round < rounds; ++round) {
      check(hearth_session_run(session_, method_->name, nullptr, inputs_.data(), inputs_.size(), outputs_.data(),
                               outputs_.size(), &error),
            error, "running");
      for (hearth_tensor* output : outputs_) hearth_tensor_free(output);
    }
  }

 private:
  const hearth_method_info* method_;
  hearth_session* session_ = nullptr;
  std::vector<std::unique_ptr<Ones>> owned_;
  std::vector<const hearth_tensor*> inputs_;
  std::vector<hearth_tensor*> outputs_;
};

template <typename Body>
double microseconds(Body&& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

/// The median of ten stretches of `rounds` runs.
void latency(const hearth_model* model, int rounds) {
  constexpr int kStretches = 10;
  Runner runner(model);
  runner.run(rounds);
  std::vector<double> times;
  for (int i = 0; i < kStretches; ++i) times.push_back(microseconds([&] { runner.run(rounds); }) / rounds);
  std::printf("{\"microseconds\": %.3f, \"least\": %.3f}\n", median(times), *std::ranges::min_element(times));
}

/// Serial and concurrent stretches in turn, so that both see the same machine.
void throughput(const hearth_model* model, int rounds) {
  constexpr int kStretches = 7;
  std::vector<std::unique_ptr<Runner>> runners;
  for (int i = 0; i < kSessions; ++i) runners.push_back(std::make_unique<Runner>(model));
  const auto one_after_another = [&] {
    for (const auto& runner : runners) runner->run(rounds);
  };
  const auto at_once = [&] {
    std::vector<std::thread> threads;
    for (const auto& runner : runners) threads.emplace_back([&] { runner->run(rounds); });
    for (std::thread& thread : threads) thread.join();
  };
  one_after_another();
  std::vector<double> serial;
  std::vector<double> concurrent;
  std::vector<double> ratios;
  for (int i = 0; i < kStretches; ++i) {
    serial.push_back(microseconds(one_after_another) / (kSessions * rounds));
    concurrent.push_back(microseconds(at_once) / (kSessions * rounds));
    ratios.push_back(serial.back() / concurrent.back());
  }
  std::printf("{\"serial_microseconds\": %.1f, \"concurrent_microseconds\": %.1f, \"throughput_ratio\": %.3f}\n",
              median(serial), median(concurrent), median(ratios));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc == 5 ? argv[1] : "";
  if (mode != "latency" && mode != "throughput") {
    std::fprintf(stderr, "usage: overhead latency|throughput FILE THREADS ROUNDS\n");
    return 2;
  }
  hearth_model_options options = HEARTH_MODEL_OPTIONS_INIT;
  options.threads = std::atoi(argv[3]);
  hearth_model* model = nullptr;
  hearth_error error;
  check(hearth_model_open(argv[2], &options, &model, &error), error, "opening");
  mode == "latency" ? latency(model, std::atoi(argv[4])) : throughput(model, std::atoi(argv[4]));
  hearth_model_close(model);
  return 0;
}
