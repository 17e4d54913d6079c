#include "libra/serving/security.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>

namespace libra::serving {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Digest digest_of(std::string_view text) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

// Digests of one length are compared, so that not even the key's length shows.
bool same_secret(std::string_view a, std::string_view b) {
  const Digest x = digest_of(a), y = digest_of(b);
  return CRYPTO_memcmp(x.data(), y.data(), x.size()) == 0;
}

std::string_view query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
  }
  return {};
}

}  // namespace

bool key_fits(std::string_view key, std::string_view authorization, std::string_view query) {
  std::string_view given = query_value(query, "key");
  for (const std::string_view scheme : {"Api-Key ", "Bearer "}) {
    if (authorization.starts_with(scheme)) given = authorization.substr(scheme.size());
  }
  return same_secret(key, given);
}

bool origin_fits(std::string_view origin, std::string_view host, bool is_loopback) {
  if (origin.empty()) return true;
  const size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos || origin.substr(scheme + 3) != host) return false;
  if (!is_loopback) return true;
  const std::string_view name =
      host.substr(0, host.starts_with('[') ? host.find(']') + 1 : host.find(':'));
  return name == "localhost" || name == "127.0.0.1" || name == "[::1]";
}

}  // namespace libra::serving
