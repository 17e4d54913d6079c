/* The C API of Libra: policies for robots and programs in any language.
 *
 *   libra_policy* policy;
 *   if (libra_policy_open("checkpoints/libra_tiny_object", NULL, &policy) != LIBRA_OK) {
 *     fprintf(stderr, "%s\n", libra_last_error()->message);
 *   }
 *
 * Every call that can fail returns a libra_status; what went wrong is told by libra_last_error() of
 * the same thread. Nothing throws and nothing ends the process. Structs that may grow begin with
 * their size, which the caller sets (LIBRA_..._INIT); fields that an older caller does not know
 * keep their defaults. What a function writes beyond `out` parameters goes to buffers of the
 * caller, whose size it is told. Strings are UTF-8 and end with a zero byte.
 *
 * Handles may be used by any thread; a session by one thread at a time.
 */
#ifndef LIBRA_H_
#define LIBRA_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LIBRA_API __attribute__((visibility("default")))

/* Counts up when something here changes in a way that old callers would notice. */
#define LIBRA_API_VERSION 1
LIBRA_API uint32_t libra_api_version(void);
/* Of the library: "0.1.0". */
LIBRA_API const char* libra_version(void);

/* ---- Errors ---- */

typedef int32_t libra_status;
enum {
  LIBRA_OK = 0,
  LIBRA_BAD_INPUT = 1, /* a file, value or array that was given is wrong */
  LIBRA_NOT_FOUND = 2, /* a named thing does not exist */
  LIBRA_FAILED = 3,    /* the work itself failed */
  LIBRA_INTERRUPTED = 4
};

typedef struct libra_error {
  libra_status status;
  const char* message; /* one line, made of what follows */
  const char* where;   /* file or object; "" for what is not known, here and below */
  const char* problem; /* what is wrong */
  const char* expected;
  const char* found;
  const char* next; /* what to do */
} libra_error;

/* Of the last call of this thread that failed; never NULL. Valid until the thread's next failure.
 */
LIBRA_API const libra_error* libra_last_error(void);

/* ---- Arrays and observations ---- */

typedef int32_t libra_dtype;
enum { LIBRA_UINT8 = 1, LIBRA_FLOAT32 = 2, LIBRA_FLOAT64 = 3 };

/* Numbers in row-major order without gaps. `bytes` is the size of `data` and must be what dtype and
 * shape ask for. */
typedef struct libra_array {
  const char* name;
  const void* data;
  uint64_t bytes;
  libra_dtype dtype;
  int32_t rank; /* 1 to 4: entries of shape that count */
  int64_t shape[4];
} libra_array;

/* What the sensors say at one control step: for every camera of the policy (libra_policy_camera) an
 * array of its name, uint8 [height, width, 3], RGB, row 0 at the top, of any size; and "proprio",
 * float32 or float64 [proprio_dim], in the order and units of libra_policy_proprio_name. Copied
 * before the call returns. */
typedef struct libra_observation {
  uint32_t size;
  int32_t count;
  const libra_array* arrays;
} libra_observation;

/* ---- Policies ---- */

typedef struct libra_policy libra_policy;

typedef struct libra_policy_options {
  uint32_t size;
  int32_t threads;        /* of each network, 1 to 256 */
  int32_t denoise_steps;  /* 1 to 100; 0: what the checkpoint says */
  int32_t sample_intents; /* 1: draw intents instead of taking the likeliest */
  const char* precision;  /* "auto", "f32", "bf16", "bf16_narrow", "bf16_wide" */
  const char* device;     /* "cpu", "cuda", "cuda:1" */
} libra_policy_options;
#define LIBRA_POLICY_OPTIONS_INIT \
  { sizeof(libra_policy_options), 1, 0, 0, "auto", "cpu" }

/* Loads a checkpoint folder. `options` may be NULL. */
LIBRA_API libra_status libra_policy_open(const char* checkpoint,
                                         const libra_policy_options* options, libra_policy** out);
/* Sessions of the policy may go on; its memory is freed with the last of them. NULL is fine. */
LIBRA_API void libra_policy_close(libra_policy* policy);

