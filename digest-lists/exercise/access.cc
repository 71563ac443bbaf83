// SPDX-License-Identifier: GPL-2.0-or-later
#include "exercise/access.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

namespace diglim {
namespace {

namespace fs = std::filesystem;

struct Group {
  const char* name;
  Owner owner;
  std::vector<std::string> files = {};
};

/// The beginning of a file that makes it a program which ends with status 0 at once: what is timed is little else than the start.
std::string head_of_program() {
  constexpr unsigned char code[] = {0x31, 0xff, 0xb8, 0x3c, 0, 0, 0, 0x0f, 0x05};  // xor edi, edi; mov eax, 60 (exit); syscall
  constexpr Elf64_Addr base = 0x400000;
  constexpr std::size_t headers = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr), size = headers + sizeof code;
  const Elf64_Ehdr header{.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                          .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_entry = base + headers, .e_phoff = sizeof(Elf64_Ehdr),
                          .e_shoff = 0, .e_flags = 0, .e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1,
                          .e_shentsize = 0, .e_shnum = 0, .e_shstrndx = 0};
  const Elf64_Phdr segment{.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = 0, .p_vaddr = base, .p_paddr = base, .p_filesz = size,
                           .p_memsz = size, .p_align = 0x1000};
  std::string bytes(size, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, &segment, sizeof segment);
  std::memcpy(bytes.data() + headers, code, sizeof code);
  return bytes;
}

void put(const std::string& path, const std::string& content, Owner owner) {
  std::ofstream(path, std::ios::binary) << content;
  if (::chown(path.c_str(), static_cast<uid_t>(owner), 0) != 0) throw std::system_error(errno, std::generic_category(), path);
}

void make_random_files(Group& group, const AccessRun& run, Dice& dice, std::vector<std::string>& digests) {
  const auto directory = run.directory + "/" + group.name;
  fs::create_directories(directory);
  for (std::size_t i = 0; i < run.files; ++i) {
    const auto content = (run.execute ? head_of_program() : "") + dice.bytes(run.size);
    group.files.push_back(directory + "/" + std::to_string(i));
    put(group.files.back(), content, group.owner);
    fs::permissions(group.files.back(), fs::perms(0755));
    if (group.owner == Owner::diglim) digests.push_back(sha256(content));
  }
}

Finding upload(const Interface& kernel, const std::vector<std::string>& digests, std::size_t per_list) {
  for (std::size_t from = 0; from < digests.size(); from += per_list) {
    Block block;
    block.digests.assign(digests.begin() + static_cast<std::ptrdiff_t>(from),
                         digests.begin() + static_cast<std::ptrdiff_t>(std::min(from + per_list, digests.size())));
    (void)kernel.label("access-" + std::to_string(from));
    if (const int error = kernel.add(encode({block})); error != 0) return std::string("add: ") + std::strerror(error);
  }
  return {};
}

/// The same packaged files twice: with their signatures, and without.
void copy_packaged_files(Group& with, Group& without, const AccessRun& run) {
  std::set<std::string> seen;
  for (const char* root : {"/usr/bin", "/usr/lib", "/usr/sbin"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root, fs::directory_options::skip_permission_denied)) {
      if (with.files.size() == run.files) return;
      // The lists themselves are in no list.
      if (entry.is_symlink() || !entry.is_regular_file() || entry.path().parent_path().filename() == "diglim") continue;
      if (entry.file_size() == 0 || entry.file_size() > run.size) continue;
      std::array<char, 2048> signature;
      const auto length = ::lgetxattr(entry.path().c_str(), "security.ima", signature.data(), signature.size());
      const auto content = read_all(entry.path().string());
      if (length <= 0 || !seen.insert(sha256(content)).second) continue;
      for (Group* group : {&with, &without}) {
        const auto directory = run.directory + "/" + group->name;
        fs::create_directories(directory);
        group->files.push_back(directory + "/" + std::to_string(group->files.size()));
        put(group->files.back(), content, group->owner);
      }
      if (::setxattr(with.files.back().c_str(), "security.ima", signature.data(), static_cast<std::size_t>(length), 0) != 0)
        throw std::system_error(errno, std::generic_category(), with.files.back());
    }
  }
}

/// 0 or the errno of opening a file for reading.
int open_one(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  ::close(fd);
  return 0;
}

/// 0 or an errno, if the program does not end with status 0.
int execute_one(const char* path) {
  int status = 0;
  const pid_t child = ::vfork();
  if (child == 0) {
    ::execl(path, path, nullptr);
    ::_exit(errno);
  }
  if (child < 0 || ::waitpid(child, &status, 0) < 0) return errno;
  return WIFEXITED(status) ? WEXITSTATUS(status) : ENOEXEC;
}

Finding access_all(const Group& group, int (*access_one)(const char*), std::size_t from, std::size_t count, std::vector<double>& times) {
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = from; i < std::min(from + count, group.files.size()); ++i)
    if (const int error = access_one(group.files[i].c_str()); error != 0) return group.files[i] + ": " + std::strerror(error);
  times.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  return {};
}

}  // namespace

Finding run_access(const Interface& kernel, const AccessRun& run, AccessTimes& times) {
  Dice dice(run.seed);
  std::vector<Group> groups;
  std::vector<std::string> digests;
  fs::remove_all(run.directory);
  if (run.appraise) {
    groups = {{"signature", Owner::signature}, {"list", Owner::list}};
    copy_packaged_files(groups[0], groups[1], run);
    if (groups[0].files.empty()) return "no file below /usr has a signature";
  } else {
    groups = {{"none", Owner::none}, {"audit", Owner::audit}, {"diglim", Owner::diglim}, {"measure", Owner::measure}};
    for (Group& group : groups) make_random_files(group, run, dice, digests);
    if (auto finding = upload(kernel, digests, run.list_digests); !finding.empty()) return finding;
    std::vector<std::string> others;
    while (others.size() < run.extra) others.push_back(dice.bytes(32));
    if (auto finding = upload(kernel, others, run.extra); !finding.empty()) return finding;
  }
  // Every file's content is in memory: what is timed is IMA, and not the disk.
  ::sync();
  for (std::size_t from = 0; from < groups.front().files.size(); from += run.batch) {
    for (const Group& group : groups)
      if (auto finding = access_all(group, run.execute ? execute_one : open_one, from, run.batch, times[group.name]); !finding.empty()) return finding;
  }
  fs::remove_all(run.directory);
  return {};
}

}  // namespace diglim
