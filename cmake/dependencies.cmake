# Everything that is not ours. `scripts/install.sh` brings it to a Debian machine.

find_package(Torch REQUIRED)
find_package(Protobuf REQUIRED)  # before ONNX, whose targets name it and do not look for it
find_package(ONNX REQUIRED)
find_package(OpenCV REQUIRED COMPONENTS core imgproc imgcodecs video videoio)
find_library(LIBYAML yaml REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Boost REQUIRED COMPONENTS program_options)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Threads REQUIRED)

# ONNX Runtime is opened when the program runs; only its headers are needed to build.
set(MANYFOLD_ONNXRUNTIME ${PROJECT_SOURCE_DIR}/third_party/onnxruntime
    CACHE PATH "Folder with include/ and lib/ of ONNX Runtime")
if(NOT EXISTS ${MANYFOLD_ONNXRUNTIME}/include/onnxruntime_cxx_api.h)
  message(FATAL_ERROR "No ONNX Runtime headers in ${MANYFOLD_ONNXRUNTIME}/include: "
                      "run scripts/install.sh, or set MANYFOLD_ONNXRUNTIME.")
endif()
add_library(onnxruntime_headers INTERFACE)
target_include_directories(onnxruntime_headers SYSTEM INTERFACE
  $<BUILD_INTERFACE:${MANYFOLD_ONNXRUNTIME}/include>)
target_compile_definitions(onnxruntime_headers INTERFACE ORT_API_MANUAL_INIT)