typedef struct libra_spec {
  uint32_t size;
  int32_t horizon;   /* H: actions in a chunk */
  int32_t expansion; /* M: chunks in a plan; 0: no planner */
  int32_t bins;      /* N */
  int32_t cameras;
  int32_t proprio_dim; /* numbers of the robot's state */
  int32_t action_dim;  /* numbers of an action */
  int32_t model_dim;   /* numbers of an action that intents are about */
  double control_hz;
  const char* name; /* these strings live as long as the policy */
  const char* variant;
  const char* robot;
} libra_spec;
#define LIBRA_SPEC_INIT \
  { sizeof(libra_spec), 0, 0, 0, 0, 0, 0, 0, 0.0, "", "", "" }
LIBRA_API libra_status libra_policy_spec(const libra_policy* policy, libra_spec* out);
/* Names by index from 0; NULL past the end. They live as long as the policy. */
LIBRA_API const char* libra_policy_camera(const libra_policy* policy, int32_t index);
LIBRA_API const char* libra_policy_proprio_name(const libra_policy* policy, int32_t index);
LIBRA_API const char* libra_policy_action_name(const libra_policy* policy, int32_t index);

/* Where libra_policy_infer puts its answer. Counts are in numbers, not bytes, and must be those in
 * the comments; what is NULL is not written. */
typedef struct libra_inference {
  uint32_t size;
  float* actions;        /* [H, action_dim], in the robot's own numbers */
  uint64_t action_count; /* H * action_dim */
  uint8_t* bins;         /* [M, H, model_dim] */
  float* probabilities;  /* [M, H, model_dim], of those bins */
  uint64_t intent_count; /* M * H * model_dim, for both */
} libra_inference;
#define LIBRA_INFERENCE_INIT \
  { sizeof(libra_inference), NULL, 0, NULL, NULL, 0 }

/* One observation, one chunk of actions. The same seed gives the same answer. */
LIBRA_API libra_status libra_policy_infer(libra_policy* policy,
                                          const libra_observation* observation,
                                          const char* instruction, uint64_t seed,
                                          libra_inference* out);

/* ---- Sessions: an episode under a schedule ---- */

typedef struct libra_session libra_session;

typedef struct libra_session_options {
  uint32_t size;
  int32_t expansion;    /* M: chunks per plan */
  int32_t realtime;     /* 1: networks on threads of their own, libra_session_next never waits */
  const char* schedule; /* "sync", "amortised", "overlapped" */
  const char* stale;    /* overlapped: "drop", "inpaint", "roll_forward" */
} libra_session_options;
#define LIBRA_SESSION_OPTIONS_INIT \
  { sizeof(libra_session_options), 2, 0, "amortised", "drop" }

/* `options` may be NULL. */
LIBRA_API libra_status libra_session_open(libra_policy* policy,
                                          const libra_session_options* options,
                                          libra_session** out);
LIBRA_API void libra_session_close(libra_session* session);
/* A new episode, and what the robot is told in it. `task` (may be NULL), `seed` and `episode`
 * decide what is drawn: with those of an episode of `libra eval` it is that episode. */
LIBRA_API libra_status libra_session_reset(libra_session* session, const char* instruction,
                                           const char* task, uint64_t seed, uint64_t episode);
/* *needed: 1 where libra_session_next will look at its observation, else 0. */
LIBRA_API libra_status libra_session_needs_observation(libra_session* session, int32_t* needed);

enum {
  LIBRA_CHUNK = 0, /* an action of the refiner */
  LIBRA_HOLD = 1   /* none is there yet: no motion, the gripper as it was */
};
/* The action of this control step, action_dim floats. `observation` may be NULL where it is not
 * needed, `source` where the caller does not ask. After an error reset the session. */
LIBRA_API libra_status libra_session_next(libra_session* session,
                                          const libra_observation* observation, float* action,
                                          uint64_t action_count, int32_t* source);

#ifdef __cplusplus
}
#endif
#endif
