#include "common/config/describer.h"

#include <gmock/gmock.h>

#include "cases.h"

namespace manyfold::config {
namespace {

struct Source {
  std::string path;
  void fields(Fields& f) {
    f.field("path", path, "The folder.");
    f.required("path");
  }
};

struct Options {
  double lr = 1e-5;
  std::string kind = "a";
  int64_t size = 3;
  std::vector<double> means = {0.5, 1};
  std::vector<std::pair<std::string, Source>> sources;
  void fields(Fields& f) {
    f.field("lr", lr, "Peak learning rate.", Range{0, 1, true, false});
    f.variant("kind", kind, "Which.",
              {{"a", [](Fields&) {}}, {"b", [&](Fields& g) { g.field("size", size, "Big."); }}});
    f.field("means", means, "By channel.");
    f.entries("sources", sources, "Where pictures come from.");
  }
};

void options(Fields& fields) { Options().fields(fields); }

std::string text_of(const std::string& key) {
  std::string text;
  for (const auto& doc : documentation(options, key)) text += to_text(doc);
  return text;
}

TEST(Describer, TellsTypeRangeDefaultAndMeaning) {
  EXPECT_EQ(text_of("lr"), "lr: float, in (0, 1], default 1e-05\n    Peak learning rate.\n");
  EXPECT_EQ(text_of("means"), "means: list of float, default [0.5, 1.0]\n    By channel.\n");
  EXPECT_EQ(text_of("kind"), "kind: string, one of a, b, default a\n    Which.\n");
}

TEST(Describer, TellsWhenAKeyExistsAndThatItMustBeGiven) {
  EXPECT_EQ(text_of("size"), "size: int, default 3 (when kind = b)\n    Big.\n");
  EXPECT_EQ(text_of("sources.<name>.path"),
            "sources.<name>.path: string, must be given\n    The folder.\n");
}

TEST(Describer, FindsAllBelowAKey) {
  EXPECT_EQ(documentation(options, "sources").size(), 2u);
  EXPECT_EQ(documentation(options, "").size(), 6u);
}

TEST(Describer, NamesTheNearestKey) {
  EXPECT_EQ(message_of([] { documentation(options, "sourcse"); }),
            "there is no key 'sourcse'; did you mean 'sources'?");
}

}  // namespace
}  // namespace manyfold::config
