// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/install.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "image/elf_check.h"
#include "image/gpg_home.h"
#include "image/root_access.h"
#include "image/rpm_tools.h"
#include "os/files.h"
#include "packages/package_set.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

std::string url_of(const std::string& text) {
  return text.find("://") == std::string::npos ? fmt::format("file://{}", fs::absolute(text).string()) : text;
}

std::string dnf_configuration(const Installation& what, const LabKeys& keys, const fs::path& work) {
  const auto directory = work.string();
  auto text = fmt::format(
      "[main]\ngpgcheck=1\nlocalpkg_gpgcheck=1\ninstall_weak_deps=0\nbest=1\nplugins=0\nkeepcache=1\nreposdir=/dev/null\nvarsdir=/dev/null\n"
      // dnf takes these to be inside the root that it installs to.
      "cachedir=/var/cache/dnf\nlogdir=/var/log/dnf\npersistdir=/var/lib/dnf\n"
      "[diglab]\nname=diglab\nbaseurl=file://{0}/repository\ngpgcheck=1\ngpgkey=file://{1}\n",
      directory, fs::absolute(keys.rpm_public_key).string());
  if (what.repository)
    text += fmt::format("[given]\nname=given\nbaseurl={}\ngpgcheck=1\ngpgkey=file://{}\n", url_of(what.repository->url), fs::absolute(what.repository->key).string());
  return text;
}

Command dnf(const fs::path& work) {
  return rpm_tool({"dnf", "-q", "-y", "--config", (work / "dnf.conf").string(), "--installroot", (work / "root").string(), "--releasever", "1"}, work);
}

/// The same with the clock at image_epoch: installation times would otherwise differ in the RPM database.
Command with_still_clock(Command command) {
  command.argv.insert(command.argv.begin(), {"faketime", "-f", "2024-01-01 00:00:00"});
  return command.set("DONT_FAKE_MONOTONIC", "1").set("NO_FAKE_STAT", "1");
}

Result<void> run_dnf(Command command, const Installation& what, Processes& processes, const Deadline& deadline) {
  const auto outcome = TRY(processes.run(as_root(std::move(command)), {.deadline = deadline, .input = {}, .on_line = {}}));
  if (outcome.end.succeeded()) return {};
  auto text = outcome.err.empty() ? outcome.out : outcome.err;
  if (text.size() > 2000) text = "..." + text.substr(text.size() - 2000);
  const bool full = text.find("No space left") != std::string::npos || text.find("needs") != std::string::npos;
  return fail(what.repository && !full ? ErrorKind::bad_input : ErrorKind::infra,
              fmt::format("dnf could not install the guest's packages ({}): {}", outcome.end.to_string(), text));
}

/// dnf's own history belongs to no package; its directories do, if the guest has dnf.
Result<void> forget_history(const fs::path& work, Processes& processes, const Deadline& deadline) {
  const auto root = work / "root";
  const auto installed = TRY(PackageSet::from_database(root));
  for (const std::string path : {"/var/lib/dnf", "/var/cache/dnf", "/var/log/dnf"}) {
    if (!fs::exists(root.string() + path)) continue;
    auto clean = Command{"find", root.string() + path, "-delete"};
    if (!installed.owners(path).empty()) clean = Command{"find", root.string() + path, "-mindepth", "1", "-delete"};
    (void)TRY(processes.check(as_root(std::move(clean)), {.deadline = deadline, .input = {}, .on_line = {}}));
  }
  return {};
}

}  // namespace

Result<std::string> repository_state(const Repository& repository, Processes& processes, const Deadline& deadline) {
  const auto index = url_of(repository.url) + "/repodata/repomd.xml";
  Command command;
  command.argv = {"curl", "--fail", "--silent", "--show-error", "--location", index};
  const auto outcome = TRY(processes.run(command, {.deadline = deadline, .input = {}, .on_line = {}}));
  if (outcome.end.succeeded()) return sha256_of(outcome.out);
  return fail(ErrorKind::bad_input, fmt::format("{} is no RPM repository that can be read: {} ({})", repository.url, outcome.err, index));
}

