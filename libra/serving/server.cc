#include "libra/core/error.h"
#include "libra/serving/server_impl.h"
#include "libra/serving/service.h"

namespace libra::serving {

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
    log.line("connection failed", {{"peer", peer}, {"error", e.what()}});
  }
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
  log.line("draining", {{"connections", peers.size()}});
  for (Peer& peer : peers) {
    if (!peer.busy) peer.hang_up();
  }
}

Server::Server(const ServerOptions& options, const Limits& limits, Metrics& metrics, Log& log)
    : impl_(std::make_unique<Impl>(options, limits, metrics, log)) {
  const auto text = [](const char* body, const char* type) {
    return [body, type](const HttpRequest&, const std::function<void(HttpReply)>& answer) {
      answer({200, type, body});
    };
  };
  add_http("/healthz", text("OK\n", "text/plain"), /*open=*/true);
  add_http("/health", text("{\"status\": \"ok\"}\n", "application/json"), /*open=*/true);
  add_http("/metrics", [&metrics](const HttpRequest&, std::function<void(HttpReply)> answer) {
    answer({200, "text/plain; version=0.0.4", metrics.text()});
  });
}

Server::Server(Service& service, const ServerOptions& options)
    : Server(options, service.options().limits, service.metrics(), service.log()) {
  add_http("/config", [body = service.describe()](const HttpRequest&,
                                                  const std::function<void(HttpReply)>& answer) {
    answer({200, "application/json", body});
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
const Limits& Server::limits() const { return impl_->limits; }
Metrics& Server::metrics() { return impl_->metrics; }

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
