#include "libra/serving/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <chrono>
#include <list>
#include <map>
#include <optional>

#include "libra/core/error.h"
#include "libra/serving/security.h"

namespace libra::serving {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using ErrorValue = boost::system::error_code;
using TlsStream = beast::ssl_stream<tcp::socket>;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

constexpr size_t kKeptBuffer = size_t{4} << 20;  // a connection's, between messages

auto seconds(double s) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(s));
}

auto token(ErrorValue& error) { return asio::redirect_error(asio::use_awaitable, error); }

// Cuts a connection when what it is doing takes too long.
class Deadline {
 public:
  explicit Deadline(asio::io_context& loop) : state_(std::make_shared<State>(loop)) {}
  ~Deadline() { stop(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void cuts(std::function<void()> cut) { state_->cut = std::move(cut); }
  void within(double s) {
    const uint64_t turn = ++state_->turn;
    state_->timer.expires_after(seconds(s));
    state_->timer.async_wait([weak = std::weak_ptr(state_), turn](const ErrorValue& error) {
      const auto state = weak.lock();
      if (error || state == nullptr || state->turn != turn) return;
      state->passed = true;
      state->cut();
    });
  }
  void stop() {
    ++state_->turn;
    state_->timer.cancel();
  }
  bool passed() const { return state_->passed; }

 private:
  struct State {
    explicit State(asio::io_context& loop) : timer(loop) {}
    asio::steady_timer timer;
    std::function<void()> cut;
    uint64_t turn = 0;
    bool passed = false;
  };
  std::shared_ptr<State> state_;
};

// A value that another thread brings, awaited on the loop.
template <class T>
struct Promise {
  explicit Promise(asio::io_context& l)
      : loop(l), timer(l, asio::steady_timer::time_point::max()) {}
  asio::io_context& loop;
  asio::steady_timer timer;
  std::optional<T> value;
};
template <class T>
std::function<void(T)> keeper_of(const std::shared_ptr<Promise<T>>& promise) {
  return [promise](T value) {
    auto held = std::make_shared<T>(std::move(value));
    asio::post(promise->loop, [promise, held] {
      promise->value = std::move(*held);
      promise->timer.cancel();
    });
  };
}
template <class T>
asio::awaitable<T> result_of(std::shared_ptr<Promise<T>> promise) {
  ErrorValue cancelled;
  if (!promise->value) co_await promise->timer.async_wait(token(cancelled));
  co_return std::move(*promise->value);
}

template <class Stream>
tcp::socket& socket_of(Stream& stream) {
  return beast::get_lowest_layer(stream);
}

HttpReply plain_error(int status, const std::string& text) {
  return {status, "application/json", nlohmann::json{{"error", text}}.dump() + "\n"};
}

// At most so many messages a second, a second's worth at once.
class Rate {
 public:
  explicit Rate(double per_second) : rate_(per_second), tokens_(std::max(1.0, per_second)) {}
  // How long the next has to wait (s).
  double take() {
    const auto now = std::chrono::steady_clock::now();
    tokens_ += rate_ * std::chrono::duration<double>(now - last_).count();
    tokens_ = std::min(tokens_, std::max(1.0, rate_));
    last_ = now;
    tokens_ -= 1.0;
    return tokens_ < 0.0 ? -tokens_ / rate_ : 0.0;
  }

 private:
  double rate_, tokens_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace

struct Server::Impl {
  Impl(Service& s, const ServerOptions& o)
      : service(s), options(o), limits(s.options().limits), acceptor(loop), tick_timer(loop) {
    bind();
    if (!options.certificate.empty()) load_certificate();
    check_security();
  }

  // A connection that is there, for the end.
  struct Peer {
    bool busy = false;
    std::function<void()> hang_up = [] {};  // politely
    std::function<void()> cut = [] {};
  };
  struct Seat {  // takes a Peer's place in the list, and gives it back
    explicit Seat(Impl& i) : impl(i), at(i.peers.emplace(i.peers.end())) {}
    ~Seat() { impl.peers.erase(at); }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    Impl& impl;
    std::list<Peer>::iterator at;
  };
  struct Route {
    HttpHandler handler;
    bool open = false;
  };

  void bind();
  void load_certificate();
  void check_security() const;
  bool is_loopback() const { return endpoint.address().is_loopback(); }
  asio::awaitable<void> accept();
  asio::awaitable<void> greet(tcp::socket socket);
  template <class Stream>
  asio::awaitable<void> talk(Stream stream, std::string peer, Seat& seat, Deadline& deadline);
  template <class Stream>
  asio::awaitable<void> refuse_length(Stream& stream, beast::flat_buffer& buffer,
                                      const Request& request, Deadline& deadline);
  template <class Stream>
  asio::awaitable<void> answer_http(Stream& stream, const Request& request, Deadline& deadline);
  template <class Stream>
  asio::awaitable<void> converse(Stream stream, Request request, std::string peer, Seat& seat,
                                 Deadline& deadline);
  template <class Socket>
  asio::awaitable<bool> read_message(Socket& ws, beast::flat_buffer& buffer, Deadline& deadline);
  template <class Stream>
  asio::awaitable<void> send(Stream& stream, HttpReply reply, const Request& request);
  // What is wrong with a request before anything else is looked at; nothing: it may pass.
  std::optional<HttpReply> object(const Request& request, bool open);
  asio::awaitable<HttpReply> ask(const Route& route, const Request& request);
  asio::awaitable<Reply> ask(std::shared_ptr<Dialogue> dialogue, Bytes message, bool is_text);
  void watch(const std::atomic<bool>& stop, const std::function<void()>& tick);
  void drain();

  Service& service;
  ServerOptions options;
  Limits limits;
  asio::io_context loop{1};
  asio::thread_pool decoders{2};  // so that a large picture does not hold up all others
  std::optional<asio::ssl::context> tls;
  tcp::acceptor acceptor;
  tcp::endpoint endpoint;  // where it serves
  asio::steady_timer tick_timer;
  std::map<std::string, Route, std::less<>> http_routes;
  std::map<std::string, DialogueMaker, std::less<>> websocket_routes;
  std::list<Peer> peers;
  bool draining = false;
  std::chrono::steady_clock::time_point drain_began, drained_by;
};

void Server::Impl::bind() {
  ErrorValue error;
  const auto address = asio::ip::make_address(options.host, error);
  const std::string where = options.host + " port " + std::to_string(options.port);
  if (error) {
    throw Error(ErrorCode::kBadInput, {.where = "--host " + options.host,
                                       .problem = "is no address",
                                       .expected = "127.0.0.1, 0.0.0.0, ::1 or the like"});
  }
  endpoint = tcp::endpoint(address, static_cast<uint16_t>(options.port));
  const auto fail = [&](const std::string& next) {
    if (!error) return;
    throw Error(ErrorCode::kFailed, {.where = where, .problem = error.message(), .next = next});
  };
  acceptor.open(endpoint.protocol(), error);
  fail("");
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  acceptor.bind(endpoint, error);
  fail("another program has this port, or the machine no such address: choose another --port");
  acceptor.listen(asio::socket_base::max_listen_connections, error);
  fail("choose another --port");
  endpoint = acceptor.local_endpoint();
}

void Server::Impl::load_certificate() {
  tls.emplace(asio::ssl::context::tls_server);
  tls->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                   asio::ssl::context::no_tlsv1_1 | asio::ssl::context::no_compression);
  ErrorValue error;
  tls->use_certificate_chain_file(options.certificate, error);
  std::string file = options.certificate;
  if (!error) {
    file = options.private_key;
    tls->use_private_key_file(options.private_key, asio::ssl::context::pem, error);
  }
  if (!error) return;
  throw Error(ErrorCode::kBadInput, {.where = file,
                                     .problem = "cannot be used for TLS: " + error.message(),
                                     .expected = "PEM: a certificate and its private key",
                                     .next = "docs/serving.md shows how to make a pair"});
}

void Server::Impl::check_security() const {
  if (is_loopback() || options.insecure || (!options.key.empty() && tls)) return;
  throw Error(ErrorCode::kBadInput,
              {.where = "--host " + options.host,
               .problem = options.key.empty()
                              ? "serves other machines, and nobody needs a key"
                              : "serves other machines, and the key would travel in the open",
               .expected = "--key-file together with --tls-certificate and --tls-key",
               .next = "or --insecure: whoever reaches the port may then drive the policy and read "
                       "what the cameras see"});
}

std::optional<HttpReply> Server::Impl::object(const Request& request, bool open) {
  const auto field = [&](http::field name) {
    const auto value = request[name];
    return std::string_view(value.data(), value.size());
  };
  const std::string_view target(request.target().data(), request.target().size());
  if (!origin_fits(field(http::field::origin), field(http::field::host), is_loopback())) {
    service.metrics().refused("http", "origin");
    service.log().line("refused", {{"reason", "a page of another origin"},
                                   {"origin", printable(field(http::field::origin))}});
    return plain_error(403, "a page of another origin may not talk to this server");
  }
  const size_t question = target.find('?');
  const std::string_view query =
      question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  if (open || options.key.empty() ||
      key_fits(options.key, field(http::field::authorization), query)) {
    return std::nullopt;
  }
  service.metrics().refused("http", "key");
  service.log().line("refused", {{"reason", "no key, or a wrong one"}});
  return plain_error(401,
                     "this server wants a key: send the header 'Authorization: Api-Key KEY' "
                     "(openpi-client: api_key=KEY; vla-eval: ?key=KEY behind the URL)");
}

asio::awaitable<void> Server::Impl::accept() {
  while (!draining) {
    ErrorValue error;
    tcp::socket socket = co_await acceptor.async_accept(token(error));
    if (draining) break;
    if (error) {  // out of descriptors, or gone again: not the end of the server
      asio::steady_timer pause(loop, std::chrono::milliseconds(20));
      ErrorValue ignored;
      co_await pause.async_wait(token(ignored));
      continue;
    }
    asio::co_spawn(loop, greet(std::move(socket)), asio::detached);
  }
}

asio::awaitable<void> Server::Impl::greet(tcp::socket socket) {
  ErrorValue error;
  socket.set_option(tcp::no_delay(true), error);
  const auto remote = socket.remote_endpoint(error);
  if (error) co_return;
  std::string peer = remote.address().to_string() + ":" + std::to_string(remote.port());
  Seat seat(*this);
  Deadline deadline(loop);
  try {
    if (!tls) {
      co_await talk(std::move(socket), std::move(peer), seat, deadline);
      co_return;
    }
    TlsStream stream(std::move(socket), *tls);
    deadline.cuts([&stream] {
      ErrorValue ignored;
      socket_of(stream).close(ignored);
    });
    deadline.within(limits.handshake_s);
    co_await stream.async_handshake(asio::ssl::stream_base::server, token(error));
    if (error) co_return;
    co_await talk(std::move(stream), std::move(peer), seat, deadline);
  } catch (const std::exception& e) {
    service.log().line("connection failed", {{"peer", peer}, {"error", e.what()}});
  }
}

template <class Stream>
asio::awaitable<void> Server::Impl::talk(Stream stream, std::string peer, Seat& seat,
                                         Deadline& deadline) {
  const auto cut = [&stream] {
    ErrorValue ignored;
    socket_of(stream).close(ignored);
  };
  deadline.cuts(cut);
  seat.at->cut = cut;
  seat.at->hang_up = cut;
  beast::flat_buffer buffer;
  while (!draining) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(16384);
    parser.body_limit(limits.message_bytes());
    ErrorValue error;
    deadline.within(limits.handshake_s);
    co_await http::async_read_header(stream, buffer, parser, token(error));
    if (error == http::error::body_limit) {
      co_await refuse_length(stream, buffer, parser.get(), deadline);
      co_return;
    }
    if (error) {
      if (deadline.passed()) service.metrics().refused("http", "timeout");
      if (error == http::error::header_limit || error == http::error::bad_version) {
        service.metrics().refused("http", "protocol");
      }
      co_return;
    }
    if (peers.size() > static_cast<size_t>(limits.connections)) {
      service.metrics().refused("http", "limit");
      service.log().line("refused", {{"peer", peer}, {"reason", "too many connections"}});
      co_await send(stream, plain_error(503, "too many connections are open"), parser.get());
      co_return;
    }
    if (websocket::is_upgrade(parser.get())) {
      Request request = parser.release();
      co_await converse(std::move(stream), std::move(request), std::move(peer), seat, deadline);
      co_return;
    }
    seat.at->busy = true;
    if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
      http::response<http::empty_body> go_on(http::status::continue_, parser.get().version());
      co_await http::async_write(stream, go_on, token(error));
      if (error) co_return;
    }
    deadline.within(limits.message_s);
    co_await http::async_read(stream, buffer, parser, token(error));
    if (error == http::error::body_limit) {  // chunks that say no length before
      co_await refuse_length(stream, buffer, parser.get(), deadline);
    }
    if (error) co_return;
    const Request request = parser.release();
    co_await answer_http(stream, request, deadline);
    seat.at->busy = false;
    if (!request.keep_alive()) break;
  }
  ErrorValue ignored;
  socket_of(stream).shutdown(tcp::socket::shutdown_send, ignored);
}

