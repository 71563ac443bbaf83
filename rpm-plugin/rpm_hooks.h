// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <rpm/rpmtypes.h>

#if __has_include(<rpm/rpmplugin.h>)
#include <rpm/rpmplugin.h>
#else

/// What a plugin of librpm is made of, for releases that do not install a header for it (before 4.20). Releases since 4.18 look for a
/// symbol `<name>_hooks` of this layout; written from rpm's documentation of plugins, and held to its header where there is one.
extern "C" {
struct rpmPluginHooks_s {
  rpmRC (*init)(rpmPlugin, rpmts);
  void (*cleanup)(rpmPlugin);
  rpmRC (*tsm_pre)(rpmPlugin, rpmts);
  rpmRC (*tsm_post)(rpmPlugin, rpmts, int result);
  rpmRC (*psm_pre)(rpmPlugin, rpmte);
  rpmRC (*psm_post)(rpmPlugin, rpmte, int result);
  rpmRC (*scriptlet_pre)(rpmPlugin, const char* name, int type);
  rpmRC (*scriptlet_fork_post)(rpmPlugin, const char* path, int type);
  rpmRC (*scriptlet_post)(rpmPlugin, const char* name, int type, int result);
  rpmRC (*fsm_file_pre)(rpmPlugin, rpmfi, const char* path, mode_t, rpmFlags operation);
  rpmRC (*fsm_file_post)(rpmPlugin, rpmfi, const char* path, mode_t, rpmFlags operation, int result);
  rpmRC (*fsm_file_prepare)(rpmPlugin, rpmfi, int fd, const char* path, const char* destination, mode_t, rpmFlags operation);
};
void rpmPluginSetData(rpmPlugin, void*);
void* rpmPluginGetData(rpmPlugin);
}

#endif
