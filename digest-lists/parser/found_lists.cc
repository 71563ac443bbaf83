// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/found_lists.h"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "format/list_name.h"

namespace diglim {
namespace {

/// A directory, and whether its lists are wanted or only what they override.
struct Source {
  std::string directory;
  bool is_wanted;
};

std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

bool is_among(const auto& all, std::string_view one) { return std::ranges::find(all, one) != std::ranges::end(all); }

/// In the order in which they count.
std::vector<Source> sources_of(std::span<const std::string> directories, std::span<const std::string_view> standard) {
  std::vector<Source> sources;
  auto one = std::ranges::find_if(standard, [&](std::string_view directory) { return is_among(directories, directory); });
  for (; one != standard.end(); ++one) sources.push_back({std::string(*one), is_among(directories, *one)});
  for (const std::string& directory : directories)
    if (!is_among(standard, directory)) sources.push_back({directory, true});
  return sources;
}

/// The names of all lists in a directory, of every format but compact. Returns an errno.
int read_names(const std::string& directory, std::vector<std::string>& names) {
  DIR* stream = ::opendir(directory.c_str());
  if (stream == nullptr) return errno;
  int error = 0;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream);
    if (entry == nullptr) {
      error = errno;
      break;
    }
    const auto name = read_list_name(entry->d_name);
    if (name && name->format != "compact") names.emplace_back(entry->d_name);
  }
  ::closedir(stream);
  return error;
}

/// An empty file, or a link to the null device, says not to load a list.
bool is_masked(const std::string& path) {
  char target[16];
  const auto length = ::readlink(path.c_str(), target, sizeof target);
  if (length >= 0) return std::string_view(target, static_cast<std::size_t>(length)) == "/dev/null";
  struct stat what;
  return ::lstat(path.c_str(), &what) == 0 && S_ISREG(what.st_mode) && what.st_size == 0;
}

class Finder {
 public:
  Finder(Finding& finding, Log& log) : finding_(finding), log_(log) {}

  /// Of two of one name the one that comes later stays.
  void add_directory(const Source& source) {
    std::vector<std::string> names;
    const int error = read_names(source.directory, names);
    if (error != 0 && (source.is_wanted || error != ENOENT)) refuse(source.directory, ::strerrordesc_np(error));
    std::ranges::sort(names);
    std::erase_if(finding_.lists, [&](const FoundList& list) { return std::ranges::binary_search(names, list.name); });
    if (!source.is_wanted) return;
    for (std::string& name : names) {
      FoundList list{source.directory, std::move(name)};
      if (!is_masked(list.path())) add(std::move(list));
    }
  }

  void add_file(const std::string& path) {
    const auto slash = path.rfind('/');
    add({slash == std::string::npos ? "." : path.substr(0, slash), path.substr(slash + 1)});
  }

  void refuse(const std::string& path, std::string_view why) {
    ++finding_.refused;
    log_.error(path + ": " + std::string(why));
  }

 private:
  void add(FoundList list) {
    const auto name = read_list_name(list.name);
    if (!name) return refuse(list.path(), "the name is not <number>-<type>_list-<format>-<name>");
    if (name->format == "compact") return refuse(list.path(), "a compact list: the kernel takes its path in digest_list_add");
    if (name->format != "rpm") return refuse(list.path(), "no list in this format can be converted");
    if (name->type != "file") return refuse(list.path(), "an RPM header can only be a file_list");
    finding_.lists.push_back(std::move(list));
  }

  Finding& finding_;
  Log& log_;
};

}  // namespace

Finding find_lists(std::span<const std::string> paths, Log& log, std::span<const std::string_view> standard) {
  Finding finding;
  Finder finder(finding, log);
  std::vector<std::string> directories, files;
  for (const std::string& path : paths) {
    struct stat what;
    if (::stat(path.c_str(), &what) != 0)
      finder.refuse(path, ::strerrordesc_np(errno));
    else
      (S_ISDIR(what.st_mode) ? directories : files).push_back(without_slashes(path));
  }
  for (const Source& source : sources_of(directories, standard)) finder.add_directory(source);
  std::ranges::sort(finding.lists, loads_before, &FoundList::name);
  for (const std::string& file : files) finder.add_file(file);
  return finding;
}

}  // namespace diglim
