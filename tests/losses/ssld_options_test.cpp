#include "losses/ssld_options.h"

#include <gtest/gtest.h>

#include <set>

namespace manyfold::losses {
namespace {

/// Answers every word with the last choice, and remembers what was asked and refused.
struct Script : config::Fields {
  std::set<std::string> asked, refused;

  void field(const char* key, bool&, const char*) override { asked.insert(key); }
  void field(const char* key, int64_t&, const char*, config::Range) override { asked.insert(key); }
  void field(const char* key, double&, const char*, config::Range) override { asked.insert(key); }
  void field(const char* key, std::string& value, const char*,
             std::vector<std::string> choices) override {
    asked.insert(key);
    EXPECT_NE(std::find(choices.begin(), choices.end(), value), choices.end()) << key;
    value = choices.back();
  }
  void field(const char* key, std::vector<int64_t>&, const char*, config::Range) override {
    asked.insert(key);
  }
  void field(const char* key, std::vector<double>&, const char*, config::Range) override {
    asked.insert(key);
  }
  void field(const char* key, std::vector<std::string>&, const char*) override {
    asked.insert(key);
  }
  void field(const char* key, std::map<std::string, double>&, const char*, config::Range) override {
    asked.insert(key);
  }
  void field(const char* key, std::map<std::string, std::string>&, const char*) override {
    asked.insert(key);
  }
  void required(const char*) override {}
  void variant(const char*, std::string&, const char*, const Alternatives&) override {}
  void require(bool condition, const char* key, const std::string&) override {
    if (!condition) refused.insert(key);
  }
  void section_of(const char*, const char*, const std::function<void(Fields&)>&) override {}
  void entries_of(const char*, const char*,
                  const std::function<void(const std::string&, Fields&)>&) override {}
};

TEST(SsldOptions, ReadTheirWords) {
  SsldOptions options;
  Script script;
  options.fields(script);
  EXPECT_EQ(options.points, SsldOptions::Points::anchor);
  EXPECT_EQ(options.size_term, SsldOptions::SizeTerm::sqrt);
  EXPECT_EQ(options.target, SsldOptions::Target::one);
  EXPECT_EQ(options.confidence, SsldOptions::Confidence::squared);
  EXPECT_EQ(options.point_term, SsldOptions::PointTerm::squared);
  EXPECT_TRUE(script.asked.count("anchors"));
  EXPECT_TRUE(script.refused.empty());
}

TEST(SsldOptions, RefuseHalfAnAnchor) {
  SsldOptions options;
  options.anchors = {0.1, 0.1, 0.2};
  Script script;
  options.fields(script);
  EXPECT_EQ(script.refused, std::set<std::string>{"anchors"});
}

}  // namespace
}  // namespace manyfold::losses
