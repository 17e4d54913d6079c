#include "libra/cli/server_flags.h"

namespace libra::cli {

void add_server_flags(CLI::App& command, ServerFlags& flags, const std::string& risk) {
  serving::ServerOptions& options = flags.options;
  command.add_option("--host", options.host, "address to serve at")->capture_default_str();
  command.add_option("--port", options.port, "port; 0: one that is free, printed on stdout")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  command.add_option("--log", flags.log, "lines on stderr: text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command.add_option("--key-file", flags.key_file,
                     "file whose first line is the key that clients must send; or "
                     "LIBRA_SERVE_KEY");
  command.add_option("--tls-certificate", options.certificate, "PEM file, for wss and https");
  command.add_option("--tls-key", options.private_key, "its private key")
      ->needs("--tls-certificate");
  command.get_option("--tls-certificate")->needs("--tls-key");
  command.add_flag("--insecure", options.insecure,
                   "serve other machines without key or TLS: whoever reaches the port may " + risk);
  command
      .add_option("--drain-s", options.drain_s,
                  "time that requests in work have when the server is told to stop (s)")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
}

}  // namespace libra::cli
