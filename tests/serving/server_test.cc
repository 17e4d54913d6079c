#include "libra/serving/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "libra/core/error.h"
#include "libra/data/episode_source.h"
#include "libra/media/image_file.h"
#include "libra/serving/client.h"
#include "libra/serving/inspector.h"
#include "libra/serving/service.h"
#include "tests/serving/arithmetic_policy.h"
#include "tests/support/message_of.h"
#include "tests/support/temp_folder.h"

namespace libra::serving {
namespace {

using testing::HasSubstr;

// A server on a port of its own, while it lives.
class Running {
 public:
  explicit Running(ServiceOptions service = {}, ServerOptions server = {})
      : service_(policy, service, log_) {
    server.port = 0;
    server_ = std::make_unique<Server>(service_, server);
    thread_ = std::thread([this] { server_->run(stop_); });
  }
  ~Running() { end(); }
  void end() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int port() const { return server_->port(); }
  std::string url(const std::string& path = "") const { return server_->url() + path; }
  std::string metrics() { return service_.metrics().text(); }

  ArithmeticPolicy policy;

 private:
  Log log_{Log::Form::kSilent};
  Service service_;
  std::unique_ptr<Server> server_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// A bare connection, for what no client would send.
class Raw {
 public:
  explicit Raw(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Raw() { close(socket_); }
  bool connected() const { return connected_; }
  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(size_t(sent));
    }
  }
  // The first of what comes.
  std::string some() const {
    char part[4096];
    const ssize_t n = recv(socket_, part, sizeof part, 0);
    return n > 0 ? std::string(part, size_t(n)) : std::string();
  }
  // All that comes until the server closes.
  std::string rest() const {
    std::string all;
    char part[4096];
    for (ssize_t n; (n = recv(socket_, part, sizeof part, 0)) > 0;) all.append(part, size_t(n));
    return all;
  }

