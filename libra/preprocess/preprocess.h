// preprocess: what stands between an observation and the tensors of a model: resizing, tiling and
// normalising images, augmentation, tokenizers, prompts and the handling of item phrases in
// instructions. It includes core and nothing else of the house; the one library it brings in is
// sentencepiece. No LibTorch: results are plain vectors.
#pragma once

#include "libra/preprocess/augment.h"
#include "libra/preprocess/image.h"
#include "libra/preprocess/language.h"
#include "libra/preprocess/prompt.h"
#include "libra/preprocess/tokenizer.h"
#include "libra/preprocess/word_piece.h"
