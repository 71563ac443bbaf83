// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/flavour.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "os/files.h"
#include "os/list_descriptions.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

using Version = std::pair<int, int>;

std::optional<Version> parse_version(std::string_view text) {
  Version version;
  const char* end = text.data() + text.size();
  auto [dot, error] = std::from_chars(text.data(), end, version.first);
  if (error != std::errc() || dot == end || *dot != '.') return std::nullopt;
  auto [last, error2] = std::from_chars(dot + 1, end, version.second);
  if (error2 != std::errc() || last != end) return std::nullopt;
  return version;
}

/// The directory of kernel-patches/ that is for `version`.
Result<fs::path> version_directory(const fs::path& patches, std::string_view version) {
  std::map<Version, fs::path> known;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(patches, error))
    if (auto parsed = parse_version(entry.path().filename().string())) known[*parsed] = entry.path();
  if (error) return fail(ErrorKind::infra, fmt::format("{}: cannot list: {}", patches.string(), error.message()));
  if (known.empty()) return fail(ErrorKind::infra, fmt::format("{}: holds no directory named after a kernel version", patches.string()));
  auto wanted = parse_version(version);
  if (!wanted) return fail(ErrorKind::bad_input, fmt::format("'{}' is no kernel version", version));
  auto after = known.upper_bound(*wanted);
  return after == known.begin() ? after->second : std::prev(after)->second;
}

std::string_view trim(std::string_view line) {
  constexpr std::string_view space = " \t\r";
  auto first = line.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(space) - first + 1);
}

Result<fs::path> existing(const fs::path& path, const fs::path& named_in) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored))
    return fail(ErrorKind::bad_input, fmt::format("{}: names {}, which does not exist", named_in.string(), path.string()));
  return path;
}

/// Reads one flavour file; the YAML library's exceptions end in read_flavour().
class FlavourReader {
 public:
  FlavourReader(fs::path file, fs::path directory) : file_(std::move(file)), directory_(std::move(directory)) {}

  Result<Flavour> read(const YAML::Node& root, std::string_view name) {
    Flavour flavour;
    flavour.name = name;
    constexpr std::string_view keys[] = {"about", "series", "unless", "fragments", "selftests", "must"};
    if (!root.IsMap()) return fail(ErrorKind::bad_input, fmt::format("{}: expected keys {}", file_.string(), fmt::join(keys, ", ")));
    for (const auto& entry : root) {
      const auto key = entry.first.as<std::string>();
      if (std::ranges::find(keys, key) == std::end(keys))
        return fail(ErrorKind::bad_input, fmt::format("{}:{}: unknown key '{}': expected one of {}", file_.string(), entry.first.Mark().line + 1, key,
                                                      fmt::join(keys, ", ")));
    }
    flavour.about = root["about"].as<std::string>("");
    flavour.unless = root["unless"].as<std::string>("");
    for (const std::string& series : names(root["series"]))
      for (Patch& patch : TRY(read_series(TRY(existing(directory_ / series, file_))))) flavour.patches.push_back(std::move(patch));
    flavour.fragments.push_back(TRY(existing(directory_ / "base.config", file_)));
    for (const std::string& fragment : names(root["fragments"]))
      flavour.fragments.push_back(TRY(existing(directory_ / "fragments" / (fragment + ".config"), file_)));
    flavour.selftests = names(root["selftests"]);
    for (const std::string& must : names(root["must"])) flavour.must.push_back(TRY(existing(directory_ / (must + ".config"), file_)));
    return flavour;
  }

 private:
  static std::vector<std::string> names(const YAML::Node& node) {
    return node && !node.IsNull() ? node.as<std::vector<std::string>>() : std::vector<std::string>();
  }

  fs::path file_;
  fs::path directory_;
};

}  // namespace

Result<std::vector<Patch>> read_series(const fs::path& series) {
  const std::string text = TRY(read_file(series, 1 << 20));
  std::vector<Patch> patches;
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    ++number;
    line = trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    Patch patch{.path = series.parent_path() / line, .name = std::string(line)};
    std::error_code ignored;
    if (!fs::is_regular_file(patch.path, ignored))
      return fail(ErrorKind::bad_input, fmt::format("{}:{}: patch '{}' does not exist", series.string(), number, line));
    patches.push_back(std::move(patch));
  }
  return patches;
}

Result<Flavour> read_flavour(const fs::path& patches, std::string_view version, std::string_view name) {
  const fs::path directory = TRY(version_directory(patches, version));
  const fs::path file = directory / "flavours" / fmt::format("{}.yaml", name);
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored))
    return fail(ErrorKind::bad_input, fmt::format("there is no kernel flavour '{}': expected one of {}", name,
                                                  fmt::join(TRY(list_flavours(patches, version)), ", ")));
  const std::string text = TRY(read_file(file, 1 << 20));
  try {
    return FlavourReader(file, directory).read(YAML::Load(text), name);
  } catch (const YAML::Exception& error) {
    return fail(ErrorKind::bad_input, fmt::format("{}:{}: {}", file.string(), error.mark.line + 1, error.msg));
  }
}

Result<std::vector<std::string>> list_flavours(const fs::path& patches, std::string_view version) {
  return list_descriptions(TRY(version_directory(patches, version)) / "flavours");
}

}  // namespace diglab
