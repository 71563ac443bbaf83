// SPDX-License-Identifier: GPL-2.0-or-later
#include "native_lists.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "format/list_name.h"

namespace diglim {
namespace {

std::unexpected<std::string> failed(const std::string& what, int error) { return std::unexpected(what + ": " + ::strerrordesc_np(error)); }

bool same_content(const std::string& one, const std::string& other) {
  struct stat a {}, b {};
  if (::stat(one.c_str(), &a) != 0 || ::stat(other.c_str(), &b) != 0) return false;
  if (a.st_dev == b.st_dev && a.st_ino == b.st_ino) return true;
  if (a.st_size != b.st_size) return false;
  const auto left = read_file(one), right = read_file(other);
  return left && right && *left == *right;
}

bool is_native(std::string_view name) {
  const auto parts = read_list_name(name);
  return parts && parts->format == "compact";
}

}  // namespace

Names NativeLists::lists_in(const std::string& directory) {
  auto names = names_in(directory);
  if (!names) return names;
  std::erase_if(*names, [](const std::string& name) { return !is_native(name); });
  std::ranges::sort(*names, [](const auto& a, const auto& b) { return loads_before(a, b); });
  return names;
}

Outcome NativeLists::keep() const {
  const auto names = lists_in(directory_);
  if (!names) return std::unexpected(names.error());
  for (const auto& name : *names)
    if (auto named = give_second_name(name, kept()); !named) return named;
  return {};
}

/// One of an earlier transaction that could not be deleted from the kernel stays what is to be deleted.
Outcome NativeLists::give_second_name(const std::string& name, const std::string& directory) const {
  for (const std::string& made : {directory_ + "/.rpm", directory})
    if (::mkdir(made.c_str(), 0755) != 0 && errno != EEXIST) return failed("cannot make " + made, errno);
  const std::string from = directory_ + "/" + name, to = directory + "/" + name;
  return ::link(from.c_str(), to.c_str()) == 0 || errno == EEXIST ? Outcome{} : failed("cannot link " + from + " to " + to, errno);
}

Outcome NativeLists::tell_kernel(const char* file, const std::string& path) const {
  const int descriptor = ::open((interface_ + "/" + file).c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return errno == ENOENT ? Outcome{} : failed(path, errno);
  const auto written = ::write(descriptor, path.data(), path.size());
  const int error = written < 0 ? errno : 0;
  ::close(descriptor);
  // It is there already, or not any more: what was wanted.
  if (error == 0 || error == EEXIST || error == ENOENT) return {};
  return failed(path, error);
}

/// The administrator's list of the same name counts instead.
bool NativeLists::is_masked(const std::string& name) const {
  return ::faccessat(AT_FDCWD, (administrator_ + "/" + name).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

Outcome NativeLists::load(const std::string& name) const { return is_masked(name) ? Outcome{} : tell_kernel("digest_list_add", directory_ + "/" + name); }

Outcome NativeLists::load_early(const std::string& path) const {
  const auto slash = path.rfind('/');
  if (slash == path.npos || path.compare(0, slash, directory_) != 0) return {};
  const std::string name = path.substr(slash + 1);
  // Hooks are called for what is gone, too; and for what stays what it was.
  if (!is_native(name) || ::access(path.c_str(), F_OK) != 0 || same_content(path, kept() + "/" + name)) return {};
  if (auto named = give_second_name(name, early()); !named) return named;
  // Another one of this name, left by a transaction that could not be settled, keeps its second name; this one is loaded in settle.
  return same_content(path, early() + "/" + name) ? load(name) : Outcome{};
}

bool NativeLists::settle(const std::function<void(const std::string&)>& complain) const {
  bool done = true;
  const auto names = lists_in(directory_);
  if (!names) return complain(names.error()), false;
  for (const auto& name : *names) {
    if (same_content(directory_ + "/" + name, kept() + "/" + name)) continue;
    if (const auto loaded = load(name); !loaded) {
      complain(loaded.error());
      done = false;
    }
  }
  done &= forget(kept(), complain);
  return forget(early(), complain) && done;
}

/// What has a second name there and is gone goes out of the kernel; then the second name goes.
bool NativeLists::forget(const std::string& directory, const std::function<void(const std::string&)>& complain) const {
  const auto before = lists_in(directory), now = lists_in(directory_), administrators = lists_in(administrator_);
  for (const auto* names : {&before, &now, &administrators})
    if (!*names) return complain(names->error()), false;
  bool done = true, synced = false;
  const auto check = [&](const Outcome& outcome) {
    if (!outcome) complain(outcome.error());
    done &= outcome.has_value();
    return outcome.has_value();
  };
  for (const auto& name : *before) {
    const std::string path = directory + "/" + name;
    if (!same_content(path, directory_ + "/" + name)) {
      // The kernel has one list of the same digests once, under the name that came first, which must not be deleted as long as any is there.
      const auto has_same = [&](const std::string& where, const std::vector<std::string>& names) {
        return std::ranges::any_of(names, [&](const std::string& other) { return same_content(path, where + "/" + other); });
      };
      if (has_same(directory_, *now) || has_same(administrator_, *administrators)) continue;
      // What replaced it is on disk before it becomes unknown, or a power cut could bring it back.
      if (!std::exchange(synced, true)) ::sync();
      if (!check(tell_kernel("digest_list_del", path))) continue;
    }
    if (::unlink(path.c_str()) != 0) check(failed("cannot remove " + path, errno));
  }
  return done;
}

}  // namespace diglim
