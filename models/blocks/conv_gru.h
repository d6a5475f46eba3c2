#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/pimpl.h>

namespace manyfold::models {

/// Options for `ConvGru`.
struct ConvGruOptions {
  explicit ConvGruOptions(int64_t channels) : channels_(channels) {}
  /// Of the input, the state and the output.
  TORCH_ARG(int64_t, channels);
  /// 1, 3 or 5.
  TORCH_ARG(int64_t, kernel) = 3;
};

/// A GRU whose products are convolutions (Ballas et al., arXiv 1511.06432), one step in time:
///
///     [r, z] = sigmoid(ih([x, h]))    c = tanh(hh([x, r h]))    h' = (1 - z) h + z c
///
/// Convention and names are those of Robust Video Matting (arXiv 2108.11515; model/decoder.py of
/// PeterL1n/RobustVideoMatting), whose weights it can read. cuDNN, LibTorch's and ONNX's GRU swap z
/// and 1 - z. Every number of h' lies between those of h and c, so |h'| <= 1 from a start of zeros.
///
/// At first what reads the state is orthogonal for each gate, and z has a bias of -1, so that the
/// state changes slowly.
/// forward: x and h [N, channels, H, W] -> h' of the same shape; h undefined = zeros
class ConvGruImpl : public torch::nn::Cloneable<ConvGruImpl> {
 public:
  explicit ConvGruImpl(const ConvGruOptions& options);
  void reset() override;
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& h = {});

 private:
  ConvGruOptions options_;
  torch::nn::Sequential ih_{nullptr}, hh_{nullptr};
};
TORCH_MODULE(ConvGru);

}  // namespace manyfold::models
