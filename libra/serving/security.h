// Who may talk to the server (internal to serving).
#pragma once

#include <string>
#include <string_view>

namespace libra::serving {

// Whether the key of a request is the server's. The time it takes tells nothing about either.
// `authorization`: the header's value, "Api-Key K" or "Bearer K"; `query`: of the target, where a
// client that sends no headers says "key=K".
bool key_fits(std::string_view key, std::string_view authorization, std::string_view query);

// Whether a browser's page may talk to this server: pages say where they are from, other clients
// say nothing. Only pages of this server may. `host`: as the request names the server.
// `is_loopback`: it serves this machine alone, so a name that somebody made point here is refused.
bool origin_fits(std::string_view origin, std::string_view host, bool is_loopback);

}  // namespace libra::serving
