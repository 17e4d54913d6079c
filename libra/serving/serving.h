// serving: a policy for robots, harnesses and notebooks to talk to. Wire codecs (wire, picture) ->
// what an observation holds (observation_map) -> dialogues of the protocols (openpi, vla_eval) ->
// one thread that infers in batches (inference, session); sockets only in server and client; what
// people watch of it (inspector). It may include core, action, preprocess, runtime, data, media;
// the policy it knows by interface.
#pragma once

#include "libra/serving/client.h"
#include "libra/serving/inspector.h"
#include "libra/serving/server.h"
#include "libra/serving/service.h"
