// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/bench_lab.h"

namespace diglab {

using namespace std::chrono_literals;

Deadline Bench::in(std::chrono::seconds nominal) const { return Deadline::scaled(nominal, time_scale(acceleration.acceleration), stop); }

std::map<std::string, std::string> Bench::conditions() const {
  return {{"kernel", kernel.release},
          {"image", image.set},
          {"acceleration", std::string(to_string(acceleration.acceleration))},
          {"qemu", host->qemu_version()},
          {"cpus", std::to_string(spec.cpus)},
          {"memory_mib", std::to_string(spec.memory_mib)}};
}

Result<std::unique_ptr<Machine>> Bench::start(MachineSpec wanted) const {
  return Machine::start(*host, std::move(wanted), {.evidence = scratch.path() / "evidence", .on_line = {}}, in(30s));
}

Result<Bench> open_bench(Lab& lab, const MachineWish& wish, const std::stop_token& stop) {
  Deadline build = Deadline::in(40min, stop);
  AccelerationVerdict acceleration = TRY(lab.acceleration(build));
  Host* host = TRY(lab.host(build));
  BuiltKernel kernel = TRY(lab.kernel(wish, build));
  BuiltImage image = TRY(lab.image(wish, build));
  MachineSpec spec = machine_spec(wish, kernel, image, TRY(lab.initramfs(wish, image)), acceleration.acceleration);
  auto scratch = TRY(TempDir::make({}, "diglab-bench"));
  return Bench{.host = host,
               .acceleration = acceleration,
               .kernel = kernel,
               .image = image,
               .spec = spec,
               .scratch = std::move(scratch),
               .stop = stop};
}

}  // namespace diglab
