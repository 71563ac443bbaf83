// SPDX-License-Identifier: GPL-2.0-or-later
#include "list_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace diglim {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_size = std::size_t{64} << 20;

/// What is read may be behind a link: so the administrator's lists may be, for the kernel and the parser. What is written is not.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC | ((flags & O_ACCMODE) == O_RDONLY ? 0 : O_NOFOLLOW), 0644)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::unexpected<std::string> cannot(std::string_view what, const std::string& path) {
  return std::unexpected("cannot " + std::string(what) + " " + path + ": " + ::strerrordesc_np(errno));
}

Outcome make_directories(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  if (errno != ENOENT) return cannot("make", path);
  if (auto parent = make_directories(fs::path(path).parent_path()); !parent) return parent;
  return ::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST ? Outcome{} : cannot("make", path);
}

Outcome write_file(const std::string& path, std::string_view content) {
  Descriptor file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file) return cannot("create", path);
  while (!content.empty()) {
    const auto count = ::write(file.get(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot("write", path);
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

/// What a link of the administrator leads to, too.
class Directory : public Descriptor {
 public:
  explicit Directory(const std::string& path) : Descriptor(path + "/.", O_RDONLY | O_DIRECTORY) {}
};

Outcome sync_directory(const std::string& path) {
  const Directory directory(path);
  return directory && ::fsync(directory.get()) == 0 ? Outcome{} : cannot("sync", path);
}

/// One barrier for many files costs as much as one for one file.
Outcome sync_file_system_of(const std::string& path) {
  const Directory directory(path);
  return directory && ::syncfs(directory.get()) == 0 ? Outcome{} : cannot("sync the file system of", path);
}

Outcome rename_file(const std::string& from, const std::string& to) {
  return std::rename(from.c_str(), to.c_str()) == 0 ? Outcome{} : cannot("rename to " + to, from);
}

/// A second name; that it is there already, left by a transaction that was interrupted, is no error.
Outcome link_file(const std::string& from, const std::string& to) {
  return ::link(from.c_str(), to.c_str()) == 0 || errno == EEXIST ? Outcome{} : cannot("link to " + to, from);
}

Outcome unlink_file(const std::string& path) {
  return ::unlink(path.c_str()) == 0 || errno == ENOENT ? Outcome{} : cannot("remove", path);
}

bool exists(const std::string& path) { return ::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0; }

}  // namespace

Names names_in(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) names.push_back(entry->path().filename());
  if (error && error != std::errc::no_such_file_or_directory) return std::unexpected("cannot list " + directory + ": " + error.message());
  std::ranges::sort(names);
  return names;
}

std::expected<std::string, std::string> read_file(const std::string& path) {
  Descriptor file(path, O_RDONLY | O_NONBLOCK);
  struct stat status;
  if (!file || ::fstat(file.get(), &status) != 0) return cannot("read", path);
  if (!S_ISREG(status.st_mode) || static_cast<std::size_t>(status.st_size) > max_size) return std::unexpected(path + " is not a list");
  std::string content(static_cast<std::size_t>(status.st_size), '\0');
  for (std::size_t done = 0; done < content.size();) {
    const auto count = ::read(file.get(), content.data() + done, content.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot("read", path);
    if (count == 0) content.resize(done);
    done += static_cast<std::size_t>(count);
  }
  return content;
}

Names ListDirectory::lists() const {
  auto names = names_in(path_);
  if (names) std::erase_if(*names, [](const std::string& name) { return !name.starts_with(prefix); });
  return names;
}

bool ListDirectory::is_marked() const { return ::access((path_ + "/.immutable").c_str(), F_OK) == 0; }

bool ListDirectory::has(const std::string& list) const { return exists(path_of(list)); }

bool ListDirectory::has(const std::string& list, std::string_view content) const {
  struct stat status;
  if (::lstat(path_of(list).c_str(), &status) != 0 || static_cast<std::size_t>(status.st_size) != content.size()) return false;
  const auto found = read_file(path_of(list));
  return found && *found == content;
}

Outcome ListDirectory::stage(const std::string& list, std::string_view content) {
  if (auto made = make_directories(state("new")); !made) return made;
  if (auto written = write_file(state("new/") + list, content); !written) return written;
  staged_.push_back(list);
  return {};
}

Outcome ListDirectory::publish() {
  if (staged_.empty()) return {};
  for (const auto& list : staged_) {
    if (!has(list)) continue;
    const auto number = room_in_old(list);
    if (!number) return std::unexpected(number.error());
    if (auto linked = link_file(path_of(list), path_of(list) + std::string(replaced) + *number); !linked) return linked;
    if (auto linked = link_file(path_of(list), state("old/") + *number + "/" + list); !linked) return linked;
  }
  if (auto synced = sync_file_system_of(path_); !synced) return synced;
  for (const auto& list : staged_)
    if (auto renamed = rename_file(state("new/") + list, path_of(list)); !renamed) return renamed;
  staged_.clear();
  return sync_directory(path_);
}

Outcome ListDirectory::discard_staged() {
  staged_.clear();
  const auto names = names_in(state("new"));
  if (!names) return std::unexpected(names.error());
  for (const auto& name : *names)
    if (auto removed = unlink_file(state("new/") + name); !removed) return removed;
  return {};
}

Outcome ListDirectory::remove(const std::string& list) { return unlink_file(path_of(list)); }

std::expected<ListDirectory::Old, std::string> ListDirectory::move_to_old(const std::string& list) {
  const auto number = room_in_old(list);
  if (!number) return std::unexpected(number.error());
  Old old{.path = state("old/") + *number + "/" + list, .number = *number, .list = list};
  if (auto renamed = rename_file(path_of(list), old.path); !renamed) return std::unexpected(renamed.error());
  return old;
}

/// Several lists of one name can be there, from transactions whose ends nobody saw.
std::expected<std::string, std::string> ListDirectory::room_in_old(const std::string& list) {
  for (unsigned number = 0;; ++number) {
    std::string name = std::to_string(number);
    if (auto made = make_directories(state("old/") + name); !made) return std::unexpected(made.error());
    if (!exists(state("old/") + name + "/" + list) && !exists(path_of(list) + std::string(replaced) + name)) return name;
  }
}

std::expected<std::vector<ListDirectory::Old>, std::string> ListDirectory::old_lists() const {
  std::vector<Old> found;
  const auto numbers = names_in(state("old"));
  if (!numbers) return std::unexpected(numbers.error());
  for (const auto& number : *numbers) {
    auto lists = names_in(state("old/") + number);
    if (!lists) return std::unexpected(lists.error());
    for (auto& list : *lists) {
      std::string path = state("old/") + number + "/" + list;
      found.push_back({.path = std::move(path), .number = number, .list = std::move(list)});
    }
  }
  return found;
}

Outcome ListDirectory::remove_old(const Old& old) { return unlink_file(old.path); }

bool ListDirectory::has_journal() const { return exists(state("journal")); }

Outcome ListDirectory::write_journal(std::string_view text) { return write_state("journal", text); }

Outcome ListDirectory::take(DirectoryLock& lock, const std::function<void()>& waits) const {
  if (auto made = make_directories(state("")); !made) return made;
  lock = DirectoryLock(path_, waits);
  return lock ? Outcome{} : cannot("lock", state("lock"));
}

std::string ListDirectory::database() const {
  const std::string text = read_file(state("database")).value_or("");
  return text.substr(0, text.find('\n'));
}

Outcome ListDirectory::write_database(const std::string& path) { return write_state("database", path + "\n"); }

Outcome ListDirectory::write_state(const std::string& name, std::string_view text) {
  if (auto made = make_directories(state("")); !made) return made;
  const std::string unfinished = state(name + ".new");
  if (auto written = write_file(unfinished, text); !written) return written;
  {
    Descriptor file(unfinished, O_RDONLY);
    if (!file || ::fsync(file.get()) != 0) return cannot("sync", unfinished);
  }
  if (auto renamed = rename_file(unfinished, state(name)); !renamed) return renamed;
  return sync_directory(state(""));
}

Outcome ListDirectory::close_journal() {
  const auto numbers = names_in(state("old"));
  if (!numbers) return std::unexpected(numbers.error());
  for (const auto& number : *numbers)
    if (auto synced = sync_directory(state("old/") + number); !synced) return synced;
  if (auto synced = sync_directory(path_); !synced) return synced;
  for (const char* name : {"journal.new", "journal"})
    if (auto removed = unlink_file(state(name)); !removed) return removed;
  return sync_directory(state(""));
}

}  // namespace diglim
