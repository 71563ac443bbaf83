// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "bench/bench.h"

namespace diglab {
namespace {

using namespace std::chrono_literals;

constexpr double wanted_bytes_per_second = 1e9;

}  // namespace

Result<BenchReport> bench_parser(Processes& processes, const std::filesystem::path& program, int repetitions, const std::stop_token& stop) {
  const Command command{program.string(), "--benchmark_format=json", "--benchmark_filter=distribution", fmt::format("--benchmark_repetitions={}", repetitions)};
  const auto outcome = TRY(processes.check(command, {.deadline = Deadline::in(600s, stop), .input = {}, .on_line = {}}), "benchmark of the parser");
  const auto json = nlohmann::json::parse(outcome.out, nullptr, false);
  if (json.is_discarded() || !json.contains("benchmarks")) return fail(ErrorKind::infra, fmt::format("{} printed no results", program.string()));
  BenchReport report{.name = "parser", .conditions = {}, .series = {}, .targets = {}};
  Samples& converted = report.series["converting the headers"];
  Samples& wanted = report.series["the same at 1 GB/s"];
  for (const auto& run : json["benchmarks"]) {
    if (run.value("run_type", "") != "iteration") continue;
    converted.push_back(run.value("cpu_time", 0.0) / 1e3);
    wanted.push_back(run.value("bytes", 0.0) / wanted_bytes_per_second);
    for (const char* counted : {"lists", "digests", "bytes"}) report.conditions[counted] = fmt::format("{:.0f}", run.value(counted, 0.0));
  }
  if (converted.empty()) return fail(ErrorKind::infra, fmt::format("{} measured nothing", program.string()));
  report.targets.push_back({.numerator = "converting the headers", .denominator = "the same at 1 GB/s", .at_most = 1.0, .measured = ratio_of(converted, wanted)});
  return report;
}

}  // namespace diglab
