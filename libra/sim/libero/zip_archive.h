// The little of the zip format that torch.save uses: entries stored without compression.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace libra::sim::libero {

// The bytes of the only entry whose name ends with `suffix`, a view into `archive`. Untrusted:
// every offset and size is checked, the check sum too. Throws Error(kBadInput) that names `where`
// for anything that is not a whole zip of stored entries, for zip64 and for encryption.
std::string_view stored_entry(std::string_view archive, std::string_view suffix,
                              const std::string& where);

// CRC-32 of the zip format (polynomial 0xedb88320).
uint32_t crc32(std::string_view bytes);

}  // namespace libra::sim::libero
