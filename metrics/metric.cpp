#include "metrics/metric.h"

#include <cctype>
#include <limits>
#include <stdexcept>

namespace manyfold::metrics {

double value_of(const std::vector<Figure>& figures, const std::string& name) {
  std::string known;
  for (const Figure& figure : figures) {
    if (figure.name == name) return figure.value;
    known += (known.empty() ? "" : ", ") + figure.name;
  }
  throw std::out_of_range("no figure '" + name + "'; known: " + known);
}

double ratio(int64_t part, int64_t whole) {
  return whole == 0 ? std::numeric_limits<double>::quiet_NaN()
                    : static_cast<double>(part) / static_cast<double>(whole);
}

std::string figure_name(const std::string& class_name) {
  std::string name = class_name;
  for (char& letter : name) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 0x80 && !std::isalnum(byte) && letter != '-') letter = '_';
  }
  return name;
}

}  // namespace manyfold::metrics
