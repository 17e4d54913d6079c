// HTTP: a request at a time, each answered from its path's handler; an upgrade goes on as
// websocket.
#include "libra/core/error.h"
#include "libra/serving/server_impl.h"
#include "libra/serving/wire.h"

namespace libra::serving {

HttpReply plain_error(int status, const std::string& text) {
  return {status, "application/json", nlohmann::json{{"error", text}}.dump() + "\n"};
}

std::optional<HttpReply> Server::Impl::object(const Request& request, bool open) {
  const auto field = [&](http::field name) {
    const auto value = request[name];
    return std::string_view(value.data(), value.size());
  };
  const std::string_view target(request.target().data(), request.target().size());
  if (!origin_fits(field(http::field::origin), field(http::field::host), is_loopback())) {
    metrics.refused("http", "origin");
    log.line("refused", {{"reason", "a page of another origin"},
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
  metrics.refused("http", "key");
  log.line("refused", {{"reason", "no key, or a wrong one"}});
  return plain_error(401,
                     "this server wants a key: send the header 'Authorization: Api-Key KEY' "
                     "(openpi-client: api_key=KEY; vla-eval: ?key=KEY behind the URL)");
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
  for (const auto& [name, value] : reply.headers) response.set(name, value);
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
    metrics.refused("http", "protocol");
    reply = plain_error(
        404, "there is nothing at " + printable(path) + "; there is " + join_names(known));
  }
  deadline.stop();  // the networks may take their time
  if (!reply) reply = co_await ask(route->second, request);
  deadline.within(limits.message_s);
  co_await send(stream, std::move(*reply), request);
}

// A client that is still sending hears an answer only if what it sends is taken.
template <class Stream>
asio::awaitable<void> Server::Impl::refuse_length(Stream& stream, beast::flat_buffer& buffer,
                                                  const Request& request, Deadline& deadline) {
  metrics.refused("http", "limit");
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
      if (deadline.passed()) metrics.refused("http", "timeout");
      if (error == http::error::header_limit || error == http::error::bad_version) {
        metrics.refused("http", "protocol");
      }
      co_return;
    }
    if (peers.size() > static_cast<size_t>(limits.connections)) {
      metrics.refused("http", "limit");
      log.line("refused", {{"peer", peer}, {"reason", "too many connections"}});
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

template asio::awaitable<void> Server::Impl::talk(tcp::socket, std::string, Seat&, Deadline&);
template asio::awaitable<void> Server::Impl::talk(TlsStream, std::string, Seat&, Deadline&);
template asio::awaitable<void> Server::Impl::send(tcp::socket&, HttpReply, const Request&);
template asio::awaitable<void> Server::Impl::send(TlsStream&, HttpReply, const Request&);

}  // namespace libra::serving
