#include "report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "common/atomic_file.h"
#include "report/page/assets.h"
#include "temporary_folder.h"

namespace manyfold::report {
namespace {

using testing::HasSubstr;
using testing::Not;

Report example() {
  Report report;
  report.title = "edge <420k>";
  report.subtitle = "manyfold train";
  report.facts = {{"steps", "4,000"}};
  report.figures = {{"person",
                     {{"miou", 0.75, true, 1000, "pixels", "Mean IoU."},
                      {"nme", std::nan(""), false, 0, "faces", "Error."}}}};
  report.charts = {{"loss", "loss", {{"total", {1, 2}, {3, 1.5}}, {"person", {1, 2}, {2, 1}}}},
                   {"val/person", "miou", {{"miou", {2}, {0.75}}}}};
  report.pictures = {{"a & b", cv::Mat(8, 8, CV_8UC3, cv::Scalar(1, 2, 3))}};
  report.tables = {
      {"Cost", "At 160x160.", {"layer", "MACs"}, {{"stem", "1.5 M"}, {"body", "12 M"}}}};
  report.config = "train:\n  steps: 4000  # <many>\n";
  report.overrides = {"train.steps=4000"};
  report.bad_files = {"a.jpg: truncated"};
  report.environment = {{"cores", "2"}};
  return report;
}

TEST(Report, ShowsEverythingItIsGiven) {
  const std::string html = report_html(example());
  for (const char* part :
       {"edge &lt;420k&gt;", "manyfold train", "4,000", "0.7500", "nme ↓", "Mean IoU.", "a &amp; b",
        "data:image/jpeg;base64,", "At 160x160.", "# &lt;many&gt;", "<code>train.steps=4000</code>",
        "a.jpg: truncated", "1 file could not be used and was left", "<th>cores</th><td>2</td>"}) {
    EXPECT_THAT(html, HasSubstr(part));
  }
}

TEST(Report, BeginsWithTheFirstFigureThatWasMeasured) {
  auto report = example();
  std::reverse(report.figures[0].figures.begin(), report.figures[0].figures.end());
  EXPECT_THAT(report_html(report), HasSubstr("<b>0.7500</b><span>person miou</span>"));
  report.figures[0].figures.pop_back();
  EXPECT_THAT(report_html(report), HasSubstr("<b>-</b><span>person nme</span>"));
}

TEST(Report, DrawsBarsOnOneScale) {
  auto report = example();
  report.bars = {{"Sensitivity", "Of the score.", {{"stem", 0.3}, {"head <a>", -0.1}}}};
  const std::string html = report_html(report);
  // From -0.1 to 0.3: 0 is a quarter along, 0.3 three quarters long.
  EXPECT_THAT(html, HasSubstr("<span>stem</span><span class=\"bar\" "
                              "style=\"margin-left:25.00%;width:75.00%\">"));
  EXPECT_THAT(html, HasSubstr("<span>head &lt;a&gt;</span><span class=\"bar less\" "
                              "style=\"margin-left:0.00%;width:25.00%\">"));
}

TEST(Report, AsksNoNetworkForAnything) {
  for (const bool charts : {false, true}) {
    const std::string html = report_html(example(), charts);
    for (const char* reference : {"src=\"http", "href=\"http", "src=\"//", "@import", "url(http"}) {
      EXPECT_THAT(html, Not(HasSubstr(reference)));
    }
  }
}

TEST(Report, WithoutTheChartLibraryItShowsTablesAndSaysWhy) {
  const std::string html = report_html(example(), false);
  EXPECT_THAT(html, HasSubstr("built without uPlot"));
  EXPECT_THAT(html, HasSubstr("<th class=\"number\">total</th>"));
  EXPECT_THAT(html, HasSubstr("<td class=\"number\">1.5</td>"));
  EXPECT_THAT(html, Not(HasSubstr("data-chart")));
}

TEST(Report, DrawsItsChartsFromDataInThePage) {
  if (!can_draw_charts()) GTEST_SKIP() << "built without uPlot";
  const std::string html = report_html(example());
  EXPECT_THAT(html, HasSubstr("data-chart=\"1\""));
  EXPECT_THAT(html, HasSubstr(R"("columns":[[1.0,2.0],[3.0,1.5],[2.0,1.0]])"));
  EXPECT_THAT(html, HasSubstr("Copyright"));  // uPlot's licence asks for it
  EXPECT_THAT(html, Not(HasSubstr("built without uPlot")));
}

TEST(Report, LeavesOutWhatIsEmpty) {
  Report report;
  report.title = "nothing yet";
  const std::string html = report_html(report);
  EXPECT_THAT(html, Not(HasSubstr("<section")));
  EXPECT_THAT(html, Not(HasSubstr("uPlot")));
}

TEST(Report, RefusesARowThatDoesNotFitItsTable) {
  Report report;
  report.tables = {{"Cost", "", {"layer", "MACs"}, {{"stem"}}}};
  try {
    report_html(report);
    FAIL() << "a short row was shown";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("table 'Cost' has 2 columns and a row of 1"));
  }
}

TEST(Report, IsWrittenWhole) {
  const TemporaryFolder folder;
  write_report(folder.path / "run" / "report.html", example());
  EXPECT_EQ(read_file(folder.path / "run" / "report.html"), report_html(example()));
}

TEST(Report, TheBuildTookItsFilesAsTheyAre) {
  const std::string folder = MANYFOLD_SOURCE_DIR "/report/page/";
  EXPECT_EQ(page::style_css(), read_file(folder + "style.css"));
  EXPECT_EQ(page::charts_js(), read_file(folder + "charts.js"));
  EXPECT_EQ(page::page_js(), read_file(folder + "page.js"));
}

}  // namespace
}  // namespace manyfold::report