// A client that is still sending hears an answer only if what it sends is taken.
template <class Stream>
asio::awaitable<void> Server::Impl::refuse_length(Stream& stream, beast::flat_buffer& buffer,
                                                  const Request& request, Deadline& deadline) {
  service.metrics().refused("http", "limit");
  ErrorValue error;
  deadline.within(limits.handshake_s);
  co_await send(stream, plain_error(413, "the message is too long"), request);
  socket_of(stream).shutdown(tcp::socket::shutdown_send, error);
  size_t left = 2 * limits.message_bytes();
  error = {};
  while (!error && left > 0) {
    buffer.clear();
    const size_t size = co_await stream.async_read_some(
        buffer.prepare(std::min<size_t>(left, 65536)), token(error));
    left -= size;
  }
}

asio::awaitable<HttpReply> Server::Impl::ask(const Route& route, const Request& request) {
  auto promise = std::make_shared<Promise<HttpReply>>(loop);
  const std::string target(request.target().data(), request.target().size());
  const auto type = request[http::field::content_type];
  auto asked = std::make_shared<HttpRequest>();
  asked->method = std::string(request.method_string());
  asked->path = target.substr(0, target.find('?'));
  if (asked->path.size() < target.size()) asked->query = target.substr(asked->path.size() + 1);
  asked->content_type = std::string(type.data(), type.size());
  asked->body = request.body();
  asio::post(decoders, [asked, handler = route.handler, keep = keeper_of(promise)] {
    handler(*asked, keep);
  });
  HttpReply reply = co_await result_of(promise);
  co_return reply;
}

