// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace diglim::tool {

/// What the kernel's command line says about integrity, with the kernel's defaults for what it does not say.
struct BootParameters {
  std::vector<std::string> policy;  ///< The words of ima_policy=.
  std::vector<std::string> directories = {"/usr/lib/diglim", "/etc/diglim"};
  std::string uploader = "/usr/libexec/diglim/diglim-parser";
  std::string file_template = "ima-ng";
  std::string file_hash = "sha256";
  std::string appraise = "enforce";
  std::uint32_t pcr = 11;      ///< Of ima_policy=diglim.
  bool loads_of_root = true;   ///< An initramfs loads the lists of the root file system before it goes there; not with rd.diglim=0.
  bool has_lsm = true;         ///< The kernel knows converters of lists, and measures what they read; not with lsm= without "diglim".
  std::string init;            ///< Process 1 of the root file system; empty: one of the usual programs.
  std::string rdinit = "/init";  ///< Process 1 of an initramfs.
  std::string root_device;       ///< root=
  bool names_initramfs = false;  ///< initrd=

  [[nodiscard]] static BootParameters parse(std::string_view command_line);

  [[nodiscard]] bool has(std::string_view policy_word) const;
  /// All that root reads is measured, and not only what is executed.
  [[nodiscard]] bool measures_reads() const;
  /// Lists say what need not be measured.
  [[nodiscard]] bool measures_by_lists() const { return has("diglim"); }
  /// Signed lists say what passes, and files in none are denied when they are executed.
  [[nodiscard]] bool appraises_by_lists() const { return has("appraise_diglim"); }
  /// What does not pass is denied, and not only logged.
  [[nodiscard]] bool enforces() const { return appraise != "log" && appraise != "fix" && appraise != "off"; }
  [[nodiscard]] bool appraises_programs() const { return has("appraise_exec_tcb") || has("appraise_tcb"); }
};

/// The words of a kernel command line: blanks in double quotes do not separate, the quotes are left out.
[[nodiscard]] std::vector<std::string> words_of_command_line(std::string_view text);
/// The same as they are written, quotes and all.
[[nodiscard]] std::vector<std::string> written_words(std::string_view text);

}  // namespace diglim::tool
