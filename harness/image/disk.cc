// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/disk.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "image/gpg_home.h"
#include "image/root_access.h"
#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

/// In debugfs's own quoting: a quote inside quotes is doubled.
std::string quoted(const std::string& path) {
  std::string result = "\"";
  for (const char c : path) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + "\"";
}

Result<std::vector<fs::path>> everything_below(const fs::path& root) {
  std::vector<fs::path> result{root};
  std::error_code error;
  for (fs::recursive_directory_iterator it(root, fs::directory_options::skip_permission_denied, error), end; !error && it != end; it.increment(error)) result.push_back(it->path());
  if (error) return fail(ErrorKind::infra, fmt::format("cannot walk {}: {}", root.string(), error.message()));
  std::sort(result.begin(), result.end());
  return result;
}

/// debugfs ends with success whatever its commands did; its errors are lines other than its banner.
Result<void> expect_no_error(const fs::path& disk, const std::string& said) {
  std::istringstream lines(said);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && !line.starts_with("debugfs "))
      return fail(ErrorKind::infra, fmt::format("{}: {}", disk.string(), line));
  }
  return {};
}

/// What mke2fs cannot be told: change times, which come from the build's clock, and attributes that only a
/// privileged process may set on a mounted file system.
Result<void> edit(const fs::path& disk, const std::string& script, const fs::path& work, Processes& processes, const RunOptions& options) {
  TRY_VOID(write_file(work / "debugfs.script", script));
  const auto outcome = TRY(processes.check(Command{"debugfs", "-w", "-f", (work / "debugfs.script").string(), disk.string()}
                                               .set("E2FSPROGS_FAKE_TIME", fmt::format("{}", image_epoch))
                                               .set("DEBUGFS_PAGER", "cat"), options));
  return expect_no_error(disk, outcome.err);
}

}  // namespace

Result<void> make_disk(const DiskRequest& request, Processes& processes, const Deadline& deadline) {
  const RunOptions options{.deadline = deadline, .input = {}, .on_line = {}};
  const auto paths = TRY(everything_below(request.root));
  const auto epoch = fmt::format("@{}", image_epoch);
  const auto tree = request.root.string();
  // Directories and the RPM database carry the build's clock; the times of packaged files are for rpm to verify.
  (void)TRY(processes.check(as_root(Command{"find", tree, "(", "-type", "d", "-o", "-name", "rpmdb.sqlite", "-o", "-name", ".rpm.lock", ")", "-exec", "touch", "-d", epoch, "{}", "+"}), options));
  // Whatever was read while checking the tree has a new access time.
  (void)TRY(processes.check(as_root(Command{"find", tree, "-exec", "touch", "-h", "-a", "-d", epoch, "{}", "+"}), options));
  TRY_VOID(write_file(request.disk, ""));
  std::error_code error;
  fs::resize_file(request.disk, request.mib << 20, error);
  if (error) return fail(ErrorKind::infra, fmt::format("cannot make a file of {} MiB at {}: {}", request.mib, request.disk.string(), error.message()));
  auto mke2fs = Command{"mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-I", "512", "-L", "diglab", "-U", "6469676c-6162-4000-8000-000000000001",
                        "-E", "hash_seed=6469676c-6162-4000-8000-000000000002,root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0",
                        "-d", request.root.string(), request.disk.string()}
                    .set("E2FSPROGS_FAKE_TIME", fmt::format("{}", image_epoch))
                    .set("SOURCE_DATE_EPOCH", fmt::format("{}", image_epoch));
  (void)TRY(processes.check(as_root(std::move(mke2fs)), options), fmt::format("making a file system of {} MiB", request.mib));

  if (request.ima_key) {
    (void)TRY(processes.check(as_root(Command{"evmctl", "ima_sign", "--hashalgo", "sha256", "--sigfile", "--key", request.ima_key->string(), "--type", "f", "--recursive", request.root.string()}), options),
              "signing every file");
  }
  std::string script;
  for (const auto& path : paths) {
    const auto inside = path == request.root ? std::string("/") : "/" + path.lexically_relative(request.root).string();
    script += fmt::format("sif {} ctime @{}\n", quoted(inside), image_epoch);
    if (request.ima_key && fs::is_regular_file(fs::symlink_status(path)))
      script += fmt::format("ea_set -f {} {} security.ima\n", quoted(path.string() + ".sig"), quoted(inside));
  }
  return edit(request.disk, script, request.work, processes, options);
}

Result<Bytes> attribute_on_disk(const fs::path& disk, const std::string& file, const std::string& name, Processes& processes) {
  const auto work = TRY(TempDir::make({}, "diglab-attribute"));
  const auto value = work.path() / "value";
  const auto outcome = TRY(processes.check(Command{"debugfs", "-R", fmt::format("ea_get -f {} {} {}", value.string(), quoted(file), name), disk.string()}, {}));
  if (outcome.err.find("key not found") != std::string::npos) return Bytes();
  TRY_VOID(expect_no_error(disk, outcome.err));
  return read_bytes(value);
}

}  // namespace diglab
