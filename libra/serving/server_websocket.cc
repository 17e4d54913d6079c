// Websocket: a dialogue's messages one after the other, within limits of size, rate and time.
#include "libra/core/error.h"
#include "libra/serving/server_impl.h"
#include "libra/serving/wire.h"

namespace libra::serving {
namespace {

constexpr size_t kKeptBuffer = size_t{4} << 20;  // a connection's, between messages

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
      if (deadline.passed()) metrics.refused("websocket", "timeout");
      if (error == websocket::error::message_too_big ||
          error == websocket::error::buffer_overflow) {
        metrics.refused("websocket", "limit");
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
    metrics.refused("websocket", "protocol");
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
  log.line("connected", {{"peer", peer}, {"path", route->first}});
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
      metrics.throttled();
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
      if (deadline.passed()) metrics.refused("websocket", "timeout");
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
  log.line("disconnected", {{"peer", peer}, {"messages", messages}});
}

template asio::awaitable<void> Server::Impl::converse(tcp::socket, Request, std::string, Seat&,
                                                      Deadline&);
template asio::awaitable<void> Server::Impl::converse(TlsStream, Request, std::string, Seat&,
                                                      Deadline&);

}  // namespace libra::serving
