#include "libra/data/frame_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/core/rng.h"

namespace libra::data {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void disk_failed(const std::string& path, const char* what) {
  throw Error(ErrorCode::kFailed,
              {.where = path,
               .problem = std::string(what) + " (" + std::strerror(errno) + ")",
               .next = "free some space, name another folder with --cache, or raise --memory"});
}

}  // namespace

FrameStore::FrameStore(const std::vector<int>& frames, size_t cameras, Decode decode,
                       FrameStoreOptions options)
    : frames_(frames),
      cameras_(cameras),
      decode_(std::move(decode)),
      options_(std::move(options)),
      states_(frames.size(), State::kAbsent),
      errors_(frames.size()) {
  for (const int side : options_.sides) {
    side_first_.push_back(frame_bytes_);
    frame_bytes_ += cameras_ * uint64_t(side) * uint64_t(side) * 3;
  }
  for (const int count : frames_) {
    first_.push_back(total_);
    total_ += uint64_t(count) * frame_bytes_;
  }
  if (total_ <= options_.memory) {
    memory_ = std::make_unique_for_overwrite<uint8_t[]>(total_);
  } else {
    open_file();
  }
  for (int i = 0; i < options_.workers; ++i) workers_.emplace_back([this] { work(); });
}

FrameStore::~FrameStore() {
  closing_ = true;
  for (std::thread& worker : workers_) worker.join();
  if (file_ >= 0) close(file_);
  if (ready_file_ >= 0) close(ready_file_);
}

// frames-KEY.rgb holds the pictures; frames-KEY.ready a byte an episode, 1 once its pictures are on
// the disk.
void FrameStore::open_file() {
  if (options_.cache.empty()) {
    throw Error(ErrorCode::kBadInput, {.where = "--memory",
                                       .problem = "the pictures do not fit",
                                       .expected = std::to_string(total_ >> 20) + " MiB",
                                       .found = std::to_string(options_.memory >> 20) + " MiB",
                                       .next = "raise it, or name a folder for them with --cache"});
  }
  fs::create_directories(options_.cache);
  char name[32];
  std::snprintf(name, sizeof name, "frames-%016llx",
                static_cast<unsigned long long>(hash_name(options_.key())));
  const std::string base = (fs::path(options_.cache) / name).string();
  std::error_code error;
  const uint64_t there = fs::exists(base + ".rgb", error) ? fs::file_size(base + ".rgb", error) : 0;
  if (there < total_) require_space(options_.cache, total_ - there, "decoded pictures");
  file_ = open((base + ".rgb").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  ready_file_ = open((base + ".ready").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file_ < 0 || ready_file_ < 0) disk_failed(base, "cannot be written");
  if (ftruncate(file_, off_t(total_)) != 0) disk_failed(base, "cannot be written");
  std::vector<uint8_t> ready(frames_.size());
  const ssize_t got = pread(ready_file_, ready.data(), ready.size(), 0);
  for (ssize_t i = 0; i < got; ++i) {
    if (ready[size_t(i)] == 1) states_[size_t(i)] = State::kReady;
  }
}

void FrameStore::mark_ready(size_t episode) {
  if (ready_file_ < 0) return;
  const uint8_t one = 1;
  // First the pictures, then the word that they are there.
  if (fdatasync(file_) != 0 || pwrite(ready_file_, &one, 1, off_t(episode)) != 1) {
    disk_failed(options_.cache, "cannot be written");
  }
}

void FrameStore::fill(size_t episode) {
  std::vector<uint8_t> frame(frame_bytes_);
  int filled = 0;
  Image fitted;
  decode_(episode, [&](int t, std::vector<Image>& cameras) {
    if (t != filled || t >= frames_[episode] || cameras.size() != cameras_) {
      throw Error(ErrorCode::kBadInput, "an episode has other frames than it says");
    }
    for (size_t s = 0; s < options_.sides.size(); ++s) {
      const int side = options_.sides[s];
      const size_t bytes = size_t(side) * size_t(side) * 3;
      for (size_t c = 0; c < cameras_; ++c) {
        options_.fit(cameras[c], side, fitted);
        std::memcpy(frame.data() + side_first_[s] + c * bytes, fitted.rgb.data(), bytes);
      }
    }
    const uint64_t at = first_[episode] + uint64_t(t) * frame_bytes_;
    if (memory_ != nullptr) {
      std::memcpy(memory_.get() + at, frame.data(), frame_bytes_);
    } else {
      for (uint64_t done = 0; done < frame_bytes_;) {
        const ssize_t wrote =
            pwrite(file_, frame.data() + done, frame_bytes_ - done, off_t(at + done));
        if (wrote <= 0) disk_failed(options_.cache, "cannot be written");
        done += uint64_t(wrote);
      }
    }
    ++filled;
  });
  if (filled != frames_[episode]) {
    throw Error(ErrorCode::kBadInput, "an episode has fewer frames than it says");
  }
  mark_ready(episode);
}

void FrameStore::ensure(size_t episode) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return states_[episode] != State::kBusy; });
    if (states_[episode] == State::kReady) return;
    if (states_[episode] == State::kFailed) {
      throw Error(ErrorCode::kBadInput, errors_[episode]);
    }
    states_[episode] = State::kBusy;
  }
  State state = State::kReady;
  std::string problem;
  std::exception_ptr error;
  try {
    fill(episode);
  } catch (const std::exception& e) {
    state = State::kFailed;
    problem = e.what();
    error = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    states_[episode] = state;
    errors_[episode] = problem;
  }
  changed_.notify_all();
  if (error) std::rethrow_exception(error);
}

void FrameStore::work() {
  while (!closing_) {
    const size_t episode = next_.fetch_add(1);
    if (episode >= states_.size()) return;
    {
      const std::lock_guard lock(mutex_);
      if (states_[episode] != State::kAbsent) continue;
    }
    try {
      ensure(episode);
    } catch (const std::exception&) {  // told to whoever asks for a frame of it
    }
  }
}

void FrameStore::read(size_t episode, int frame, size_t which, uint8_t* out) {
  ensure(episode);
  const uint64_t side = uint64_t(options_.sides[which]);
  const uint64_t count = cameras_ * side * side * 3;
  const uint64_t at = first_[episode] + uint64_t(frame) * frame_bytes_ + side_first_[which];
  if (memory_ != nullptr) {
    std::memcpy(out, memory_.get() + at, count);
    return;
  }
  for (uint64_t done = 0; done < count;) {
    const ssize_t got = pread(file_, out + done, count - done, off_t(at + done));
    if (got <= 0) disk_failed(options_.cache, "cannot be read");
    done += uint64_t(got);
  }
}

}  // namespace libra::data
