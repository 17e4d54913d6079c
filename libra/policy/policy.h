// policy: the one place where networks (model) meet images, text and actions (preprocess, action):
// the transforms that training and inference share, the frozen text encoder that some of them ask,
// the bundle of everything a checkpoint holds, and TorchPolicy, which makes a core::Policy of it.
// It may include core, action, preprocess, nn, model.
#pragma once

#include "libra/policy/bundle.h"
#include "libra/policy/intent_tensors.h"
#include "libra/policy/load_policy.h"
#include "libra/policy/text_encoder.h"
#include "libra/policy/transforms.h"
