// Hostile clients against a server in this process, its inspector too, while an honest one works
// on: messages that are cut, changed, huge in what they say, nested, not finite, pictures that are
// bombs, readers and writers that are slow, connections that say nothing. Every message must get an
// answer or the end of its connection; the honest client must get its own answers, about as fast as
// before.
//   hostile_clients [MESSAGES [THREADS]]      exit code 1 when something of that is not so
#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "libra/core/histogram.h"
#include "libra/serving/serving.h"
#include "tests/serving/arithmetic_policy.h"

namespace libra::serving {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kLongest = 30.0;  // s that any answer may take before it counts as none

class RawSocket {
 public:
  explicit RawSocket(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{int(kLongest), 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const linger at_once{1, 0};  // thousands of connections in TIME_WAIT would use up the ports
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    open_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawSocket() { close(socket_); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  bool open() const { return open_; }
  bool silent() const { return silent_; }  // neither answer nor end within the time
  void send(std::string_view bytes) {
    while (open_ && !bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) open_ = false;
      if (sent > 0) bytes.remove_prefix(size_t(sent));
    }
  }
  // So many bytes, or fewer and the connection is at its end.
  std::string read(size_t count) {
    std::string all(count, '\0');
    size_t have = 0;
    while (open_ && have < count) {
      const ssize_t n = recv(socket_, all.data() + have, count - have, 0);
      if (n > 0) have += size_t(n);
      if (n <= 0) {
        silent_ = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        open_ = false;
      }
    }
    all.resize(have);
    return all;
  }
  std::string read_header() {
    std::string all;
    while (open_ && !all.ends_with("\r\n\r\n")) all += read(1);
    return all;
  }

 private:
  int socket_;
  bool open_ = false, silent_ = false;
};

bool shake_hands(RawSocket& socket, const std::string& path) {
  socket.send("GET " + path +
              " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  return socket.read_header().starts_with("HTTP/1.1 101");
}

std::string frame_of(std::string_view payload, char first = '\x82') {
  std::string frame(1, first);
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else {
    frame += '\xff';
    for (int i = 7; i >= 0; --i) frame += static_cast<char>(payload.size() >> (8 * i));
  }
  frame.append(4, '\0');  // the mask
  return frame.append(payload);
}

// The next frame's kind; 0: the connection is at its end.
int read_frame(RawSocket& socket) {
  const std::string head = socket.read(2);
  if (head.size() < 2) return 0;
  uint64_t size = static_cast<uint8_t>(head[1]) & 127u;
  const size_t more = size == 126 ? 2 : size == 127 ? 8 : 0;
  if (more > 0) size = 0;
  for (const char c : socket.read(more)) size = size << 8 | static_cast<uint8_t>(c);
  socket.read(size);
  return static_cast<uint8_t>(head[0]) & 15;
}

std::vector<std::string> recorded(const std::string& name) {
  std::ifstream file(std::string(LIBRA_SOURCE_DIR) + "/tests/serving/recorded/" + name);
  std::vector<std::string> sent;
  for (std::string line; std::getline(file, line);) {
    const auto entry = nlohmann::json::parse(line);
    if (entry.value("from", "") != "client") continue;
    const auto bytes = decode_base64(entry["base64"].get<std::string>(), name);
    sent.emplace_back(bytes.begin(), bytes.end());
  }
  return sent;
}

std::string mutated(std::string bytes, Rng& rng) {
  switch (rng.below(7)) {
    case 0:
      bytes.resize(rng.below(bytes.size() + 1));
      break;
    case 1:  // lengths that say they are huge
      for (int i = 0; i < 3; ++i) {
        const size_t at = rng.below(bytes.size());
        bytes.replace(at, std::min<size_t>(5, bytes.size() - at),
                      std::string("\xc6\xff\xff\xff\xff", 5).substr(0, bytes.size() - at));
      }
      break;
    case 2:  // other types
      for (const char* dtype : {"<f8", "|u1", "<f4"}) {
        const size_t at = bytes.find(dtype);
        if (at != std::string::npos) bytes.replace(at, 3, rng.below(2) == 0 ? "|O8" : "<c8");
      }
      break;
    case 3: {  // nested deep
      std::string deep;
      for (uint64_t i = rng.below(4000); i > 0; --i) deep += "\x81\xa1x";
      return deep + bytes;
    }
    case 4: {  // numbers that are none
      const size_t at = rng.below(bytes.size());
      for (size_t i = at; i < std::min(at + 64, bytes.size()); ++i) bytes[i] = '\xff';
      break;
    }
    case 5: {  // a PNG that says it is huge
      const size_t at = bytes.find("IHDR");
      if (at != std::string::npos)
        bytes.replace(at + 4, 8, std::string("\0\0\x7f\xff\0\0\x7f\xff", 8));
      break;
    }
    default:
      for (uint64_t i = 1 + rng.below(8); i > 0; --i) {
        bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
      }
  }
  return bytes;
}

struct Tally {
  std::atomic<int64_t> messages{0}, answers{0}, ends{0}, silent{0};
};

// The hostile are other machines: here they get what the server and the honest client leave over.
void step_back() { setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 19); }

// Where the hostile go, and what they would say there if they were honest.
struct Place {
  const char* path;
  bool greets = false, text = false;
  std::vector<std::string> messages = {};
};

void attack(int port, int64_t messages, uint64_t seed, Tally& tally) {
  step_back();
  const std::vector<Place> places = {
      {"/vla-eval", false, false, recorded("vla_eval_0.8.0.jsonl")},
      {"/", true, false, recorded("openpi_client_0.1.2.jsonl")},
      {"/inspect/feed",
       false,
       true,
       {R"({"id": 1, "episode": 1, "since": 0, "have": -1, "at": 3})",
        R"({"id": 1, "do": "instruction", "text": "<img src=x onerror=alert(1)>"})"}}};
  Rng rng(seed);
  std::unique_ptr<RawSocket> socket;
  const Place* place = nullptr;
  for (int64_t sent = 0; sent < messages; ++sent) {
    const auto kind = rng.below(100);
    if (kind < 3) {  // not even HTTP, or HTTP that is none
      RawSocket raw(port);
      std::string noise(rng.below(300), '\0');
      for (char& c : noise) c = static_cast<char>(rng.below(256));
      raw.send(
          (rng.below(2) == 0 ? "POST /act HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n" : "") +
          noise + "\r\n\r\n");
      ++tally.messages;
      while (raw.open() && !raw.read(1).empty()) {
      }
      ++(raw.silent() ? tally.silent : tally.ends);
      continue;
    }
    if (socket == nullptr || !socket->open()) {
      const uint64_t which = rng.below(10);
      place = &places[which < 2 ? which + 1 : 0];
      socket = std::make_unique<RawSocket>(port);
      if (!shake_hands(*socket, place->path)) {
        socket.reset();  // no room at the moment
        ++tally.messages;
        ++tally.ends;
        continue;
      }
      if (place->greets) read_frame(*socket);
    }
    std::string message = mutated(place->messages[rng.below(place->messages.size())], rng);
    // An episode's start and end get no answer: only what does can be waited for.
    const bool silent_kind = message.find("episode_") != std::string::npos;
    if (silent_kind) message = "x" + message;
    std::string frame = frame_of(message, kind < 6      ? static_cast<char>(rng.below(256))
                                          : place->text ? '\x81'
                                                        : '\x82');
    const bool odd = kind < 6;
    socket->send(frame);
    ++tally.messages;
    if (odd) {  // a frame that may begin something that never ends: hang up
      socket.reset();
      ++tally.ends;
      continue;
    }
    const int answer = read_frame(*socket);
    if (socket->silent()) {
      ++tally.silent;
    } else {
      ++(answer == 0 || answer == 8 ? tally.ends : tally.answers);
    }
    if (answer == 0 || answer == 8) socket.reset();
  }
}

// Connections that hold on: some say nothing, some stop within a message, some never read.
void linger_on(int port, const std::atomic<bool>& stop) {
  step_back();
  const std::string large = frame_of(std::string(400000, 'x'));
  std::vector<std::unique_ptr<RawSocket>> held;
  while (!stop) {
    held.clear();
    for (int i = 0; i < 12; ++i) {
      held.push_back(std::make_unique<RawSocket>(port));
      RawSocket& socket = *held.back();
      if (i % 3 == 0) continue;
      if (!shake_hands(socket, "/")) continue;
      socket.send(i % 3 == 1 ? large.substr(0, 1000) : large);
    }
    for (int i = 0; i < 100 && !stop; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

// An honest client: its answers must be its own.
void work(const std::string& url, const std::atomic<bool>& stop, int64_t most, Histogram& ms,
          std::atomic<int64_t>& wrong) {
  Client client({.url = url});
  ArithmeticPolicy alone;
  Observation observation;
  for (int c = 0; c < 2; ++c) observation.images.emplace_back(224, 224);
  observation.proprio.assign(8, 0.0);
  for (int64_t i = 0; !stop && i < most; ++i) {
    observation.proprio[0] = static_cast<double>(i);
    observation.step = 0;
    const EpisodeMark mark{.seed = 1, .episode = uint64_t(i), .task = "t", .step = 0};
    const Client::Answer answer = client.infer(observation, "go", mark);
    ms.add(answer.total_ms - answer.infer_ms);
    const uint64_t seed = EpisodeSeed{1, hash_name("t"), uint64_t(i)}.chunk(0);
    std::vector<IntentPlan> plans(1);
    std::vector<ActionChunk> chunks(1);
    alone.plan(
        std::vector<PlanRequest>{{.observation = &observation, .instruction = "go", .seed = seed}},
        plans);
    alone.refine(std::vector<RefineRequest>{{.observation = &observation,
                                             .intent = &plans[0].intents[0],
                                             .instruction = "go",
                                             .seed = seed}},
                 chunks);
    wrong += answer.actions == chunks[0].actions ? 0 : 1;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // as a robot does
  }
}

int run(int argc, char** argv) {
  const int64_t messages = argc > 1 ? std::atoll(argv[1]) : 20000;
  const int threads = argc > 2 ? std::atoi(argv[2]) : 2;
  ArithmeticPolicy policy;
  Log log(Log::Form::kSilent);
  ServiceOptions options;
  options.limits.message_s = 5.0;
  options.limits.handshake_s = 5.0;
  options.limits.rate = 1e6;
  Inspector inspector(/*control=*/true);
  options.inspector = &inspector;
  Service service(policy, options, log);
  Server server(service, {.port = 0});
  add_inspector(server, inspector);
  std::atomic<bool> stop{false}, end_honest{false}, end_lingering{false};
  std::thread serving([&] { server.run(stop); });

  Histogram before, during;
  std::atomic<int64_t> wrong{0};
  work(server.url(), end_honest, 400, before, wrong);
  std::thread honest([&] { work(server.url(), end_honest, INT64_MAX, during, wrong); });
  std::thread lingering([&] { linger_on(server.port(), end_lingering); });
  Tally tally;
  const auto start = Clock::now();
  std::vector<std::thread> attackers;
  for (int t = 0; t < threads; ++t) {
    attackers.emplace_back(
        [&, t] { attack(server.port(), messages / threads, 17 + uint64_t(t), tally); });
  }
  for (std::thread& attacker : attackers) attacker.join();
  const double s = std::chrono::duration<double>(Clock::now() - start).count();
  end_honest = end_lingering = true;
  honest.join();
  lingering.join();
  stop = true;
  serving.join();
  std::printf(
      "%lld hostile messages in %.0f s: %lld answers, %lld connections ended, %lld neither\n",
      static_cast<long long>(tally.messages), s, static_cast<long long>(tally.answers),
      static_cast<long long>(tally.ends), static_cast<long long>(tally.silent));
  std::printf("p99 during is %.2f times that before\n",
              during.percentile(.99) / std::max(1e-9, before.percentile(.99)));
  std::printf(
      "honest client, ms less inference: p50 %.2f, p99 %.2f before; p50 %.2f, p99 %.2f during "
      "(%zu calls), %lld wrong answers\n",
      before.percentile(.5), before.percentile(.99), during.percentile(.5), during.percentile(.99),
      during.count(), static_cast<long long>(wrong));
  return tally.silent > 0 || wrong > 0 || during.count() == 0 ? 1 : 0;
}

}  // namespace
}  // namespace libra::serving

int main(int argc, char** argv) { return libra::serving::run(argc, argv); }
