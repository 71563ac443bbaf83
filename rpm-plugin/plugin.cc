// SPDX-License-Identifier: GPL-2.0-or-later
//
// The plugin of librpm: rpm's hooks, and nothing else. What is done in them is in transaction.h.
#include <rpm/rpmlog.h>
#include <rpm/rpmts.h>

#include <exception>
#include <memory>

#include "rpm_hooks.h"
#include "transaction.h"

namespace {

using diglim::Transaction;

void complain(const std::string& line) { rpmlog(RPMLOG_ERR, "diglim: %s\n", line.c_str()); }

void forget(rpmPlugin plugin) {
  delete static_cast<Transaction*>(rpmPluginGetData(plugin));
  rpmPluginSetData(plugin, nullptr);
}

/// librpm is C, or another C++ runtime: no exception leaves here. Only a lack of memory makes one.
template <typename Work>
rpmRC guarded(Work work) noexcept {
  try {
    return work() ? RPMRC_OK : RPMRC_FAIL;
  } catch (const std::exception& error) {
    rpmlog(RPMLOG_ERR, "diglim: %s\n", error.what());
    return RPMRC_FAIL;
  }
}

rpmRC before_transaction(rpmPlugin plugin, rpmts transaction) noexcept {
  if ((rpmtsFlags(transaction) & (RPMTRANS_FLAG_TEST | RPMTRANS_FLAG_BUILD_PROBS)) != 0) return RPMRC_OK;
  return guarded([&] {
    auto lists = std::make_unique<Transaction>(diglim::read_settings(transaction), complain);
    if (lists->is_of_another_database()) return true;
    if (!lists->prepare(transaction)) return false;
    rpmPluginSetData(plugin, lists.release());
    return true;
  });
}

/// Also called when another plugin refused, when files conflict, and when packages failed: the database tells what became of it.
rpmRC after_transaction(rpmPlugin plugin, rpmts transaction, int) noexcept {
  auto* lists = static_cast<Transaction*>(rpmPluginGetData(plugin));
  if (lists == nullptr) return RPMRC_OK;
  return guarded([&] {
    const bool done = lists->settle(transaction);
    if (!done) complain("not everything could be settled; the next transaction, or diglim-reconcile, tries again");
    forget(plugin);
    return done;
  });
}

rpmRC after_file(rpmPlugin plugin, rpmfi, const char* path, mode_t, rpmFlags, int result) noexcept {
  auto* lists = static_cast<Transaction*>(rpmPluginGetData(plugin));
  if (lists == nullptr || path == nullptr || result != 0) return RPMRC_OK;
  (void)guarded([&] {
    lists->file_in_place(path);
    return true;
  });
  return RPMRC_OK;
}

}  // namespace

extern "C" {
extern rpmPluginHooks_s diglim_hooks;
[[gnu::visibility("default")]] rpmPluginHooks_s diglim_hooks = {
    .init = nullptr,
    .cleanup = forget,
    .tsm_pre = before_transaction,
    .tsm_post = after_transaction,
    .psm_pre = nullptr,
    .psm_post = nullptr,
    .scriptlet_pre = nullptr,
    .scriptlet_fork_post = nullptr,
    .scriptlet_post = nullptr,
    .fsm_file_pre = nullptr,
    .fsm_file_post = after_file,
    .fsm_file_prepare = nullptr,
};
}
