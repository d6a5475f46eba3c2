#pragma once

#include <filesystem>
#include <opencv2/core.hpp>
#include <string>
#include <utility>
#include <vector>

#include "metrics/metric.h"
#include "report/charts.h"
#include "report/system_info.h"

namespace manyfold::report {

/// The figures of one task, or of one data set.
struct FigureGroup {
  std::string name;
  std::vector<metrics::Figure> figures;
};

struct Picture {
  std::string caption;
  cv::Mat rgb;  // CV_8UC3
};

/// Rows of cells; a column whose cells are all numbers is set flush right.
struct Table {
  std::string title, note;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // each as long as columns
};

/// One number for each of many names, as bars in the order given; negative ones to the left.
struct Bars {
  std::string title, note;
  std::vector<std::pair<std::string, double>> rows;
};

/// Everything that `report.html` shows, from the top down. What is empty is left out.
struct Report {
  std::string title;     // "edge_420k on faces and people"
  std::string subtitle;  // one line: which command made this
  NamedTexts facts;      // few and short: steps, time, parameters
  std::vector<FigureGroup> figures;
  std::vector<Chart> charts;  // see charts_of()
  std::vector<Picture> pictures;
  std::vector<Bars> bars;
  std::vector<Table> tables;
  std::string config;                  // YAML, as composed
  std::vector<std::string> overrides;  // as typed on the command line
  std::vector<std::string> bad_files;  // "path: what is wrong with it"
  NamedTexts environment;              // see system_info()
};

/// Whether the build had uPlot, which draws the charts.
bool can_draw_charts();

/// The page: one file with pictures, styles and scripts inside, which asks no network for anything.
/// Without `draw_charts` each chart is a table of a few of its values, and the page says why.
/// Throws std::invalid_argument for a table row of another length than its columns.
std::string report_html(const Report& report, bool draw_charts = can_draw_charts());

/// Writes report_html(): the old file or the whole new one, never half of it.
void write_report(const std::filesystem::path& path, const Report& report);

}  // namespace manyfold::report
