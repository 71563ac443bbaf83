// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "parser/log.h"
#include "parser/repository.h"

namespace diglim {

class FakeLog final : public Log {
 public:
  void error(std::string_view line) override { errors.emplace_back(line); }
  void notice(std::string_view) override {}

  std::vector<std::string> errors;
};

/// Keeps lists as the kernel does, by label and content.
class FakeRepository final : public Repository {
 public:
  int upload(Operation operation, std::string_view label, ByteView list) override {
    uploads.emplace_back(label);
    if (refuse_with != 0) return refuse_with;
    const std::pair key(std::string(label), std::string(text_of(list)));
    if (operation == Operation::remove) return loaded.erase(key) != 0 ? 0 : ENOENT;
    return loaded.insert({key, true}).second ? 0 : EEXIST;
  }

  std::map<std::pair<std::string, std::string>, bool> loaded;
  std::vector<std::string> uploads;  ///< Labels, in order.
  int refuse_with = 0;
};

/// A directory that is gone afterwards.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "diglim-test-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() { std::filesystem::remove_all(path); }

  /// Returns the path.
  std::string put(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories((path / name).parent_path());
    std::ofstream(path / name, std::ios::binary) << content;
    return (path / name).string();
  }

  std::filesystem::path path;
};

}  // namespace diglim
