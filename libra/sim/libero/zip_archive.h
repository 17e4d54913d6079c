// The little of the zip format that torch.save and numpy.savez use: entries stored or deflated.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace libra::sim::libero {

// The bytes of the only entry whose name ends with `suffix`, at most 256 MiB. Untrusted: every
// offset and size is checked, the check sum too. Throws Error(kBadInput) that names `where` for
// anything that is not a whole zip of such entries, for zip64 and for encryption.
std::string zip_entry(std::string_view archive, std::string_view suffix, const std::string& where);
// Whether a whole zip has such an entry. Throws as zip_entry.
bool has_zip_entry(std::string_view archive, std::string_view suffix, const std::string& where);

}  // namespace libra::sim::libero
