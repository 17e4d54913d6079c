#include "libra/training/distributed/communicator.h"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/Work.hpp>

#include "libra/core/error.h"
#include "libra/training/distributed/backend.h"

namespace libra::training {

namespace {

using StorePtr = c10::intrusive_ptr<c10d::Store>;

// In the store: why a rank ended; how many have said that one is lost.
constexpr const char *kReason = "left", *kTold = "told";

// The first line of what a library threw, without its backtrace.
std::string first_line(const std::exception& e) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&e);
  const std::string text = torch_error ? torch_error->what_without_backtrace() : e.what();
  return text.substr(0, text.find('\n'));
}

std::string plural_ranks(const std::vector<int>& ranks) {
  std::vector<std::string> names;
  for (const int r : ranks) names.push_back(std::to_string(r));
  return (ranks.size() == 1 ? "rank " : "ranks ") + join_names(names);
}

StorePtr tcp_store(const Rendezvous& where, const std::string& address) {
  const size_t colon = address.rfind(':');
  uint16_t port = 0;
  const char* end = address.data() + address.size();
  const bool good = colon != std::string::npos && colon > 0 &&
                    std::from_chars(address.data() + colon + 1, end, port).ptr == end && port > 0;
  if (!good) {
    throw Error(
        ErrorCode::kBadInput,
        {.where = where.store, .problem = "is not an address", .expected = "tcp://HOST:PORT"});
  }
  c10d::TCPStoreOptions options;
  options.port = port;
  options.isServer = where.rank == 0;
  options.waitWorkers = false;  // who is missing is found out by name, below
  options.timeout = where.timeout;
  return c10::make_intrusive<c10d::TCPStore>(address.substr(0, colon), options);
}

StorePtr open_store(const Rendezvous& where) {
  const auto starts = [&](const std::string& scheme) { return where.store.starts_with(scheme); };
  try {
    if (starts("tcp://")) return tcp_store(where, where.store.substr(6));
    if (starts("file://")) {
      const std::string path = where.store.substr(7);
      const auto folder = std::filesystem::absolute(path).parent_path();
      if (path.empty() || !std::filesystem::is_directory(folder)) {
        throw Error(ErrorCode::kBadInput, {.where = where.store,
                                           .problem = "lies in no folder",
                                           .expected = "a file in a folder that all ranks reach"});
      }
      return c10::make_intrusive<c10d::FileStore>(path, where.size);
    }
  } catch (const Error&) {
    throw;
  } catch (const std::exception& e) {
    throw Error(ErrorCode::kFailed,
                {.where = where.store,
                 .problem = "rank " + std::to_string(where.rank) + " cannot reach the store",
                 .found = first_line(e),
                 .next = "see that rank 0 runs and that its port is free and open"});
  }
  throw Error(ErrorCode::kBadInput, {.where = where.store,
                                     .problem = "names no store for the ranks to meet at",
                                     .expected = "tcp://HOST:PORT or file://PATH"});
}

// Every rank signs in; throws when some do not, or somebody has been here before.
void meet(c10d::Store& store, const Rendezvous& where) {
  const auto until = std::chrono::steady_clock::now() + where.timeout;
  const auto key = [](int rank) { return "here/" + std::to_string(rank); };
  if (store.add(key(where.rank), 1) != 1) {
    throw Error(ErrorCode::kBadInput,
                {.where = where.store,
                 .problem = "has met rank " + std::to_string(where.rank) + " before",
                 .expected = "a store of this run alone",
                 .next = "remove the file of an earlier run, and start every rank once"});
  }
  std::vector<int> missing;
  for (int r = 0; r < where.size; ++r) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    try {
      store.wait({key(r)}, std::max(left, std::chrono::milliseconds(1)));
    } catch (const std::exception&) {
      missing.push_back(r);
    }
  }
  if (missing.empty()) return;
  throw Error(
      ErrorCode::kFailed,
      {.where = where.store,
       .problem = plural_ranks(missing) + " of " + std::to_string(where.size) + " did not come",
       .expected = "within " + std::to_string(where.timeout.count() / 1000) + " s",
       .next = "see the log of the ranks that are missing"});
}

}  // namespace

struct Communicator::Line {
  Rendezvous where;
  torch::Device device = torch::kCPU;
  StorePtr store;
  c10::intrusive_ptr<c10d::Backend> backend;  // null: of one rank

