// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace diglab {

/// What a program or library asks the dynamic linker for.
struct ElfNeeds {
  std::string interpreter;             ///< Of a program; empty for a library.
  std::vector<std::string> libraries;  ///< Names, not paths.
  std::string run_path;                ///< DT_RUNPATH or DT_RPATH, as written.
};

/// Of a file's content. Nothing for what is no dynamic ELF file, or a damaged one.
[[nodiscard]] ElfNeeds elf_needs_of(std::string_view content);
/// Of a file. Nothing for one that cannot be read, either.
[[nodiscard]] ElfNeeds elf_needs_of_file(const std::filesystem::path& file);

/// The directories in which the linker looks, in order, for what a file in `directory` needs: its run path, then the standard
/// ones; no cache.
[[nodiscard]] std::vector<std::string> library_directories(const ElfNeeds& needs, const std::string& directory);

}  // namespace diglab
