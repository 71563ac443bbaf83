// SPDX-License-Identifier: GPL-2.0-or-later
//
// How fast lists are converted, without reading files and without the kernel: the headers of a distribution in memory, 1,447 of
// them with 99,100 digests and 36 MB, and real headers: of testdata, or of the lists in the directory DIGLIM_BENCH_LISTS.
// bytes_per_second is what counts; buffer_bytes, what is allocated beside the largest header.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/source_directory.h"
#include "format/header_builder.h"
#include "format/rpm_list.h"
#include "format/signature.h"

namespace {

using namespace diglim;

constexpr std::size_t packages = 1'447, files = 99'100;

/// Packages are small, but for some: half of the files are in a tenth of the packages.
std::vector<std::string> distribution() {
  constexpr std::size_t large = packages / 10, small = packages - large;
  std::vector<std::string> headers;
  for (std::size_t i = 0; i < packages; ++i) {
    const auto share = [](std::size_t number, std::size_t of) { return (number + 1) * (files / 2) / of - number * (files / 2) / of; };
    headers.push_back(distribution_like_header(i, i < large ? share(i, large) : share(i - large, small)));
  }
  return headers;
}

std::vector<std::string> real_headers() {
  std::vector<std::string> headers;
  const char* directory = std::getenv("DIGLIM_BENCH_LISTS");
  for (const auto& entry : std::filesystem::directory_iterator(directory ? directory : diglab::source_directory() / "digest-lists/format/testdata/rpm")) {
    std::ostringstream bytes;
    bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    headers.push_back(bytes.str());
  }
  return headers;
}

/// From the mapped file to the list that would be uploaded.
void convert_all(benchmark::State& state, const std::vector<std::string>& headers) {
  std::size_t bytes = 0, largest = 0, digests = 0;
  for (const auto& header : headers) {
    bytes += header.size();
    largest = std::max(largest, header.size());
  }
  std::vector<std::uint8_t> list;
  for ([[maybe_unused]] auto _ : state) {
    digests = 0;
    for (const auto& header : headers) {
      const auto parts = split_signature(bytes_of(header));
      const auto region = parts ? RpmHeader::read(parts->content) : std::unexpected(parts.error());
      const auto done = region ? convert(*region, {}, list) : std::unexpected(region.error());
      if (!done) return state.SkipWithError(done.error().to_string().c_str());
      CompactReader blocks(list);
      for (auto block = blocks.next(); block && *block; block = blocks.next()) digests += (*block)->count;
      benchmark::DoNotOptimize(list.data());
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
  state.counters["lists"] = static_cast<double>(headers.size());
  state.counters["digests"] = static_cast<double>(digests);
  state.counters["bytes"] = static_cast<double>(bytes);
  state.counters["largest"] = static_cast<double>(largest);
  state.counters["buffer_bytes"] = static_cast<double>(list.capacity());
}

void distribution_headers(benchmark::State& state) { convert_all(state, distribution()); }
void real_package_headers(benchmark::State& state) { convert_all(state, real_headers()); }

BENCHMARK(distribution_headers)->Unit(benchmark::kMillisecond);
BENCHMARK(real_package_headers)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