template <class Stream>
asio::awaitable<void> Server::Impl::send(Stream& stream, HttpReply reply, const Request& request) {
  Response response(static_cast<http::status>(reply.status), request.version());
  response.set(http::field::server, "libra");
  response.set(http::field::content_type, reply.type);
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  response.keep_alive(request.keep_alive() && reply.status < 500 && reply.status != 413);
  response.body() = std::move(reply.body);
  response.prepare_payload();
  if (request.method() == http::verb::head) response.body().clear();
  ErrorValue ignored;
  co_await http::async_write(stream, response, token(ignored));
}

template <class Stream>
asio::awaitable<void> Server::Impl::answer_http(Stream& stream, const Request& request,
                                                Deadline& deadline) {
  const std::string_view target(request.target().data(), request.target().size());
  const std::string_view path = target.substr(0, target.find('?'));
  const auto route = http_routes.find(path);
  std::optional<HttpReply> reply =
      object(request, route != http_routes.end() && route->second.open);
  if (!reply && route == http_routes.end()) {
    std::vector<std::string> known;
    for (const auto& entry : http_routes) known.push_back(entry.first);
    for (const auto& entry : websocket_routes) known.push_back(entry.first + " (websocket)");
    service.metrics().refused("http", "protocol");
    reply = plain_error(
        404, "there is nothing at " + printable(path) + "; there is " + join_names(known));
  }
  deadline.stop();  // the networks may take their time
  if (!reply) reply = co_await ask(route->second, request);
  deadline.within(limits.message_s);
  co_await send(stream, std::move(*reply), request);
}

