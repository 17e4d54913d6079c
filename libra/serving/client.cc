#include "libra/serving/client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>
#include <optional>

#include "libra/core/error.h"
#include "libra/data/demo.h"
#include "libra/serving/openpi.h"
#include "libra/serving/pack.h"
#include "libra/serving/wire.h"

namespace libra::serving {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using ErrorValue = boost::system::error_code;
using PlainSocket = websocket::stream<tcp::socket>;
using TlsSocket = websocket::stream<beast::ssl_stream<tcp::socket>>;

struct Url {
  bool tls = false;
  std::string host, port, target;
};

Url parse_url(const std::string& text) {
  const auto refuse = [&]() -> Url {
    throw Error(ErrorCode::kBadInput, {.where = printable(text, 200),
                                       .problem = "is no address of a policy server",
                                       .expected = "ws://HOST:PORT or wss://HOST:PORT"});
  };
  Url url;
  std::string_view rest = text;
  if (rest.starts_with("wss://")) {
    url.tls = true;
    rest.remove_prefix(6);
  } else if (rest.starts_with("ws://")) {
    rest.remove_prefix(5);
  } else {
    return refuse();
  }
  const size_t slash = rest.find('/');
  url.target = slash == std::string_view::npos ? "/" : std::string(rest.substr(slash));
  rest = rest.substr(0, slash);
  const size_t bracket = rest.starts_with('[') ? rest.find(']') : 0;
  if (bracket == std::string_view::npos) return refuse();
  const size_t colon = rest.find(':', bracket);
  url.host = std::string(rest.substr(bracket > 0 ? 1 : 0, bracket > 0 ? bracket - 1 : colon));
  url.port = colon == std::string_view::npos ? (url.tls ? "443" : "80")
                                             : std::string(rest.substr(colon + 1));
  const bool is_number = !url.port.empty() && url.port.size() <= 5 &&
                         url.port.find_first_not_of("0123456789") == std::string::npos;
  return url.host.empty() || !is_number ? refuse() : url;
}

double read_timing(const WireMessage& message) {
  return message.number("policy_timing/infer_ms").value_or(0.0);
}

}  // namespace

// One connection; every call waits for its end or the timeout.
class Client::Wire {
 public:
  Wire(const ClientOptions& options) : options_(options), url_(parse_url(options.url)) {
    tcp::resolver resolver(loop_);
    ErrorValue error;
    const auto places = resolver.resolve(url_.host, url_.port, error);
    check(error, "cannot be found");
    if (url_.tls) {
      prepare_tls();
      tls_.emplace(loop_, *context_);
      SSL_set_tlsext_host_name(tls_->next_layer().native_handle(), url_.host.c_str());
      tls_->next_layer().set_verify_callback(asio::ssl::rfc2818_verification(url_.host));
      connect(*tls_, places);
      tls_->next_layer().async_handshake(asio::ssl::stream_base::client, done());
      wait("does not speak TLS as it should");
      shake_hands(*tls_);
    } else {
      plain_.emplace(loop_);
      connect(*plain_, places);
      shake_hands(*plain_);
    }
  }
  ~Wire() {
    with([&](auto& ws) {
      ErrorValue ignored;
      ws.async_close(websocket::close_code::normal, [](const ErrorValue&) {});
      loop_.restart();
      loop_.run_for(std::chrono::seconds(1));
      beast::get_lowest_layer(ws).close(ignored);
    });
    loop_.restart();
    loop_.poll();
  }