  // What a failed collective is told as.
  [[noreturn]] void fail(const std::string& what, const std::exception& e) const {
    const std::string me =
        "rank " + std::to_string(where.rank) + " of " + std::to_string(where.size);
    std::string reason;
    bool told = false;
    try {
      if (store->check({kReason})) {
        const std::vector<uint8_t> bytes = store->get(kReason);
        reason.assign(bytes.begin(), bytes.end());
      }
      told = store->add(kTold, 1) > 1;
    } catch (const std::exception&) {  // the store went away with its rank
    }
    const std::string next = "start all ranks again; --resume goes on from the last checkpoint";
    if (!reason.empty()) {
      throw Error(ErrorCode::kFailed,
                  {.where = me, .problem = "ends because " + reason, .next = next});
    }
    if (told) throw Error(ErrorCode::kFailed, {.where = me, .problem = "ends with the others"});
    throw Error(ErrorCode::kFailed,
                {.where = me,
                 .problem = "another rank was lost or did not answer (" + what + ")",
                 .found = first_line(e),
                 .next = next});
  }
};

struct PendingCollective::State {
  c10::intrusive_ptr<c10d::Work> work;
  std::vector<torch::Tensor> tensors;
  std::function<void(const std::exception&)> fail;
  std::function<void()> then = {};  // after wait(), where the engine tells nobody earlier
};

void PendingCollective::wait() {
  const auto state = std::exchange(state_, nullptr);
  if (!state) return;
  try {
    state->work->wait();
  } catch (const std::exception& e) {
    state->fail(e);
  }
  if (state->then) state->then();
}

void PendingCollective::when_done(std::function<void()> then) {
  if (!state_) return then();
  c10::intrusive_ptr<c10::ivalue::Future> future;
  try {
    future = state_->work->getFuture();
  } catch (const c10::Error&) {  // Gloo's reduce-scatter has none
  }
  if (!future) {
    state_->then = std::move(then);
    return;
  }
  future->addCallback([then = std::move(then)](c10::ivalue::Future&) { then(); });
}

namespace {

std::shared_ptr<PendingCollective::State> pending(c10::intrusive_ptr<c10d::Work> work,
                                                  std::vector<torch::Tensor> tensors) {
  return std::make_shared<PendingCollective::State>(
      PendingCollective::State{std::move(work), std::move(tensors), {}, {}});
}

}  // namespace

Communicator::Communicator(std::shared_ptr<Line> line) : line_(std::move(line)) {}
Communicator::~Communicator() = default;

std::shared_ptr<Communicator> Communicator::alone() {
  return std::shared_ptr<Communicator>(new Communicator(std::make_shared<Line>()));
}

std::shared_ptr<Communicator> Communicator::join(const Rendezvous& where, torch::Device device) {
  if (where.size < 1 || where.rank < 0 || where.rank >= where.size) {
    throw Error(ErrorCode::kBadInput, {.where = "ranks",
                                       .problem = "there is no such rank",
                                       .expected = "0 to " + std::to_string(where.size - 1),
                                       .found = std::to_string(where.rank)});
  }
  if (where.size == 1) return alone();
  // Writing to a rank that is gone is an error to be told, not the end of this process: Gloo writes
  // to sockets without asking for that.
  std::signal(SIGPIPE, SIG_IGN);
  auto line = std::make_shared<Line>();
  line->where = where;
  line->device = device;
  line->store = open_store(where);
  meet(*line->store, where);
  return Communicator(line).open("main");
}

std::shared_ptr<Communicator> Communicator::open(const std::string& name) const {
  if (line_->where.size == 1) return alone();
  auto line = std::make_shared<Line>(*line_);
  try {
    line->backend = make_backend(c10::make_intrusive<c10d::PrefixStore>(name, line->store),
                                 line->where, line->device);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& e) {
    line->fail("opening the line " + name, e);
  }
  return std::shared_ptr<Communicator>(new Communicator(std::move(line)));
}

std::shared_ptr<Communicator> Communicator::open_on_cpu(const std::string& name) const {
  auto line = std::make_shared<Line>(*line_);
  line->device = torch::kCPU;
  return Communicator(line).open(name);
}

int Communicator::rank() const { return line_->where.rank; }
int Communicator::size() const { return line_->where.size; }

