#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "hearth/hearth.h"
#include "hearth/tensor.h"
#include "library/c_error.h"
#include "library/method_table.h"

namespace hearth {
namespace {

TEST(CFace, NumbersStatusesAsTheCppFaceDoes) {
  for (int code = HEARTH_OK; code <= HEARTH_INTERNAL; ++code) {
    EXPECT_EQ(hearth_status_name(static_cast<hearth_status>(code)), status_code_name(static_cast<StatusCode>(code)));
  }
  EXPECT_STREQ(hearth_status_name(HEARTH_OK), "ok");
  EXPECT_STREQ(hearth_status_name(HEARTH_INTERNAL), "internal");
  EXPECT_STREQ(hearth_status_name(static_cast<hearth_status>(9)), "unknown");
  EXPECT_STREQ(hearth_status_name(static_cast<hearth_status>(-1)), "unknown");
}

TEST(CFace, NumbersDtypesAsPyTorchDoes) {
  struct Case {
    hearth_dtype dtype;
    const char* name;
    int bits;
  };
  constexpr Case kCases[] = {{HEARTH_UINT8, "uint8", 8},
                             {HEARTH_INT8, "int8", 8},
                             {HEARTH_INT16, "int16", 16},
                             {HEARTH_INT32, "int32", 32},
                             {HEARTH_INT64, "int64", 64},
                             {HEARTH_FLOAT16, "float16", 16},
                             {HEARTH_FLOAT32, "float32", 32},
                             {HEARTH_FLOAT64, "float64", 64},
                             {HEARTH_COMPLEX64, "complex64", 64},
                             {HEARTH_COMPLEX128, "complex128", 128},
                             {HEARTH_BOOL, "bool", 8},
                             {HEARTH_BFLOAT16, "bfloat16", 16},
                             {HEARTH_UINT16, "uint16", 16},
                             {HEARTH_UINT32, "uint32", 32},
                             {HEARTH_UINT64, "uint64", 64},
                             {HEARTH_INT4, "int4", 4},
                             {HEARTH_FLOAT8_E5M2, "float8_e5m2", 8},
                             {HEARTH_FLOAT8_E4M3FN, "float8_e4m3fn", 8},
                             {HEARTH_FLOAT8_E5M2FNUZ, "float8_e5m2fnuz", 8},
                             {HEARTH_FLOAT8_E4M3FNUZ, "float8_e4m3fnuz", 8},
                             {HEARTH_FLOAT8_E8M0FNU, "float8_e8m0fnu", 8}};
  for (const Case& test : kCases) {
    EXPECT_STREQ(hearth_dtype_name(test.dtype), test.name);
    EXPECT_EQ(hearth_dtype_bits(test.dtype), test.bits) << test.name;
  }
  EXPECT_STREQ(hearth_dtype_name(static_cast<hearth_dtype>(8)), "unknown");
  EXPECT_EQ(hearth_dtype_bits(static_cast<hearth_dtype>(8)), 0);
}

TEST(CFace, BorrowsMemoryAsATensor) {
  const std::array<float, 6> data{1, 2, 3, 4, 5, 6};
  const int64_t shape[] = {2, 3};
  hearth_tensor* tensor = nullptr;
  hearth_error error;
  ASSERT_EQ(hearth_tensor_borrow(HEARTH_FLOAT32, shape, 2, data.data(), &tensor, &error), HEARTH_OK) << error.message;
  EXPECT_EQ(error.code, HEARTH_OK);
  EXPECT_STREQ(error.message, "");
  EXPECT_EQ(hearth_tensor_dtype(tensor), HEARTH_FLOAT32);
  ASSERT_EQ(hearth_tensor_rank(tensor), 2U);
  EXPECT_EQ(hearth_tensor_shape(tensor)[0], 2);
  EXPECT_EQ(hearth_tensor_shape(tensor)[1], 3);
  EXPECT_EQ(hearth_tensor_strides(tensor)[0], 3);
  EXPECT_EQ(hearth_tensor_strides(tensor)[1], 1);
  EXPECT_EQ(hearth_tensor_element_count(tensor), 6);
  EXPECT_EQ(hearth_tensor_byte_count(tensor), sizeof(data));
  EXPECT_EQ(hearth_tensor_data(tensor), data.data());
  std::array<float, 6> copy{};
  EXPECT_EQ(hearth_tensor_copy(tensor, copy.data(), sizeof(copy), &error), HEARTH_OK) << error.message;
  EXPECT_EQ(copy, data);
  EXPECT_EQ(hearth_tensor_copy(tensor, copy.data(), sizeof(copy) - 1, &error), HEARTH_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "float32[2, 3] has 24 bytes, there is room for 23");
  EXPECT_EQ(hearth_tensor_copy(tensor, nullptr, sizeof(copy), &error), HEARTH_INVALID_ARGUMENT);
  hearth_tensor_free(tensor);
}

TEST(CFace, TakesScalarsAndEmptyTensorsWithoutAShapeOrData) {
  const int64_t number = 7;
  hearth_tensor* tensor = nullptr;
  ASSERT_EQ(hearth_tensor_borrow(HEARTH_INT64, nullptr, 0, &number, &tensor, nullptr), HEARTH_OK);
  EXPECT_EQ(hearth_tensor_element_count(tensor), 1);
  hearth_tensor_free(tensor);

  const int64_t shape[] = {0, 4};
  ASSERT_EQ(hearth_tensor_borrow(HEARTH_FLOAT32, shape, 2, nullptr, &tensor, nullptr), HEARTH_OK);
  EXPECT_EQ(hearth_tensor_copy(tensor, nullptr, 0, nullptr), HEARTH_OK);
  hearth_tensor_free(tensor);
}

TEST(CFace, RefusesTensorsThatCannotBe) {
  struct Case {
    const char* what;
    int dtype;
    std::vector<int64_t> shape;
    bool has_data;
    hearth_status status = HEARTH_INVALID_ARGUMENT;
  };
  const Case cases[] = {{"unknown dtype", 8, {2}, true},
                        {"negative size", HEARTH_INT8, {-1}, true},
                        {"rank above the most", HEARTH_INT8, std::vector<int64_t>(HEARTH_MAX_RANK + 1, 1), true},
                        {"overflow", HEARTH_INT64, {INT64_MAX, INT64_MAX}, true, HEARTH_OUT_OF_MEMORY},
                        {"no data", HEARTH_INT8, {3}, false}};
  const int8_t data[4] = {};
  for (const Case& test : cases) {
    auto* tensor = reinterpret_cast<hearth_tensor*>(1);
    hearth_error error;
    EXPECT_EQ(hearth_tensor_borrow(static_cast<hearth_dtype>(test.dtype), test.shape.data(), test.shape.size(),
                                   test.has_data ? data : nullptr, &tensor, &error),
              test.status)
        << test.what;
    EXPECT_EQ(tensor, nullptr) << test.what;
    EXPECT_EQ(error.code, test.status) << test.what;
    EXPECT_STRNE(error.message, "") << test.what;
  }
}

TEST(CFace, NamesTheParameterThatIsNull) {
  struct Case {
    const char* parameter;
    hearth_status (*call)(hearth_error* error);
  };
  const Case cases[] = {
      {"'tensor'", [](hearth_error* e) { return hearth_tensor_borrow(HEARTH_INT8, nullptr, 0, nullptr, nullptr, e); }},
      {"'shape'",
       [](hearth_error* e) {
         hearth_tensor* tensor;
         return hearth_tensor_borrow(HEARTH_INT8, nullptr, 1, nullptr, &tensor, e);
       }},
      {"'tensor'", [](hearth_error* e) { return hearth_tensor_copy(nullptr, nullptr, 0, e); }},
      {"'model'", [](hearth_error* e) { return hearth_model_open("model.pt2", nullptr, nullptr, e); }},
      {"'path'",
       [](hearth_error* e) {
         hearth_model* model;
         return hearth_model_open(nullptr, nullptr, &model, e);
       }},
      {"'model'",
       [](hearth_error* e) {
         hearth_session* session;
         return hearth_session_create(nullptr, &session, e);
       }},
      {"'session'",
       [](hearth_error* e) { return hearth_session_run(nullptr, "forward", nullptr, nullptr, 0, nullptr, 0, e); }},
      {"'session'", [](hearth_error* e) { return hearth_session_rewind(nullptr, 0, e); }},
      {"'session'",
       [](hearth_error* e) {
         hearth_session* fork;
         return hearth_session_fork(nullptr, &fork, e);
       }},
      {"'outputs'",
       [](hearth_error* e) { return hearth_session_run(nullptr, "forward", nullptr, nullptr, 0, nullptr, 1, e); }},
      {"'model'",
       [](hearth_error* e) {
         hearth_classifier* classifier;
         return hearth_classifier_create(nullptr, &classifier, e);
       }},
      {"'classifier'",
       [](hearth_error* e) {
         hearth_classifications* answers;
         return hearth_classify_files(nullptr, nullptr, 0, 1, &answers, e);
       }},
      {"'answers'",
       [](hearth_error* e) { return hearth_classify_pictures(nullptr, nullptr, nullptr, 0, 1, nullptr, e); }},
  };
  for (const Case& test : cases) {
    hearth_error error;
    EXPECT_EQ(test.call(&error), HEARTH_INVALID_ARGUMENT);
    EXPECT_NE(std::string(error.message).find(test.parameter), std::string::npos) << error.message;
    EXPECT_EQ(test.call(nullptr), HEARTH_INVALID_ARGUMENT) << test.parameter;
  }
}

TEST(CFace, GivesBackNothingWithoutComplaint) {
  hearth_tensor_free(nullptr);
  hearth_model_close(nullptr);
  hearth_session_free(nullptr);
  EXPECT_EQ(hearth_session_length(nullptr), 0);
  hearth_classifier_free(nullptr);
  hearth_classifications_free(nullptr);
}

TEST(CFace, SaysWhyAModelDoesNotOpen) {
  auto* model = reinterpret_cast<hearth_model*>(1);
  hearth_error error;
  EXPECT_EQ(hearth_model_open("/nowhere/model.pt2", nullptr, &model, &error), HEARTH_NOT_FOUND);
  EXPECT_EQ(model, nullptr);
  EXPECT_NE(std::strstr(error.message, "/nowhere/model.pt2"), nullptr) << error.message;

  hearth_model_options options = HEARTH_MODEL_OPTIONS_INIT;
  options.struct_size = 0;
  EXPECT_EQ(hearth_model_open("/nowhere/model.pt2", &options, &model, &error), HEARTH_INVALID_ARGUMENT);
  EXPECT_NE(std::strstr(error.message, "HEARTH_MODEL_OPTIONS_INIT"), nullptr) << error.message;
}

TEST(CFace, KeepsItsVersions) {
  EXPECT_EQ(hearth_abi_version(), HEARTH_ABI_VERSION);
  EXPECT_STREQ(hearth_version(), HEARTH_VERSION);
}

TEST(CError, CutsLongMessagesBetweenTwoCharacters) {
  hearth_error error;
  constexpr size_t kRoom = sizeof(error.message) - 1;
  const std::string three_bytes = "…";
  for (size_t padding = 0; padding < 4; ++padding) {
    std::string message(padding, 'x');
    while (message.size() <= kRoom) message += three_bytes;
    EXPECT_EQ(report(StatusCode::kFailed, message, &error), HEARTH_FAILED);
    const std::string cut = error.message;
    EXPECT_LE(cut.size(), kRoom);
    EXPECT_GT(cut.size(), kRoom - three_bytes.size());
    EXPECT_EQ((cut.size() - padding) % three_bytes.size(), 0U) << "padding " << padding;
    EXPECT_TRUE(message.starts_with(cut));
  }
  report(StatusCode::kFailed, std::string(kRoom, 'y'), &error);
  EXPECT_EQ(std::string(error.message), std::string(kRoom, 'y'));
}

TEST(CError, TurnsExceptionsIntoCodes) {
  hearth_error error;
  EXPECT_EQ(guarded(&error, []() -> Status { throw std::bad_alloc(); }), HEARTH_OUT_OF_MEMORY);
  EXPECT_EQ(guarded(&error, []() -> Status { throw std::runtime_error("broken"); }), HEARTH_INTERNAL);
  EXPECT_STREQ(error.message, "broken");
}

TEST(MethodTable, ShowsMethodsInTheirOrder) {
  const std::vector<MethodInfo> methods{
      {"encode", "cpu-a", {"cpu-a", "cpu-b"}, {{"x", DType::kFloat32, {-1, 3}, {"batch", ""}}}, {}},
      {"decode", "cpu-b", {"cpu-b"}, {{"scale", DType::kInt64, {}, {}}}, {{"y", DType::kBool, {2}, {""}}}}};
  const MethodTable table(methods);
  ASSERT_EQ(table.size(), 2U);
  const hearth_method_info* encode = table.at(0);
  EXPECT_STREQ(encode->name, "encode");
  EXPECT_STREQ(encode->target, "cpu-a");
  ASSERT_EQ(encode->input_count, 1U);
  const hearth_value_info& x = *encode->inputs[0];
  EXPECT_STREQ(x.name, "x");
  EXPECT_EQ(x.dtype, HEARTH_FLOAT32);
  ASSERT_EQ(x.rank, 2U);
  EXPECT_EQ(x.shape[0], -1);
  EXPECT_EQ(x.shape[1], 3);
  EXPECT_STREQ(x.symbols[0], "batch");
  EXPECT_STREQ(x.symbols[1], "");
  EXPECT_EQ(encode->output_count, 0U);

  const hearth_method_info* decode = table.find("decode");
  ASSERT_EQ(decode, table.at(1));
  EXPECT_EQ(decode->inputs[0]->rank, 0U);
  ASSERT_EQ(decode->output_count, 1U);
  EXPECT_STREQ(decode->outputs[0]->name, "y");
  EXPECT_EQ(table.at(2), nullptr);
  EXPECT_EQ(table.find("forward"), nullptr);
}

}  // namespace
}  // namespace hearth
