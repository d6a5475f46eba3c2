#include "common/config/sweep.h"

#include <gmock/gmock.h>

#include "cases.h"
#include "config_tree.h"

namespace manyfold::config {
namespace {

using Runs = std::vector<std::vector<std::string>>;

Runs runs(const std::vector<std::string>& overrides, const Tree& tree = Tree({})) {
  return expand_sweep(overrides, Repository({{tree.folder(), false}}));
}

TEST(Sweep, VariesTheLastOverrideFastest) {
  // The docstring of Hydra's basic_sweeper.py: a=1,2,3 b=10,20.
  EXPECT_EQ(runs({"a=1,2,3", "b=10,20"}), (Runs{{"a=1", "b=10"},
                                                {"a=1", "b=20"},
                                                {"a=2", "b=10"},
                                                {"a=2", "b=20"},
                                                {"a=3", "b=10"},
                                                {"a=3", "b=20"}}));
}

TEST(Sweep, KeepsWhatIsNoSweepInEveryRun) {
  EXPECT_EQ(runs({"x=[1,2]", "+y=choice('a b',c)", "~z"}),
            (Runs{{"x=[1,2]", R"(+y=a\ b)", "~z=null"}, {"x=[1,2]", "+y=c", "~z=null"}}));
  EXPECT_EQ(runs({}), Runs{{}});
}

TEST(Sweep, CountsRangesAsPythonDoes) {
  EXPECT_EQ(runs({"a=range(3)"}), (Runs{{"a=0"}, {"a=1"}, {"a=2"}}));
  EXPECT_EQ(runs({"a=range(5,1,step=-2)"}), (Runs{{"a=5"}, {"a=3"}}));
  EXPECT_EQ(runs({"a=range(0,1,0.25)"}), (Runs{{"a=0.0"}, {"a=0.25"}, {"a=0.5"}, {"a=0.75"}}));
  EXPECT_EQ(runs({"a=sort(range(1,4),reverse=true)"}), (Runs{{"a=3"}, {"a=2"}, {"a=1"}}));
  EXPECT_EQ(runs({"a=float(range(0,2))"}), (Runs{{"a=0.0"}, {"a=1.0"}}));
  EXPECT_EQ(runs({"a=tag(t1,t2,choice(1,2))"}), (Runs{{"a=1"}, {"a=2"}}));
  EXPECT_EQ(runs({"a=sort(3,1,2)"}), (Runs{{"a=1"}, {"a=2"}, {"a=3"}}));
}

TEST(Sweep, ShufflesTheSameWayEveryTime) {
  const auto once = runs({"a=shuffle(range(20))"});
  EXPECT_EQ(once, runs({"a=shuffle(range(20))"}));
  EXPECT_THAT(once, testing::UnorderedElementsAreArray(runs({"a=range(20)"})));
  EXPECT_NE(once, runs({"a=range(20)"}));
}

TEST(Sweep, GlobsTheOptionsOfAGroup) {
  const Tree tree({{"db/mysql.yaml", ""}, {"db/mssql.yaml", ""}, {"db/sqlite.yaml", ""}});
  EXPECT_EQ(runs({"db=glob(*)"}, tree), (Runs{{"db=mssql"}, {"db=mysql"}, {"db=sqlite"}}));
  EXPECT_EQ(runs({"db=glob([m*,s*],exclude=*y*)"}, tree), (Runs{{"db=mssql"}, {"db=sqlite"}}));
  EXPECT_THROW(runs({"db=glob(x*)"}, tree), ConfigError);
}

TEST(Sweep, RefusesWhatHasNoEndOrIsTooMuch) {
  EXPECT_THROW(runs({"a=interval(0,1)"}), ConfigError);
  EXPECT_THROW(runs({"a=range(0,100000)"}), ConfigError);
  EXPECT_THROW(runs({"a=range(0,1000)", "b=range(0,1000)"}), ConfigError);
  EXPECT_THROW(runs({"hydra.run.dir=a,b"}), ConfigError);
}

}  // namespace
}  // namespace manyfold::config
