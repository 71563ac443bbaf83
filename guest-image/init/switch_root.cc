// SPDX-License-Identifier: GPL-2.0-or-later
// diglab-switch-root: process 1 of an initramfs. Mounts the root disk, goes there, loads the digest lists that are only there, and becomes
// its init.
//
// It needs nothing but itself, and whatever fails ends it: the kernel panics, after a line that says why.
#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "format/list_name.h"

namespace {

constexpr const char* new_root = "/sysroot";
constexpr const char* usual_init = "/usr/sbin/diglab-init";

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "diglab-switch-root: %s: %s\n", what.c_str(), ::strerrorname_np(errno));
  ::_exit(1);
}

void mount_at(const char* type, const char* place) {
  ::mkdir(place, 0755);
  if (::mount(type, place, type, MS_NOSUID | MS_NOEXEC, nullptr) < 0) give_up(std::string("cannot mount ") + type);
}

/// The words of the kernel's command line, by what is in front of '='; of several the last counts.
std::map<std::string, std::string> kernel_words() {
  mount_at("proc", "/proc");
  std::ifstream line("/proc/cmdline");
  std::map<std::string, std::string> words;
  for (std::string word; line >> word && word != "--";) {
    const auto equals = std::min(word.find('='), word.size());
    words[word.substr(0, equals)] = equals < word.size() ? word.substr(equals + 1) : "";
  }
  ::umount("/proc");
  return words;
}

void mount_root(const std::map<std::string, std::string>& words) {
  const auto device = words.find("root");
  const auto type = words.find("rootfstype");
  if (device == words.end() || type == words.end()) {
    errno = EINVAL;
    give_up("root= and rootfstype= on the command line");
  }
  mount_at("devtmpfs", "/dev");
  ::mkdir(new_root, 0755);
  if (::mount(device->second.c_str(), new_root, type->second.c_str(), words.contains("rw") ? 0 : MS_RDONLY, nullptr) < 0)
    give_up("cannot mount " + device->second);
  ::umount("/dev");
}

/// The root disk over everything else, as the kernel does it without an initramfs. What was here keeps its memory: it is little.
void enter_root() {
  if (::chdir(new_root) < 0 || ::mount(".", "/", nullptr, MS_MOVE, nullptr) < 0 || ::chroot(".") < 0 || ::chdir("/") < 0) give_up("cannot go to the new root");
}

/// The directory that each list is in, in the order of loading.
using Lists = std::map<std::string, std::string, decltype(&diglim::loads_before)>;

/// As the kernel finds them: a name in a later directory replaces the one before, and may mask it.
Lists find_lists() {
  Lists lists(diglim::loads_before);
  for (const char* directory : {"/usr/lib/diglim", "/etc/diglim"}) {
    DIR* open = ::opendir(directory);
    if (open == nullptr) continue;
    while (const dirent* entry = ::readdir(open))
      if (const auto list = diglim::read_list_name(entry->d_name); list && list->format == "compact") lists[entry->d_name] = directory;
    ::closedir(open);
  }
  std::erase_if(lists, [](const auto& list) {
    struct stat status {};
    return ::stat((list.second + "/" + list.first).c_str(), &status) < 0 || !S_ISREG(status.st_mode) || status.st_size == 0;
  });
  return lists;
}

void load_lists() {
  const Lists lists = find_lists();
  if (lists.empty()) return;
  // Mounted in place of sysfs, and not for longer than needed: it is for the init to mount what it wants.
  mount_at("securityfs", "/sys");
  const int interface = ::open("/sys/integrity/diglim/digest_list_add", O_WRONLY | O_CLOEXEC);
  if (interface < 0) give_up("cannot load digest lists");
  for (const auto& [name, directory] : lists) {
    std::string path = directory;
    path.append("/").append(name);
    if (::write(interface, path.data(), path.size()) < 0 && errno != EEXIST)
      std::fprintf(stderr, "diglab-switch-root: %s: %s\n", path.c_str(), ::strerrorname_np(errno));
  }
  ::close(interface);
  ::umount("/sys");
}

}  // namespace

int main(int, char** argv) {
  auto words = kernel_words();
  mount_root(words);
  enter_root();
  if (words["rd.diglim"] != "0") load_lists();
  const std::string init = words.contains("init") ? words["init"] : usual_init;
  argv[0] = const_cast<char*>(init.c_str());
  ::execv(init.c_str(), argv);
  give_up(init);
}
