/* The C API from C11: what it promises of handles, sizes and errors. Bits are compared in
 * c_api_equality_test.cc.
 *   c_api_test CHECKPOINT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libra.h"

static int g_failures = 0;

#define EXPECT(condition)                                                            \
  do {                                                                               \
    if (!(condition)) {                                                              \
      printf("%s:%d: not so: %s (last error: %s)\n", __FILE__, __LINE__, #condition, \
             libra_last_error()->message);                                           \
      ++g_failures;                                                                  \
    }                                                                                \
  } while (0)

enum { SIDE = 128, H = 5, D = 7, M = 2 };

static uint8_t g_pixels[SIDE * SIDE * 3];
static double g_state[8] = {-0.2, 0.0, 0.3, 3.1, 0.0, 0.0, 0.04, -0.04};

static void fill(libra_array arrays[3]) {
  const libra_array picture = {"agentview", g_pixels, sizeof g_pixels,
                               LIBRA_UINT8, 3,        {SIDE, SIDE, 3, 0}};
  const libra_array state = {"proprio", g_state, sizeof g_state, LIBRA_FLOAT64, 1, {8, 0, 0, 0}};
  arrays[0] = arrays[1] = picture;
  arrays[1].name = "eye_in_hand";
  arrays[2] = state;
}

static int fails(libra_status status, libra_status wanted, const char* text) {
  const libra_error* error = libra_last_error();
  if (status == wanted && error->status == wanted && strstr(error->message, text) != NULL) return 1;
  printf("expected status %d with '%s', got %d: %s\n", wanted, text, status, error->message);
  return 0;
}

static void test_bad_observations(libra_policy* policy) {
  libra_array arrays[3];
  libra_observation seen = {sizeof seen, 3, arrays};
  float actions[H * D];
  libra_inference out = LIBRA_INFERENCE_INIT;
  const char* words = "pick up the milk and place it in the basket";
  out.actions = actions;
  out.action_count = H * D;

  fill(arrays);
  seen.count = 2;
  EXPECT(fails(libra_policy_infer(policy, &seen, words, 0, &out), LIBRA_BAD_INPUT,
               "proprio is missing"));
  EXPECT(strcmp(libra_last_error()->where, "observation") == 0);
  EXPECT(strstr(libra_last_error()->expected, "agentview uint8 [height, width, 3]") != NULL);
  seen.count = 3;
  arrays[0].bytes -= 1;
  EXPECT(fails(libra_policy_infer(policy, &seen, words, 0, &out), LIBRA_BAD_INPUT,
               "expected 49152, found 49151"));
  fill(arrays);
  arrays[0].shape[0] = INT64_MAX / 2;
  EXPECT(fails(libra_policy_infer(policy, &seen, words, 0, &out), LIBRA_BAD_INPUT,
               "impossible shape"));
  fill(arrays);
  arrays[0].rank = 5;
  EXPECT(fails(libra_policy_infer(policy, &seen, words, 0, &out), LIBRA_BAD_INPUT, "rank"));
  fill(arrays);
  arrays[0].dtype = 99;
  EXPECT(fails(libra_policy_infer(policy, &seen, words, 0, &out), LIBRA_BAD_INPUT, "dtype"));
  fill(arrays);
  arrays[1].data = NULL;
  EXPECT(fails(libra_policy_infer(policy, &seen, words, 0, &out), LIBRA_BAD_INPUT, "is NULL"));
  fill(arrays);
  g_state[2] = NAN;
  EXPECT(fails(libra_policy_infer(policy, &seen, words, 0, &out), LIBRA_BAD_INPUT, "nan at z"));
  g_state[2] = 0.3;
  EXPECT(fails(libra_policy_infer(policy, &seen, "  ", 0, &out), LIBRA_BAD_INPUT, "instruction"));
  EXPECT(fails(libra_policy_infer(policy, &seen, NULL, 0, &out), LIBRA_BAD_INPUT, "instruction"));
  out.action_count = H * D - 1;
  EXPECT(fails(libra_policy_infer(policy, &seen, words, 0, &out), LIBRA_BAD_INPUT,
               "expected 35, found 34"));
  out.size = 4000;
  EXPECT(fails(libra_policy_infer(policy, &seen, words, 0, &out), LIBRA_BAD_INPUT, "version"));
}

static void test_spec(libra_policy* policy) {
  libra_spec spec = LIBRA_SPEC_INIT;
  EXPECT(libra_policy_spec(policy, &spec) == LIBRA_OK);
  EXPECT(spec.horizon == H && spec.expansion == M && spec.bins == 10);
  EXPECT(spec.cameras == 2 && spec.proprio_dim == 8 && spec.action_dim == D && spec.model_dim == D);
  EXPECT(spec.control_hz == 20.0 && strcmp(spec.robot, "libero_panda") == 0);
  EXPECT(strcmp(libra_policy_camera(policy, 1), "eye_in_hand") == 0);
  EXPECT(libra_policy_camera(policy, 2) == NULL && libra_policy_camera(policy, -1) == NULL);
  EXPECT(strcmp(libra_policy_action_name(policy, 6), "gripper") == 0);
  EXPECT(libra_policy_proprio_name(policy, 8) == NULL);

  /* An older caller's struct ends earlier; nothing behind it is touched. */
  libra_spec old = LIBRA_SPEC_INIT;
  old.size = (uint32_t)offsetof(libra_spec, bins);
  old.bins = -5;
  EXPECT(libra_policy_spec(policy, &old) == LIBRA_OK);
  EXPECT(old.horizon == H && old.bins == -5 && old.size == offsetof(libra_spec, bins));
}