// Starts `start` and remembers what it works on.
template <class Start>
static std::shared_ptr<PendingCollective::State> started(
    const std::function<void(const std::exception&)>& fail, std::vector<torch::Tensor> tensors,
    Start start) {
  for (const torch::Tensor& t : tensors) TORCH_CHECK(t.is_contiguous());
  try {
    auto state = pending(start(), std::move(tensors));
    state->fail = fail;
    return state;
  } catch (const std::exception& e) {
    fail(e);
  }
  return nullptr;
}

PendingCollective Communicator::all_reduce(torch::Tensor sum) {
  PendingCollective result;
  if (!line_->backend) return result;
  result.state_ =
      started([line = line_](const std::exception& e) { line->fail("all-reduce", e); }, {sum},
              [&] {
                std::vector<torch::Tensor> tensors = {sum};
                return line_->backend->allreduce(tensors);
              });
  return result;
}

PendingCollective Communicator::reduce_scatter(torch::Tensor whole, torch::Tensor own) {
  PendingCollective result;
  if (!line_->backend) {
    own.copy_(whole);
    return result;
  }
  result.state_ =
      started([line = line_](const std::exception& e) { line->fail("reduce-scatter", e); },
              {whole, own}, [&] { return line_->backend->_reduce_scatter_base(own, whole); });
  return result;
}

PendingCollective Communicator::all_gather(torch::Tensor own, torch::Tensor whole) {
  PendingCollective result;
  if (!line_->backend) {
    whole.copy_(own);
    return result;
  }
  result.state_ =
      started([line = line_](const std::exception& e) { line->fail("all-gather", e); },
              {own, whole}, [&] { return line_->backend->_allgather_base(whole, own); });
  return result;
}

PendingCollective Communicator::broadcast(torch::Tensor tensor, int from) {
  PendingCollective result;
  if (!line_->backend) return result;
  result.state_ =
      started([line = line_](const std::exception& e) { line->fail("broadcast", e); }, {tensor},
              [&] {
                std::vector<torch::Tensor> tensors = {tensor};
                c10d::BroadcastOptions options;
                options.rootRank = from;
                return line_->backend->broadcast(tensors, options);
              });
  return result;
}

void Communicator::barrier() {
  // A sum of one number is a barrier, and one operation less that must be right.
  torch::Tensor one = torch::ones({1}, torch::device(line_->device).dtype(torch::kInt64));
  all_reduce(one).wait();
  if (one.item<int64_t>() != size()) throw Error(ErrorCode::kFailed, "the ranks do not add up");
}

std::vector<double> Communicator::sum(const std::vector<double>& own) {
  if (!line_->backend || own.empty()) return own;
  torch::Tensor sums = torch::tensor(own, torch::kFloat64).to(line_->device);
  all_reduce(sums).wait();
  sums = sums.cpu();
  return {sums.data_ptr<double>(), sums.data_ptr<double>() + sums.numel()};
}

std::vector<std::string> Communicator::all_texts(const std::string& own) {
  const auto bytes = torch::device(line_->device);
  torch::Tensor sizes = torch::zeros({size()}, bytes.dtype(torch::kInt64));
  sizes[rank()] = static_cast<int64_t>(own.size());
  all_reduce(sizes).wait();
  sizes = sizes.cpu();
  const int64_t longest = std::max<int64_t>(1, sizes.max().item<int64_t>());
  torch::Tensor padded = torch::zeros({longest}, torch::kUInt8);
  std::copy(own.begin(), own.end(), padded.data_ptr<uint8_t>());
  padded = padded.to(line_->device);
  torch::Tensor all = torch::empty({size() * longest}, bytes.dtype(torch::kUInt8));
  all_gather(padded, all).wait();
  all = all.cpu();
  std::vector<std::string> texts;
  for (int r = 0; r < size(); ++r) {
    const uint8_t* begin = all.data_ptr<uint8_t>() + r * longest;
    texts.emplace_back(begin, begin + sizes[r].item<int64_t>());
  }
  return texts;
}

void Communicator::leave(const std::string& reason) noexcept {
  try {
    if (!line_->store) return;
    const std::string text = "rank " + std::to_string(rank()) + " ended: " + reason;
    line_->store->set(kReason, std::vector<uint8_t>(text.begin(), text.end()));
  } catch (const std::exception&) {  // the store has gone: nobody is there to be told
  }
}

}  // namespace libra::training
