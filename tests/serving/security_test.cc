#include "libra/serving/security.h"

#include <gtest/gtest.h>

namespace libra::serving {
namespace {

TEST(Key, FitsWhereItIsTheSame) {
  EXPECT_TRUE(key_fits("secret", "Api-Key secret", ""));
  EXPECT_TRUE(key_fits("secret", "Bearer secret", ""));
  EXPECT_TRUE(key_fits("secret", "", "a=b&key=secret"));
  for (const char* header : {"", "secret", "Api-Key secre", "Api-Key secret2", "Basic secret"}) {
    EXPECT_FALSE(key_fits("secret", header, "")) << header;
  }
  EXPECT_FALSE(key_fits("secret", "", "monkey=secret"));
  EXPECT_FALSE(key_fits("secret", "", "key="));
}

TEST(Origin, OnlyPagesOfThisServer) {
  EXPECT_TRUE(origin_fits("", "127.0.0.1:8000", true));  // no browser
  EXPECT_TRUE(origin_fits("http://127.0.0.1:8000", "127.0.0.1:8000", true));
  EXPECT_TRUE(origin_fits("http://localhost:8000", "localhost:8000", true));
  EXPECT_TRUE(origin_fits("http://[::1]:8000", "[::1]:8000", true));
  EXPECT_FALSE(origin_fits("http://evil.example", "127.0.0.1:8000", true));
  EXPECT_FALSE(origin_fits("null", "127.0.0.1:8000", true));
  EXPECT_FALSE(origin_fits("http://127.0.0.1:9000", "127.0.0.1:8000", true));
  // A name that was made to point to this machine.
  EXPECT_FALSE(origin_fits("http://evil.example:8000", "evil.example:8000", true));
  EXPECT_TRUE(origin_fits("https://robot.lab:8000", "robot.lab:8000", false));
}

}  // namespace
}  // namespace libra::serving