  void send(const std::string& bytes) {
    with([&](auto& ws) { ws.async_write(asio::buffer(bytes), done_with_size()); });
    wait("the connection is gone");
  }
  // The next message; valid until the next call. Throws what a text frame says.
  Bytes receive() {
    buffer_.consume(buffer_.size());
    bool is_text = false;
    with([&](auto& ws) { ws.async_read(buffer_, done_with_size()); });
    wait("the connection is gone");
    with([&](auto& ws) { is_text = ws.got_text(); });
    const auto data = buffer_.cdata();
    const Bytes bytes(static_cast<const uint8_t*>(data.data()), data.size());
    if (!is_text) return bytes;
    const std::string said(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    throw Error(ErrorCode::kFailed,
                {.where = options_.url, .problem = "the server refuses: " + said.substr(0, 4000)});
  }

 private:
  template <class Use>
  void with(Use use) {
    if (tls_) {
      use(*tls_);
    } else {
      use(*plain_);
    }
  }
  std::function<void(const ErrorValue&)> done() {
    result_.reset();
    return [this](const ErrorValue& error) { result_ = error; };
  }
  std::function<void(const ErrorValue&, size_t)> done_with_size() {
    result_.reset();
    return [this](const ErrorValue& error, size_t) { result_ = error; };
  }
  void check(const ErrorValue& error, const std::string& problem) const {
    if (!error) return;
    throw Error(ErrorCode::kFailed,
                {.where = options_.url,
                 .problem = problem + " (" + error.message() + ")",
                 .next = "is libra serve or another policy server running there?"});
  }
  void wait(const std::string& problem) {
    loop_.restart();
    loop_.run_for(std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(options_.timeout_s)));
    if (!result_) {
      with([&](auto& ws) {
        ErrorValue ignored;
        beast::get_lowest_layer(ws).close(ignored);
      });
      loop_.restart();
      loop_.poll();
      check(asio::error::timed_out, problem);
    }
    check(*result_, problem);
  }
  void prepare_tls() {
    context_.emplace(asio::ssl::context::tls_client);
    ErrorValue error;
    if (options_.authority.empty()) {
      context_->set_default_verify_paths(error);
    } else {
      context_->load_verify_file(options_.authority, error);
    }
    check(error, "has no certificates to trust: " + options_.authority);
    context_->set_verify_mode(asio::ssl::verify_peer);
  }
  template <class Socket>
  void connect(Socket& ws, const tcp::resolver::results_type& places) {
    result_.reset();
    asio::async_connect(beast::get_lowest_layer(ws), places,
                        [this](const ErrorValue& error, const tcp::endpoint&) { result_ = error; });
    wait("nobody answers");
    beast::get_lowest_layer(ws).set_option(tcp::no_delay(true));
  }
  template <class Socket>
  void shake_hands(Socket& ws) {
    ws.binary(true);
    ws.auto_fragment(false);
    // What is masked goes through this buffer: at Beast's 4 KiB two pictures take 73 calls to send.
    ws.write_buffer_bytes(size_t{512} << 10);
    ws.read_message_max(size_t{64} << 20);
    if (!options_.key.empty()) {
      ws.set_option(websocket::stream_base::decorator([this](websocket::request_type& request) {
        request.set(beast::http::field::authorization, "Api-Key " + options_.key);
      }));
    }
    websocket::response_type response;
    ws.async_handshake(response, url_.host + ":" + url_.port, url_.target, done());
    try {
      wait("speaks no websocket");
    } catch (const Error&) {
      if (response.result() != beast::http::status::unauthorized) throw;
      throw Error(ErrorCode::kBadInput, {.where = options_.url,
                                         .problem = "the server wants a key, or another one",
                                         .next = "give it with --key-file"});
    }
  }

  ClientOptions options_;
  Url url_;
  asio::io_context loop_{1};
  std::optional<asio::ssl::context> context_;
  std::optional<PlainSocket> plain_;
  std::optional<TlsSocket> tls_;
  std::optional<ErrorValue> result_;
  beast::flat_buffer buffer_;
};

Client::Client(const ClientOptions& options) : options_(options) {
  limits_.message_mb = 64;
  limits_.numbers = 1 << 20;
  wire_ = std::make_unique<Wire>(options_);
  greet();
  codec_ = std::make_unique<action::Codec>(spec_.embodiment,
                                           action::NormStats::identity(spec_.embodiment));
}

Client::~Client() = default;

void Client::greet() {
  const WireMessage metadata = decode_msgpack(wire_->receive(), limits_);
  const std::string* embodiment = metadata.text("libra/embodiment");
  is_libra_ = embodiment != nullptr;
  if (!is_libra_) return probe();
  const auto number = [&](const char* name, uint64_t least, uint64_t most) {
    const auto value = metadata.count(name);
    if (value && *value >= least && *value <= most) return static_cast<int>(*value);
    throw Error(ErrorCode::kBadInput, {.where = options_.url,
                                       .problem = std::string(name) + " is no number that can be"});
  };
  const std::string* name = metadata.text("libra/name");
  const std::string* variant = metadata.text("libra/variant");
  spec_.name = name != nullptr ? printable(*name) : "remote";
  spec_.variant = variant != nullptr ? printable(*variant) : "full";
  spec_.horizon = number("libra/horizon", 1, kMaxHorizon);
  spec_.expansion = number("libra/expansion", 0, kMaxExpansion);
  spec_.bins = number("libra/bins", 1, kMaxBins);
  spec_.image_size = number("libra/image_size", 1, 16384);
  list_fields(spec_.embodiment).read_json(*embodiment, options_.url);
  spec_.embodiment.validate(options_.url);
}

