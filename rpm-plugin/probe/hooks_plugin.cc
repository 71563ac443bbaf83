// SPDX-License-Identifier: GPL-2.0-or-later
//
// A plugin of librpm that does nothing but tell which of its hooks is called for what: by asking whether a file exists below a directory that
// there is not. Whoever steps through rpm's system calls sees it among them.
#include <rpm/rpmte.h>
#include <rpm/rpmts.h>
#include <unistd.h>

#include <string>
#include <tuple>

#include "rpm_hooks.h"

namespace {

/// As in stepped_run.h, which is no part of a plugin.
constexpr const char* hook_prefix = "/diglab/hook/";

rpmRC tell(const std::string& what) {
  std::ignore = ::access((hook_prefix + what).c_str(), F_OK);  // there is no such file: the call is seen
  return RPMRC_OK;
}

std::string text(const char* words) { return words != nullptr ? words : ""; }

std::string element(rpmte one) {
  return one == nullptr ? "-" : std::string(rpmteType(one) == TR_REMOVED ? "removed " : "added ") + text(rpmteNEVR(one));
}

rpmRC named(const char* hook, const char* name) { return tell(std::string(hook) + " " + text(name)); }

}  // namespace

extern "C" {
extern rpmPluginHooks_s diglab_hooks_hooks;
[[gnu::visibility("default")]] rpmPluginHooks_s diglab_hooks_hooks = {
    .init = nullptr,
    .cleanup = nullptr,
    .tsm_pre = [](rpmPlugin, rpmts) { return tell("tsm_pre"); },
    .tsm_post = [](rpmPlugin, rpmts, int) { return tell("tsm_post"); },
    .psm_pre = [](rpmPlugin, rpmte one) { return tell("psm_pre " + element(one)); },
    .psm_post = [](rpmPlugin, rpmte one, int) { return tell("psm_post " + element(one)); },
    .scriptlet_pre = [](rpmPlugin, const char* name, int) { return named("scriptlet_pre", name); },
    .scriptlet_fork_post = nullptr,  // In the script's process, which nobody looks at.
    .scriptlet_post = [](rpmPlugin, const char* name, int, int) { return named("scriptlet_post", name); },
    .fsm_file_pre = [](rpmPlugin, rpmfi, const char* path, mode_t, rpmFlags) { return named("fsm_file_pre", path); },
    .fsm_file_post = [](rpmPlugin, rpmfi, const char* path, mode_t, rpmFlags, int) { return named("fsm_file_post", path); },
    .fsm_file_prepare = [](rpmPlugin, rpmfi, int, const char* path, const char*, mode_t, rpmFlags) { return named("fsm_file_prepare", path); },
};
}
