// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/guest_files.h"

#include <fmt/format.h>

#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view package_version = "1.0-1";

/// Those of rpm-plugin/mutants/ that scenarios use; rpm-plugin/CMakeLists.txt builds them with everything else.
constexpr std::string_view rpm_mutants_of_guests[] = {"early-list-without-second-name", "file-removed-before-deletion", "half-installed-forgotten",
                                                      "list-written-in-place", "load-after-first-rename", "load-in-psm-post", "no-barrier", "no-journal",
                                                      "refusal-ignored", "skip-when-file-exists", "unload-in-psm-post", "unload-of-shared-digests"};

Result<void> put(const fs::path& from, const fs::path& tree, std::string_view guest_path, fs::perms permissions) {
  fs::path to = tree / fs::path(guest_path).relative_path();
  TRY_VOID(make_directories(to.parent_path()));
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (!error) fs::permissions(to, permissions, error);
  if (error) return fail(ErrorKind::infra, fmt::format("{}: cannot copy to {}: {}", from.string(), to.string(), error.message()));
  return {};
}

Result<void> put_link(std::string_view target, const fs::path& tree, std::string_view guest_path) {
  fs::path to = tree / fs::path(guest_path).relative_path();
  TRY_VOID(make_directories(to.parent_path()));
  std::error_code error;
  fs::create_symlink(target, to, error);
  if (error) return fail(ErrorKind::infra, fmt::format("{}: cannot make this link: {}", to.string(), error.message()));
  return {};
}

}  // namespace

