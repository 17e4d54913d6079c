#include "libra/serving/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "libra/core/error.h"
#include "libra/serving/pack.h"
#include "tests/support/message_of.h"

namespace libra::serving {
namespace {

using testing::HasSubstr;

std::vector<uint8_t> bytes_from_hex(std::string_view hex) {
  std::vector<uint8_t> out;
  std::string pair;
  for (const char c : hex) {
    if (c == ' ' || c == '\n') continue;
    pair += c;
    if (pair.size() < 2) continue;
    out.push_back(static_cast<uint8_t>(std::stoi(pair, nullptr, 16)));
    pair.clear();
  }
  return out;
}

// {"a": float32 [[1.5, -2]]} as openpi's msgpack_numpy writes it.
const char* const kOpenpiArray =
    "81 a1 61 84 c4 0b 5f5f6e6461727261795f5f c3 c4 04 64617461 c4 08 0000c03f 000000c0"
    "c4 05 6474797065 a3 3c6634 c4 05 7368617065 92 01 02";

TEST(Msgpack, ReadsAnArrayAsOpenpiWritesIt) {
  const auto bytes = bytes_from_hex(kOpenpiArray);
  const WireMessage message = decode_msgpack(bytes, Limits{});
  const auto* array = std::get_if<WireArray>(message.find("a"));
  ASSERT_NE(array, nullptr);
  EXPECT_EQ(array->describe(), "float32 (1, 2)");
  EXPECT_EQ(array->at(0), 1.5);
  EXPECT_EQ(array->at(1), -2.0);
}

TEST(Msgpack, WritesTheSameBytes) {
  Rows<float> rows(1, 2);
  rows[0][0] = 1.5f;
  rows[0][1] = -2.0f;
  const std::string packed = Pack().map(1).text("a").rows(rows, 1).take();
  const auto expected = bytes_from_hex(kOpenpiArray);
  EXPECT_EQ(std::vector<uint8_t>(packed.begin(), packed.end()), expected);
}

TEST(Msgpack, EveryCutIsAnError) {
  const auto bytes = bytes_from_hex(kOpenpiArray);
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THROW(decode_msgpack(Bytes(bytes).first(length), Limits{}), Error) << length;
  }
  auto longer = bytes;
  longer.push_back(0xc0);
  EXPECT_THROW(decode_msgpack(longer, Limits{}), Error);
}

TEST(Msgpack, JoinsNestedNames) {
  const std::string packed =
      Pack().map(2).text("images").map(1).text("wrist").number(2.0).text("none").map(0).take();
  WireMessage message = decode_msgpack(bytes_of(packed), Limits{});
  EXPECT_EQ(message.number("images/wrist"), 2.0);
  EXPECT_TRUE(message.has("images"));
  EXPECT_TRUE(message.has("none"));
  EXPECT_FALSE(message.has("image"));
  message.descend("images");
  EXPECT_EQ(message.number("wrist"), 2.0);
}

TEST(Msgpack, WholeNumbersKeepTheirBits) {
  const uint64_t seed = 0xfedcba9876543211ull;
  const std::string packed = Pack().map(1).text("libra/seed").count(seed).take();
  EXPECT_EQ(decode_msgpack(bytes_of(packed), Limits{}).count("libra/seed"), seed);
}

TEST(Msgpack, RefusesWhatIsTooMuch) {
  Limits limits;
  limits.depth = 3;
  limits.entries = 10;
  std::string deep;
  for (int i = 0; i < 60; ++i)
    deep +=
        "\x81\xa1"
        "a";
  deep += "\xc0";
  EXPECT_THROW(decode_msgpack(bytes_of(deep), limits), Error);
  // A map that says it has 4294967295 entries, and a list of as many.
  EXPECT_THROW(decode_msgpack(bytes_from_hex("df ffffffff"), limits), Error);
  EXPECT_THROW(decode_msgpack(bytes_from_hex("81 a161 dd ffffffff"), limits), Error);
  EXPECT_THROW(decode_msgpack(bytes_from_hex("81 a161 c6 ffffffff 00"), limits), Error);
  Pack many;
  many.map(11);
  for (int i = 0; i < 11; ++i) many.text("n" + std::to_string(i)).number(i);
  EXPECT_THROW(decode_msgpack(bytes_of(many.take()), limits), Error);
}

struct ArrayCase {
  const char* dtype;
  std::vector<uint64_t> shape;
  size_t bytes;
};

std::string with_array(const ArrayCase& c) {
  msgpack::sbuffer buffer;
  msgpack::packer<msgpack::sbuffer> packer(buffer);
  packer.pack_map(1);
  packer.pack("a");
  packer.pack_map(4);
  packer.pack("__ndarray__");
  packer.pack_true();
  packer.pack("data");
  const std::string zeros(c.bytes, '\0');
  packer.pack_bin(static_cast<uint32_t>(zeros.size()));
  packer.pack_bin_body(zeros.data(), static_cast<uint32_t>(zeros.size()));
  packer.pack("dtype");
  packer.pack(c.dtype);
  packer.pack("shape");
  packer.pack(c.shape);
  return {buffer.data(), buffer.size()};
}

TEST(Msgpack, TakesNumbersOnly) {
  for (const char* dtype : {"|b1", "|u1", "<i8", ">f4", "<f2", "|i1", "<u2"}) {
    const size_t item = size_t(dtype[2] - '0');
    EXPECT_NO_THROW(decode_msgpack(bytes_of(with_array({dtype, {3}, 3 * item})), Limits{}))
        << dtype;
  }
  for (const char* dtype : {"|O", "|V8", "<c8", "<U4", "<f16", "", "<f", "f4,f4", "<b2", "<i3"}) {
    EXPECT_THAT(message_of([&] {
                  decode_msgpack(bytes_of(with_array({dtype, {1}, 8})), Limits{});
                }),
                HasSubstr("type that is not taken"))
        << dtype;
  }
}

TEST(Msgpack, AShapeMustFitItsBytes) {
  const std::vector<ArrayCase> cases = {
      {"<f4", {2}, 4},
      {"<f4", {}, 0},
      {"|u1", {2147483647, 2147483647, 2147483647, 2147483647}, 16},
      {"|u1", {4294967296, 4294967296}, 0},
      {"<f8", {2305843009213693952}, 8},
      {"|u1", {0, 5}, 1},
      {"|u1", {1, 1, 1, 1, 1, 1, 1, 1, 1}, 1},
  };
  for (const ArrayCase& c : cases) {
    EXPECT_THROW(decode_msgpack(bytes_of(with_array(c)), Limits{}), Error) << c.bytes;
  }
  EXPECT_NO_THROW(decode_msgpack(bytes_of(with_array({"|u1", {0, 5}, 0})), Limits{}));
}

TEST(WireArrayNumbers, AreReadAsNumpyWritesThem) {
  WireArray array;
  // numpy: np.array([1.5, -0.0001, np.inf, 6e-8], '<f2').tobytes()
  const auto half = bytes_from_hex("003e 8e86 007c 0100");
  array.item = 2;
  array.bytes = half;
  EXPECT_EQ(array.at(0), 1.5);
  EXPECT_NEAR(array.at(1), -0.0001, 1e-7);
  EXPECT_EQ(array.at(2), HUGE_VAL);
  EXPECT_EQ(array.at(3), std::ldexp(1.0, -24));
  // np.array([-2], '>i4').tobytes()
  const auto big = bytes_from_hex("fffffffe");
  array.kind = 'i';
  array.item = 4;
  array.big_endian = true;
  array.bytes = big;
  EXPECT_EQ(array.at(0), -2.0);
}

TEST(Json, ReadsNumbersTextsAndLists) {
  const WireMessage message = decode_json(
      R"({"state": [1, [2.5, -3]], "prompt": "go", "a": {"b": 18446744073709551615}})", Limits{});
  EXPECT_EQ(std::get<std::vector<double>>(*message.find("state")),
            (std::vector<double>{1, 2.5, -3}));
  EXPECT_EQ(*message.text("prompt"), "go");
  EXPECT_EQ(message.count("a/b"), 18446744073709551615ull);
}

TEST(Json, RefusesWhatIsTooMuchOrNone) {
  const std::string deep(100000, '[');
  std::string many = "{\"a\":[";
  for (int i = 0; i < 200000; ++i) many += "0,";
  many += "0]}";
  for (const std::string& text : {deep, many, std::string("{"), std::string("[]"),
                                  std::string("{\"a\":1}x"), std::string("\xff")}) {
    EXPECT_THROW(decode_json(text, Limits{}), Error);
  }
}

TEST(Form, ReadsFilesAndTexts) {
  const std::string body =
      "--XX\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\npick up the milk\r\n"
      "--XX\r\nContent-Disposition: form-data; name=\"state\"\r\n\r\n[1, 2]\r\n"
      "--XX\r\nContent-Disposition: form-data; name=\"image\"; filename=\"../../etc/passwd\"\r\n"
      "Content-Type: image/png\r\n\r\n\x89PNG\r\n--X\r\n--XX--\r\n";
  const WireMessage message = decode_form(body, "multipart/form-data; boundary=XX", Limits{});
  EXPECT_EQ(*message.text("prompt"), "pick up the milk");
  EXPECT_EQ(std::get<std::vector<double>>(*message.find("state")), (std::vector<double>{1, 2}));
  EXPECT_TRUE(std::holds_alternative<WireImage>(*message.find("image")));
}

TEST(Form, EveryCutIsAnError) {
  const std::string body = "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--X--";
  EXPECT_NO_THROW(decode_form(body, "multipart/form-data; boundary=X", Limits{}));
  for (size_t length = 0; length < body.size(); ++length) {
    EXPECT_THROW(decode_form(body.substr(0, length), "multipart/form-data; boundary=X", Limits{}),
                 Error)
        << length;
  }
  EXPECT_THROW(decode_form(body, "multipart/form-data", Limits{}), Error);
}

TEST(Base64, DecodesAndRefuses) {
  const auto text = [](const std::string& code) {
    const auto bytes = decode_base64(code, "x");
    return std::string(bytes.begin(), bytes.end());
  };
  EXPECT_EQ(text("bGlicmE="), "libra");
  EXPECT_EQ(text("bGlicmE0Mg=="), "libra42");
  for (const char* bad : {"", "abc", "a!bc", "===="}) {
    EXPECT_THROW(decode_base64(bad, "x"), Error) << bad;
  }
}

TEST(Utf8, IsTold) {
  EXPECT_TRUE(valid_utf8("Wäsche 日本 😀"));
  for (const char* bad : {"\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe6\x97"}) {
    EXPECT_FALSE(valid_utf8(bad));
  }
}

}  // namespace
}  // namespace libra::serving