asio::awaitable<Reply> Server::Impl::ask(std::shared_ptr<Dialogue> dialogue, Bytes message,
                                         bool is_text) {
  auto promise = std::make_shared<Promise<Reply>>(loop);
  asio::post(decoders, [dialogue, message, is_text, keep = keeper_of(promise)] {
    // The dialogue stays until it has answered.
    dialogue->receive(message, is_text, [dialogue, keep](Reply reply) { keep(std::move(reply)); });
  });
  Reply reply = co_await result_of(promise);
  co_return reply;
}

// False: the connection is at its end.
template <class Socket>
asio::awaitable<bool> Server::Impl::read_message(Socket& ws, beast::flat_buffer& buffer,
                                                 Deadline& deadline) {
  ErrorValue error;
  buffer.consume(buffer.size());
  if (buffer.capacity() > kKeptBuffer) buffer.shrink_to_fit();
  deadline.within(limits.idle_s);
  bool begun = false;
  do {
    co_await ws.async_read_some(buffer, 0, token(error));
    if (error) {
      if (deadline.passed()) service.metrics().refused("websocket", "timeout");
      if (error == websocket::error::message_too_big ||
          error == websocket::error::buffer_overflow) {
        service.metrics().refused("websocket", "limit");
      }
      co_return false;
    }
    // From its first byte to its last a message has this long, however often more of it comes.
    if (!begun && !ws.is_message_done()) deadline.within(limits.message_s);
    begun = true;
  } while (!ws.is_message_done());
  deadline.stop();
  co_return true;
}

