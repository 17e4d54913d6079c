// api: what other languages call. Named arrays become an Observation or an error that says all that
// does not fit; one call of both networks; an episode under a schedule. libra.h is the C API, its
// shared library the only thing here that LibTorch stands behind; the Python module (python/) uses
// the rest directly. It may include core, action, runtime and policy.
#pragma once

#include "libra/api/inference.h"
#include "libra/api/named_arrays.h"
#include "libra/api/session.h"
#include "libra/api/turns.h"