static void test_infer(libra_policy* policy) {
  libra_array arrays[3];
  libra_observation seen = {sizeof seen, 3, arrays};
  float first[H * D], again[H * D], other[H * D], probabilities[M * H * D];
  uint8_t bins[M * H * D];
  libra_inference out = LIBRA_INFERENCE_INIT;
  const char* words = "pick up the milk and place it in the basket";
  fill(arrays);
  out.actions = first;
  out.action_count = H * D;
  out.bins = bins;
  out.probabilities = probabilities;
  out.intent_count = M * H * D;
  EXPECT(libra_policy_infer(policy, &seen, words, 3, &out) == LIBRA_OK);
  out.actions = again;
  out.bins = NULL;
  out.probabilities = NULL;
  EXPECT(libra_policy_infer(policy, &seen, words, 3, &out) == LIBRA_OK);
  out.actions = other;
  EXPECT(libra_policy_infer(policy, &seen, words, 4, &out) == LIBRA_OK);
  EXPECT(memcmp(first, again, sizeof first) == 0);
  EXPECT(memcmp(first, other, sizeof first) != 0);
  for (int i = 0; i < H * D; ++i) EXPECT(first[i] >= -1.0f && first[i] <= 1.0f);
  for (int i = 0; i < M * H * D; ++i) {
    EXPECT(bins[i] < 10 && probabilities[i] > 0.0f && probabilities[i] <= 1.0f);
  }
}

static void test_session(libra_policy* policy) {
  libra_array arrays[3];
  libra_observation seen = {sizeof seen, 3, arrays};
  libra_session* session = NULL;
  float action[D];
  int32_t needed = -1, source = -1;
  fill(arrays);
  libra_session_options options = LIBRA_SESSION_OPTIONS_INIT;
  options.schedule = "sometimes";
  EXPECT(fails(libra_session_open(policy, &options, &session), LIBRA_BAD_INPUT, "amortised"));
  EXPECT(session == NULL);
  EXPECT(libra_session_open(policy, NULL, &session) == LIBRA_OK);
  EXPECT(fails(libra_session_next(session, &seen, action, D, NULL), LIBRA_BAD_INPUT, "reset it"));
  EXPECT(libra_session_reset(session, "pick up the milk and place it in the basket", NULL, 0, 0) ==
         LIBRA_OK);
  EXPECT(fails(libra_session_next(session, NULL, action, D, NULL), LIBRA_BAD_INPUT,
               "an observation is needed"));
  for (int step = 0; step < 2 * H; ++step) {
    EXPECT(libra_session_needs_observation(session, &needed) == LIBRA_OK);
    EXPECT(needed == (step % H == 0));
    EXPECT(libra_session_next(session, needed ? &seen : NULL, action, D, &source) == LIBRA_OK);
    EXPECT(source == LIBRA_CHUNK);
  }
  libra_session_close(session);
}

int main(int argc, char** argv) {
  libra_policy* policy = NULL;
  if (argc != 2) return 2;
  for (size_t i = 0; i < sizeof g_pixels; ++i) g_pixels[i] = (uint8_t)(i * 7 + i / 381);

  EXPECT(libra_api_version() == LIBRA_API_VERSION);
  EXPECT(strlen(libra_version()) > 0);
  EXPECT(
      fails(libra_policy_open("no/such/folder", NULL, &policy), LIBRA_NOT_FOUND, "no/such/folder"));
  EXPECT(policy == NULL);
  EXPECT(fails(libra_policy_open(NULL, NULL, &policy), LIBRA_BAD_INPUT, "checkpoint"));
  EXPECT(fails(libra_policy_open(argv[1], NULL, NULL), LIBRA_BAD_INPUT, "out"));
  libra_policy_options options = LIBRA_POLICY_OPTIONS_INIT;
  options.precision = "f8";
  EXPECT(fails(libra_policy_open(argv[1], &options, &policy), LIBRA_BAD_INPUT, "bf16_wide"));
  EXPECT(libra_policy_open(argv[1], NULL, &policy) == LIBRA_OK);
  if (policy == NULL) return 1;
  test_spec(policy);
  test_infer(policy);
  test_bad_observations(policy);
  test_session(policy);

  /* A session outlives the handle of its policy. */
  libra_session* session = NULL;
  libra_array arrays[3];
  libra_observation seen = {sizeof seen, 3, arrays};
  float action[D];
  fill(arrays);
  EXPECT(libra_session_open(policy, NULL, &session) == LIBRA_OK);
  libra_policy_close(policy);
  libra_policy_close(NULL);
  EXPECT(libra_session_reset(session, "pick up the milk", NULL, 0, 0) == LIBRA_OK);
  EXPECT(libra_session_next(session, &seen, action, D, NULL) == LIBRA_OK);
  libra_session_close(session);
  libra_session_close(NULL);
  if (g_failures == 0) printf("the C API keeps its promises\n");
  return g_failures == 0 ? 0 : 1;
}
