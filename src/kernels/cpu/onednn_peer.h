#pragma once

#include <omp.h>

#include <dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "hearth/tensor.h"

namespace hearth {

/// A layer computed by oneDNN, in the layouts that it chooses for its operands: weights, images and results lie as
/// suits it best before it is measured. int8 means uint8 images and int8 weights with a scale for each output channel.
class OneDnnLayer {
 public:
  bool run() {
    primitive_.execute(stream_, arguments_);
    stream_.wait();
    return true;
  }

 protected:
  using Memory = dnnl::memory;

  explicit OneDnnLayer(DType dtype, int threads)
      : dtype_(dtype), engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
    omp_set_num_threads(threads);
  }

  Memory::desc any(const Memory::dims& sizes, Memory::data_type type) const {
    return {sizes, type, Memory::format_tag::any};
  }
  Memory::data_type image_type() const { return dtype_ == DType::kInt8 ? Memory::data_type::u8 : weight_type(); }
  Memory::data_type weight_type() const {
    if (dtype_ == DType::kInt8) return Memory::data_type::s8;
    return dtype_ == DType::kBFloat16 ? Memory::data_type::bf16 : Memory::data_type::f32;
  }

  dnnl::primitive_attr attributes(int64_t channels, bool adds, bool relu) const {
    dnnl::primitive_attr attributes;
    if (dtype_ == DType::kInt8) {
      attributes.set_output_scales(1 << 1, std::vector<float>(static_cast<size_t>(channels), 0.01F));
    }
    dnnl::post_ops steps;
    if (adds) steps.append_sum(1);
    if (relu) steps.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
    attributes.set_post_ops(steps);
    return attributes;
  }

  template <class Description>
  void prepare(const Description& description, const dnnl::primitive& primitive) {
    primitive_ = primitive;
    add(DNNL_ARG_SRC, description.src_desc());
    add(DNNL_ARG_WEIGHTS, description.weights_desc());
    add(DNNL_ARG_BIAS, Memory::desc(description.query_md(dnnl::query::weights_md, 1)));
    add(DNNL_ARG_DST, description.dst_desc());
  }

  void add(int argument, const Memory::desc& description) {
    Memory memory(description, engine_);
    std::fill_n(static_cast<char*>(memory.get_data_handle()), description.get_size(), 0);
    arguments_.emplace(argument, memory);
  }

  DType dtype_;
  dnnl::engine engine_;
  dnnl::stream stream_;
  dnnl::primitive primitive_;
  std::unordered_map<int, Memory> arguments_;
};

/// y[rows, columns] = x[rows, depth] · weights + bias.
class OneDnnLinear final : public OneDnnLayer {
 public:
  OneDnnLinear(DType dtype, int threads, int64_t rows, int64_t depth, int64_t columns) : OneDnnLayer(dtype, threads) {
    const Memory::data_type result = dtype == DType::kInt8 ? Memory::data_type::f32 : image_type();
    const dnnl::inner_product_forward::desc layer(dnnl::prop_kind::forward_inference, any({rows, depth}, image_type()),
                                                  any({columns, depth}, weight_type()),
                                                  any({columns}, Memory::data_type::f32), any({rows, columns}, result));
    const dnnl::inner_product_forward::primitive_desc description(layer, attributes(columns, false, false), engine_);
    prepare(description, dnnl::inner_product_forward(description));
  }
};

/// The sizes of a square convolution with padding that keeps the size, but for the stride.
struct SquareConvolution {
  int64_t size;
  int64_t in;
  int64_t out;
  int64_t kernel;
  int64_t stride;
  int64_t groups = 1;
  bool residual = false;

  int64_t out_size() const { return (size + 2 * (kernel / 2) - kernel) / stride + 1; }
  double operations() const {
    return 2.0 * static_cast<double>(out_size() * out_size() * out * in / groups * kernel * kernel);
  }
};

/// relu(convolution + bias), and + the result's previous content where there is a residual.
class OneDnnConvolution final : public OneDnnLayer {
 public:
  OneDnnConvolution(DType dtype, int threads, const SquareConvolution& shape) : OneDnnLayer(dtype, threads) {
    const int64_t kernel = shape.kernel;
    Memory::dims weights{shape.out / shape.groups, shape.in / shape.groups, kernel, kernel};
    if (shape.groups > 1) weights.insert(weights.begin(), shape.groups);
    const int64_t padding = kernel / 2;
    const dnnl::convolution_forward::desc layer(dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_auto,
                                                any({1, shape.in, shape.size, shape.size}, image_type()),
                                                any(weights, weight_type()), any({shape.out}, Memory::data_type::f32),
                                                any({1, shape.out, shape.out_size(), shape.out_size()}, image_type()),
                                                {shape.stride, shape.stride}, {padding, padding}, {padding, padding});
    const dnnl::convolution_forward::primitive_desc description(layer, attributes(shape.out, shape.residual, true),
                                                                engine_);
    prepare(description, dnnl::convolution_forward(description));
  }
};

}  // namespace hearth
