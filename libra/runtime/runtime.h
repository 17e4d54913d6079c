// runtime: when to plan, when to refine and which action comes next, decided without knowing what a
// network is: the intent buffer (newest plan wins, sliced by time), the action queue and the
// schedules that drive them. It includes core and action; no LibTorch, no simulator, no threads of
// its own.
#pragma once

#include "libra/runtime/action_queue.h"
#include "libra/runtime/intent_buffer.h"
#include "libra/runtime/policy_driver.h"
#include "libra/runtime/schedule.h"