Result<std::vector<OwnPackage>> lay_out_guest_files(const GuestFileSources& sources, const fs::path& staging) {
  constexpr fs::perms executable = fs::perms(0755), data = fs::perms(0644);
  const fs::path lists = sources.source / "digest-lists";
  std::vector<OwnPackage> packages;
  fs::path agent_tree = staging / "agent";
  TRY_VOID(put(sources.binaries / "agent" / "diglab-agent", agent_tree, guest_path::agent, executable));
  TRY_VOID(put(sources.binaries / "agent" / "diglab-init", agent_tree, guest_path::init, executable));
  TRY_VOID(put(sources.source / "guest-image" / "attest" / "diglab-quote", agent_tree, guest_path::quote, executable));
  packages.push_back({.name = "diglab-agent",
                      .version = std::string(package_version),
                      .tree = agent_tree,
                      .requires_names = {"bash", "tpm2-tools"}});
  fs::path initramfs_tree = staging / "initramfs";
  TRY_VOID(put(sources.binaries / "agent" / "diglab-switch-root", initramfs_tree, guest_path::switch_root, executable));
  packages.push_back({.name = "diglab-initramfs", .version = std::string(package_version), .tree = initramfs_tree, .requires_names = {}});
  fs::path exercise_tree = staging / "exercise";
  TRY_VOID(put(sources.binaries.parent_path() / "digest-lists" / "exercise" / "diglim-exercise", exercise_tree, guest_path::exercise, executable));
  TRY_VOID(put(sources.binaries.parent_path() / "digest-lists" / "exercise" / "hex_parser", exercise_tree, guest_path::hex_parser, executable));
  TRY_VOID(put(sources.binaries.parent_path() / "digest-lists" / "exercise" / "parser_neighbour", exercise_tree, guest_path::parser_neighbour, executable));
  packages.push_back({.name = "diglab-exercise", .version = std::string(package_version), .tree = exercise_tree, .requires_names = {}});
  fs::path parser_tree = staging / "parser";
  TRY_VOID(put(sources.binaries.parent_path() / "digest-lists" / "parser" / "diglim-parser", parser_tree, guest_path::diglim_parser, executable));
  TRY_VOID(put(lists / "parser" / "diglim-parser.8", parser_tree, guest_path::diglim_parser_page, data));
  packages.push_back({.name = "diglim-parser", .version = std::string(package_version), .tree = parser_tree, .requires_names = {}});
  fs::path tool_tree = staging / "tool";
  TRY_VOID(put(sources.binaries.parent_path() / "digest-lists" / "tool" / "diglim", tool_tree, guest_path::tool, executable));
  for (const auto& [from, to] : guest_path::beside_tool) TRY_VOID(put(lists / from, tool_tree, to, from.ends_with(".sh") || from.starts_with("initramfs-tools/") ? executable : data));
  TRY_VOID(put_link(guest_path::early_enabled.first, tool_tree, guest_path::early_enabled.second));
  packages.push_back({.name = "diglim",
                      .version = std::string(package_version),
                      .tree = tool_tree,
                      .requires_names = {"librpm9", "libssl3", "libfmt9", "libboost-filesystem1.81.0"},
                      .everywhere = false});
  const fs::path plugin = sources.binaries.parent_path() / "rpm-plugin";
  fs::path plugin_tree = staging / "rpm-plugin";
  TRY_VOID(put(sources.rpm.build / "diglim.so", plugin_tree, (sources.rpm.plugins / "diglim.so").native(), executable));
  TRY_VOID(put(sources.rpm.build / "diglim-reconcile", plugin_tree, guest_path::reconcile, executable));
  TRY_VOID(put(sources.source / "rpm-plugin/macros.transaction_diglim", plugin_tree, guest_path::rpm_plugin_macros, data));
  TRY_VOID(put(sources.source / "rpm-plugin/rpm-plugin-diglim.8", plugin_tree, guest_path::rpm_plugin_page, data));
  TRY_VOID(put(sources.source / "rpm-plugin/diglim-reconcile.service", plugin_tree, guest_path::reconcile_unit, data));
  TRY_VOID(put_link(guest_path::reconcile_unit, plugin_tree, guest_path::reconcile_enabled));
  packages.push_back({.name = "rpm-plugin-diglim",
                      .version = std::string(package_version),
                      .tree = plugin_tree,
                      .requires_names = {"diglim-parser", "rpm"},
                      .everywhere = false});
  fs::path probe_tree = staging / "probe";
  TRY_VOID(put(plugin / "diglab-probe", probe_tree, guest_path::probe, executable));
  TRY_VOID(put(plugin / "diglab-nothing", probe_tree, guest_path::nothing, executable));
  TRY_VOID(put(sources.rpm.build / "diglab_hooks.so", probe_tree, (sources.rpm.plugins / "diglab_hooks.so").native(), executable));
  TRY_VOID(put(sources.source / "rpm-plugin/probe/macros.diglab_hooks", probe_tree, guest_path::rpm_hooks_macros, data));
  for (const auto& mutant : rpm_mutants_of_guests)
    TRY_VOID(put(sources.rpm.build / "mutants" / mutant / "diglim.so", probe_tree, fmt::format("{}/{}.so", guest_path::rpm_mutants, mutant), executable));
  packages.push_back({.name = "diglab-probe",
                      .version = std::string(package_version),
                      .tree = probe_tree,
                      .requires_names = {"rpm-plugin-diglim"},
                      .everywhere = false});
  if (!sources.kernel.modules.empty()) {
    fs::path tree = staging / "modules";
    std::error_code error;
    fs::create_directories(tree / "usr", error);
    // lib/modules of the build becomes /usr/lib/modules of a guest with a merged /usr.
    fs::copy(sources.kernel.modules / "lib", tree / "usr" / "lib", fs::copy_options::recursive | fs::copy_options::copy_symlinks, error);
    if (error) return fail(ErrorKind::infra, fmt::format("{}: cannot copy: {}", sources.kernel.modules.string(), error.message()));
    packages.push_back({.name = "diglab-modules", .version = std::string(package_version), .tree = tree, .requires_names = {}});
  }
  if (!sources.kernel.selftests.empty()) {
    fs::path tree = staging / "selftests";
    std::error_code error;
    fs::create_directories(tree / "usr/libexec", error);
    fs::copy(sources.kernel.selftests, tree / "usr/libexec/kselftest", fs::copy_options::recursive | fs::copy_options::copy_symlinks, error);
    if (error) return fail(ErrorKind::infra, fmt::format("{}: cannot copy: {}", sources.kernel.selftests.string(), error.message()));
    packages.push_back({.name = "diglab-kselftest", .version = std::string(package_version), .tree = tree, .requires_names = {}});
  }
  return packages;
}

}  // namespace diglab
