// data: episodes, whatever they are stored in (LIBERO's HDF5 schema, LeRobot), still scenes, the
// windows and labels that training takes of them, and the pictures at the size it looks at. It may
// include core, action and media, and is the only folder that knows HDF5 and Arrow.
// docs/data_formats.md describes the files.
#pragma once

#include "libra/data/check.h"
#include "libra/data/demo.h"
#include "libra/data/demo_file.h"
#include "libra/data/episode_set.h"
#include "libra/data/growing_file.h"
#include "libra/data/lerobot_writer.h"
#include "libra/data/replay.h"
#include "libra/data/sampler.h"
#include "libra/data/scene_set.h"
#include "libra/data/window.h"
