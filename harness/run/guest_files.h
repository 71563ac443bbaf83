// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "image/image_request.h"
#include "kernel/kernel_request.h"
#include "run/rpm_programs.h"

namespace diglab {

/// Where our own files lie in a guest.
namespace guest_path {
inline constexpr std::string_view agent = "/usr/libexec/diglab/diglab-agent";
inline constexpr std::string_view init = "/usr/sbin/diglab-init";
/// What an initramfs begins with.
inline constexpr std::string_view switch_root = "/usr/libexec/diglab/diglab-switch-root";
inline constexpr std::string_view quote = "/usr/libexec/diglab/diglab-quote";
inline constexpr std::string_view exercise = "/usr/libexec/diglab/diglim-exercise";
/// The kernel looks for converters of lists only in directories of that name.
inline constexpr std::string_view hex_parser = "/usr/libexec/diglim/hex_parser";
inline constexpr std::string_view parser_neighbour = "/usr/libexec/diglab/parser_neighbour";
inline constexpr std::string_view diglim_parser = "/usr/libexec/diglim/diglim-parser";
inline constexpr std::string_view diglim_parser_page = "/usr/share/man/man8/diglim-parser.8";
inline constexpr std::string_view tool = "/usr/bin/diglim";
/// What its package has beside it: files of digest-lists/, and their places.
inline constexpr std::pair<std::string_view, std::string_view> beside_tool[] = {
    {"tool/diglim.8", "/usr/share/man/man8/diglim.8"},
    {"tool/diglim.bash", "/usr/share/bash-completion/completions/diglim"},
    {"dracut/diglim.conf", "/usr/lib/dracut/dracut.conf.d/50-diglim.conf"},
    {"dracut/99zz-diglim/module-setup.sh", "/usr/lib/dracut/modules.d/99zz-diglim/module-setup.sh"},
    {"dracut/99zz-diglim/load-lists.sh", "/usr/lib/dracut/modules.d/99zz-diglim/load-lists.sh"},
    {"initramfs-tools/hook", "/etc/initramfs-tools/hooks/diglim"},
    {"initramfs-tools/init-bottom", "/usr/share/initramfs-tools/scripts/init-bottom/diglim"},
    {"systemd/diglim-early.service", "/usr/lib/systemd/system/diglim-early.service"},
};
/// The link that enables the unit.
inline constexpr std::pair<std::string_view, std::string_view> early_enabled = {"/usr/lib/systemd/system/diglim-early.service",
                                                                                "/usr/lib/systemd/system/sysinit.target.wants/diglim-early.service"};
inline constexpr std::string_view rpm_plugin_macros = "/usr/lib/rpm/macros.d/macros.transaction_diglim";
inline constexpr std::string_view rpm_plugin_page = "/usr/share/man/man8/rpm-plugin-diglim.8";
inline constexpr std::string_view reconcile = "/usr/sbin/diglim-reconcile";
inline constexpr std::string_view reconcile_unit = "/usr/lib/systemd/system/diglim-reconcile.service";
/// The link that enables it, as `systemctl enable` would make it below /etc.
inline constexpr std::string_view reconcile_enabled = "/usr/lib/systemd/system/sysinit.target.wants/diglim-reconcile.service";
inline constexpr std::string_view probe = "/usr/libexec/diglab/diglab-probe";
/// What scripts that are to be executed name as their interpreter.
inline constexpr std::string_view nothing = "/usr/libexec/diglab/diglab-nothing";
inline constexpr std::string_view rpm_hooks_macros = "/usr/lib/rpm/macros.d/macros.diglab_hooks";
/// Defective plugins, each as <name>.so.
inline constexpr std::string_view rpm_mutants = "/usr/libexec/diglab/rpm-mutants";
}  // namespace guest_path

struct GuestFileSources {
  std::filesystem::path source;    ///< The repository.
  std::filesystem::path binaries;  ///< The build's harness/ folder.
  RpmPrograms rpm;                 ///< For the guest's suite.
  BuiltKernel kernel;
};

/// Lays out the trees of our own packages below `staging`: diglab-agent (agent, init, quote script), diglab-initramfs, diglab-exercise,
/// diglim-parser, diglim, rpm-plugin-diglim and diglab-probe (for sets that ask for them), and, for a kernel with modules, diglab-modules.
/// ErrorKind::infra names the file that the build did not make.
Result<std::vector<OwnPackage>> lay_out_guest_files(const GuestFileSources& sources, const std::filesystem::path& staging);

}  // namespace diglab
