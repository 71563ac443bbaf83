// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/source_tree.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <regex>

#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

Result<void> check_stop(const Deadline& deadline, std::string_view what) {
  if (deadline.stop.stop_requested()) return fail(ErrorKind::interrupted, fmt::format("interrupted while {}", what));
  if (deadline.expired()) return fail(ErrorKind::timeout, fmt::format("out of time while {}", what));
  return {};
}

std::vector<std::string> split_at_zero(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    std::string_view part = text.substr(0, text.find('\0'));
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(part.size() + 1, text.size()));
  }
  return parts;
}

/// Makes `to` what `from` is: a directory, a link, or a file by `hard_link` or copy.
Result<void> place_one(const fs::path& from, const fs::path& to, bool hard_link) {
  std::error_code error;
  if (fs::is_symlink(from, error)) {
    fs::copy_symlink(from, to, error);
  } else {
    if (hard_link) fs::create_hard_link(from, to, error);
    if (!hard_link || error == std::errc::cross_device_link || error == std::errc::too_many_links) {
      error.clear();
      fs::copy_file(from, to, error);
    }
  }
  if (error) return fail(ErrorKind::infra, fmt::format("{}: cannot place it at {}: {}", from.string(), to.string(), error.message()));
  return {};
}

/// All files and links below `root`, relative to it, in order.
Result<std::vector<fs::path>> walk(const fs::path& root, const Deadline& deadline) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(root, error), end; !error && at != end; at.increment(error)) {
    if (at->is_directory(error) && !at->is_symlink(error)) continue;
    files.push_back(at->path().lexically_relative(root));
    if (files.size() % 1024 == 0) TRY_VOID(check_stop(deadline, "listing the kernel tree"));
  }
  if (error) return fail(ErrorKind::bad_input, fmt::format("{}: cannot list: {}", root.string(), error.message()));
  std::ranges::sort(files);
  return files;
}

/// Name, kind and content of one file, for a hash.
Result<std::string> identity_of_file(const fs::path& root, const fs::path& file) {
  std::error_code error;
  const fs::path path = root / file;
  if (fs::is_symlink(path, error)) return fmt::format("{} -> {}\n", file.string(), fs::read_symlink(path, error).string());
  const auto mode = fs::status(path, error).permissions() & fs::perms::owner_exec;
  return fmt::format("{} {} {}\n", file.string(), mode == fs::perms::none ? "-" : "x", TRY(sha256_of_file(path)));
}

}  // namespace

Result<std::string> kernel_version_of_tree(const fs::path& tree) {
  std::error_code ignored;
  if (!fs::is_directory(tree, ignored)) return fail(ErrorKind::bad_input, fmt::format("{}: no such directory", tree.string()));
  if (!fs::is_regular_file(tree / "Makefile", ignored))
    return fail(ErrorKind::bad_input, fmt::format("{}: no kernel source tree: it has no Makefile", tree.string()));
  const std::string makefile = TRY(read_file(tree / "Makefile", 1 << 22));
  static const std::regex version(R"(^VERSION = (\d+)$)", std::regex::multiline), level(R"(^PATCHLEVEL = (\d+)$)", std::regex::multiline);
  std::smatch first, second;
  if (!std::regex_search(makefile, first, version) || !std::regex_search(makefile, second, level))
    return fail(ErrorKind::bad_input, fmt::format("{}: no kernel source tree: its Makefile states no VERSION and PATCHLEVEL", tree.string()));
  return fmt::format("{}.{}", first[1].str(), second[1].str());
}

Result<SourceState> SourceTrees::identify(const KernelSource& source, const Deadline& deadline) {
  if (const auto* tree = std::get_if<TreeSource>(&source)) return identify_tree(tree->path, deadline);
  return identify_debian(deadline);
}