 private:
  int socket_;
  bool connected_ = false;
};

std::string http(int port, const std::string& method, const std::string& target,
                 const std::string& headers = "", const std::string& body = "") {
  const Raw raw(port);
  raw.send(method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
           "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           headers + "\r\n" + body);
  return raw.rest();
}

Observation observation_of(uint64_t seed) {
  Rng rng(seed);
  Observation observation;
  for (int c = 0; c < 2; ++c) {
    Image image(12, 10);
    for (uint8_t& byte : image.rgb) byte = static_cast<uint8_t>(rng.below(256));
    observation.images.push_back(std::move(image));
  }
  for (int i = 0; i < 8; ++i) observation.proprio.push_back(rng.uniform());
  observation.step = int64_t(seed % 100);
  return observation;
}

TEST(Server, TheClientIsThePolicy) {
  Running server;
  Client client({.url = server.url()});
  ArithmeticPolicy direct;
  EXPECT_EQ(client.spec().horizon, direct.spec().horizon);
  EXPECT_EQ(client.spec().expansion, direct.spec().expansion);
  EXPECT_EQ(client.spec().embodiment, direct.spec().embodiment);
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const Observation observation = observation_of(seed);
    const std::vector<PlanRequest> requests = {
        {.observation = &observation, .instruction = "go", .epoch = 4, .seed = ~seed}};
    std::vector<IntentPlan> near(1), far(1);
    direct.plan(requests, near);
    client.plan(requests, far);
    ASSERT_EQ(far[0].expansion, near[0].expansion);
    EXPECT_EQ(far[0].epoch, 4u);
    EXPECT_EQ(far[0].obs_step, observation.step);
    for (size_t m = 0; m < near[0].intents.size(); ++m) {
      EXPECT_EQ(far[0].intents[m].bin, near[0].intents[m].bin);
      EXPECT_EQ(far[0].intents[m].probability, near[0].intents[m].probability);
    }
    const std::vector<RefineRequest> chunk_requests = {{.observation = &observation,
                                                        .intent = &near[0].intents[1],
                                                        .instruction = "go",
                                                        .seed = seed << 60}};
    std::vector<ActionChunk> near_chunk(1), far_chunk(1);
    direct.refine(chunk_requests, near_chunk);
    client.refine(chunk_requests, far_chunk);
    EXPECT_EQ(far_chunk[0].actions, near_chunk[0].actions);
  }
}

TEST(Server, ManyConnectionsSeeTheirOwnAnswersOnly) {
  Running server({.inference = {.max_batch = 4}});
  std::vector<std::thread> robots;
  std::atomic<int> wrong{0}, answered{0};
  for (uint64_t robot = 0; robot < 6; ++robot) {
    robots.emplace_back([&, robot] {
      Client client({.url = server.url()});
      ArithmeticPolicy alone;
      Metrics metrics;
      Inference inference(alone, {.max_batch = 1}, metrics, nullptr);
      for (int64_t step = 0; step < 100; step += 5) {
        const Observation observation = observation_of(1000 * robot + uint64_t(step));
        const EpisodeMark mark{.seed = 5, .episode = robot, .task = "t", .step = step};
        const auto answer = client.infer(observation, "task " + std::to_string(robot), mark);
        // The same by hand: plan at every tenth step, refine with its slice.
        const EpisodeSeed seed{5, hash_name("t"), robot};
        static thread_local IntentPlan plan;
        Observation seen = observation;
        seen.step = step;
        const std::string instruction = "task " + std::to_string(robot);
        if (step % 10 == 0) {
          const std::vector<PlanRequest> requests = {
              {.observation = &seen, .instruction = instruction, .seed = seed.chunk(step)}};
          std::vector<IntentPlan> plans(1);
          alone.plan(requests, plans);
          plan = plans[0];
        }
        const std::vector<RefineRequest> requests = {{.observation = &seen,
                                                      .intent = &plan.intents[size_t(step / 5 % 2)],
                                                      .instruction = instruction,
                                                      .seed = seed.chunk(step)}};
        std::vector<ActionChunk> chunks(1);
        alone.refine(requests, chunks);
        wrong += answer.actions == chunks[0].actions ? 0 : 1;
        ++answered;
      }
    });
  }
  for (std::thread& robot : robots) robot.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(answered, 120);
}

TEST(Server, AnswersHttp) {
  Running server;
  EXPECT_THAT(http(server.port(), "GET", "/healthz"), HasSubstr("\r\n\r\nOK\n"));
  EXPECT_THAT(http(server.port(), "GET", "/health"), HasSubstr(R"({"status": "ok"})"));
  EXPECT_THAT(http(server.port(), "GET", "/config"), HasSubstr("max_batch_size"));
  EXPECT_THAT(http(server.port(), "GET", "/metrics"), HasSubstr("libra_throttled_total"));
  EXPECT_THAT(http(server.port(), "GET", "/etc/passwd"), HasSubstr("404"));
  EXPECT_THAT(http(server.port(), "GET", "/act"), HasSubstr("405"));
}

TEST(Server, ActsOnAForm) {
  Running server;
  std::string body;
  const auto part = [&](const std::string& name, const std::string& file,
                        std::string_view content) {
    body += "--BB\r\nContent-Disposition: form-data; name=\"" + name + "\"" + file + "\r\n\r\n";
    body += content;
    body += "\r\n";
  };
  const Observation observation = observation_of(3);
  for (size_t c = 0; c < 2; ++c) {
    const auto png = media::encode_png(observation.images[c]);
    part(c == 0 ? "observation/image" : "wrist_image", "; filename=\"x.png\"",
         {reinterpret_cast<const char*>(png.data()), png.size()});
  }
  part("state", "", "[1, 2, 3, 4, 5, 6, 7, 8]");
  part("prompt", "", "pick up the milk");
  body += "--BB--\r\n";
  const std::string reply = http(server.port(), "POST", "/act",
                                 "Content-Type: multipart/form-data; boundary=BB\r\n", body);
  const auto json = nlohmann::json::parse(reply.substr(reply.find("\r\n\r\n")));
  EXPECT_EQ(json["actions"].size(), 5u);
  EXPECT_EQ(json["actions"][0].size(), 7u);
  EXPECT_THAT(http(server.port(), "POST", "/act", "Content-Type: application/json\r\n", "{}"),
              HasSubstr("expected of libero_panda"));
}

TEST(Server, WantsItsKey) {
  Running server({}, {.key = "a key of some length"});
  EXPECT_THAT(message_of([&] { Client client({.url = server.url()}); }), HasSubstr("wants a key"));
  EXPECT_THAT(message_of([&] { Client client({.url = server.url(), .key = "another"}); }),
              HasSubstr("wants a key"));
  Client client({.url = server.url(), .key = "a key of some length"});
  EXPECT_TRUE(client.is_libra());
  EXPECT_THAT(http(server.port(), "GET", "/metrics"), HasSubstr("401"));
  EXPECT_THAT(http(server.port(), "GET", "/health"), HasSubstr("200 OK"));
  EXPECT_THAT(server.metrics(), HasSubstr(R"(reason="key"} 3)"));
}

TEST(Server, RefusesPagesOfOtherOrigins) {
  Running server;
  EXPECT_THAT(http(server.port(), "GET", "/config", "Origin: http://evil.example\r\n"),
              HasSubstr("403"));
  EXPECT_THAT(http(server.port(), "GET", "/config",
                   "Origin: http://127.0.0.1:" + std::to_string(server.port()) + "\r\n"),
              HasSubstr("200 OK"));
}

TEST(Server, ShowsThePageToItselfOnly) {
  Metrics metrics;
  Log log(Log::Form::kSilent);
  Inspector inspector(false);
  Server server({.port = 0, .key = "a key of some length"}, {}, metrics, log);
  add_inspector(server, inspector, /*front=*/true);
  std::atomic<bool> stop{false};
  std::thread serving([&] { server.run(stop); });
  for (const char* path : {"/", "/inspect", "/inspect/page.js", "/inspect/page.css"}) {
    const std::string page = http(server.port(), "GET", path);
    EXPECT_THAT(page, testing::StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(page, HasSubstr("Content-Security-Policy: default-src 'none'"));
  }
  const std::string upgrade =
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
  const auto feed = [&](const std::string& query, const std::string& headers) {
    const Raw raw(server.port());
    raw.send("GET /inspect/feed" + query + " HTTP/1.1\r\nHost: 127.0.0.1:" +
             std::to_string(server.port()) + "\r\n" + upgrade + headers + "\r\n");
    return raw.some();
  };
  const std::string own = "Origin: http://127.0.0.1:" + std::to_string(server.port()) + "\r\n";
  EXPECT_THAT(feed("", own), testing::StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(feed("?key=a%20key", "Origin: http://elsewhere\r\n"),
              testing::StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(feed("", own + "Authorization: Api-Key a key of some length\r\n"),
              testing::StartsWith("HTTP/1.1 101"));
  stop = true;
  serving.join();
}

TEST(Server, KnowsItsPaths) {
  Running server;
  EXPECT_THAT(message_of([&] { Client client({.url = server.url("/nowhere")}); }),
              HasSubstr("speaks no websocket"));
}

TEST(Server, SaysWhatIsWrongAndServesOthers) {
  Running server;
  Client good({.url = server.url()});
  Client bad({.url = server.url()});
  Observation observation = observation_of(1);
  Observation broken = observation;
  broken.proprio[3] = std::nan("");
  EXPECT_THAT(message_of([&] { bad.infer(broken, "go"); }), HasSubstr("not finite"));
  EXPECT_EQ(good.infer(observation, "go").actions.size(), 5u);
  std::string words;
  for (int i = 0; i < 10000; ++i) words += "word ";
  Client wordy({.url = server.url()});
  EXPECT_THAT(message_of([&] { wordy.infer(observation, words); }), HasSubstr("too long"));
  Client blind({.url = server.url()});
  broken = observation;
  broken.images[1] = {};
  EXPECT_THAT(message_of([&] { blind.infer(broken, "go"); }),
              HasSubstr("no image of camera eye_in_hand"));
  EXPECT_EQ(good.infer(observation, "go").actions.size(), 5u);
}

TEST(Server, RefusesToServeOtherMachinesInTheOpen) {
  ArithmeticPolicy policy;
  Log log(Log::Form::kSilent);
  Service service(policy, {}, log);
  const auto said = [&](const ServerOptions& options) {
    return message_of([&] { Server server(service, options); });
  };
  EXPECT_THAT(said({.host = "0.0.0.0", .port = 0}), HasSubstr("--insecure"));
  EXPECT_THAT(said({.host = "0.0.0.0", .port = 0, .key = "a key of some length"}),
              HasSubstr("in the open"));
  EXPECT_EQ(said({.host = "0.0.0.0", .port = 0, .insecure = true}), "no error");
  EXPECT_THAT(said({.host = "robot", .port = 0}), HasSubstr("is no address"));
}

TEST(Server, SaysThatAPortIsTaken) {
  Running first;
  ArithmeticPolicy policy;
  Log log(Log::Form::kSilent);
  Service service(policy, {}, log);
  EXPECT_THAT(message_of([&] { Server second(service, {.port = first.port()}); }),
              HasSubstr("choose another --port"));
}

TEST(Server, EndsWhatTakesTooLong) {
  Limits limits;
  limits.handshake_s = 0.2;
  limits.message_s = 0.3;
  limits.idle_s = 0.4;
  Running server({.limits = limits});
  const Raw silent(server.port()), half(server.port()), slow(server.port()), idle(server.port());
  half.send("GET /health HTTP/1.1\r\nHost:");
  const std::string upgrade =
      "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  slow.send(upgrade);
  // The start of a message of 1000 bytes, then one byte.
  slow.send(std::string("\x82\xfe\x03\xe8\0\0\0\0x", 9));
  idle.send(upgrade);
  EXPECT_EQ(silent.rest(), "");
  half.rest();
  EXPECT_THAT(slow.rest(), HasSubstr("101 Switching"));
  EXPECT_THAT(idle.rest(), HasSubstr("101 Switching"));
  // Counted right behind the cut.
  for (const char* count : {R"(libra_refused_total{protocol="http",reason="timeout"} 2)",
                            R"(libra_refused_total{protocol="websocket",reason="timeout"} 2)"}) {
    while (server.metrics().find(count) == std::string::npos) std::this_thread::yield();
  }
}

TEST(Server, HasRoomForSoManyConnections) {
  Limits limits;
  limits.connections = 2;
  Running server({.limits = limits});
  Client first({.url = server.url()}), second({.url = server.url()});
  EXPECT_THAT(message_of([&] { Client third({.url = server.url()}); }),
              HasSubstr("speaks no websocket"));
  EXPECT_EQ(first.infer(observation_of(1), "go").actions.size(), 5u);
}

TEST(Server, AMessageBeyondTheLimitEndsItsConnection) {
  Limits limits;
  limits.message_mb = 1;
  Running server({.limits = limits});
  Client client({.url = server.url()});
  Observation large = observation_of(1);
  large.images[0] = Image(1000, 1000);
  EXPECT_THAT(message_of([&] { client.infer(large, "go"); }), HasSubstr("connection is gone"));
  EXPECT_THAT(http(server.port(), "POST", "/act", "", std::string(2 << 20, 'x')), HasSubstr("413"));
  Client other({.url = server.url()});
  EXPECT_EQ(other.infer(observation_of(1), "go").actions.size(), 5u);
}

TEST(Server, LetsRequestsInWorkFinish) {
  Running server;
  Client idle({.url = server.url()});
  std::atomic<bool> working{false}, go_on{false};
  server.policy.before = [&] {
    working = true;
    while (!go_on) std::this_thread::yield();
  };
  size_t actions = 0;
  std::thread robot([&] {
    Client client({.url = server.url()});
    actions = client.infer(observation_of(1), "go").actions.size();
  });
  while (!working) std::this_thread::yield();
  std::thread ending([&] { server.end(); });
  // Told to stop, the server takes nobody new; what is in work is answered.
  while (Raw(server.port()).connected()) std::this_thread::yield();
  go_on = true;
  robot.join();
  ending.join();
  EXPECT_EQ(actions, 5u);
  EXPECT_NE(message_of([&] { idle.infer(observation_of(2), "go"); }), "no error");
}

TEST(Server, RecordsEpisodesForTraining) {
  const TempFolder folder;
  std::vector<Action> told;  // of the second episode
  {
    Running server({.record = folder / "set"});
    Client client({.url = server.url()});
    for (uint64_t episode = 0; episode < 2; ++episode) {
      for (int64_t step = 0; step < 6; ++step) {
        Observation observation = observation_of(uint64_t(step));
        const auto answer = client.infer(observation, "pick up the milk",
                                         {.episode = episode, .step = step, .reset = step == 0});
        if (episode == 1) told.push_back(values_of(answer.actions[0]));
      }
    }
  }
  const auto set = data::open_source(folder / "set", "");
  ASSERT_EQ(set->size(), 2);
  const data::Demo demo = set->read(1);
  EXPECT_EQ(demo.frames, 6);
  EXPECT_EQ(demo.instruction, "pick up the milk");
  for (int step = 0; step < 6; ++step) {
    const Observation seen = observation_of(uint64_t(step));
    EXPECT_EQ(values_of(demo.proprio[size_t(step)]), seen.proprio);
    EXPECT_EQ(values_of(demo.actions[size_t(step)]), told[size_t(step)]);
  }
}

}  // namespace
}  // namespace libra::serving
