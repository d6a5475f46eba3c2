#include "report/metrics_log.h"

#include <fmt/format.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "common/atomic_file.h"
#include "common/error.h"

namespace manyfold::report {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string number(double value) {
  if (!std::isfinite(value)) return "null";
  const auto narrow = static_cast<float>(value);
  return static_cast<double>(narrow) == value ? fmt::format("{}", narrow)
                                              : fmt::format("{}", value);
}

std::string quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Visits the records of a log with the text of their lines; the visitor returns false to stop.
/// The last line may be torn.
void for_each_record(
    const fs::path& path,
    const std::function<bool(const Json& record, const std::string& line)>& visit) {
  const std::string text = read_file(path);
  int64_t line_number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    if (end == std::string::npos) return;
    ++line_number;
    const std::string line = text.substr(begin, end - begin + 1);
    begin = end + 1;
    const Json record = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    const bool whole = record.is_object() && record.contains("step") && record["step"].is_number();
    if (!whole && begin == text.size()) return;
    if (!whole) {
      throw UserError(fmt::format("{}:{}: expected a record like {{\"step\":1,\"loss\":0.5}}",
                                  path.string(), line_number));
    }
    if (!visit(record, line)) return;
  }
}

std::string records_up_to(const fs::path& path, int64_t step) {
  std::string kept;
  for_each_record(path, [&](const Json& record, const std::string& line) {
    if (record["step"].get<int64_t>() > step) return false;
    kept += line;
    return true;
  });
  return kept;
}

}  // namespace

MetricsLog::MetricsLog(fs::path path, std::optional<int64_t> resumed_step)
    : path_(std::move(path)) {
  const bool resumes = resumed_step && fs::exists(path_);
  write_file(path_, resumes ? records_up_to(path_, *resumed_step) : std::string());
  out_.open(path_, std::ios::app | std::ios::binary);
  if (!out_) throw UserError("cannot write " + path_.string() + ": " + std::strerror(errno));
}

void MetricsLog::add(int64_t step, const NamedValues& values) {
  std::string line = fmt::format("{{\"step\":{}", step);
  for (const auto& [name, value] : values) line += "," + quoted(name) + ":" + number(value);
  out_ << line << "}\n" << std::flush;
  if (!out_) throw UserError("cannot write " + path_.string() + ": " + std::strerror(errno));
}

std::vector<Curve> read_curves(const fs::path& path) {
  std::vector<Curve> curves;
  std::unordered_map<std::string, size_t> index;
  for_each_record(path, [&](const Json& record, const std::string&) {
    const double step = record["step"].get<double>();
    for (const auto& [name, value] : record.items()) {
      if (name == "step" || !(value.is_number() || value.is_null())) continue;
      const auto [found, fresh] = index.emplace(name, curves.size());
      if (fresh) curves.push_back({name, {}, {}});
      Curve& curve = curves[found->second];
      curve.steps.push_back(step);
      curve.values.push_back(value.is_null() ? std::numeric_limits<double>::quiet_NaN()
                                             : value.get<double>());
    }
    return true;
  });
  return curves;
}

void write_metrics(const fs::path& path, const NamedValues& values) {
  std::string text;
  for (const auto& [name, value] : values) {
    text += (text.empty() ? "{\n  " : ",\n  ") + quoted(name) + ": " + number(value);
  }
  write_file(path, text.empty() ? std::string("{}\n") : text + "\n}\n");
}

}  // namespace manyfold::report
