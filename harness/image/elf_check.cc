// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/elf_check.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gelf.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

namespace diglab {
namespace {

namespace fs = std::filesystem;

struct Needs {
  std::string interpreter;
  std::vector<std::string> libraries;
  std::string run_path;
};

void read_dynamic(Elf* elf, const GElf_Shdr& header, Elf_Scn* section, Needs& needs) {
  Elf_Data* data = elf_getdata(section, nullptr);
  if (!data || header.sh_entsize == 0) return;
  for (int i = 0; i < static_cast<int>(header.sh_size / header.sh_entsize); ++i) {
    GElf_Dyn entry{};
    if (!gelf_getdyn(data, i, &entry)) return;
    const char* text = elf_strptr(elf, header.sh_link, entry.d_un.d_val);
    if (entry.d_tag == DT_NEEDED && text) needs.libraries.emplace_back(text);
    if ((entry.d_tag == DT_RUNPATH || entry.d_tag == DT_RPATH) && text) needs.run_path = text;
  }
}

/// Nothing for what is no dynamic ELF file.
Needs needs_of(const fs::path& file) {
  Needs needs;
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return needs;
  std::unique_ptr<Elf, decltype(&elf_end)> elf(elf_begin(fd, ELF_C_READ, nullptr), elf_end);
  if (elf && elf_kind(elf.get()) == ELF_K_ELF) {
    std::size_t count = 0;
    elf_getphdrnum(elf.get(), &count);
    std::size_t size = 0;
    const char* raw = elf_rawfile(elf.get(), &size);
    for (std::size_t i = 0; i < count; ++i) {
      GElf_Phdr header{};
      if (!gelf_getphdr(elf.get(), static_cast<int>(i), &header) || header.p_type != PT_INTERP) continue;
      if (header.p_filesz > 1 && header.p_offset < size && header.p_filesz <= size - header.p_offset)
        needs.interpreter.assign(raw + header.p_offset, header.p_filesz - 1);
    }
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf.get(), section));) {
      GElf_Shdr header{};
      if (gelf_getshdr(section, &header) && header.sh_type == SHT_DYNAMIC) read_dynamic(elf.get(), header, section, needs);
    }
  }
  elf.reset();
  ::close(fd);
  return needs;
}

std::vector<std::string> search_path(const Needs& needs, const std::string& directory) {
  std::vector<std::string> result;
  for (std::size_t at = 0; at < needs.run_path.size();) {
    const auto end = std::min(needs.run_path.find(':', at), needs.run_path.size());
    auto part = needs.run_path.substr(at, end - at);
    for (const std::string_view origin : {"$ORIGIN", "${ORIGIN}"}) {
      if (const auto where = part.find(origin); where != std::string::npos) part.replace(where, origin.size(), directory);
    }
    result.push_back(std::move(part));
    at = end + 1;
  }
  // A private library finds its neighbours through the run path of the program that loads both.
  if (needs.interpreter.empty()) result.push_back(directory);
  for (const auto* standard : {"/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"}) result.emplace_back(standard);
  return result;
}

}  // namespace

bool exists_in(const fs::path& root, const fs::path& path) {
  fs::path rest = path.relative_path();
  fs::path done;
  for (int links = 0; !rest.empty();) {
    const auto part = *rest.begin();
    fs::path after;
    for (auto it = std::next(rest.begin()); it != rest.end(); ++it) after /= *it;
    rest = after;
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      done = done.parent_path();
      continue;
    }
    std::error_code error;
    const auto status = fs::symlink_status(root / done / part, error);
    if (!fs::exists(status)) return false;
    if (fs::is_symlink(status)) {
      if (++links > 40) return false;
      const auto target = fs::read_symlink(root / done / part, error);
      if (target.is_absolute()) done.clear();
      rest = target.relative_path() / rest;
    } else {
      done /= part;
    }
  }
  return true;
}

Result<std::vector<std::string>> missing_libraries(const fs::path& root) {
  elf_version(EV_CURRENT);
  std::vector<std::string> missing;
  std::error_code error;
  for (fs::recursive_directory_iterator it(root, fs::directory_options::skip_permission_denied, error), end; !error && it != end; it.increment(error)) {
    if (it->is_symlink() || !it->is_regular_file()) continue;
    const auto inside = "/" + it->path().lexically_relative(root).string();
    // Modules of the kernel are ELF files without a dynamic section: nothing to look for.
    const auto needs = needs_of(it->path());
    if (!needs.interpreter.empty() && !exists_in(root, needs.interpreter)) missing.push_back(fmt::format("{} needs {}", inside, needs.interpreter));
    const auto path = search_path(needs, fs::path(inside).parent_path());
    for (const auto& library : needs.libraries) {
      const bool found = std::any_of(path.begin(), path.end(), [&](const auto& directory) { return exists_in(root, fs::path(directory) / library); });
      if (!found) missing.push_back(fmt::format("{} needs {}", inside, library));
    }
  }
  if (error) return fail(ErrorKind::infra, fmt::format("cannot walk {}: {}", root.string(), error.message()));
  std::sort(missing.begin(), missing.end());
  return missing;
}

}  // namespace diglab
