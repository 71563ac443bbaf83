// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cleaning.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "image/root_access.h"
#include "machine/run_directory.h"
#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

enum class Part { kernels, images, rest };

struct Ours {
  const char* pattern;  ///< Of entries of the cache; as shells have them.
  Part part;
};

/// All that is kept in a cache but its locks, image.lock and keys.lock.
constexpr auto ours = std::to_array<Ours>({
    {"kernels", Part::kernels},
    {"kernel-sources", Part::kernels},
    {"images", Part::images},
    {"initramfs", Part::images},
    {"rpms", Part::images},
    {"apt", Part::images},
    {"building", Part::images},
    {"acceleration", Part::rest},
    {"build", Part::rest},
    {"ccache", Part::rest},
    {"install.log", Part::rest},
    {"keys", Part::rest},
    {"keys.??????", Part::rest},  // not finished
    {"libvirt", Part::rest},
    {"own-key*", Part::rest},
    {"tpm", Part::rest},
});

constexpr auto kept = std::to_array<std::string_view>({"baselines", "lock", "locks"});

std::vector<fs::path> entries_of(const fs::path& directory) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) entries.push_back(it->path());
  std::ranges::sort(entries);
  return entries;
}

bool is_wanted(const Cleaning& what, const fs::path& entry) {
  return std::ranges::any_of(ours, [&](const Ours& own) {
    const bool asked = what.everything || (own.part == Part::kernels && what.kernels) || (own.part == Part::images && what.images);
    return asked && ::fnmatch(own.pattern, entry.filename().c_str(), 0) == 0;
  });
}

/// What goes when `place` is cleaned.
std::vector<fs::path> removable(const fs::path& place) {
  std::error_code ignored;
  if (!fs::is_directory(place, ignored)) return {place};
  std::vector<fs::path> entries = entries_of(place);
  std::erase_if(entries, [](const fs::path& entry) { return std::ranges::find(kept, entry.filename().string()) != kept.end(); });
  return entries;
}

std::uintmax_t size_of(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(fs::symlink_status(path, error))) return fs::file_size(path, error);
  std::uintmax_t bytes = 0;
  for (auto entry = fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_regular_file(ignored) && !entry->is_symlink(ignored)) bytes += entry->file_size(ignored);
  }
  return bytes;
}

/// The locks of whoever builds into this cache, our own program included.
std::vector<fs::path> locks_of_builds(const fs::path& cache) {
  std::vector<fs::path> locks{cache / "image.lock"};
  std::ranges::copy(entries_of(cache / "kernels/locks"), std::back_inserter(locks));
  for (const fs::path& checkout : entries_of(cache / "build"))
    for (const fs::path& entry : entries_of(checkout))
      if (::fnmatch(".*.lock", entry.filename().c_str(), 0) == 0) locks.push_back(entry);
  return locks;
}

}  // namespace

Result<void> clean(const Cleaning& what, const CleanedPlaces& places, Processes& processes, const OnCleaned& on_cleaned, const Deadline& deadline) {
  std::vector<fs::path> chosen;
  for (const fs::path& entry : entries_of(places.cache))
    if (is_wanted(what, entry)) chosen.push_back(entry);
  std::error_code ignored;
  if ((what.results || what.everything) && fs::exists(places.results, ignored)) chosen.push_back(places.results);
  std::erase_if(chosen, [](const fs::path& place) { return removable(place).empty(); });
  if (chosen.empty()) return {};

  std::optional<FileLock> no_runs;
  std::vector<std::unique_ptr<FileLock>> no_builds;
  if (!what.only_name) {
    no_runs = TRY(RunDirectory::hold_off_runs(places.runs, deadline), "nothing was removed");
    for (const fs::path& path : locks_of_builds(places.cache)) {
      no_builds.push_back(TRY(FileLock::try_acquire(path)));
      if (!no_builds.back()) return fail(ErrorKind::infra, fmt::format("{} is held by a build that is going on: nothing was removed", path.string()));
    }
  }
  for (const fs::path& place : chosen) {
    std::uintmax_t bytes = 0;
    const std::vector<fs::path> going = removable(place);
    for (const fs::path& path : going) bytes += size_of(path);
    on_cleaned(place, bytes);
    if (what.only_name) continue;
    for (const fs::path& path : going) {
      if (deadline.stop.stop_requested()) return fail(ErrorKind::interrupted, fmt::format("interrupted while emptying {}", place.string()));
      if (remove_tree(path)) continue;
      // What a killed build left may belong to users of its namespace.
      remove_as_root(path, processes);
      TRY_VOID(remove_tree(path));
    }
  }
  return {};
}

}  // namespace diglab
