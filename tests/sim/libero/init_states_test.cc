#include "libra/sim/libero/init_states.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "libra/core/error.h"
#include "libra/core/rng.h"
#include "libra/sim/libero/zip_archive.h"
#include "tests/sim/libero/pickles.h"
#include "tests/support/message_of.h"

namespace libra::sim::libero {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string parse_message(const std::string& pickle) {
  return message_of([&] { parse_init_states(pickle, "x"); });
}

const std::vector<double> kValues = {0, -1.5, 1e-300, 3.14, 1e300, -0.0};

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

TEST(InitStates, NeverRunsAnything) {
  const std::string attack =
      "\x80\x02" + std::string("cos\nsystem\nX") + little(4, 4) + "true\x85R.";
  EXPECT_THAT(parse_message(attack), HasSubstr("it names os.system, which is not called"));
  PickleParts parts;
  parts.data = bytes_of({1});
  parts.reconstruct = "cos\nsystem\n";
  EXPECT_THAT(parse_message(pickled_array(parts)),
              HasSubstr("pickle offset 2: it names os.system"));
}

TEST(InitStates, RefusesArraysOfAnotherKind) {
  PickleParts good;
  good.rows = 2, good.columns = 3, good.data = bytes_of(kValues);
  EXPECT_EQ(parse_message(pickled_array(good)), "no error");
  PickleParts parts = good;
  parts.dtype = "O8";
  EXPECT_THAT(parse_message(pickled_array(parts)), HasSubstr("of type 'O8'"));
  parts = good, parts.order = ">";
  EXPECT_THAT(parse_message(pickled_array(parts)), HasSubstr("not little-endian"));
  parts = good, parts.column_order = true;
  EXPECT_THAT(parse_message(pickled_array(parts)), HasSubstr("column order"));
  parts = good, parts.rows = 3;
  EXPECT_THAT(parse_message(pickled_array(parts)), HasSubstr("48 bytes of data for a shape of 72"));
  parts = good, parts.rows = 1;
  EXPECT_THAT(parse_message(pickled_array(parts)), HasSubstr("48 bytes of data for a shape of 24"));
  parts = good, parts.rows = 0, parts.data = "";
  EXPECT_THAT(parse_message(pickled_array(parts)), HasSubstr("found no state"));
  parts = good, parts.rows = 10'000, parts.columns = 100'000;  // 8 GB that are not there
  EXPECT_THAT(parse_message(pickled_array(parts)), HasSubstr("48 bytes of data"));
  parts = good, parts.data = bytes_of({0, 0, 0, 0, 0, std::nan("")});
  EXPECT_THAT(parse_message(pickled_array(parts)), HasSubstr("finite"));
  EXPECT_THAT(parse_message(pickled_array(good) + "."), HasSubstr("behind its end"));
  EXPECT_THAT(parse_message("\x80\x06" + pickled_array(good).substr(2)),
              HasSubstr("protocol is 6"));
  EXPECT_THAT(parse_message(""), HasSubstr("found an empty file"));
  EXPECT_THAT(parse_message("hello"), HasSubstr("found 5 other bytes"));
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

// Files that NumPy 1.26 and 2 and torch wrote, each of [[0, -1.5, 2.25], [3.5, 1024, -0.125]].
TEST(InitStates, ReadsEveryFormThatStatesAreMetIn) {
  size_t files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(LIBRA_SOURCE_DIR "/tests/sim/libero/states")) {
    const InitStates states = read_init_states(entry.path().string());
    EXPECT_EQ(states.columns, 3u) << entry.path();
    if (entry.path().stem() == "one_state") {
      EXPECT_THAT(states.values, ElementsAre(0, -1.5, 2.25));
    } else {
      EXPECT_THAT(states.values, ElementsAre(0, -1.5, 2.25, 3.5, 1024, -0.125)) << entry.path();
    }
    ++files;
  }
  EXPECT_EQ(files, 12u);
}

TEST(ZipEntry, RefusesWhatNobodyWrites) {
  const auto message = [](const std::string& archive) {
    return message_of([&] { zip_entry(archive, "/data.pkl", "x.pruned_init"); });
  };
  EXPECT_THAT(message("not a zip at all, but long enough for one"), HasSubstr("not a zip"));
  EXPECT_THAT(message(zip_of({{"a/data.pkl", "1", 8}})), HasSubstr("compressed entry is damaged"));
  EXPECT_THAT(message(zip_of({{"a/data.pkl", "1", 9}})), HasSubstr("method 9"));
  EXPECT_THAT(message(zip_of({{"a/version", "1"}})), HasSubstr("no entry '/data.pkl'"));
  EXPECT_THAT(message(zip_of({{"a/data.pkl", "1"}, {"b/data.pkl", "1"}})),
              HasSubstr("more than one"));
  std::string wrong = zip_of({{"a/data.pkl", "12345"}});
  wrong[wrong.find("12345")] = '2';
  EXPECT_THAT(message(wrong), HasSubstr("check sum"));
  EXPECT_THAT(message(wrong), HasSubstr("x.pruned_init"));
  EXPECT_EQ(zip_entry(zip_of({{"a/data.pkl", ""}}), "/data.pkl", "x"), "");
}

}  // namespace
}  // namespace libra::sim::libero