// Another server says nothing of itself: its first answer tells how long its chunks are.
void Client::probe() {
  spec_.name = options_.url;
  spec_.variant = "base";
  spec_.expansion = 0;
  spec_.image_size = 224;
  spec_.embodiment = load_embodiment(options_.embodiment);
  Observation nothing;
  for (size_t c = 0; c < spec_.embodiment.cameras.size(); ++c) {
    nothing.images.emplace_back(spec_.image_size, spec_.image_size);
  }
  nothing.proprio.resize(static_cast<size_t>(spec_.embodiment.proprio_dim()));
  const Answer answer = infer(nothing, "nothing");
  spec_.horizon = static_cast<int>(std::min<size_t>(answer.actions.size(), kMaxHorizon));
}

std::string Client::pack(const Observation& observation, const Proprio& proprio,
                         std::string_view instruction, size_t more,
                         const std::function<void(Pack&)>& add) const {
  Pack pack;
  const auto& cameras = spec_.embodiment.cameras;
  size_t shown = 0;
  for (const Image& image : observation.images) shown += image.rgb.empty() ? 0 : 1;
  pack.map(shown + 2 + more);
  for (size_t c = 0; c < observation.images.size(); ++c) {
    if (observation.images[c].rgb.empty()) continue;
    const std::string name = is_libra_ ? "observation/images/" + cameras[c].name
                             : c == 0  ? "observation/image"
                                       : "observation/wrist_image";
    // libra's server turns pictures back from how the robot's messages have them.
    const Flip how = is_libra_ ? cameras[c].flip : options_.flip;
    pack.text(name);
    if (how == Flip::kNone) {
      pack.image(observation.images[c]);
    } else {
      Image turned = observation.images[c];
      data::flip(how, turned);
      pack.image(turned);
    }
  }
  pack.text("observation/state")
      .array("<f8", {proprio.size()}, proprio.data(), proprio.size() * sizeof(double));
  pack.text("prompt").text(instruction);
  add(pack);
  return pack.take();
}

namespace {

const WireArray& array_in(const WireMessage& message, const char* name, size_t dimensions,
                          const std::string& where) {
  const WireValue* value = message.find(name);
  const auto* array = value == nullptr ? nullptr : std::get_if<WireArray>(value);
  if (array != nullptr && array->shape.size() == dimensions && array->count() > 0) return *array;
  throw Error(ErrorCode::kBadInput, {.where = where,
                                     .problem = std::string("an answer without ") + name,
                                     .found = value == nullptr ? "none" : describe(*value)});
}

Rows<float> rows_in(const WireMessage& message, const char* name, size_t width,
                    const std::string& where) {
  const WireArray& array = array_in(message, name, 2, where);
  const auto count = static_cast<size_t>(array.shape[0]);
  if (static_cast<size_t>(array.shape[1]) < width || count > static_cast<size_t>(kMaxHorizon)) {
    throw Error(ErrorCode::kBadInput, {.where = where,
                                       .problem = std::string(name) + " are of another robot",
                                       .expected = std::to_string(width) + " numbers each",
                                       .found = array.describe()});
  }
  Rows<float> rows(count, width);
  const auto row_length = static_cast<size_t>(array.shape[1]);  // some servers pad their rows
  for (size_t i = 0; i < count; ++i) {
    for (size_t d = 0; d < width; ++d) {
      rows[i][d] = static_cast<float>(array.at(i * row_length + d));
    }
  }
  return rows;
}

}  // namespace

void Client::plan(std::span<const PlanRequest> requests, std::span<IntentPlan> plans) {
  const auto dims = static_cast<size_t>(spec_.embodiment.model_dim());
  const auto horizon = static_cast<size_t>(spec_.horizon);
  const auto slices = static_cast<size_t>(spec_.expansion);
  for (size_t r = 0; r < requests.size(); ++r) {
    const PlanRequest& request = requests[r];
    const Observation& observation = *request.observation;
    wire_->send(pack(observation, request.proprio ? *request.proprio : observation.proprio,
                     request.instruction, 3, [&](Pack& pack) {
                       pack.text(OpenpiNames::kCall).text("plan");
                       pack.text(OpenpiNames::kSeed).count(request.seed);
                       pack.text(OpenpiNames::kStep).count(uint64_t(observation.step));
                     }));
    const WireMessage answer = decode_msgpack(wire_->receive(), limits_);
    const WireArray& bin = array_in(answer, "bin", 3, options_.url);
    const WireArray& share = array_in(answer, "probability", 3, options_.url);
    const WireArray& entropy = array_in(answer, "entropy", 2, options_.url);
    if (bin.count() != slices * horizon * dims || share.count() != bin.count() ||
        entropy.count() != slices * horizon) {
      throw Error(ErrorCode::kBadInput,
                  {.where = options_.url, .problem = "a plan of another size than it said"});
    }
    IntentPlan& plan = plans[r];
    plan = IntentPlan(spec_.expansion, spec_.horizon, dims, spec_.bins);
    plan.obs_step = plan.first_step = observation.step;
    plan.epoch = request.epoch;
    plan.instruction_id = hash_name(request.instruction);
    for (size_t m = 0; m < slices; ++m) {
      Intent& intent = plan.intents[m];
      for (size_t i = 0; i < horizon * dims; ++i) {
        const double index = bin.at(m * horizon * dims + i);
        intent.bin.values()[i] =
            static_cast<uint8_t>(std::clamp(index, 0.0, double(spec_.bins - 1)));
        intent.probability.values()[i] = static_cast<float>(share.at(m * horizon * dims + i));
      }
      for (size_t i = 0; i < horizon; ++i) {
        intent.entropy[i] = static_cast<float>(entropy.at(m * horizon + i));
      }
    }
  }
}

