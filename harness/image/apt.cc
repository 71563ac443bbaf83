// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/apt.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

Result<std::string> host_suite() {
  std::istringstream lines(TRY(read_file("/etc/os-release")));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("VERSION_CODENAME=")) return line.substr(line.find('=') + 1);
  }
  return std::string("sid");  // Debian's unstable names no code name there.
}

std::string archive_question(const std::vector<std::string>& names, const std::vector<std::string>& assumed, const std::string& sources) {
  return sha256_of(fmt::format("{}\n{}\n{}", fmt::join(names, " "), fmt::join(assumed, " "), sources)).substr(0, 24);
}

}  // namespace

std::string sources_for(std::string_view index_targets, std::string_view host, std::string_view suite) {
  std::set<std::string> lines;
  std::istringstream input{std::string(index_targets)};
  for (std::string line; std::getline(input, line);) {
    std::vector<std::string> part;
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, '|');) part.push_back(field);
    if (part.size() < 4 || part[3] != "amd64") continue;
    const std::string_view release = part[1];
    if (release != host && !release.starts_with(fmt::format("{}-", host))) continue;
    const auto rest = release.substr(host.size());
    if (!rest.empty() && (suite == "sid" || suite == "unstable")) continue;  // It has neither updates nor security.
    const bool known = fs::exists(keyring);
    lines.insert(fmt::format("deb [{}arch=amd64] {} {}{} {}\n", known ? fmt::format("signed-by={} ", keyring) : "", part[0], suite, rest, part[2]));
  }
  return fmt::format("{}", fmt::join(lines, ""));
}

Result<AptArchive> AptArchive::open(const fs::path& cache, std::string suite, Processes& processes, const Deadline& deadline) {
  const auto host = TRY(host_suite());
  if (suite.empty()) suite = host;
  if (suite.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") != std::string::npos)
    return fail(ErrorKind::bad_input, fmt::format("'{}' is no name of a Debian suite (bookworm, trixie, sid)", suite));
  AptArchive archive(cache / "apt" / suite, suite, processes);
  for (const auto* part : {"state/lists/partial", "archives/partial", "nothing/partial", "resolved"}) TRY_VOID(make_directories(archive.directory_ / part));
  const auto targets = TRY(processes.check(
      Command{"apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ARCHITECTURE)", "Created-By: Packages"},
      {.deadline = deadline, .input = {}, .on_line = {}}));
  const auto sources = sources_for(targets.out, host, suite);
  if (sources.empty())
    return fail(ErrorKind::infra, fmt::format("the host's apt configuration names no archive for its own suite {}", host));
  TRY_VOID(write_file(archive.directory_ / "sources.list", sources));
  return archive;
}

Command AptArchive::apt_get() const {
  const auto option = [&](std::string_view name, const fs::path& value) { return fmt::format("-o{}={}", name, value.string()); };
  return Command{"apt-get", "-q", "-y", "--no-install-recommends",
                 option("Dir::State", directory_ / "state"), option("Dir::State::status", directory_ / "status"),
                 option("Dir::Cache", directory_), option("Dir::Cache::archives", directory_ / "archives"),
                 option("Dir::Etc::sourcelist", directory_ / "sources.list"), "-oDir::Etc::sourceparts=/dev/null",
                 "-oDir::Etc::preferences=/dev/null", "-oDir::Etc::preferencesparts=/dev/null",
                 "-oAPT::Sandbox::User=root", "-oDebug::NoLocking=1", "-oAcquire::Languages=none", "-oAcquire::Retries=2",
                 "-oAcquire::ForceHash=SHA256", "-oAPT::Architecture=amd64", "-oAPT::Architectures=amd64"}
      .set("LC_ALL", "C.UTF-8");
}

Result<void> AptArchive::write_status(const std::vector<std::string>& assumed) const {
  std::string status;
  for (const auto& name : assumed) {
    status += fmt::format("Package: {}\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: allowed\n"
                          "Version: 999:0\nMaintainer: diglab\nDescription: not in the guest\n\n", name);
  }
  return write_file(directory_ / "status", status);
}

Result<std::vector<DebianPackage>> AptArchive::resolve(const std::vector<std::string>& names, const std::vector<std::string>& assumed,
                                                       bool refresh, const Deadline& deadline) {
  const auto answer = directory_ / "resolved" / (archive_question(names, assumed, TRY(read_file(directory_ / "sources.list"))) + ".uris");
  if (!refresh && fs::exists(answer)) return parse_print_uris(TRY(read_file(answer)));

  const RunOptions options{.deadline = deadline, .input = {}, .on_line = {}};
  TRY_VOID(write_status(assumed));
  (void)TRY(processes_->check(apt_get().add("-oAPT::Update::Error-Mode=any").add("update"), options),
            "reading the index of the host's package archive");
  // apt names only what it would have to fetch: it must not see what is fetched already.
  auto question = apt_get().add({fmt::format("-oDir::Cache::archives={}", (directory_ / "nothing").string()), "--print-uris", "install"});
  for (const auto& name : names) question.add(name);
  const auto told = TRY(processes_->run(question, options));
  if (!told.end.succeeded())
    return fail(ErrorKind::bad_input, fmt::format("apt cannot resolve the packages in suite {}: {}{}", suite_, told.err, told.out));
  auto packages = TRY(parse_print_uris(told.out));
  if (packages.empty() && !names.empty()) return fail(ErrorKind::bad_input, "every package of the set is also named as left out");
  TRY_VOID(write_file(answer, told.out));
  return packages;
}

Result<void> AptArchive::fetch(const std::vector<DebianPackage>& packages, const Deadline& deadline) {
  auto command = apt_get().add("download").in(downloads());
  bool any = false;
  for (const auto& package : packages) {
    const auto path = downloads() / package.file;
    if (fs::exists(path)) {
      if (TRY(sha256_of_file(path)) == package.sha256) continue;
      TRY_VOID(remove_tree(path));
    }
    command.add(fmt::format("{}={}", package.name, package.version));
    any = true;
  }
  if (!any) return {};
  (void)TRY(processes_->check(command, {.deadline = deadline, .input = {}, .on_line = {}}),
            "fetching packages (if the archive no longer has a version, ask for a refresh)");
  for (const auto& package : packages) {
    const auto digest = TRY(sha256_of_file(downloads() / package.file), fmt::format("{} was not fetched", package.name));
    if (digest != package.sha256)
      return fail(ErrorKind::infra, fmt::format("{} is not what the archive's index says: SHA-256 {} instead of {}", package.file, digest, package.sha256));
  }
  return {};
}

}  // namespace diglab