Result<void> make_repository(const std::vector<BuiltRpm>& rpms, const fs::path& directory, Processes& processes, const Deadline& deadline) {
  TRY_VOID(make_directories(directory));
  for (const auto& rpm : rpms) {
    std::error_code error;
    const auto place = directory / rpm.file.filename();
    fs::create_hard_link(rpm.file, place, error);
    if (error) {
      error.clear();
      fs::copy_file(rpm.file, place, error);
    }
    if (error) return fail(ErrorKind::infra, fmt::format("cannot put {} into the repository: {}", rpm.file.string(), error.message()));
  }
  (void)TRY(processes.check(rpm_tool({"createrepo_c", "--quiet", "--no-database", "--simple-md-filenames", "--revision", "1",
                                      "--set-timestamp-to-revision", directory.string()}, directory),
                            {.deadline = deadline, .input = {}, .on_line = {}}));
  return {};
}

Result<void> install_packages(const Installation& what, const LabKeys& keys, const fs::path& work, Processes& processes, const Deadline& deadline) {
  TRY_VOID(check_root_access(processes, deadline));
  TRY_VOID(make_repository(what.rpms, work / "repository", processes, deadline));
  TRY_VOID(write_rpm_macros(work, {}));
  if (what.repository && !fs::exists(what.repository->key))
    return fail(ErrorKind::bad_input, fmt::format("the repository's key {} is not there", what.repository->key.string()));
  TRY_VOID(write_file(work / "dnf.conf", dnf_configuration(what, keys, work)));
  TRY_VOID(make_directories(work / "root"));

  auto install = dnf(work);
  // Fetched under the true time, which TLS needs; installed from what was fetched.
  if (what.repository) {
    auto fetch = dnf(work).add({"install", "--downloadonly"});
    for (const auto& name : what.names) fetch.add(name);
    TRY_VOID(run_dnf(std::move(fetch), what, processes, deadline));
    install.add("--cacheonly");
  }
  install.add("install");
  for (const auto& name : what.names) install.add(name);
  TRY_VOID(run_dnf(with_still_clock(std::move(install)), what, processes, deadline));

  return forget_history(work, processes, deadline);
}

Result<void> add_package(const BuiltRpm& rpm, const fs::path& work, Processes& processes, const Deadline& deadline) {
  TRY_VOID(make_repository({rpm}, work / "repository", processes, deadline));
  // As a file: it is checked against the same keys, and no repository's index needs to be read again.
  TRY_VOID(run_dnf(with_still_clock(dnf(work).add({"--disablerepo=given", "install", rpm.file.string()})), {}, processes, deadline));
  return forget_history(work, processes, deadline);
}

Result<void> check_installation(const fs::path& work, bool ours, Processes& processes, const Deadline& deadline) {
  const auto root = work / "root";
  const auto verified = TRY(processes.run(as_root(rpm_tool({"rpm", "--root", root.string(), "-Va"}, work)), {.deadline = deadline, .input = {}, .on_line = {}}));
  if (ours && !(verified.out + verified.err).empty())
    return fail(ErrorKind::infra, fmt::format("the installed guest does not verify: {}", (verified.out + verified.err).substr(0, 2000)));

  const auto installed = TRY(PackageSet::from_database(root));
  std::vector<std::string> strangers;
  std::error_code error;
  for (fs::recursive_directory_iterator it(root, fs::directory_options::skip_permission_denied, error), end; !error && it != end; it.increment(error)) {
    const auto inside = "/" + it->path().lexically_relative(root).string();
    if (it->is_directory() && !it->is_symlink()) continue;
    if (installed.owners(inside).empty()) strangers.push_back(inside);
  }
  std::sort(strangers.begin(), strangers.end());
  if (ours && !strangers.empty()) return fail(ErrorKind::infra, fmt::format("files that no package owns: {}", fmt::join(strangers, ", ")));

  const auto missing = TRY(missing_libraries(root));
  if (ours && !missing.empty()) return fail(ErrorKind::infra, fmt::format("programs that cannot start: {}", fmt::join(missing, ", ")));

  // SQLite's shared memory differs from run to run, and its log is empty once everybody has closed the database.
  (void)TRY(processes.check(as_root(Command{"find", root.string(), "-xdev", "-name", "rpmdb.sqlite-shm", "-delete", "-o", "-name", "rpmdb.sqlite-wal", "-empty", "-delete"}),
                            {.deadline = deadline, .input = {}, .on_line = {}}));
  return {};
}

}  // namespace diglab
