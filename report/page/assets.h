#pragma once

#include <string_view>

/// The files that go into every page, as the build found them.
namespace manyfold::report::page {

std::string_view style_css();
std::string_view page_js();
std::string_view charts_js();

/// uPlot's script, style and licence; empty when the build did not have it.
std::string_view uplot_js();
std::string_view uplot_css();
std::string_view uplot_licence();

}  // namespace manyfold::report::page
