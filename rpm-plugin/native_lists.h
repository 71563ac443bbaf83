// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "list_directory.h"

namespace diglim {

/// Lists in the kernel's own format that packages bring as files in the vendor's directory, or take away from there. They are of what
/// rpm knows nothing of: programs of a container, of another format of packages. The kernel takes them by their paths.
///
/// Deleting one needs its file, which rpm removes or replaces. So before a transaction they get a second name, in .rpm/native/, and after it the
/// two are compared: it does not matter which package they are of, nor how often it was interrupted. What is loaded in between gets one in
/// .rpm/early/: a scriptlet, or another package, may remove it before all is over.
class NativeLists {
 public:
  NativeLists(std::string directory, std::string administrator, std::string interface)
      : directory_(std::move(directory)), administrator_(std::move(administrator)), interface_(std::move(interface)) {}

  /// Before anything is changed.
  [[nodiscard]] Outcome keep() const;
  /// A file that just got its name; no native list of this directory: nothing is done. So what it lists can be executed by scriptlets.
  [[nodiscard]] Outcome load_early(const std::string& path) const;
  /// When all is over, or in repair: what is new goes into the kernel, then what is gone out of it. False: not all could be done.
  bool settle(const std::function<void(const std::string&)>& complain) const;

 private:
  [[nodiscard]] static Names lists_in(const std::string& directory);
  [[nodiscard]] Outcome give_second_name(const std::string& name, const std::string& directory) const;
  [[nodiscard]] Outcome load(const std::string& name) const;
  [[nodiscard]] bool is_masked(const std::string& name) const;
  bool forget(const std::string& directory, const std::function<void(const std::string&)>& complain) const;
  [[nodiscard]] std::string kept() const { return directory_ + "/.rpm/native"; }
  [[nodiscard]] std::string early() const { return directory_ + "/.rpm/early"; }
  [[nodiscard]] Outcome tell_kernel(const char* file, const std::string& path) const;

  std::string directory_, administrator_, interface_;
};

}  // namespace diglim
