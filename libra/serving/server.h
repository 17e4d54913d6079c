// The sockets: one port, one event loop that never infers and never decodes. HTTP paths and
// websocket paths are two small tables, so that a page or another protocol is an entry.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libra/serving/dialogue.h"
#include "libra/serving/limits.h"
#include "libra/serving/log.h"
#include "libra/serving/metrics.h"

namespace libra::serving {

struct ServerOptions {
  std::string host = "127.0.0.1";                  // an address of this machine
  int port = 8000;                                 // 0: one that is free
  std::string key = {};                            // that clients must send; "" none
  std::string certificate = {}, private_key = {};  // PEM files, for TLS; both or none
  // Serving other machines without key or TLS.
  bool insecure = false;
  double drain_s = 10.0;  // that requests in work have when the server is told to stop
};

struct HttpRequest {
  std::string method, path, query, content_type;
  std::string_view body;
};
struct HttpReply {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};  // besides the usual ones
};
// Answers once, from any thread, now or later; the request stays until then. Must not throw.
using HttpHandler = std::function<void(const HttpRequest&, std::function<void(HttpReply)>)>;
using DialogueMaker = std::function<std::unique_ptr<Dialogue>(const std::string& peer)>;

class Service;

class Server {
 public:
  // Binds the port; health and metrics are served. Metrics and log must outlive it. Throws
  // Error(kBadInput) for what must not be: other machines served without key or TLS, a certificate
  // that is none; Error(kFailed) when the port is taken.
  Server(const ServerOptions& options, const Limits& limits, Metrics& metrics, Log& log);
  // The same with all paths of a policy that is served.
  Server(Service& service, const ServerOptions& options);
  ~Server();

  // Before run(). `open`: needs no key.
  void add_http(const std::string& path, HttpHandler handler, bool open = false);
  void add_websocket(const std::string& path, DialogueMaker make);

  int port() const;
  const Limits& limits() const;
  Metrics& metrics();
  // "ws://127.0.0.1:8000"
  std::string url() const;
  // Serves until `stop`, then lets requests in work finish. `tick`: called a few times a second.
  void run(const std::atomic<bool>& stop, const std::function<void()>& tick = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace libra::serving
