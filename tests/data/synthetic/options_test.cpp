#include "data/synthetic/options.h"

#include <gtest/gtest.h>

#include <set>

namespace manyfold::data::synthetic {
namespace {

/// Notes the keys, and which condition fails.
class Checker : public config::Fields {
 public:
  void field(const char* key, bool&, const char*) override { keys.insert(key); }
  void field(const char* key, int64_t& v, const char*, config::Range r) override {
    check(key, double(v), r);
  }
  void field(const char* key, double& v, const char*, config::Range r) override {
    check(key, v, r);
  }
  void field(const char* key, std::string&, const char*, std::vector<std::string>) override {
    keys.insert(key);
  }
  void field(const char* key, std::vector<int64_t>&, const char*, config::Range) override {
    keys.insert(key);
  }
  void field(const char* key, std::vector<double>&, const char*, config::Range) override {
    keys.insert(key);
  }
  void field(const char* key, std::vector<std::string>&, const char*) override { keys.insert(key); }
  void field(const char* key, std::map<std::string, double>&, const char*, config::Range) override {
    keys.insert(key);
  }
  void field(const char* key, std::map<std::string, std::string>&, const char*) override {
    keys.insert(key);
  }
  void required(const char*) override {}
  void variant(const char*, std::string&, const char*, const Alternatives&) override {}
  void require(bool condition, const char* key, const std::string& message) override {
    if (!condition) refused.push_back(std::string(key) + " " + message);
  }
  void section_of(const char*, const char*, const std::function<void(Fields&)>&) override {}
  void entries_of(const char*, const char*,
                  const std::function<void(const std::string&, Fields&)>&) override {}

  std::set<std::string> keys;
  std::vector<std::string> refused;

 private:
  void check(const char* key, double v, config::Range r) {
    keys.insert(key);
    if (v < r.low || v > r.high) refused.push_back(key);
  }
};

std::vector<std::string> refused(SceneOptions options) {
  Checker checker;
  options.fields(checker);
  return checker.refused;
}

TEST(SceneOptions, DefaultsAreAllowed) { EXPECT_TRUE(refused({}).empty()); }

TEST(SceneOptions, RefusesSharesThatExceedOneTogether) {
  SceneOptions options;
  options.hand_share = 0.7;
  options.empty_share = 0.5;
  EXPECT_EQ(refused(options),
            std::vector<std::string>{"hand_share and empty_share must not exceed 1 together"});
  options = {};
  options.group_share = 0.9;
  options.full_body_share = 0.2;
  EXPECT_EQ(refused(options).size(), 1u);
}

TEST(SceneOptions, RefusesPicturesThatAreTooSmallOrPeopleThatAreTooMany) {
  SceneOptions options;
  options.width = 8;
  options.max_people = 400;
  EXPECT_EQ(refused(options), (std::vector<std::string>{"width", "max_people"}));
}

}  // namespace
}  // namespace manyfold::data::synthetic