template <class Stream>
asio::awaitable<void> Server::Impl::converse(Stream stream, Request request, std::string peer,
                                             Seat& seat, Deadline& deadline) {
  const std::string_view target(request.target().data(), request.target().size());
  const auto route = websocket_routes.find(target.substr(0, target.find('?')));
  std::optional<HttpReply> objection = object(request, false);
  if (!objection && route == websocket_routes.end()) {
    std::vector<std::string> known;
    for (const auto& entry : websocket_routes) known.push_back(entry.first);
    service.metrics().refused("websocket", "protocol");
    objection = plain_error(
        404, "no protocol is spoken at " + printable(target) + "; paths are " + join_names(known));
  }
  if (objection) {
    request.keep_alive(false);
    co_await send(stream, std::move(*objection), request);
    co_return;
  }
  websocket::stream<Stream> ws(std::move(stream));
  const auto cut = [&ws] {
    ErrorValue ignored;
    socket_of(ws).close(ignored);
  };
  deadline.cuts(cut);
  seat.at->cut = cut;
  ErrorValue error;
  ws.read_message_max(limits.message_bytes());
  ws.auto_fragment(false);
  co_await ws.async_accept(request, token(error));
  if (error) co_return;
  request = {};
  seat.at->hang_up = [&ws] {
    ws.async_close(websocket::close_reason(websocket::close_code::going_away, "the server ends"),
                   [](const ErrorValue&) {});
  };
  const std::shared_ptr<Dialogue> dialogue = route->second(peer);
  service.log().line("connected", {{"peer", peer}, {"path", route->first}});
  const std::string greeting = dialogue->greeting();
  ws.binary(true);
  deadline.within(limits.message_s);
  if (!greeting.empty()) co_await ws.async_write(asio::buffer(greeting), token(error));
  Rate rate(limits.rate);
  beast::flat_buffer buffer(limits.message_bytes() + 65536);
  int64_t messages = 0;
  while (!error && !draining) {
    const bool goes_on = co_await read_message(ws, buffer, deadline);
    if (!goes_on) break;
    ++messages;
    seat.at->busy = true;
    if (const double wait = rate.take(); wait > 0.0) {
      service.metrics().throttled();
      asio::steady_timer pause(loop, seconds(wait));
      ErrorValue ignored;
      co_await pause.async_wait(token(ignored));
    }
    const auto data = buffer.cdata();
    const Bytes bytes(static_cast<const uint8_t*>(data.data()), data.size());
    const Reply reply = co_await ask(dialogue, bytes, ws.got_text());
    if (!reply.bytes.empty()) {
      deadline.within(limits.message_s);
      ws.text(reply.text);
      co_await ws.async_write(asio::buffer(reply.bytes), token(error));
      if (deadline.passed()) service.metrics().refused("websocket", "timeout");
    }
    seat.at->busy = false;
    const bool ends = draining || reply.close_code != 0;
    if (!ends || error) continue;
    deadline.within(limits.handshake_s);
    const auto code = reply.close_code != 0 ? static_cast<uint16_t>(reply.close_code)
                                            : uint16_t{websocket::close_code::going_away};
    co_await ws.async_close(
        websocket::close_reason(websocket::close_code(code), reply.close_reason), token(error));
    break;
  }
  seat.at->hang_up = [] {};
  seat.at->cut = [] {};
  service.log().line("disconnected", {{"peer", peer}, {"messages", messages}});
}

