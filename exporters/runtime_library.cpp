#include "exporters/runtime_library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "common/error.h"

namespace manyfold::exporters {
namespace {

constexpr const char* kVariable = "MANYFOLD_ONNXRUNTIME_LIB";
constexpr const char* kFile = "libonnxruntime.so.1";

// A named file is the only candidate: falling back would hide that it is wrong.
std::vector<std::string> candidates() {
  if (const char* named = std::getenv(kVariable)) return {named};
  std::vector<std::string> paths = {std::string(MANYFOLD_ONNXRUNTIME_FOLDER) + "/" + kFile};
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  if (!program.empty()) paths.push_back(program.parent_path() / ".." / "lib" / kFile);
  paths.insert(paths.end(), {kFile, "libonnxruntime.so"});
  return paths;
}

void* open_library() {
  std::string tried;
  for (const auto& path : candidates()) {
    if (void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    tried += "\n  " + std::string(dlerror());
  }
  throw UserError(
      "ONNX Runtime is needed to run an exported model and was not found; run "
      "scripts/install.sh, or set " +
      std::string(kVariable) + " to its library. Tried:" + tried);
}

const OrtApiBase* load() {
  void* library = open_library();
  using GetBase = const OrtApiBase* (*)();
  const auto get_base = reinterpret_cast<GetBase>(dlsym(library, "OrtGetApiBase"));
  if (!get_base) throw UserError("the library given for ONNX Runtime is another one");
  const auto* base = get_base();
  const auto* api = base->GetApi(ORT_API_VERSION);
  if (!api) {
    throw UserError("ONNX Runtime " + std::string(base->GetVersionString()) + " is older than 1." +
                    std::to_string(ORT_API_VERSION) + ", with which manyfold was built; set " +
                    kVariable + " to a newer one");
  }
  Ort::InitApi(api);
  return base;
}

}  // namespace

const OrtApiBase& open_runtime() {
  static std::mutex mutex;
  static const OrtApiBase* base = nullptr;
  const std::lock_guard<std::mutex> lock(mutex);
  if (!base) base = load();
  return *base;
}

}  // namespace manyfold::exporters
