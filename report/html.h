#pragma once

#include <cstdint>
#include <string>

namespace manyfold::report {

/// Text as it may stand in an element or a quoted attribute.
std::string escaped(const std::string& text);

/// JSON as it may stand in a <script>: no "</script>" and no "<!--" inside a string ends it.
std::string script_json(const std::string& json);

/// A figure's value for a reader: four digits that matter, "-" for NaN.
std::string value_text(double value);

/// 1234567 as "1,234,567".
std::string count_text(int64_t count);

/// Whether a table's cell is a number, with its unit or without: "1.5", "-3", "12.5 %", "1,024",
/// "-".
bool is_number(const std::string& cell);

}  // namespace manyfold::report
