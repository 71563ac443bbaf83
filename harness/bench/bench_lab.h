// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "machine/machine.h"
#include "os/files.h"
#include "run/lab.h"

namespace diglab {

/// What all benchmarks need: a host, and a machine.
struct Bench {
  Host* host;
  AccelerationVerdict acceleration;
  BuiltKernel kernel;
  BuiltImage image;
  MachineSpec spec;
  TempDir scratch;
  std::stop_token stop;

  [[nodiscard]] Deadline in(std::chrono::seconds nominal) const;
  [[nodiscard]] std::map<std::string, std::string> conditions() const;
  /// A machine as `spec` says.
  Result<std::unique_ptr<Machine>> start(MachineSpec wanted) const;
};

/// Builds what is missing for the machine that is wished for.
Result<Bench> open_bench(Lab& lab, const MachineWish& wish, const std::stop_token& stop);

}  // namespace diglab
