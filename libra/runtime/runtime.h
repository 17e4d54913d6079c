// runtime: when to plan, when to refine and which action comes next, decided without knowing what a
// network is. The schedule is a state machine; virtual time (virtual_driver.h) and real threads
// (async_runtime.h) drive the same one. Around it: the intent buffer, wait-free hand-over, the
// control loop, guards and the trace. It includes core and action; no LibTorch, no simulator.
#pragma once

#include "libra/runtime/async_runtime.h"
#include "libra/runtime/episode_log.h"
#include "libra/runtime/guard.h"
#include "libra/runtime/latency.h"
#include "libra/runtime/periodic.h"
#include "libra/runtime/policy_driver.h"
#include "libra/runtime/schedule.h"
#include "libra/runtime/trace.h"
#include "libra/runtime/virtual_driver.h"
