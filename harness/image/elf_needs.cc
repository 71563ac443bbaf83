// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/elf_needs.h"

#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

#include <memory>

namespace diglab {
namespace {

using ElfFile = std::unique_ptr<Elf, decltype(&elf_end)>;

void read_dynamic(Elf* elf, const GElf_Shdr& header, Elf_Scn* section, ElfNeeds& needs) {
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

/// Whatever elf_begin() or elf_memory() made, which may be nothing.
ElfNeeds needs_of(Elf* elf) {
  ElfNeeds needs;
  if (!elf || elf_kind(elf) != ELF_K_ELF) return needs;
  std::size_t count = 0;
  elf_getphdrnum(elf, &count);
  std::size_t size = 0;
  const char* raw = elf_rawfile(elf, &size);
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr header{};
    if (!gelf_getphdr(elf, static_cast<int>(i), &header) || header.p_type != PT_INTERP) continue;
    if (header.p_filesz > 1 && header.p_offset < size && header.p_filesz <= size - header.p_offset)
      needs.interpreter.assign(raw + header.p_offset, header.p_filesz - 1);
  }
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section));) {
    GElf_Shdr header{};
    if (gelf_getshdr(section, &header) && header.sh_type == SHT_DYNAMIC) read_dynamic(elf, header, section, needs);
  }
  return needs;
}

}  // namespace

ElfNeeds elf_needs_of(std::string_view content) {
  elf_version(EV_CURRENT);
  // libelf does not write to an image that it was given without being told to.
  return needs_of(ElfFile(elf_memory(const_cast<char*>(content.data()), content.size()), elf_end).get());
}

ElfNeeds elf_needs_of_file(const std::filesystem::path& file) {
  elf_version(EV_CURRENT);
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  const ElfNeeds needs = needs_of(ElfFile(elf_begin(fd, ELF_C_READ, nullptr), elf_end).get());
  ::close(fd);
  return needs;
}

std::vector<std::string> library_directories(const ElfNeeds& needs, const std::string& directory) {
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

}  // namespace diglab
