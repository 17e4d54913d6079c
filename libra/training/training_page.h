// A run's page: how it went, in curves.
#pragma once

#include <string>

namespace libra::training {

// Writes <run>/report.html out of <run>/log.jsonl. Throws Error(kNotFound) without a log.
void write_training_page(const std::string& run, const std::string& model);

}  // namespace libra::training
