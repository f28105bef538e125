#include "kernels/cuda/product.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "kernels/cuda/launch.h"

namespace hearth::gpu {
namespace {

constexpr int64_t kMostRows = 8;  // Of the kernels that are made for few.
constexpr uint32_t kRowsThreads = 128;
constexpr uint32_t kSplitsThreads = 256;
constexpr int64_t kDepthBytes = 64;  // Of a stage of the kernels for tensor cores.
constexpr uint32_t kFloatThreads = 256;
constexpr int64_t kMostBatches = 65535;  // Of a launch.
constexpr int64_t kPieceBytes = 16;
/// Sums shorter than this are not worth another launch, and more of them than that not the memory.
constexpr int64_t kLeastSplitDepth = 256;
constexpr int64_t kMostSplits = 16;
constexpr int64_t kSplitDepthStep = 64;  // Pieces of 16 bytes stay whole.

int64_t ceiling(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// What lies side by side in an operand, in aligned pieces of 16 bytes; the kernels' Order.
enum class Order { kDepth, kAcross, kAny };

/// How many elements there are one way, and how far apart.
struct Direction {
  int64_t count;
  int64_t stride;
};

bool is_aligned(const void* data) { return reinterpret_cast<uintptr_t>(data) % kPieceBytes == 0; }

bool are_pieces(const Direction& adjacent, const Direction& other, int64_t bytes) {
  return (adjacent.count == 1 || adjacent.stride == 1) && (other.count == 1 || other.stride * bytes % kPieceBytes == 0);
}

Order order_of(const Matrices& operand, int64_t batches, const Direction& across, const Direction& depth,
               int64_t bytes) {
  if (!is_aligned(operand.data) || (batches > 1 && operand.batch_stride * bytes % kPieceBytes != 0)) return Order::kAny;
  if (are_pieces(depth, across, bytes)) return Order::kDepth;
  return are_pieces(across, depth, bytes) ? Order::kAcross : Order::kAny;
}

struct Orders {
  Order a;
  Order b;
};

Orders orders_of(DType dtype, const Product& product) {
  const int64_t bytes = dtype_bits(dtype) / 8;
  return {order_of(product.a, product.batches, {product.rows, product.a.row_stride},
                   {product.depth, product.a.column_stride}, bytes),
          order_of(product.b, product.batches, {product.columns, product.b.column_stride},
                   {product.depth, product.b.row_stride}, bytes)};
}

Matrices transposed(Matrices matrices) {
  std::swap(matrices.row_stride, matrices.column_stride);
  return matrices;
}

/// outᵀ = bᵀ · aᵀ.
Product transposed(Product product) {
  std::swap(product.rows, product.columns);
  std::swap(product.a, product.b);
  for (Matrices* matrices : {&product.a, &product.b, &product.out, &product.added, &product.bias}) {
    *matrices = transposed(*matrices);
  }
  return product;
}

/// As the kernels have them.
struct Tile {
  const char* name;
  int64_t rows;
  int64_t columns;
  uint32_t threads;  ///< Of the kernels for tensor cores.
  uint32_t stages;   ///< Likewise.

  int64_t count(const Product& product) const {
    return ceiling(product.rows, rows) * ceiling(product.columns, columns);
  }
};
constexpr Tile kWide{"wide", 128, 256, 256, 4};
constexpr Tile kLarge{"large", 128, 128, 128, 3};
constexpr Tile kSmall{"small", 64, 64, 128, 4};

const Tile& tile_of(const ProductPlan& plan) {
  return plan.kernel == ProductPlan::Kernel::kWideTiles    ? kWide
         : plan.kernel == ProductPlan::Kernel::kLargeTiles ? kLarge
                                                           : kSmall;
}

void split_depth(const Product& product, int64_t blocks, int compute_units, ProductPlan& plan) {
  const int64_t wanted = 2 * int64_t{compute_units} / blocks;
  const int64_t splits = std::min({wanted, product.depth / kLeastSplitDepth, kMostSplits});
  if (splits < 2) return;
  plan.split_depth = ceiling(ceiling(product.depth, splits), kSplitDepthStep) * kSplitDepthStep;
  plan.splits = ceiling(product.depth, plan.split_depth);
}

std::string tile_function(DType dtype, const Tile& tile, const Orders& orders) {
  std::string name = tile.name;
  if (dtype == DType::kFloat32) return name;
  if (orders.a == Order::kAny || orders.b == Order::kAny) return name + "_any";
  const auto suffix = [](Order order) { return order == Order::kDepth ? "_depth" : "_across"; };
  return name + suffix(orders.a) + suffix(orders.b);
}

Status launch_rows(const GpuWork& gpu, const std::string& family, const Product& product) {
  int64_t rows = 1;
  while (rows < product.rows) rows *= 2;
  return launch(
      gpu, family, "rows_" + std::to_string(rows),
      {.grid = {static_cast<uint32_t>(ceiling(product.columns, 2)), 1, static_cast<uint32_t>(product.batches)},
       .block = {kRowsThreads}},
      product);
}

Status launch_tiles(const KernelContext& context, DType dtype, const ProductPlan& plan, Product product) {
  const GpuWork& gpu = *context.gpu;
  const std::string family = *product_family(dtype);
  const Tile& tile = tile_of(plan);
  const int64_t tiles = tile.count(product);
  if (tiles > std::numeric_limits<int32_t>::max()) {
    return unavailable("a product of {} by {} has too many tiles for one launch", product.rows, product.columns);
  }
  Tensor partial_sums;
  if (plan.splits > 1) {
    const std::array<int64_t, 4> shape{plan.splits, product.batches, product.rows, product.columns};
    HEARTH_ASSIGN_OR_RETURN(partial_sums, context.pool->empty(DType::kFloat32, shape));
    product.splits = static_cast<int32_t>(plan.splits);
    product.split_depth = static_cast<int32_t>(plan.split_depth);
    product.partial_sums = partial_sums.data_as<float>();
  }
  const auto batches = static_cast<uint32_t>(product.batches);
  LaunchShape shape{.grid = {static_cast<uint32_t>(tiles), static_cast<uint32_t>(plan.splits), batches}};
  if (dtype == DType::kFloat32) {
    shape.block = {kFloatThreads};
  } else {
    shape.block = {tile.threads};
    shape.shared_bytes = tile.stages * static_cast<uint32_t>((tile.rows + tile.columns) * kDepthBytes);
  }
  HEARTH_RETURN_IF_ERROR(launch(gpu, family, tile_function(dtype, tile, orders_of(dtype, product)), shape, product));
  if (plan.splits == 1) return {};
  const int64_t threads = product.rows * ceiling(product.columns, 2);
  return launch(
      gpu, family, "add_splits",
      {.grid = {static_cast<uint32_t>(ceiling(threads, kSplitsThreads)), 1, batches}, .block = {kSplitsThreads}},
      product);
}

/// Without the strides of dimensions that have one element: kernels form addresses beyond it, which they do not read
/// but which have to be aligned all the same.
Product without_idle_strides(Product product) {
  if (product.rows == 1) product.a.row_stride = 0;
  if (product.columns == 1) product.b.column_stride = 0;
  if (product.depth == 1) product.a.column_stride = product.b.row_stride = 0;
  return product;
}

/// Entries of the batch from `first` on.
Product batch_from(Product product, int64_t first, int64_t bytes) {
  product.batches = static_cast<int32_t>(std::min(product.batches - first, kMostBatches));
  for (Matrices* matrices : {&product.a, &product.b, &product.out, &product.added}) {
    if (matrices->data == nullptr) continue;
    matrices->data = static_cast<std::byte*>(matrices->data) + first * matrices->batch_stride * bytes;
  }
  return product;
}

}  // namespace

std::optional<const char*> product_family(DType dtype) {
  if (dtype == DType::kFloat32) return "matmul_float32";
  if (dtype == DType::kBFloat16) return "matmul_bfloat16";
  if (dtype == DType::kFloat16) return "matmul_float16";
  return std::nullopt;
}

ProductPlan plan_product(DType dtype, const Product& product, int compute_units) {
  const Orders orders = orders_of(dtype, product);
  const int64_t batches = product.batches;
  const bool tensor_cores = dtype != DType::kFloat32;
  const bool any = tensor_cores && (orders.a == Order::kAny || orders.b == Order::kAny);
  const bool along_depth = orders.a == Order::kDepth && orders.b == Order::kDepth;
  const auto [few, many] = std::minmax({int64_t{product.rows}, int64_t{product.columns}});
  if (along_depth && few <= kMostRows &&
      suits_row_kernels(batches * many, int64_t{product.depth} * dtype_bits(dtype) / 8, compute_units)) {
    return {.kernel = ProductPlan::Kernel::kRows, .transposed = product.rows > kMostRows};
  }
  // One wide tile fills a processor, of the others there is room for two: with two rounds the last one matters less.
  if (tensor_cores && along_depth && few > kSmall.rows &&
      batches * kWide.count(product) >= 2 * int64_t{compute_units}) {
    return {.kernel = ProductPlan::Kernel::kWideTiles};
  }
  if (!any && few > kSmall.rows && batches * kLarge.count(product) >= compute_units) {
    return {.kernel = ProductPlan::Kernel::kLargeTiles};
  }
  ProductPlan plan{.kernel = ProductPlan::Kernel::kSmallTiles};
  split_depth(product, batches * kSmall.count(product), compute_units, plan);
  return plan;
}

Status run_product(const KernelContext& context, DType dtype, Product product) {
  if (product.batches == 0 || product.rows == 0 || product.columns == 0) return {};
  product = without_idle_strides(product);
  product.splits = 1;
  const int64_t batches = product.batches;
  for (int64_t first = 0; first < batches; first += kMostBatches) {
    Product part = batch_from(product, first, dtype_bits(dtype) / 8);
    const ProductPlan plan = plan_product(dtype, part, context.gpu->device->properties().compute_units);
    if (plan.transposed) part = transposed(part);
    HEARTH_RETURN_IF_ERROR(plan.kernel == ProductPlan::Kernel::kRows
                               ? launch_rows(*context.gpu, *product_family(dtype), part)
                               : launch_tiles(context, dtype, plan, part));
  }
  return {};
}

}  // namespace hearth::gpu
