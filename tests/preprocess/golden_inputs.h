// What goes into the networks against folders of reference numbers (tests/golden and others of the
// same form): images, texts, bins. Without LibTorch; the tests here and libra_golden_check share
// it.
#pragma once

#include <functional>
#include <string>

namespace libra::preprocess {

// Told of every comparison: the group it belongs to, its name, the largest difference, and what is
// allowed. Bytes, ids and choices differ by 0 or fail.
using GoldenSink = std::function<void(const std::string& group, const std::string& name,
                                      double difference, double limit)>;

// Each runs over everything of its kind in `dir`. Malformed folders throw.
void check_images(const std::string& dir, const GoldenSink& sink);  // image_preprocess(_full)/
void check_texts(const std::string& dir, const GoldenSink& sink);   // tokenizer_tiny/, prompts.json
void check_bins(const std::string& dir, const GoldenSink& sink);    // discretise/

}  // namespace libra::preprocess
