// The server's loop, shared by the files that make it up (internal to serving): server.cc binds,
// accepts and ends, server_http.cc speaks HTTP, server_websocket.cc speaks websocket.
#pragma once

// clang-format off
#include <utility>  // first: Asio of Boost 1.74 forgets it
// clang-format on

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
#include <memory>
#include <optional>
#include <string>

#include "libra/serving/security.h"
#include "libra/serving/server.h"

namespace libra::serving {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using ErrorValue = boost::system::error_code;
using TlsStream = beast::ssl_stream<tcp::socket>;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

inline auto seconds(double s) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(s));
}

inline auto token(ErrorValue& error) { return asio::redirect_error(asio::use_awaitable, error); }

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

// What is wrong with a request, as JSON.
HttpReply plain_error(int status, const std::string& text);

struct Server::Impl {
  Impl(const ServerOptions& o, const Limits& l, Metrics& m, Log& g)
      : options(o), limits(l), metrics(m), log(g), acceptor(loop), tick_timer(loop) {
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

  ServerOptions options;
  Limits limits;
  Metrics& metrics;
  Log& log;
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

}  // namespace libra::serving
