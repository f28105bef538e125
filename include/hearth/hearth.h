/**
 * The C face of Hearth: open a model, run its methods, classify pictures. C99.
 *
 * Functions that can fail return a hearth_status, HEARTH_OK (0) on success, and describe a failure in `error` when that
 * is not NULL. An object that they hand out through a pointer is NULL after a failure; otherwise it is the caller's, to
 * be given back with the function of its kind that ends in `_free` or `_close`, which accept NULL. Objects keep what
 * they need of each other: a model may be closed before its sessions, a session before the tensors that it gave.
 * Functions that cannot fail want an object, not NULL.
 *
 * Threads: models are immutable and may be used from several threads at once; sessions and classifiers from one at a
 * time. Strings are UTF-8 and end with a NUL.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "hearth/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Grows when a program has to be compiled again. */
#define HEARTH_ABI_VERSION 1

/** The HEARTH_ABI_VERSION that the library was built with. */
HEARTH_API int hearth_abi_version(void);
/** The library's version, for example "0.1.0". */
HEARTH_API const char* hearth_version(void);

/** What went wrong, by who can mend it. */
typedef enum hearth_status {
  HEARTH_OK = 0,
  HEARTH_INVALID_ARGUMENT = 1,    /**< The caller passed something wrong: change the call. */
  HEARTH_NOT_FOUND = 2,           /**< A file, method or record that was named does not exist. */
  HEARTH_PERMISSION_DENIED = 3,   /**< The system refuses access to a file. */
  HEARTH_INVALID_FILE = 4,        /**< A file's bytes are not what they claim to be. */
  HEARTH_UNAVAILABLE = 5,         /**< The device, target or processor feature is not on this machine. */
  HEARTH_OUT_OF_MEMORY = 6,       /**< An allocation failed; nothing was changed. */
  HEARTH_FAILED = 7,              /**< The model failed while it ran. */
  HEARTH_INTERNAL = 8,            /**< A bug in Hearth. */
  HEARTH_STATUS_RANGE = INT32_MIN /**< Not a status: lets the type hold every 32-bit number. */
} hearth_status;

/** A failure in words: what, where and what to do next. The caller's own memory; nothing has to be given back. */
typedef struct hearth_error {
  hearth_status code;
  char message[1020]; /**< Longer messages are cut between two characters. Empty after a success. */
} hearth_error;

/** The code's name, for example "invalid_file"; "unknown" for another number. */
HEARTH_API const char* hearth_status_name(hearth_status code);

/* Tensors */

/** Element types, numbered as in PyTorch. */
typedef enum hearth_dtype {
  HEARTH_UINT8 = 0,
  HEARTH_INT8 = 1,
  HEARTH_INT16 = 2,
  HEARTH_INT32 = 3,
  HEARTH_INT64 = 4,
  HEARTH_FLOAT16 = 5,
  HEARTH_FLOAT32 = 6,
  HEARTH_FLOAT64 = 7,
  HEARTH_COMPLEX64 = 9,
  HEARTH_COMPLEX128 = 10,
  HEARTH_BOOL = 11,
  HEARTH_BFLOAT16 = 15,
  HEARTH_FLOAT8_E5M2 = 23,
  HEARTH_FLOAT8_E4M3FN = 24,
  HEARTH_FLOAT8_E5M2FNUZ = 25,
  HEARTH_FLOAT8_E4M3FNUZ = 26,
  HEARTH_UINT16 = 27,
  HEARTH_UINT32 = 28,
  HEARTH_UINT64 = 29,
  HEARTH_INT4 = 40, /**< Two to a byte, the first element in the low half. */
  HEARTH_FLOAT8_E8M0FNU = 44,
  HEARTH_DTYPE_RANGE = INT32_MIN /**< Not a dtype: lets the type hold every 32-bit number. */
} hearth_dtype;

/** PyTorch's name, for example "float32"; "unknown" for another number. */
HEARTH_API const char* hearth_dtype_name(hearth_dtype dtype);
/** Bits of one element; 0 for a number that is not a dtype. */
HEARTH_API int hearth_dtype_bits(hearth_dtype dtype);

/** Dimensions that a tensor can have. */
#define HEARTH_MAX_RANK 16

/** Numbers in memory with a dtype, a shape and strides. */
typedef struct hearth_tensor hearth_tensor;

