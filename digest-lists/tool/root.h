// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

namespace diglim::tool {

/// An installed system: the running one, or one below a directory.
class Root {
 public:
  explicit Root(std::filesystem::path directory = "/") : directory_(std::move(directory)) {}

  [[nodiscard]] bool is_running_system() const { return directory_ == "/"; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

  /// Where `path` of that system (absolute) is on this one. Links are followed inside the system, also absolute ones and those that
  /// climb; what does not exist yet is below what does.
  [[nodiscard]] std::filesystem::path operator()(const std::filesystem::path& path) const;

  /// The reverse, for a path below directory().
  [[nodiscard]] std::string inside(const std::filesystem::path& path) const;

 private:
  std::filesystem::path directory_;
};

}  // namespace diglim::tool
