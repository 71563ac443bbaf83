// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/mutants.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <set>

#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

Result<Mutant> read_one(const YAML::Node& node, const fs::path& file) {
  const auto complain = [&](const YAML::Node& at, const std::string& what) {
    return fail(ErrorKind::bad_input, fmt::format("{}:{}: {}", file.string(), at.Mark().line + 1, what));
  };
  if (!node.IsMap()) return complain(node, "expected a mutant with patch, breaks and noticed_by");
  for (const auto& entry : node) {
    const auto key = entry.first.as<std::string>();
    if (key != "patch" && key != "breaks" && key != "noticed_by" && key != "sample")
      return complain(entry.first, fmt::format("unknown key '{}': expected one of patch, breaks, noticed_by, sample", key));
  }
  for (const char* key : {"patch", "breaks", "noticed_by"})
    if (!node[key]) return complain(node, fmt::format("the key '{}' is missing", key));
  Mutant mutant;
  mutant.patch = file.parent_path() / node["patch"].as<std::string>();
  mutant.name = mutant.patch.stem().string();
  mutant.breaks = node["breaks"].as<std::string>();
  mutant.noticed_by = node["noticed_by"].as<std::vector<std::string>>();
  mutant.sample = node["sample"].as<bool>(false);
  std::error_code ignored;
  if (!fs::is_regular_file(mutant.patch, ignored)) return complain(node["patch"], fmt::format("{} does not exist", mutant.patch.string()));
  if (mutant.noticed_by.empty()) return complain(node["noticed_by"], "expected at least one scenario");
  return mutant;
}

}  // namespace

Result<std::vector<Mutant>> read_mutants(const fs::path& directory) {
  const fs::path file = directory / "mutants.yaml";
  const std::string text = TRY(read_file(file, 1 << 20));
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsSequence()) return fail(ErrorKind::bad_input, fmt::format("{}: expected a list of mutants", file.string()));
    std::vector<Mutant> mutants;
    std::set<std::string> names;
    for (const auto& node : root) {
      mutants.push_back(TRY(read_one(node, file)));
      if (!names.insert(mutants.back().name).second)
        return fail(ErrorKind::bad_input, fmt::format("{}:{}: '{}' is there twice", file.string(), node.Mark().line + 1, mutants.back().name));
    }
    return mutants;
  } catch (const YAML::Exception& error) {
    return fail(ErrorKind::bad_input, fmt::format("{}:{}: {}", file.string(), error.mark.line + 1, error.msg));
  }
}

}  // namespace diglab
