/* Asks a policy what to do, from C.
 *   cc act_once.c $(pkg-config --cflags --libs libra) -o act_once
 *   ./act_once CHECKPOINT "pick up the milk and place it in the basket"
 * with PKG_CONFIG_PATH naming lib/pkgconfig of the installation. A robot fills the pictures from
 * its cameras and calls libra_session_next at its control rate. */
#include <libra.h>
#include <stdio.h>
#include <stdlib.h>

static int tell(const char* what) {
  const libra_error* error = libra_last_error();
  fprintf(stderr, "%s: %s\n", what, error->message);
  return error->status == LIBRA_FAILED ? 1 : 2;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s CHECKPOINT INSTRUCTION\n", argv[0]);
    return 2;
  }
  libra_policy* policy = NULL;
  if (libra_policy_open(argv[1], NULL, &policy) != LIBRA_OK) return tell("open");
  libra_spec spec = LIBRA_SPEC_INIT;
  if (libra_policy_spec(policy, &spec) != LIBRA_OK) return tell("spec");
  printf("%s for %s: %d cameras, %d numbers of state, %d of action, %.0f Hz\n", spec.name,
         spec.robot, spec.cameras, spec.proprio_dim, spec.action_dim, spec.control_hz);

  /* What the sensors say: here grey pictures and a state of zeros. */
  enum { kSide = 128 };
  const size_t bytes = (size_t)kSide * kSide * 3;
  const int32_t count = spec.cameras + 1;
  uint8_t* pixels = malloc(bytes);
  double* state = calloc((size_t)spec.proprio_dim, sizeof *state);
  libra_array* arrays = calloc((size_t)count, sizeof *arrays);
  float* action = malloc((size_t)spec.action_dim * sizeof *action);
  if (pixels == NULL || state == NULL || arrays == NULL || action == NULL) return 1;
  for (size_t i = 0; i < bytes; ++i) pixels[i] = 128;
  for (int32_t i = 0; i < spec.cameras; ++i) {
    arrays[i] = (libra_array){
        libra_policy_camera(policy, i), pixels, bytes, LIBRA_UINT8, 3, {kSide, kSide, 3, 0}};
  }
  arrays[spec.cameras] =
      (libra_array){"proprio",     state, (uint64_t)spec.proprio_dim * sizeof *state,
                    LIBRA_FLOAT64, 1,     {spec.proprio_dim, 0, 0, 0}};
  const libra_observation observation = {sizeof observation, count, arrays};

  libra_session* session = NULL;
  if (libra_session_open(policy, NULL, &session) != LIBRA_OK) return tell("session");
  if (libra_session_reset(session, argv[2], NULL, 0, 0) != LIBRA_OK) return tell("reset");
  for (int step = 0; step < spec.horizon; ++step) {
    if (libra_session_next(session, &observation, action, (uint64_t)spec.action_dim, NULL) !=
        LIBRA_OK) {
      return tell("next");
    }
    printf("step %d:", step);
    for (int32_t d = 0; d < spec.action_dim; ++d) {
      printf(" %s %.3f", libra_policy_action_name(policy, d), action[d]);
    }
    printf("\n");
  }
  libra_session_close(session);
  libra_policy_close(policy);
  free(action);
  free(arrays);
  free(state);
  free(pixels);
  return 0;
}
