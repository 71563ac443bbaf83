// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/bench.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "bench/bare_initramfs.h"
#include "bench/bench_lab.h"
#include "guest/client.h"
#include "os/files.h"

namespace diglab {
namespace {

using namespace std::chrono_literals;

double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

/// From the decision to have a machine to the agent's first answer.
Result<double> boot_to_agent(const Bench& bench) {
  auto began = std::chrono::steady_clock::now();
  auto machine = TRY(bench.start(bench.spec));
  AgentClient agent(machine->agent());
  TRY(agent.hello(bench.in(30s)), machine->console().tail(5));
  return seconds_since(began);
}

/// From the decision to have a machine to the shell of a bare initramfs.
Result<double> boot_to_bare_shell(const Bench& bench, const std::filesystem::path& initramfs) {
  MachineSpec spec = bench.spec;
  spec.initrd = initramfs;
  spec.disk.reset();
  spec.cmdline = "quiet";
  auto began = std::chrono::steady_clock::now();
  auto machine = TRY(bench.start(spec));
  TRY(machine->console().wait_for(bare_shell_ready, bench.in(30s)), "bare initramfs");
  return seconds_since(began);
}

}  // namespace

std::string BenchReport::to_text() const {
  std::string text = fmt::format("benchmark {}\n", name);
  for (const auto& [what, value] : conditions) text += fmt::format("  {:14} {}\n", what, value);
  text += fmt::format("  {:28} {:>9} {:>19} {:>6}\n", "series", "median s", "middle half", "n");
  for (const auto& [what, samples] : series) {
    Summary summary = summarise(samples);
    text += fmt::format("  {:28} {:9.3f} {:9.3f}-{:9.3f} {:6}\n", what, summary.median, summary.lower_quartile, summary.upper_quartile, samples.size());
  }
  for (const BenchTarget& target : targets)
    text += fmt::format("  {} / {}: {:.3f} (95 %: {:.3f} to {:.3f}), target at most {:.2f}: {}\n", target.numerator, target.denominator,
                        target.measured.median, target.measured.low, target.measured.high, target.at_most, target.met() ? "met" : "MISSED");
  return text;
}

std::string BenchReport::to_json() const {
  nlohmann::json json{{"benchmark", name}, {"conditions", conditions}, {"series", nlohmann::json::object()}, {"ratios", nlohmann::json::array()}};
  for (const auto& [what, samples] : series) {
    Summary summary = summarise(samples);
    json["series"][what] = {{"unit", "s"},
                            {"samples", samples},
                            {"median", summary.median},
                            {"lower_quartile", summary.lower_quartile},
                            {"upper_quartile", summary.upper_quartile}};
  }
  for (const BenchTarget& target : targets)
    json["ratios"].push_back({{"of", target.numerator},
                              {"to", target.denominator},
                              {"median", target.measured.median},
                              {"low_95", target.measured.low},
                              {"high_95", target.measured.high},
                              {"at_most", target.at_most},
                              {"met", target.met()}});
  return json.dump(2);
}

Result<BenchReport> bench_boot(Lab& lab, Processes& processes, int repetitions, const std::stop_token& stop) {
  Bench bench = TRY(open_bench(lab, {}, stop));
  std::filesystem::path initramfs = bench.scratch.path() / "bare.cpio";
  TRY_VOID(make_bare_initramfs(initramfs, processes, bench.in(30s)));
  BenchReport report{.name = "boot", .conditions = bench.conditions(), .series = {}, .targets = {}};
  // In turn, so that whatever else the machine does hits both alike; the first pair warms the page cache and is not counted.
  for (int i = 0; i <= repetitions; ++i) {
    double bare = TRY(boot_to_bare_shell(bench, initramfs));
    double agent = TRY(boot_to_agent(bench));
    if (i == 0) continue;
    report.series["bare initramfs shell"].push_back(bare);
    report.series["agent ready"].push_back(agent);
  }
  report.targets.push_back({.numerator = "agent ready",
                            .denominator = "bare initramfs shell",
                            .at_most = 1.5,
                            .measured = ratio_of(report.series["agent ready"], report.series["bare initramfs shell"])});
  return report;
}

Result<BenchReport> bench_snapshot(Lab& lab, int repetitions, const std::stop_token& stop) {
  Bench bench = TRY(open_bench(lab, {}, stop));
  BenchReport report{.name = "snapshot", .conditions = bench.conditions(), .series = {}, .targets = {}};
  TRY(boot_to_agent(bench));
  auto machine = TRY(bench.start(bench.spec));
  AgentClient agent(machine->agent());
  TRY(agent.hello(bench.in(30s)));
  auto save_began = std::chrono::steady_clock::now();
  SnapshotId snapshot = TRY(machine->snapshots().save("bench", bench.in(30s)));
  report.series["save"].push_back(seconds_since(save_began));
  TRY(agent.after_save(bench.in(10s)));
  for (int i = 0; i < repetitions; ++i) {
    report.series["boot"].push_back(TRY(boot_to_agent(bench)));
    auto began = std::chrono::steady_clock::now();
    agent.before_restore();
    TRY_VOID(machine->snapshots().restore(snapshot, bench.in(30s)));
    TRY(agent.after_restore(bench.in(10s)));
    report.series["restore"].push_back(seconds_since(began));
  }
  report.targets.push_back(
      {.numerator = "restore", .denominator = "boot", .at_most = 0.1, .measured = ratio_of(report.series["restore"], report.series["boot"])});
  return report;
}

}  // namespace diglab
