#include "libra/core/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "tests/support/message_of.h"
#include "tests/support/temp_folder.h"

namespace libra {
namespace {

using testing::HasSubstr;

struct Innermost {
  bool deep = false;
  void list(ConfigFields& f) { f.add("deep", deep, "depth"); }
};

struct Inner {
  Innermost innermost;
  int width = 8;
  std::string mode = "a";
  void list(ConfigFields& f) {
    f.add("width", width, "tokens", {1, 64});
    f.section("innermost", innermost);
    f.add("mode", mode, "which", {"a", "b"});
  }
};

struct Outer {
  double lr = 0.5;
  bool fast = false;
  std::vector<int> sizes = {1, 2};
  Inner inner;
  int late = 1;
  void list(ConfigFields& f) {
    f.add("lr", lr, "learning rate", {0, 1});
    f.add("fast", fast, "speed");
    f.add("sizes", sizes, "list");
    f.section("inner", inner);
    f.add("late", late, "listed after a section");
  }
};

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& e) {
    EXPECT_EQ(e.exit_code(), 2);
    return e.what();
  }
  return "";
}

TEST(Config, ReadsTomlIntoNestedStructs) {
  Outer c;
  list_fields(c).read_toml(
      "lr = 0.25\nfast = true\nsizes = [3, 4, 5]\n[inner]\nwidth = 16\nmode = \"b\"\n", "t");
  EXPECT_EQ(c.lr, 0.25);
  EXPECT_TRUE(c.fast);
  EXPECT_EQ(c.sizes, (std::vector<int>{3, 4, 5}));
  EXPECT_EQ(c.inner.width, 16);
  EXPECT_EQ(c.inner.mode, "b");
}

TEST(Config, WhatIsWrittenReadsBackInBothForms) {
  Outer c, from_toml, from_json;
  c.lr = 0.125;
  c.inner.width = 33;
  c.late = 5;
  c.sizes = {7};
  list_fields(from_toml).read_toml(list_fields(c).to_toml(), "t");
  list_fields(from_json).read_json(list_fields(c).to_json(), "j");
  for (const Outer* o : {&from_toml, &from_json}) {
    EXPECT_EQ(o->lr, 0.125);
    EXPECT_EQ(o->inner.width, 33);
    EXPECT_EQ(o->late, 5);
    EXPECT_EQ(o->sizes, std::vector<int>{7});
  }
}

TEST(Config, UnknownKeySuggestsTheNearest) {
  Outer c;
  const auto text =
      message_of([&] { list_fields(c).read_toml("[inner]\nwidht = 3\n", "run.toml"); });
  EXPECT_THAT(text, HasSubstr("run.toml"));
  EXPECT_THAT(text, HasSubstr("inner.widht"));
  EXPECT_THAT(text, HasSubstr("did you mean 'inner.width'?"));
}

TEST(Config, WrongTypeRangeChoiceAndSyntaxAreNamed) {
  Outer c;
  EXPECT_THAT(message_of([&] { list_fields(c).read_toml("lr = \"x\"", "t"); }),
              HasSubstr("a number"));
  EXPECT_THAT(message_of([&] { list_fields(c).read_toml("lr = 2.0", "t"); }),
              HasSubstr("out of range"));
  EXPECT_THAT(message_of([&] { list_fields(c).set("inner.mode=c"); }), HasSubstr("one of a, b"));
  EXPECT_THAT(message_of([&] { list_fields(c).read_toml("lr = \n", "t.toml"); }),
              HasSubstr("t.toml:1"));
  EXPECT_THAT(message_of([&] { list_fields(c).read_json("[1]", "c.json"); }),
              HasSubstr("JSON object"));
  EXPECT_THAT(message_of([&] { list_fields(c).set("inner.width"); }), HasSubstr("field=value"));
}

TEST(Config, SetTakesDottedPaths) {
  Outer c;
  list_fields(c).set("inner.width=9");
  list_fields(c).set("inner.mode=b");
  EXPECT_EQ(c.inner.width, 9);
  EXPECT_EQ(c.inner.mode, "b");
}

TEST(ConfigFields, SetRefusesWhatIsNotUtf8) {
  struct {
    int side = 3;
    void list(ConfigFields& f) { f.add("side", side, "", {1, 64}); }
  } config;
  EXPECT_THROW(list_fields(config).set("side=f\xf8"), Error);
  EXPECT_EQ(config.side, 3);
}

// A file may begin with what another one says; its own values count.
TEST(Config, AFileExtendsAnother) {
  const TempFolder folder;
  write_file(folder / "base.toml", "lr = 0.25\nsizes = [4]\n[inner]\nwidth = 32\n");
  std::filesystem::create_directories(folder / "rows");
  write_file(folder / "rows/row.toml",
             "extends = \"../base.toml\"\nfast = true\n[inner]\nmode = \"b\"\n");
  write_file(folder / "rows/further.toml", "extends = \"row.toml\"\nlr = 0.75\n");
  Outer config;
  list_fields(config).read_toml_file(folder / "rows/further.toml");
  EXPECT_EQ(config.lr, 0.75);
  EXPECT_TRUE(config.fast);
  EXPECT_EQ(config.sizes, std::vector<int>{4});
  EXPECT_EQ(config.inner.width, 32);
  EXPECT_EQ(config.inner.mode, "b");

  const auto message = [&](const std::string& name, const std::string& text) {
    write_file(folder / name, text);
    return message_of([&] { list_fields(config).read_toml_file(folder / name); });
  };
  EXPECT_THAT(message("lost.toml", "extends = \"nothing.toml\"\n"),
              HasSubstr("nothing.toml: cannot be read"));
  EXPECT_THAT(message("wrong.toml", "extends = 3\n"), HasSubstr("'extends' is no file"));
  EXPECT_THAT(message("round.toml", "extends = \"round.toml\"\n"), HasSubstr("in a circle"));
  EXPECT_THAT(message_of([&] { list_fields(config).read_toml("extends = \"base.toml\"", "text"); }),
              HasSubstr("unknown field 'extends'"));
}

}  // namespace
}  // namespace libra
