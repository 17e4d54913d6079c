#include "libra/sim/libero/init_states.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "libra/core/error.h"
#include "libra/core/rng.h"
#include "tests/sim/libero/pickles.h"
#include "tests/support/message_of.h"

namespace libra::sim::libero {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string parse_message(const std::string& pickle) {
  return message_of([&] { parse_pickled_array(pickle, "x"); });
}

const std::vector<double> kValues = {0, -1.5, 1e-300, 3.14, 1e300, -0.0};

TEST(Crc32, IsThatOfTheStandardsCheckString) { EXPECT_EQ(crc32("123456789"), 0xcbf43926u); }

TEST(InitStates, ReadsAnArray) {
  const InitStates states = parse_init_states(init_archive(kValues, 2, 3), "x");
  EXPECT_EQ(states.rows, 2u);
  EXPECT_EQ(states.columns, 3u);
  EXPECT_EQ(states.values, kValues);
  EXPECT_THAT(states.row(1), ElementsAre(3.14, 1e300, -0.0));
}

TEST(InitStates, ReadsEveryByteValue) {
  Rng rng(7);
  std::vector<double> values;
  for (int i = 0; i < 50 * 110; ++i) values.push_back(rng.normal());
  EXPECT_EQ(parse_init_states(init_archive(values, 50, 110), "x").values, values);
}

TEST(InitStates, ReadsWhatNumpyPickles) {
  const std::string python = LIBRA_PYTHON;
  if (python.empty() || std::system((python + " -c 'import numpy' 2>/dev/null").c_str()) != 0) {
    GTEST_SKIP() << "no Python with numpy";
  }
  const auto path = std::filesystem::temp_directory_path() / "libra_numpy.pruned_init";
  const std::string script =
      "import numpy, pickle, zipfile\n"
      "z = zipfile.ZipFile('" +
      path.string() +
      "', 'w')\n"
      "z.writestr('archive/data.pkl', pickle.dumps(numpy.arange(600.).reshape(50, 12) / 7, 2))\n"
      "z.writestr('archive/version', '3')\n"
      "z.close()\n";
  ASSERT_EQ(std::system((python + " -c \"" + script + "\"").c_str()), 0);
  const InitStates states = read_init_states(path.string());
  EXPECT_EQ(states.rows, 50u);
  ASSERT_EQ(states.columns, 12u);
  for (size_t i = 0; i < 600; ++i) EXPECT_EQ(states.values[i], static_cast<double>(i) / 7);
  std::filesystem::remove(path);
}

TEST(InitStates, NeverRunsAnything) {
  const std::string attack =
      "\x80\x02" + std::string("cos\nsystem\nX") + little(4, 4) + "true\x85R.";
  EXPECT_THAT(parse_message(attack), HasSubstr("not a plain array of numbers"));
  EXPECT_THAT(parse_message(attack), HasSubstr("numpy.core.multiarray _reconstruct"));
  PickleParts parts;
  parts.data = bytes_of({1});
  parts.reconstruct = "cos\nsystem\n";
  EXPECT_THAT(parse_message(pickled_array(parts)), HasSubstr("pickle offset 2"));
}

TEST(InitStates, RefusesArraysOfAnotherKind) {
  PickleParts good;
  good.rows = 2, good.columns = 3, good.data = bytes_of(kValues);
  EXPECT_EQ(parse_message(pickled_array(good)), "no error");
  PickleParts parts = good;
  parts.dtype = "O8";
  EXPECT_THAT(parse_message(pickled_array(parts)), HasSubstr("'f8'"));
  parts = good, parts.order = ">";
  EXPECT_THAT(parse_message(pickled_array(parts)), HasSubstr("'<'"));
  parts = good, parts.column_order = true;
  EXPECT_THAT(parse_message(pickled_array(parts)), HasSubstr("row order"));
  parts = good, parts.rows = 3;
  EXPECT_THAT(parse_message(pickled_array(parts)), HasSubstr("data for its shape"));
  parts = good, parts.rows = 1;
  EXPECT_THAT(parse_message(pickled_array(parts)), HasSubstr("24 bytes of data"));
  parts = good, parts.rows = 0;
  EXPECT_THAT(parse_message(pickled_array(parts)), HasSubstr("1 to 10000 rows"));
  parts = good, parts.rows = 10'000, parts.columns = 100'000;  // 8 GB that are not there
  EXPECT_THAT(parse_message(pickled_array(parts)), HasSubstr("data for its shape"));
  parts = good, parts.data = bytes_of({0, 0, 0, 0, 0, std::nan("")});
  EXPECT_THAT(parse_message(pickled_array(parts)), HasSubstr("finite"));
  EXPECT_THAT(parse_message(pickled_array(good) + "."), HasSubstr("nothing after"));
  EXPECT_THAT(parse_message("\x80\x04" + pickled_array(good).substr(2)), HasSubstr("protocol 2"));
}

TEST(InitStates, EveryCutIsAnError) {
  const std::string pickle = pickled_array(kValues, 2, 3);
  for (size_t size = 0; size < pickle.size(); ++size) {
    EXPECT_NE(parse_message(pickle.substr(0, size)), "no error") << size;
  }
  const std::string archive = init_archive(kValues, 2, 3);
  for (size_t size = 0; size < archive.size(); ++size) {
    EXPECT_THROW(parse_init_states(archive.substr(0, size), "x"), Error) << size;
  }
}

TEST(InitStates, ChangedBytesAreErrorsOrLeaveTheNumbersAlone) {
  const std::string archive = init_archive(kValues, 2, 3);
  for (size_t at = 0; at < archive.size(); ++at) {
    for (const int flip : {1, 0x80, 0xff}) {
      std::string changed = archive;
      changed[at] = static_cast<char>(changed[at] ^ flip);
      try {
        EXPECT_EQ(parse_init_states(changed, "x").values, kValues) << at;
      } catch (const Error&) {
      }
    }
  }
}

TEST(StoredEntry, RefusesWhatTorchDoesNotWrite) {
  const auto message = [](const std::string& archive) {
    return message_of([&] { stored_entry(archive, "/data.pkl", "x.pruned_init"); });
  };
  EXPECT_THAT(message("not a zip at all, but long enough for one"), HasSubstr("not a zip"));
  EXPECT_THAT(message(zip_of({{"a/data.pkl", "1", 8}})), HasSubstr("compressed"));
  EXPECT_THAT(message(zip_of({{"a/version", "1"}})), HasSubstr("no entry '/data.pkl'"));
  EXPECT_THAT(message(zip_of({{"a/data.pkl", "1"}, {"b/data.pkl", "1"}})),
              HasSubstr("more than one"));
  std::string wrong = zip_of({{"a/data.pkl", "12345"}});
  wrong[wrong.find("12345")] = '2';
  EXPECT_THAT(message(wrong), HasSubstr("check sum"));
  EXPECT_THAT(message(wrong), HasSubstr("x.pruned_init"));
  EXPECT_EQ(stored_entry(zip_of({{"a/data.pkl", ""}}), "/data.pkl", "x"), "");
}

}  // namespace
}  // namespace libra::sim::libero
