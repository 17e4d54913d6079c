// data: demonstrations and still scenes, on disk in LIBERO's HDF5 schema and in memory for
// training. It may include core and action, and is the only folder that knows HDF5.
// docs/data_formats.md describes the files.
#pragma once

#include "libra/data/demo.h"
#include "libra/data/demo_file.h"
#include "libra/data/demo_set.h"
#include "libra/data/growing_file.h"
#include "libra/data/scene_set.h"
#include "libra/data/window.h"