/**
 * A row-major tensor over `data`, which stays the caller's: it must be there, unmoved, until the tensor is freed and no
 * run uses it, and is only read. `shape` has `rank` sizes and may be NULL for a scalar.
 */
HEARTH_API hearth_status hearth_tensor_borrow(hearth_dtype dtype, const int64_t* shape, size_t rank, const void* data,
                                              hearth_tensor** tensor, hearth_error* error);
HEARTH_API void hearth_tensor_free(hearth_tensor* tensor);

HEARTH_API hearth_dtype hearth_tensor_dtype(const hearth_tensor* tensor);
HEARTH_API size_t hearth_tensor_rank(const hearth_tensor* tensor);
/** `rank` sizes, the tensor's. */
HEARTH_API const int64_t* hearth_tensor_shape(const hearth_tensor* tensor);
/** `rank` distances between neighbours, in elements, the tensor's. */
HEARTH_API const int64_t* hearth_tensor_strides(const hearth_tensor* tensor);
/** The product of the shape. */
HEARTH_API int64_t hearth_tensor_element_count(const hearth_tensor* tensor);
/** Bytes of the elements, without gaps. */
HEARTH_API size_t hearth_tensor_byte_count(const hearth_tensor* tensor);
/** The first element; the others lie as the strides say. NULL is possible for a tensor without elements. */
HEARTH_API const void* hearth_tensor_data(const hearth_tensor* tensor);
/**
 * Copies the elements to `to` in row-major order without gaps, whatever the strides. HEARTH_INVALID_ARGUMENT unless
 * `size` is hearth_tensor_byte_count().
 */
HEARTH_API hearth_status hearth_tensor_copy(const hearth_tensor* tensor, void* to, size_t size, hearth_error* error);

/* Models */

/** A .pt2 file opened for one device: code loaded, weights bound in place. Immutable. */
typedef struct hearth_model hearth_model;

/** How to open a model. Start from HEARTH_MODEL_OPTIONS_INIT, so that fields of later versions get their defaults. */
typedef struct hearth_model_options {
  size_t struct_size; /**< sizeof(hearth_model_options) */
  const char* device; /**< "auto", "cpu", "cuda:0"…; NULL: "auto". */
  const char* target; /**< One of the file's targets; NULL: the best that this machine can run. */
  int32_t threads;    /**< Threads for one run; 0: all that the process may use. */
} hearth_model_options;

#define HEARTH_MODEL_OPTIONS_INIT {sizeof(hearth_model_options), NULL, NULL, 0}

/** An input or output of a method. */
typedef struct hearth_value_info {
  const char* name;
  hearth_dtype dtype;
  size_t rank;
  const int64_t* shape;       /**< `rank` sizes; -1 for one that may change. */
  const char* const* symbols; /**< `rank` names, "" for fixed sizes: equal names stand for equal sizes. */
} hearth_value_info;

typedef struct hearth_method_info {
  const char* name;
  const char* target;                      /**< The one chosen for this machine. */
  size_t input_count;                      /**< 0 for a stock package, which does not describe its values. */
  const hearth_value_info* const* inputs;  /**< `input_count` of them, in the order that a run takes. */
  size_t output_count;                     /**< 0 for a stock package. */
  const hearth_value_info* const* outputs; /**< `output_count` of them, in the order that a run gives. */
} hearth_method_info;

/**
 * Opens a model; `options` NULL: the defaults. HEARTH_NOT_FOUND, HEARTH_PERMISSION_DENIED, HEARTH_INVALID_FILE,
 * HEARTH_UNAVAILABLE (device or target not here), HEARTH_OUT_OF_MEMORY.
 */
HEARTH_API hearth_status hearth_model_open(const char* path, const hearth_model_options* options, hearth_model** model,
                                           hearth_error* error);
/** Everything that the model holds is given back when its last session is gone, too. */
HEARTH_API void hearth_model_close(hearth_model* model);

/** For people. The model's, as is all that the next three hand out. */
HEARTH_API const char* hearth_model_name(const hearth_model* model);
HEARTH_API size_t hearth_model_method_count(const hearth_model* model);
/** Methods in the order of the file; NULL when `index` is too large. */
HEARTH_API const hearth_method_info* hearth_model_method_at(const hearth_model* model, size_t index);
/** NULL when there is none of that name. */
HEARTH_API const hearth_method_info* hearth_model_method(const hearth_model* model, const char* name);

/* Running */

