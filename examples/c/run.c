/* Runs a method of any model on zeros and prints how each answer begins: usage: run MODEL [METHOD [SIZE]].
   SIZE stands for the sizes that may change. */
#include <hearth/hearth.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_VALUES 16

typedef struct {
  void* data;
  hearth_tensor* tensor;
} input;

static int fail(const hearth_error* error) {
  fprintf(stderr, "run: %s: %s\n", hearth_status_name(error->code), error->message);
  return EXIT_FAILURE;
}

static hearth_status make_zeros(const hearth_value_info* value, int64_t size, input* made, hearth_error* error) {
  int64_t shape[HEARTH_MAX_RANK];
  size_t bits = (size_t)hearth_dtype_bits(value->dtype);
  for (size_t i = 0; i < value->rank; ++i) {
    shape[i] = value->shape[i] < 0 ? size : value->shape[i];
    bits *= (size_t)shape[i];
  }
  made->data = calloc(bits / 8 + 1, 1);
  return hearth_tensor_borrow(value->dtype, shape, value->rank, made->data, &made->tensor, error);
}

static void print_output(const char* name, const hearth_tensor* tensor) {
  printf("%s: %s[", name, hearth_dtype_name(hearth_tensor_dtype(tensor)));
  for (size_t i = 0; i < hearth_tensor_rank(tensor); ++i) {
    printf("%s%lld", i == 0 ? "" : ", ", (long long)hearth_tensor_shape(tensor)[i]);
  }
  printf("]");
  if (hearth_tensor_dtype(tensor) == HEARTH_FLOAT32 && hearth_tensor_element_count(tensor) > 0) {
    printf(" %g…", (double)*(const float*)hearth_tensor_data(tensor));
  }
  printf("\n");
}

static int run(hearth_session* session, const hearth_method_info* method, int64_t size) {
  input inputs[MOST_VALUES] = {{NULL, NULL}};
  const hearth_tensor* tensors[MOST_VALUES];
  hearth_tensor* outputs[MOST_VALUES] = {NULL};
  hearth_error error = {HEARTH_OK, ""};
  for (size_t i = 0; i < method->input_count && error.code == HEARTH_OK; ++i) {
    make_zeros(method->inputs[i], size, &inputs[i], &error);
    tensors[i] = inputs[i].tensor;
  }
  if (error.code == HEARTH_OK) {
    hearth_session_run(session, method->name, NULL, tensors, method->input_count, outputs, method->output_count,
                       &error);
  }
  for (size_t i = 0; i < method->output_count && error.code == HEARTH_OK; ++i) {
    print_output(method->outputs[i]->name, outputs[i]);
  }
  for (size_t i = 0; i < MOST_VALUES; ++i) {
    hearth_tensor_free(outputs[i]);
    hearth_tensor_free(inputs[i].tensor);
    free(inputs[i].data);
  }
  return error.code == HEARTH_OK ? EXIT_SUCCESS : fail(&error);
}

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    fprintf(stderr, "usage: run MODEL [METHOD [SIZE]]\n");
    return 2;
  }
  hearth_model* model;
  hearth_session* session;
  hearth_error error;
  if (hearth_model_open(argv[1], NULL, &model, &error) != HEARTH_OK) return fail(&error);

  int status = EXIT_FAILURE;
  const hearth_method_info* method = hearth_model_method(model, argc > 2 ? argv[2] : "forward");
  if (method == NULL || method->input_count > MOST_VALUES || method->output_count > MOST_VALUES) {
    fprintf(stderr, "run: name one of these methods:\n");
    for (size_t i = 0; i < hearth_model_method_count(model); ++i) {
      fprintf(stderr, "  %s\n", hearth_model_method_at(model, i)->name);
    }
  } else if (hearth_session_create(model, &session, &error) != HEARTH_OK) {
    status = fail(&error);
  } else {
    status = run(session, method, argc > 3 ? atoll(argv[3]) : 1);
    hearth_session_free(session);
  }
  hearth_model_close(model);
  return status;
}
