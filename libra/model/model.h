// model: the networks. backbones/ are the published vision and language towers, parameter for
// parameter under their published names; libra_vla/ joins them into the planner and the refiner;
// safetensors and checkpoint read and write weights. It may include core, nn and LibTorch.
#pragma once

#include "libra/model/backbones/bert.h"
#include "libra/model/backbones/conv_stem.h"
#include "libra/model/backbones/intern_vit.h"
#include "libra/model/backbones/internlm2.h"
#include "libra/model/backbones/internvl.h"
#include "libra/model/backbones/siglip.h"
#include "libra/model/checkpoint.h"
#include "libra/model/libra_vla/config.h"
#include "libra/model/libra_vla/planner_net.h"
#include "libra/model/libra_vla/refiner_net.h"
#include "libra/model/published.h"
#include "libra/model/safetensors.h"
#include "libra/model/weights_folder.h"