/**
 * The mutable part of running a model, among it the sequence of tokens that a language model goes on with. Sessions of
 * one model run independently.
 */
typedef struct hearth_session hearth_session;

HEARTH_API hearth_status hearth_session_create(const hearth_model* model, hearth_session** session,
                                               hearth_error* error);
HEARTH_API void hearth_session_free(hearth_session* session);

/**
 * Runs a method. `inputs` are `input_count` tensors: in the method's order when `names` is NULL, else by name in any
 * order. `outputs` has room for `output_count` tensors, which must be as many as the method gives; each is the caller's
 * afterwards. HEARTH_INVALID_ARGUMENT names an input of wrong count, dtype, rank, size or bound. HEARTH_FAILED: the
 * model failed half-way; the session goes on. After HEARTH_INTERNAL its sequence is in doubt, and it fails from then
 * on.
 */
HEARTH_API hearth_status hearth_session_run(hearth_session* session, const char* method, const char* const* names,
                                            const hearth_tensor* const* inputs, size_t input_count,
                                            hearth_tensor** outputs, size_t output_count, hearth_error* error);

/** Tokens of the session's sequence: those that its runs of a language model's method were given. */
HEARTH_API int64_t hearth_session_length(const hearth_session* session);
/**
 * Takes the sequence back to its first `length` tokens. HEARTH_INVALID_ARGUMENT when it is shorter, or when layers with
 * a sliding window gave back what these tokens look at; 0 is always possible.
 */
HEARTH_API hearth_status hearth_session_rewind(hearth_session* session, int64_t length, hearth_error* error);
/** A session of the same model that goes on from the same sequence. */
HEARTH_API hearth_status hearth_session_fork(const hearth_session* session, hearth_session** fork, hearth_error* error);
/**
 * Writes the sequence, with what the model computed for it, to a file. Whenever the process is killed, the file is as
 * it was or the whole new one. HEARTH_FAILED.
 */
HEARTH_API hearth_status hearth_session_save(const hearth_session* session, const char* path, hearth_error* error);
/**
 * The session that hearth_session_save() wrote, of this very model. HEARTH_NOT_FOUND, HEARTH_PERMISSION_DENIED;
 * HEARTH_INVALID_FILE: another model's or version's file, or a damaged one.
 */
HEARTH_API hearth_status hearth_session_load(const hearth_model* model, const char* path, hearth_session** session,
                                             hearth_error* error);

/* Classifying pictures */

/** Says what is in pictures, with a model whose file describes how pictures become its input. */
typedef struct hearth_classifier hearth_classifier;

/** Answers about several pictures. */
typedef struct hearth_classifications hearth_classifications;

/** What a picture may show. */
typedef struct hearth_class {
  const char* label;  /**< The class's name, or its number where the model has no names. */
  int64_t index;      /**< The class's number. */
  double probability; /**< 0 to 1. */
} hearth_class;

/** HEARTH_INVALID_ARGUMENT when the model is not for image classification. */
HEARTH_API hearth_status hearth_classifier_create(const hearth_model* model, hearth_classifier** classifier,
                                                  hearth_error* error);
HEARTH_API void hearth_classifier_free(hearth_classifier* classifier);

/**
 * The `top` most probable classes of each of `count` files (PNG, JPEG or WebP). HEARTH_INVALID_FILE and
 * HEARTH_NOT_FOUND name the file.
 */
HEARTH_API hearth_status hearth_classify_files(hearth_classifier* classifier, const char* const* paths, size_t count,
                                               size_t top, hearth_classifications** answers, hearth_error* error);
/** The same for encoded pictures in memory: `pictures[i]` has `sizes[i]` bytes. Messages name them by their place. */
HEARTH_API hearth_status hearth_classify_pictures(hearth_classifier* classifier, const void* const* pictures,
                                                  const size_t* sizes, size_t count, size_t top,
                                                  hearth_classifications** answers, hearth_error* error);
HEARTH_API void hearth_classifications_free(hearth_classifications* answers);

/** Classes that were given for a picture: `top`, or as many as the model knows. 0 when there is no such picture. */
HEARTH_API size_t hearth_classifications_count(const hearth_classifications* answers, size_t picture);
/** The class at `place` (0: the most probable) for a picture, the answers'; NULL when there is none. */
HEARTH_API const hearth_class* hearth_classifications_at(const hearth_classifications* answers, size_t picture,
                                                         size_t place);

#ifdef __cplusplus
}
#endif
