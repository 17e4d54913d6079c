// Linear and Embedding under LibTorch's parameter names and with its initial values, and two things
// that large models need: weights that will come from a file cost nothing to make, and a bf16
// precision. In it matrices are stored in bf16; vectors (norms, biases, layer scales) and residual
// streams are f32. Its products are made in one of two ways:
//   wide    f32, the matrices widened a panel at a time; results are f32. The CPU's way unless
//           asked otherwise, and the faster one on processors without bf16 instructions.
//   narrow  bf16 with f32 sums; results are bf16. On a GPU always, on the CPU under NarrowProducts.
#pragma once

#include <string>

#include "libra/nn/torch.h"

namespace libra::nn {

// While one is alive and `on`, fresh weights of this thread keep whatever their memory held, which
// is never touched: a file will fill them. Nests.
class NoInit {
 public:
  explicit NoInit(bool on = true);
  ~NoInit();
  NoInit(const NoInit&) = delete;
  NoInit& operator=(const NoInit&) = delete;

 private:
  bool before_;
};

// While one is alive and `on`, products of this thread with bf16 matrices are narrow. Nests.
class NarrowProducts {
 public:
  explicit NarrowProducts(bool on = true);
  ~NarrowProducts();
  NarrowProducts(const NarrowProducts&) = delete;
  NarrowProducts& operator=(const NarrowProducts&) = delete;

  static bool on(torch::Device device);  // whether products there are narrow now

 private:
  bool before_;
};

// Which weights of a network get initial values; a file fills the others.
enum class Fresh { kAll, kHeads /* all but the published towers */, kNone };

// Initial values in place; nothing happens under NoInit.
void init_normal(const torch::Tensor& weight, double deviation);
void init_xavier_uniform(const torch::Tensor& weight);
void init_zeros(const torch::Tensor& weight);

// The dtype of a parameter in a model of this precision: matrices have it, vectors stay f32.
torch::ScalarType parameter_type(const torch::Tensor& parameter, torch::ScalarType precision);
// Takes a module's floating parameters there.
void set_precision(torch::nn::Module& module, torch::ScalarType precision);
// The dtype of activations beside weights of `weight` dtype: f64 for f64, else f32.
torch::ScalarType activation_type(torch::ScalarType weight);

// x w^T + b; in x's dtype, but bf16 where the product is narrow. weight [out, in], bias [out] or
// undefined.
torch::Tensor linear(const torch::Tensor& x, const torch::Tensor& weight,
                     const torch::Tensor& bias);

// Where the dropout of this thread's layers comes from while one is alive: from the seed and how
// many layers asked before, so that a pass can be repeated. Nests.
class DropoutStream {
 public:
  explicit DropoutStream(uint64_t seed, uint64_t asked = 0);
  ~DropoutStream();
  DropoutStream(const DropoutStream&) = delete;
  DropoutStream& operator=(const DropoutStream&) = delete;

  struct Place {
    uint64_t seed = 0, asked = 0;
  };
  static Place now();

 private:
  Place before_;
};

// Low-rank adaptation (Hu et al. 2021): y = x W^T + b + (alpha / rank) B A x.
struct LoraOptions {
  int64_t rank = 16;
  double alpha = 16.0;
  double dropout = 0.0;  // of what A reads, in training
};

// Whether a parameter of this name belongs to an adaptation.
bool is_lora(const std::string& name);

class LinearImpl : public torch::nn::Module {
 public:
  LinearImpl(int64_t in, int64_t out, bool with_bias = true);
  torch::Tensor forward(const torch::Tensor& x);  // [..., in] -> [..., out]

  // Adds A (as PEFT draws it) and B (zero), f32, and freezes weight and bias. Once.
  void add_lora(const LoraOptions& options);
  bool has_lora() const { return lora_a.defined(); }
  // weight, with what the adaptation adds: a layer without one that answers the same. f32.
  torch::Tensor merged_weight() const;

  torch::Tensor weight, bias;    // bias undefined without
  torch::Tensor lora_a, lora_b;  // [rank, in], [out, rank]; undefined without

 private:
  double lora_scale_ = 0.0, lora_dropout_ = 0.0;
};
TORCH_MODULE(Linear);

class EmbeddingImpl : public torch::nn::Module {
 public:
  // padding_id: its row starts at zero and gets no gradient; -1: none.
  EmbeddingImpl(int64_t count, int64_t width, int64_t padding_id = -1);
  // Rows from N(0, deviation), the padding row zero.
  void init(double deviation);
  // [...] int64 -> [..., width], f32 also from bf16 rows
  torch::Tensor forward(const torch::Tensor& ids);

  torch::Tensor weight;

 private:
  int64_t padding_id_;
};
TORCH_MODULE(Embedding);

// Conv2d's forward with the product as in linear(), in x's dtype.
torch::Tensor convolve(torch::nn::Conv2dImpl& conv, const torch::Tensor& x);

}  // namespace libra::nn
