#include "libra/model/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "libra/core/error.h"

namespace libra::model {
namespace {

namespace fs = std::filesystem;

std::string image(const std::string& header, size_t data_bytes, uint64_t length) {
  std::string out;
  for (int i = 0; i < 8; ++i) out.push_back(char((length >> (8 * i)) & 0xff));
  return out + header + std::string(data_bytes, '\0');
}

SafetensorsHeader parse(const std::string& bytes) {
  return parse_safetensors(std::as_bytes(std::span(bytes.data(), bytes.size())), "file");
}

// The message of the Error(kBadInput) that parsing ends in.
std::string complaint(const std::string& bytes) {
  try {
    parse(bytes);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kBadInput);
    EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos);
    return e.what();
  }
  return "accepted";
}

std::string complaint_of(const std::string& header, size_t data_bytes) {
  return complaint(image(header, data_bytes, header.size()));
}

TEST(Safetensors, ReadsAHandMadeFile) {
  const std::string header =
      R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
      R"("b":{"dtype":"U8","shape":[0,3],"data_offsets":[8,8]},"c":{"dtype":"I64","shape":[],"data_offsets":[8,16]}})";
  const SafetensorsHeader h = parse(image(header, 16, header.size()));
  EXPECT_EQ(h.tensors.size(), 3u);
  EXPECT_EQ(h.tensors.at("a").shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(h.tensors.at("c").begin, 8u);
  EXPECT_EQ(h.metadata.at("k"), "v");
  EXPECT_EQ(h.data_offset, 8 + header.size());
}

TEST(Safetensors, HostileFilesAreRefused) {
  using testing::HasSubstr;
  EXPECT_THAT(complaint(""), HasSubstr("not a safetensors file"));
  EXPECT_THAT(complaint("1234567"), HasSubstr("not a safetensors file"));
  EXPECT_THAT(complaint(image("{}", 0, 3)), HasSubstr("longer than the file"));
  EXPECT_THAT(complaint(image("{}", 0, ~uint64_t{0})), HasSubstr("longer than the file"));
  EXPECT_THAT(complaint(image("{}", 0, ~uint64_t{0} - 7)), HasSubstr("longer than the file"));
  EXPECT_THAT(complaint_of("{", 0), HasSubstr("not JSON"));
  EXPECT_THAT(complaint_of("[]", 0), HasSubstr("not a JSON object"));
  EXPECT_THAT(complaint_of("{}", 4), HasSubstr("wrong size"));
  EXPECT_THAT(complaint_of(std::string(5000, '['), 0), HasSubstr("nested too deeply"));
  const auto entry = [](const std::string& dtype, const std::string& shape,
                        const std::string& offsets) {
    return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" +
           offsets + "}}";
  };
  EXPECT_THAT(complaint_of(entry("F32", "[1]", "[0,4]"), 4), HasSubstr("accepted"));
  EXPECT_THAT(complaint_of(entry("F32", "[1]", "[0,4]"), 3), HasSubstr("outside of the file"));
  EXPECT_THAT(complaint_of(entry("F32", "[1]", "[4,0]"), 4), HasSubstr("outside of the file"));
  EXPECT_THAT(complaint_of(entry("F32", "[1]", "[0,18446744073709551615]"), 4),
              HasSubstr("outside of the file"));
  EXPECT_THAT(complaint_of(entry("F32", "[2]", "[0,4]"), 4), HasSubstr("shape and data disagree"));
  EXPECT_THAT(complaint_of(entry("F32", "[4611686018427387904,4]", "[0,0]"), 0),
              HasSubstr("too large"));
  EXPECT_THAT(complaint_of(entry("F32", "[4294967296,4294967296,4294967296]", "[0,0]"), 0),
              HasSubstr("too large"));
  EXPECT_THAT(complaint_of(entry("F32", "[-1]", "[0,4]"), 4), HasSubstr("not a whole number"));
  EXPECT_THAT(complaint_of(entry("F32", "[1.0]", "[0,4]"), 4), HasSubstr("not a whole number"));
  EXPECT_THAT(complaint_of(entry("F32", "[1]", "[0]"), 4), HasSubstr("not a pair"));
  EXPECT_THAT(complaint_of(entry("Q4", "[1]", "[0,4]"), 4), HasSubstr("unknown dtype"));
  EXPECT_THAT(complaint_of(entry("F32", "[1]", "[4,8]"), 8), HasSubstr("hole"));
  EXPECT_THAT(complaint_of(R"({"a":7})", 0), HasSubstr("malformed entry"));
  EXPECT_THAT(complaint_of(R"({"__metadata__":{"a":1}})", 0), HasSubstr("__metadata__"));
  const std::string one = R"("a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]})";
  EXPECT_THAT(complaint_of("{" + one + "," + one + "}", 2), HasSubstr("occurs twice"));
  EXPECT_THAT(
      complaint_of("{" + one + R"(,"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", 3),
      HasSubstr("overlaps"));
  EXPECT_THAT(complaint_of("{\"\x01\xff\":1}", 0), testing::Not(HasSubstr("accepted")));
}

// Every truncation and every single changed byte of a real file is either read or refused.
TEST(Safetensors, DamagedFilesNeverCrash) {
  const std::string header = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  const std::string good = image(header, 8, header.size());
  for (size_t n = 0; n < good.size(); ++n) EXPECT_NE(complaint(good.substr(0, n)), "accepted") << n;
  int refused = 0;
  for (size_t i = 0; i < good.size() - 8; ++i) {
    for (const int change : {1, 16, 128}) {
      std::string bad = good;
      bad[i] = char(bad[i] ^ change);
      refused += complaint(bad) != "accepted";
    }
  }
  EXPECT_GT(refused, 100);
}

TEST(Safetensors, RoundTripOfEveryDtype) {
  const std::string path = (fs::path(testing::TempDir()) / "roundtrip.safetensors").string();
  std::vector<std::pair<std::string, torch::Tensor>> tensors;
  for (const auto type :
       {torch::kU8, torch::kBool, torch::kInt8, torch::kInt16, torch::kBFloat16, torch::kFloat16,
        torch::kInt32, torch::kFloat32, torch::kInt64, torch::kFloat64, torch::kUInt16,
        torch::kUInt32, torch::kUInt64, torch::kFloat8_e4m3fn, torch::kFloat8_e5m2}) {
    tensors.emplace_back(std::string("t.") + c10::toString(type),
                         (torch::randn({3, 5}) * 3).to(type).t());
  }
  tensors.emplace_back("empty", torch::empty({0, 4}));
  tensors.emplace_back("scalar", torch::tensor(2.5));
  write_safetensors(path, tensors, {{"made", "here"}});
  EXPECT_FALSE(fs::exists(path + ".part"));
  torch::Tensor kept;
  {
    const SafetensorsFile file(path);
    EXPECT_EQ(file.names().size(), tensors.size());
    EXPECT_EQ(file.header().data_offset % 8, 0u);
    for (const auto& [name, tensor] : tensors) {
      EXPECT_TRUE(torch::equal(file.tensor(name), tensor)) << name;
      EXPECT_EQ(file.tensor(name).scalar_type(), tensor.scalar_type());
    }
    kept = file.tensor("t.Double");
    EXPECT_THROW(file.tensor("absent"), Error);
  }
  fs::remove(path);
  EXPECT_TRUE(torch::equal(kept, tensors[9].second));  // the mapping outlives file object and name
  EXPECT_THROW(SafetensorsFile("/nonexistent/file"), Error);
}

}  // namespace
}  // namespace libra::model