void Server::Impl::watch(const std::atomic<bool>& stop, const std::function<void()>& tick) {
  tick_timer.expires_after(std::chrono::milliseconds(50));
  tick_timer.async_wait([this, &stop, &tick](const ErrorValue&) {
    if (tick) tick();
    if (stop && !draining) drain();
    if (draining && peers.empty()) return;  // nothing is left: the loop ends
    const auto now = std::chrono::steady_clock::now();
    // Those that have nothing in work only need to hear of it.
    const auto heard_by = std::min(drained_by, drain_began + std::chrono::seconds(1));
    for (Peer& peer : peers) {
      if (draining && now > (peer.busy ? drained_by : heard_by)) peer.cut();
    }
    watch(stop, tick);
  });
}

void Server::Impl::drain() {
  draining = true;
  drain_began = std::chrono::steady_clock::now();
  drained_by = drain_began + seconds(options.drain_s);
  ErrorValue ignored;
  acceptor.close(ignored);
  service.log().line("draining", {{"connections", peers.size()}});
  for (Peer& peer : peers) {
    if (!peer.busy) peer.hang_up();
  }
}

Server::Server(Service& service, const ServerOptions& options)
    : impl_(std::make_unique<Impl>(service, options)) {
  const auto text = [](std::string body, const char* type = "application/json") {
    return [body, type](const HttpRequest&, std::function<void(HttpReply)> answer) {
      answer({200, type, body});
    };
  };
  add_http("/healthz", text("OK\n", "text/plain"), /*open=*/true);
  add_http("/health", text("{\"status\": \"ok\"}\n"), /*open=*/true);
  add_http("/config", text(service.describe()));
  add_http("/metrics", [&service](const HttpRequest&, std::function<void(HttpReply)> answer) {
    answer({200, "text/plain; version=0.0.4", service.metrics().text()});
  });
  add_http("/act", [&service](const HttpRequest& request, std::function<void(HttpReply)> answer) {
    if (request.method != "POST") {
      return answer(plain_error(405, "send an observation with POST: JSON with base64, or a form"));
    }
    service.act(request.body, request.content_type, [answer](std::string json, bool ok) {
      answer({ok ? 200 : 422, "application/json", std::move(json)});
    });
  });
  add_websocket("/", [&service](const std::string& peer) { return service.openpi(peer); });
  add_websocket("/vla-eval",
                [&service](const std::string& peer) { return service.vla_eval(peer); });
}

Server::~Server() = default;

void Server::add_http(const std::string& path, HttpHandler handler, bool open) {
  impl_->http_routes[path] = {std::move(handler), open};
}

void Server::add_websocket(const std::string& path, DialogueMaker make) {
  impl_->websocket_routes[path] = std::move(make);
}

int Server::port() const { return impl_->endpoint.port(); }

std::string Server::url() const {
  const auto address = impl_->endpoint.address();
  const std::string host = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
  return (impl_->tls ? "wss://" : "ws://") + host + ":" + std::to_string(port());
}

void Server::run(const std::atomic<bool>& stop, const std::function<void()>& tick) {
  asio::co_spawn(impl_->loop, impl_->accept(), asio::detached);
  impl_->watch(stop, tick);
  impl_->loop.run();
  impl_->decoders.join();
}

}  // namespace libra::serving