void Client::refine(std::span<const RefineRequest> requests, std::span<ActionChunk> chunks) {
  const auto dims = static_cast<size_t>(spec_.embodiment.action_dim());
  for (size_t r = 0; r < requests.size(); ++r) {
    const RefineRequest& request = requests[r];
    const Observation& observation = *request.observation;
    const bool intent = is_libra_ && request.intent != nullptr;
    const bool prior = is_libra_ && request.prior != nullptr && request.prior->count > 0;
    const size_t more = is_libra_ ? 3 + (intent ? 3u : 0u) + (prior ? 3u : 0u) : 0;
    wire_->send(pack(
        observation, request.proprio ? *request.proprio : observation.proprio, request.instruction,
        more, [&](Pack& pack) {
          if (!is_libra_) return;
          pack.text(OpenpiNames::kCall).text("refine");
          pack.text(OpenpiNames::kSeed).count(request.seed);
          pack.text(OpenpiNames::kStep).count(uint64_t(observation.step));
          if (intent) {
            const auto& bin = request.intent->bin;
            pack.text("libra/intent/bin")
                .array("|u1", {bin.size(), bin.width()}, bin.values().data(), bin.values().size());
            pack.text("libra/intent/probability").rows(request.intent->probability, bin.size());
            pack.text("libra/intent/entropy").floats(request.intent->entropy);
          }
          if (prior) {
            const auto count = static_cast<size_t>(request.prior->count);
            pack.text("libra/prior/count").count(count);
            pack.text("libra/prior/actions").rows(request.prior->actions, count);
            pack.text("libra/prior/weight").floats(std::span(request.prior->weight).first(count));
          }
        }));
    const WireMessage answer = decode_msgpack(wire_->receive(), limits_);
    ActionChunk& chunk = chunks[r];
    chunk = {};
    chunk.actions = rows_in(answer, "actions", dims, options_.url);
    chunk.horizon = static_cast<int32_t>(chunk.actions.size());
    chunk.obs_step = chunk.first_step = observation.step;
    chunk.outside = static_cast<float>(answer.number("libra/outside").value_or(0.0));
    if (chunk.horizon != spec_.horizon) {
      throw Error(ErrorCode::kFailed, {.where = options_.url,
                                       .problem = "a chunk of another length than before",
                                       .expected = std::to_string(spec_.horizon),
                                       .found = std::to_string(chunk.horizon)});
    }
  }
}

Client::Answer Client::infer(const Observation& observation, const std::string& instruction,
                             const EpisodeMark& mark) {
  const auto start = std::chrono::steady_clock::now();
  const size_t more = size_t{mark.seed.has_value()} + size_t{mark.episode.has_value()} +
                      size_t{mark.task.has_value()} + size_t{mark.step.has_value()} +
                      size_t{mark.reset};
  wire_->send(pack(observation, observation.proprio, instruction, more, [&](Pack& pack) {
    if (mark.seed) pack.text(OpenpiNames::kSeed).count(*mark.seed);
    if (mark.episode) pack.text(OpenpiNames::kEpisode).count(*mark.episode);
    if (mark.task) pack.text(OpenpiNames::kTask).text(*mark.task);
    if (mark.step) pack.text(OpenpiNames::kStep).count(static_cast<uint64_t>(*mark.step));
    if (mark.reset) pack.text(OpenpiNames::kReset).truth(true);
  }));
  const WireMessage message = decode_msgpack(wire_->receive(), limits_);
  Answer answer;
  answer.actions =
      rows_in(message, "actions", static_cast<size_t>(spec_.embodiment.action_dim()), options_.url);
  answer.infer_ms = read_timing(message);
  answer.total_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return answer;
}

}  // namespace libra::serving
