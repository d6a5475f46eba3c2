#include "report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "common/atomic_file.h"
#include "report/html.h"
#include "report/page/assets.h"
#include "report/picture_bytes.h"

namespace manyfold::report {
namespace {

constexpr char kNoCharts[] =
    "This program was built without uPlot, which draws the charts: tables of a few of their values "
    "stand in their place. <code>scripts/install.sh</code> fetches it; then build again.";

struct Section {
  const char* id;
  const char* title;
  std::string html;  // empty: left out
};

std::string cell(const std::string& text, bool number, const char* tag = "td") {
  return fmt::format("<{}{}>{}</{}>", tag, number ? " class=\"number\"" : "", escaped(text), tag);
}

std::string table_html(const Table& table) {
  std::vector<bool> numbers(table.columns.size(), !table.rows.empty());
  for (const auto& row : table.rows) {
    if (row.size() != table.columns.size()) {
      throw std::invalid_argument(fmt::format("report: table '{}' has {} columns and a row of {}",
                                              table.title, table.columns.size(), row.size()));
    }
    for (size_t i = 0; i < row.size(); ++i) {
      numbers[i] = numbers[i] && (row[i].empty() || is_number(row[i]));
    }
  }
  std::string html = "<div class=\"scroll\"><table><thead><tr>";
  for (size_t i = 0; i < numbers.size(); ++i) html += cell(table.columns[i], numbers[i], "th");
  html += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (size_t i = 0; i < row.size(); ++i) html += cell(row[i], numbers[i]);
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

/// Bars share one scale; 0 stands where the longest negative one ends.
std::string bars_section(const std::vector<Bars>& all) {
  std::string html;
  for (const Bars& bars : all) {
    double low = 0, high = 0;
    for (const auto& row : bars.rows) {
      low = std::min(low, row.second);
      high = std::max(high, row.second);
    }
    const double span = std::max(high - low, 1e-12);
    html += "<h3>" + escaped(bars.title) + "</h3>\n";
    if (!bars.note.empty()) html += "<p class=\"soft\">" + escaped(bars.note) + "</p>\n";
    html += "<div class=\"bars\">\n";
    for (const auto& [name, value] : bars.rows) {
      html += fmt::format(
          "<span>{}</span><span class=\"{}\" style=\"margin-left:{:.2f}%;width:{:.2f}%\"></span>"
          "<span class=\"number\">{}</span>\n",
          escaped(name), value < 0 ? "bar less" : "bar", 100 * (std::min(value, 0.0) - low) / span,
          100 * std::abs(value) / span, fmt::format("{:.5f}", value));
    }
    html += "</div>\n";
  }
  return html;
}

std::string tables_section(const std::vector<Table>& tables) {
  std::string html;
  for (const Table& table : tables) {
    html += "<h3>" + escaped(table.title) + "</h3>\n";
    if (!table.note.empty()) html += "<p class=\"soft\">" + escaped(table.note) + "</p>\n";
    html += table_html(table);
  }
  return html;
}

std::string pairs_section(const NamedTexts& pairs) {
  if (pairs.empty()) return {};
  std::string html = "<table>";
  for (const auto& [name, text] : pairs) {
    html += "<tr><th>" + escaped(name) + "</th><td>" + escaped(text) + "</td></tr>\n";
  }
  return html + "</table>\n";
}

std::string tile(const std::string& name, const std::string& value) {
  return "<div class=\"tile\"><b>" + escaped(value) + "</b><span>" + escaped(name) +
         "</span></div>\n";
}

/// The headline of each group, the first figure that was measured, then the facts.
std::string tiles(const Report& report) {
  std::string html;
  for (const FigureGroup& group : report.figures) {
    if (group.figures.empty()) continue;
    const auto& all = group.figures;
    const auto measured = std::find_if(all.begin(), all.end(), [](const metrics::Figure& figure) {
      return std::isfinite(figure.value);
    });
    const auto& headline = measured == all.end() ? all.front() : *measured;
    html += tile(group.name + " " + headline.name, value_text(headline.value));
  }
  for (const auto& [name, text] : report.facts) html += tile(name, text);
  return html.empty() ? html : "<div class=\"tiles\">\n" + html + "</div>\n";
}

std::string figures_section(const std::vector<FigureGroup>& groups) {
  std::string rows;
  for (const FigureGroup& group : groups) {
    rows += "<tr class=\"group\"><td colspan=\"4\">" + escaped(group.name) + "</td></tr>\n";
    for (const metrics::Figure& figure : group.figures) {
      const char* arrow = figure.higher_is_better ? "↑" : "↓";
      rows += "<tr>" + cell(figure.name + " " + arrow, false) +
              cell(value_text(figure.value), true) +
              cell(count_text(figure.count) + " " + figure.unit, true) +
              cell(figure.explanation, false) + "</tr>\n";
    }
  }
  if (rows.empty()) return {};
  return "<p class=\"soft\">↑ higher is better, ↓ lower is better; \"-\" where nothing was there "
         "to "
         "measure.</p>\n<div class=\"scroll\"><table class=\"wide\"><thead><tr><th>figure</th>"
         "<th class=\"number\">value</th><th class=\"number\">over</th><th>what it is</th></tr>"
         "</thead><tbody>\n" +
         rows + "</tbody></table></div>\n";
}

/// The chart's values at a few steps.
std::string chart_table(const Chart& chart) {
  const nlohmann::json data = chart_json(chart, 8);
  const auto& columns = data.at("columns");
  Table table{chart.title, "", {"step"}, {}};
  for (const auto& name : data.at("names")) table.columns.push_back(name);
  for (size_t i = 0; i < columns.at(0).size(); ++i) {
    std::vector<std::string> row;
    for (const auto& column : columns) {
      row.push_back(column[i].is_null() ? "-" : value_text(column[i].get<double>()));
    }
    table.rows.push_back(std::move(row));
  }
  return table_html(table);
}

std::string chart_card(const Chart& chart, size_t index, bool drawn) {
  const bool large = chart.curves.size() > 1;
  const std::string body = drawn ? "<div class=\"plot\"></div>" : chart_table(chart);
  const std::string button =
      drawn ? "<button type=\"button\" aria-pressed=\"false\">log</button>" : "";
  return fmt::format("<div class=\"chart{}\"{}><h4>{}{}</h4>{}</div>\n", large ? " large" : "",
                     drawn ? fmt::format(" data-chart=\"{}\"", index) : "", escaped(chart.title),
                     button, body);
}

std::string charts_section(const std::vector<Chart>& charts, bool drawn) {
  if (charts.empty()) return {};
  std::string html =
      drawn
          ? "<p class=\"controls\"><label for=\"smoothing\">Smoothing</label><input type=\"range\" "
            "id=\"smoothing\" min=\"0\" max=\"0.98\" step=\"0.02\" value=\"0.8\"></p>\n"
            "<noscript><p class=\"warn\">The charts need JavaScript.</p></noscript>\n"
          : fmt::format("<p class=\"warn\">{}</p>\n", kNoCharts);
  auto data = nlohmann::json::array();
  for (size_t i = 0; i < charts.size(); ++i) {
    if (i == 0 || charts[i].section != charts[i - 1].section) {
      html += (i == 0 ? "<h3>" : "</div>\n<h3>") + escaped(charts[i].section) +
              "</h3>\n<div class=\"charts\">\n";
    }
    html += chart_card(charts[i], i, drawn);
    data.push_back(chart_json(charts[i]));
  }
  html += "</div>\n";
  if (!drawn) return html;
  return html + "<script type=\"application/json\" id=\"chart-data\">" + script_json(data.dump()) +
         "</script>\n";
}

std::string pictures_section(const std::vector<Picture>& pictures) {
  std::string html;
  for (const Picture& picture : pictures) {
    html += fmt::format(
        "<figure><img alt=\"{0}\" src=\"data:image/jpeg;base64,{1}\"><figcaption>{0}</figcaption>"
        "</figure>\n",
        escaped(picture.caption), base64(jpeg_bytes(picture.rgb)));
  }
  return html.empty() ? html : "<div class=\"pictures\">\n" + html + "</div>\n";
}

std::string config_section(const Report& report) {
  std::string html;
  if (!report.overrides.empty()) {
    html += "<p>Given on the command line:";
    for (const std::string& text : report.overrides) html += " <code>" + escaped(text) + "</code>";
    html += "</p>\n";
  }
  if (!report.config.empty()) {
    html += "<details><summary>The whole config, as composed</summary><pre>" +
            escaped(report.config) + "</pre></details>\n";
  }
  return html;
}

std::string bad_files_section(const std::vector<std::string>& files) {
  if (files.empty()) return {};
  std::string html =
      fmt::format("<p class=\"warn\">{} file{} could not be used and {} left out.</p>\n<pre>",
                  files.size(), files.size() == 1 ? "" : "s", files.size() == 1 ? "was" : "were");
  for (const std::string& file : files) html += escaped(file) + "\n";
  return html + "</pre>\n";
}

std::string scripts(bool charts) {
  std::string html = fmt::format("<script>\n{}</script>\n", page::page_js());
  if (!charts) return html;
  return html + fmt::format("<!--\nuPlot:\n{}-->\n<script>\n{}\n</script>\n<script>\n{}</script>\n",
                            page::uplot_licence(), page::uplot_js(), page::charts_js());
}

}  // namespace

bool can_draw_charts() { return !page::uplot_js().empty(); }

std::string report_html(const Report& report, bool draw_charts) {
  const std::vector<Section> sections = {
      {"figures", "Figures", figures_section(report.figures)},
      {"curves", "Curves", charts_section(report.charts, draw_charts)},
      {"pictures", "Pictures", pictures_section(report.pictures)},
      {"bars", "By layer", bars_section(report.bars)},
      {"tables", "Parameters and cost", tables_section(report.tables)},
      {"bad-files", "Bad files", bad_files_section(report.bad_files)},
      {"config", "Config", config_section(report)},
      {"environment", "Environment", pairs_section(report.environment)}};
  const bool charts = draw_charts && !report.charts.empty();
  std::string head = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>\n{}{}</style>\n</head>\n<body>\n",
      escaped(report.title), charts ? page::uplot_css() : "", page::style_css());
  std::string links, body;
  for (const Section& section : sections) {
    if (section.html.empty()) continue;
    links += fmt::format("<a href=\"#{}\">{}</a>\n", section.id, section.title);
    body += fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n", section.id, section.title) +
            section.html + "</section>\n";
  }
  head += fmt::format("<header><h1>{}</h1>\n<p class=\"soft\">{}</p>\n<nav>\n{}</nav></header>\n",
                      escaped(report.title), escaped(report.subtitle), links);
  return head + tiles(report) + body + scripts(charts) + "</body>\n</html>\n";
}

void write_report(const std::filesystem::path& path, const Report& report) {
  write_file(path, report_html(report));
}

}  // namespace manyfold::report
