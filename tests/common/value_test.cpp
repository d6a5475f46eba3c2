#include "common/config/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace manyfold::config {
namespace {

// Expected texts are what Python 3.11 prints for repr() or str().
TEST(Value, PrintsFloatsAsPythonDoes) {
  EXPECT_EQ(python_float(5), "5.0");
  EXPECT_EQ(python_float(0.1), "0.1");
  EXPECT_EQ(python_float(-0.0), "-0.0");
  EXPECT_EQ(python_float(1e-5), "1e-05");
  EXPECT_EQ(python_float(0.0001), "0.0001");
  EXPECT_EQ(python_float(1e16), "1e+16");
  EXPECT_EQ(python_float(1e15), "1000000000000000.0");
  EXPECT_EQ(python_float(123456789012345680.0), "1.2345678901234568e+17");
  EXPECT_EQ(python_float(5e-324), "5e-324");
  EXPECT_EQ(python_float(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(python_float(std::nan("")), "nan");
}

TEST(Value, PrintsContainersAsPythonDoes) {
  Map map;
  map.set("a", List{1, 2.5, "x'y", nullptr, true});
  map.set(Key(Key::Any(int64_t{1})), "b\n\\");
  EXPECT_EQ(Value(map).text(), R"({'a': [1, 2.5, "x'y", None, True], 1: 'b\n\\'})");
}

TEST(Value, ComparesAsPythonDoes) {
  EXPECT_EQ(Value(1), Value(1.0));
  EXPECT_EQ(Value(true), Value(1));
  EXPECT_NE(Value(1), Value("1"));
  EXPECT_NE(Value(), Value(false));
  EXPECT_EQ(Value(List{1, "a"}), Value(List{1.0, "a"}));
  Map ab, ba;
  ab.set("a", 1);
  ab.set("b", 2);
  ba.set("b", 2);
  ba.set("a", 1);
  EXPECT_EQ(Value(ab), Value(ba));
}

TEST(Value, KeepsTheOrderOfInsertion) {
  Map map;
  map.set("b", 1);
  map.set("a", 2);
  map.set("b", 3);
  EXPECT_EQ(Value(map).text(), "{'b': 3, 'a': 2}");
  EXPECT_TRUE(map.erase("b"));
  EXPECT_FALSE(map.erase("b"));
}

TEST(Value, FindsKeysInLongMappings) {
  Map map;
  for (int i = 0; i < 100; ++i) map.set("k" + std::to_string(i), i);
  map.set("k50", "new");
  map.set(Key(Key::Any(int64_t{1})), "one");
  EXPECT_TRUE(map.erase("k10"));
  EXPECT_EQ(map.size(), 100u);
  EXPECT_EQ(map.find("k50")->text(), "new");
  EXPECT_EQ(map.find("k99")->integer(), 99);
  EXPECT_EQ(map.find("k10"), nullptr);
  EXPECT_EQ(map.find(Key(Key::Any(1.0)))->text(), "one");
  const Map copy = map;
  EXPECT_EQ(copy.find("k99")->integer(), 99);
}

}  // namespace
}  // namespace manyfold::config
