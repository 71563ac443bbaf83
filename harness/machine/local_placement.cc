// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "machine/placement.h"
#include "os/files.h"
#include "os/process.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

class LocalPlacement final : public Placement {
 public:
  explicit LocalPlacement(fs::path directory) : directory_(std::move(directory)) {}

  Result<std::string> place(const fs::path& file, const Deadline&) override {
    std::error_code error;
    if (!fs::is_regular_file(file, error)) return fail(ErrorKind::bad_input, fmt::format("{}: no such file", file.string()));
    return fs::absolute(file).string();
  }

  Result<std::string> make_overlay(const fs::path& base, const std::string& name, const Deadline& deadline) override {
    std::string backing = TRY(place(base, deadline));
    TRY_VOID(make_directories(directory_));
    std::string overlay = (directory_ / (name + ".qcow2")).string();
    RunOptions options;
    options.deadline = deadline;
    TRY(processes_.check({"qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", backing, overlay}, options), "making a disk overlay");
    return overlay;
  }

  Result<void> remove_overlay(const std::string& placed) override { return remove_tree(placed); }

 private:
  fs::path directory_;
  SystemProcesses processes_;
};

}  // namespace

std::unique_ptr<Placement> make_local_placement(fs::path directory) {
  return std::make_unique<LocalPlacement>(std::move(directory));
}

}  // namespace diglab
