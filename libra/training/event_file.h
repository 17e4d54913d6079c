// TensorBoard's event files: scalars over steps, for those who watch runs there.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace libra::training {

// CRC-32C (Castagnoli) of bytes, as the format's records carry it.
uint32_t crc32c(const void* bytes, size_t count);

// Thread: one. Throws Error(kFailed) when the disk does not take it.
class EventFile {
 public:
  // Makes <folder>/events.out.tfevents.<seconds>.libra. What an earlier file there says of steps
  // after `begins` is dropped by TensorBoard: a resumed run does them again.
  EventFile(const std::string& folder, int64_t begins);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  void add(int64_t step, const std::map<std::string, double>& scalars);

 private:
  void write(const std::string& event);
  std::string path_;
  int file_ = -1;
};

}  // namespace libra::training