Result<SourceState> SourceTrees::identify_debian(const Deadline& deadline) {
  TRY_VOID(check_stop(deadline, "looking for the kernel source"));
  struct stat status{};
  if (::stat(tarball_.c_str(), &status) != 0)
    return fail(ErrorKind::infra, fmt::format("{}: not there: install the package linux-source-6.12", tarball_.string()));
  // Hashing 150 MB at each start would be felt; the same size and time of change mean the same content here.
  const std::string seen = fmt::format("{} {} {}.{}", tarball_.string(), status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  const fs::path memo = cache_ / "kernel-sources" / "tarball-digest";
  std::error_code ignored;
  std::string digest;
  if (fs::exists(memo, ignored)) {
    const std::string text = TRY(read_file(memo, 1 << 16));
    if (text.starts_with(seen + "\n")) digest = text.substr(seen.size() + 1);
  }
  if (digest.size() != 64) {
    digest = TRY(sha256_of_file(tarball_));
    TRY_VOID(write_file(memo, seen + "\n" + digest));
  }
  static const std::regex name(R"(linux-source-(\d+\.\d+)\.tar.*)");
  std::smatch match;
  const std::string file = tarball_.filename().string();
  return SourceState{.source = DebianSource{},
                     .version = std::regex_match(file, match, name) ? match[1].str() : "6.12",
                     .identity = "tarball " + digest,
                     .files = {}};
}

Result<SourceState> SourceTrees::identify_tree(const fs::path& given, const Deadline& deadline) {
  const std::string version = TRY(kernel_version_of_tree(given));
  std::error_code ignored;
  const fs::path path = fs::canonical(given, ignored);
  SourceState state{.source = TreeSource{path}, .version = version, .identity = {}, .files = {}};
  auto git = [&](std::initializer_list<std::string> words) -> Result<ProcessOutcome> {
    // The tree may belong to another user than the one who runs this, which git refuses unless told.
    Command command{"git", "-c", "safe.directory=*", "-C", path.string()};
    command.add(words).set("GIT_OPTIONAL_LOCKS", "0").set("LC_ALL", "C");
    return processes_.run(command, {.deadline = deadline, .input = {}, .on_line = {}});
  };
  auto top = fs::exists(path / ".git", ignored) ? git({"rev-parse", "--show-toplevel", "HEAD"}) : Result<ProcessOutcome>(ProcessOutcome{});
  if (!top) return top.error().kind() == ErrorKind::infra ? fail(std::move(top).error().within("a git tree needs git")) : fail(std::move(top).error());
  std::string content;
  if (top->end.succeeded() && top->out.starts_with(path.string() + "\n")) {
    content = "git " + top->out.substr(path.string().size() + 1);
    for (std::initializer_list<std::string> words : {std::initializer_list<std::string>{"diff", "--no-ext-diff", "--no-textconv", "--binary", "HEAD"},
                                                     {"ls-files", "-z", "--others", "--exclude-standard"}, {"ls-files", "-z", "--cached"}}) {
      ProcessOutcome outcome = TRY(git(words));
      if (!outcome.end.succeeded()) return fail(ErrorKind::bad_input, fmt::format("{}: git cannot say what it is: {}", path.string(), outcome.err));
      if (words.begin()[0] == "diff") {
        content += "diff " + sha256_of(outcome.out) + "\n";
        continue;
      }
      const bool untracked = words.begin()[2] == "--others";
      for (const std::string& file : split_at_zero(outcome.out)) {
        // Deleted ones are still listed, and a submodule is a directory.
        if (!fs::is_symlink(path / file, ignored) && !fs::is_regular_file(path / file, ignored)) continue;
        if (untracked) content += "untracked " + TRY(identity_of_file(path, file));
        state.files.emplace_back(file);
      }
    }
  } else {
    if (fs::exists(path / ".config", ignored) || fs::exists(path / "include/config", ignored))
      return fail(ErrorKind::bad_input, fmt::format("{}: holds the results of a build and is no git tree that would tell them from sources: run 'make mrproper' in it", path.string()));
    state.files = TRY(walk(path, deadline));
    content = "files\n";
    for (std::size_t i = 0; i < state.files.size(); ++i) {
      content += TRY(identity_of_file(path, state.files[i]));
      if (i % 256 == 0) TRY_VOID(check_stop(deadline, "reading the kernel tree"));
    }
  }
  state.identity = "tree " + sha256_of(content);
  return state;
}

bool SourceTrees::must_unpack(const SourceState& state) const {
  std::error_code ignored;
  return std::holds_alternative<DebianSource>(state.source) && !fs::exists(cache_ / "kernel-sources" / state.identity.substr(8, 24), ignored);
}

Result<fs::path> SourceTrees::unpacked(const SourceState& state, const KernelProgress& progress, const Deadline& deadline) {
  const fs::path sources = cache_ / "kernel-sources";
  fs::path home = sources / state.identity.substr(state.identity.find(' ') + 1, 24);
  FileLock lock = TRY(FileLock::acquire(sources / "lock", deadline));
  std::error_code ignored;
  if (fs::exists(home, ignored)) return home;
  // We hold the lock: whatever is called .unpack is what a killed run left behind.
  const fs::path temporary = sources / ".unpack";
  TRY_VOID(remove_tree(temporary));
  TRY_VOID(make_directories(temporary));

  // tar reports every 2000th record of 10 KiB; xz knows how many there will be.
  std::uint64_t total = 0;
  if (tarball_.extension() == ".xz") {
    auto listing = processes_.run({"xz", "--robot", "--list", tarball_.string()}, {.deadline = deadline, .input = {}, .on_line = {}});
    static const std::regex totals(R"(totals\t\d+\t\d+\t\d+\t(\d+)\t)");
    std::smatch match;
    if (listing && std::regex_search(listing->out, match, totals)) total = std::stoull(match[1]);
  }
  RunOptions options{.deadline = deadline, .input = {}, .on_line = [&](std::string_view line) {
                       std::uint64_t records = 0;
                       std::from_chars(line.data(), line.data() + line.size(), records);
                       if (total > 0 && records > 0) progress(std::min(1.0, static_cast<double>(records) * 10240 / static_cast<double>(total)), "unpacking the kernel source");
                     }};
  progress(0.0, "unpacking the kernel source");
  Command tar{"tar", "--extract", "--file", tarball_.string(), "--directory", temporary.string(), "--strip-components=1",
              "--no-same-owner", "--checkpoint=2000", "--checkpoint-action=echo=%u"};
  auto outcome = processes_.check(tar.set("LC_ALL", "C"), options);
  if (!outcome) {
    (void)remove_tree(temporary);
    return fail(std::move(outcome).error().within("unpacking the kernel source"));
  }
  TRY_VOID(publish_directory(temporary, home));
  return home;
}

Result<void> SourceTrees::place(const SourceState& state, const fs::path& to, const KernelProgress& progress, const Deadline& deadline) {
  const bool ours = std::holds_alternative<DebianSource>(state.source);
  const fs::path from = ours ? TRY(unpacked(state, progress, deadline)) : std::get<TreeSource>(state.source).path;
  const std::vector<fs::path> files = ours ? TRY(walk(from, deadline)) : state.files;
  progress(std::nullopt, ours ? "linking the kernel source" : "copying the kernel tree");
  TRY_VOID(make_directories(to));
  fs::path directory;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (i % 256 == 0) TRY_VOID(check_stop(deadline, "copying the kernel tree"));
    if (files[i].parent_path() != directory) {
      directory = files[i].parent_path();
      TRY_VOID(make_directories(to / directory));
    }
    TRY_VOID(place_one(from / files[i], to / files[i], ours));
  }
  if (ours) return {};
  SourceState now = TRY(identify(state.source, deadline));
  if (now.identity != state.identity)
    return fail(ErrorKind::bad_input, fmt::format("{}: changed while it was being copied; try again", from.string()));
  return {};
}

}  // namespace diglab
