#include <map>
#include <opencv2/core/utils/logger.hpp>
#include <string>
#include <vector>

#include "cli/config.h"
#include "cli/data.h"
#include "cli/evaluate.h"
#include "cli/export.h"
#include "cli/label/label.h"
#include "cli/predict/predict.h"
#include "cli/pretrain/pretrain.h"
#include "cli/pretrain/probe.h"
#include "cli/qat.h"
#include "cli/synth.h"
#include "cli/train.h"

/// What `main` looks up in this library: a cli::CommandRunner for the commands of its table.
extern "C" int manyfold_run_command(const std::string& name,
                                    const std::vector<std::string>& arguments) {
  using namespace manyfold::cli;
  static const std::map<std::string, int (*)(const std::vector<std::string>&)> commands = {
      {"config", run_config},     {"data", run_data},         {"distill", run_distill},
      {"evaluate", run_evaluate}, {"export", run_export},     {"label", run_label},
      {"predict", run_predict},   {"pretrain", run_pretrain}, {"probe", run_probe},
      {"qat", run_qat},           {"synth", run_synth},       {"train", run_train},
  };
  // What it would say of a file stands in the error of whoever wanted to read it.
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  constexpr int kKeepWhatIsSet = 0;
  setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", kKeepWhatIsSet);  // AV_LOG_QUIET
  return commands.at(name)(arguments);
}
