#include "common/config/json_writer.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace manyfold::config {
namespace {

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', /*ensure_ascii=*/true,
                                   nlohmann::json::error_handler_t::replace);
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return python_float(value);
}

std::string scalar(const Value& value) {
  if (value.is_null()) return "null";
  if (value.is_bool()) return value.boolean() ? "true" : "false";
  if (value.is_double()) return number(value.real());
  return value.is_string() ? quoted(value.string()) : value.text();
}

std::string key(const Key& key) {
  return quoted(std::visit(
      [](const auto& any) {
        const Value value(any);
        return value.is_string() ? value.string() : scalar(value);
      },
      key.any()));
}

class Writer {
 public:
  explicit Writer(int indent) : indent_(indent) {}

  void write(const Value& value, int depth) {
    if (value.is_list()) {
      text += '[';
      bool first = true;
      for (const auto& item : value.list()) {
        next(first, depth + 1);
        write(item, depth + 1);
      }
      close(']', first, depth);
    } else if (value.is_map()) {
      text += '{';
      bool first = true;
      for (const auto& [name, item] : value.map()) {
        next(first, depth + 1);
        text += key(name) + ": ";
        write(item, depth + 1);
      }
      close('}', first, depth);
    } else {
      text += scalar(value);
    }
  }

  std::string text;

 private:
  void next(bool& first, int depth) {
    if (!first) text += indent_ ? "," : ", ";
    if (indent_) text += "\n" + std::string(static_cast<size_t>(indent_ * depth), ' ');
    first = false;
  }
  void close(char bracket, bool empty, int depth) {
    if (indent_ && !empty) text += "\n" + std::string(static_cast<size_t>(indent_ * depth), ' ');
    text += bracket;
  }

  const int indent_;
};

}  // namespace

std::string to_json(const Value& value, int indent) {
  Writer writer(indent);
  writer.write(value, 0);
  return writer.text;
}

}  // namespace manyfold::config
