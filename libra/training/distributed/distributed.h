// training/distributed: one model trained by several processes, on one machine or many. The line
// between the ranks (c10d: Gloo, NCCL), gradients summed in buckets while backward() is at work
// (data parallel), each rank with its part of the optimiser (ZeRO-2), and a check that all ranks
// train the same. It knows parameters and gradients, not Libra's model: it may include core and nn.
#pragma once

#include "libra/training/distributed/agreement.h"
#include "libra/training/distributed/communicator.h"
#include "libra/training/distributed/exchange.h"
#include "libra/training/distributed/gradient_reducer.h"
#include "libra/training/distributed/sharded_parameters.h"
