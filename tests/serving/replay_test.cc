// What the real clients sent, recorded by record_clients.py, played to the dialogues: every message
// is understood, and the answers are those that the clients' own packages decoded then.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <nlohmann/json.hpp>

#include "libra/serving/service.h"
#include "tests/serving/arithmetic_policy.h"

namespace libra::serving {
namespace {

using nlohmann::json;

Reply say(Dialogue& dialogue, Bytes message, bool is_text = false) {
  std::promise<Reply> promise;
  dialogue.receive(message, is_text, [&](Reply reply) { promise.set_value(std::move(reply)); });
  return promise.get_future().get();
}

struct Recording {
  std::vector<std::vector<uint8_t>> sent;
  json decoded;
};

Recording read_recording(const std::string& name) {
  std::ifstream file(std::string(LIBRA_SOURCE_DIR) + "/tests/serving/recorded/" + name);
  Recording recording;
  for (std::string line; std::getline(file, line);) {
    const json entry = json::parse(line);
    if (entry.contains("decoded")) {
      recording.decoded = entry["decoded"];
    } else if (entry["from"] == "client") {
      recording.sent.push_back(decode_base64(entry["base64"].get<std::string>(), name));
    }
  }
  return recording;
}

std::vector<float> floats_in(const std::string& reply, const char* name) {
  const WireMessage message = decode_msgpack(bytes_of(reply), Limits{});
  const auto* array = std::get_if<WireArray>(message.find(name));
  std::vector<float> out;
  for (size_t i = 0; array != nullptr && i < array->count(); ++i)
    out.push_back(float(array->at(i)));
  return out;
}

std::vector<float> flat(const json& rows) {
  std::vector<float> out;
  for (const json& x : rows) {
    if (x.is_array()) {
      for (const float f : flat(x)) out.push_back(f);
    } else {
      out.push_back(x.get<float>());
    }
  }
  return out;
}

class Replay : public testing::Test {
 protected:
  ArithmeticPolicy policy_;
  Log log_{Log::Form::kSilent};
  Service service_{policy_, {}, log_};
};

TEST_F(Replay, OpenpiClient) {
  const Recording recording = read_recording("openpi_client_0.1.2.jsonl");
  ASSERT_EQ(recording.sent.size(), 4u);
  const auto dialogue = service_.openpi("test");
  const std::string greeting = dialogue->greeting();
  EXPECT_EQ(decode_msgpack(bytes_of(greeting), Limits{}).count("action_horizon"),
            recording.decoded[0].get<uint64_t>());
  for (size_t i = 0; i < recording.sent.size(); ++i) {
    const Reply reply = say(*dialogue, recording.sent[i]);
    EXPECT_FALSE(reply.text);
    EXPECT_EQ(floats_in(reply.bytes, "actions"), flat(recording.decoded[i + 1]));
  }
}

TEST_F(Replay, VlaEvalClient) {
  const Recording recording = read_recording("vla_eval_0.8.0.jsonl");
  const auto dialogue = service_.vla_eval("test");
  size_t answered = 0;
  for (const auto& sent : recording.sent) {
    const Reply reply = say(*dialogue, sent);
    const WireMessage message = decode_msgpack(sent, Limits{});
    const std::string type = *message.text("type");
    if (type == "episode_start" || type == "episode_end") {
      EXPECT_EQ(reply.bytes, "") << type;
      continue;
    }
    const WireMessage answer = decode_msgpack(bytes_of(reply.bytes), Limits{});
    EXPECT_EQ(*answer.text("type"), type == "hello" ? "hello" : "action");
    EXPECT_EQ(answer.count("seq"), message.count("seq"));
    EXPECT_TRUE(answer.has("timestamp"));
    if (type == "hello") {
      EXPECT_EQ(recording.decoded[0]["send_wrist_image"], true);
      EXPECT_TRUE(answer.flag("payload/observation_params/send_wrist_image"));
    } else {
      EXPECT_EQ(floats_in(reply.bytes, "payload/actions"), flat(recording.decoded[++answered]));
    }
  }
  EXPECT_EQ(answered + 1, recording.decoded.size());
  // Two episodes of seven steps, chunks of five, a plan for two of them.
  EXPECT_EQ(policy_.chunks, 4);
  EXPECT_EQ(policy_.plans, 2);
}

TEST_F(Replay, EveryCutOfAMessageIsAnErrorFrame) {
  const Recording openpi = read_recording("openpi_client_0.1.2.jsonl");
  const Recording vla = read_recording("vla_eval_0.8.0.jsonl");
  const auto first = service_.openpi("test");
  const auto second = service_.vla_eval("test");
  for (size_t length = 0; length < openpi.sent[0].size(); length += 13) {
    const Reply reply = say(*first, Bytes(openpi.sent[0]).first(length));
    EXPECT_TRUE(reply.text);
    EXPECT_EQ(reply.close_code, 1011);
  }
  const auto& observation = vla.sent[2];
  for (size_t length = 0; length < observation.size(); length += 13) {
    const Reply reply = say(*second, Bytes(observation).first(length));
    EXPECT_EQ(*decode_msgpack(bytes_of(reply.bytes), Limits{}).text("type"), "error");
    EXPECT_EQ(reply.close_code, 0);
  }
  // Both go on as if nothing had been.
  EXPECT_EQ(say(*first, openpi.sent[0]).close_code, 0);
}

TEST_F(Replay, ATextFrameIsRefused) {
  EXPECT_TRUE(say(*service_.openpi("test"), bytes_of("hello"), true).text);
  EXPECT_NE(say(*service_.vla_eval("test"), bytes_of("hello"), true).bytes, "");
}

}  // namespace
}  // namespace libra::serving
