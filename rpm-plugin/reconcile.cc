// SPDX-License-Identifier: GPL-2.0-or-later
//
// diglim-reconcile: brings the directory of digest lists, and the kernel, to what the database of rpm says. At boot after an interrupted
// transaction, after rpm ran without the plugin, and once when the plugin is installed. It changes nothing that is right already,
// and can be interrupted at any time: then it is to be run again.
#include <getopt.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmmacro.h>
#include <rpm/rpmts.h>

#include <cstdio>
#include <memory>

#include "transaction.h"

namespace {

constexpr const char* usage =
    "usage: diglim-reconcile [--root DIRECTORY] [--dbpath DIRECTORY] [--define 'MACRO VALUE'] [--if-interrupted]\n";

enum Status { done = 0, incomplete = 1, bad_use = 2 };

int reconcile(const char* root, bool only_if_interrupted) {
  const std::unique_ptr<rpmts_s, decltype(&rpmtsFree)> transaction(rpmtsCreate(), rpmtsFree);
  if (root != nullptr && rpmtsSetRootDir(transaction.get(), root) != 0) {
    std::fprintf(stderr, "diglim-reconcile: %s is not a root directory\n", root);
    return bad_use;
  }
  diglim::Transaction lists(diglim::read_settings(transaction.get()), [](const std::string& line) { std::fprintf(stderr, "diglim-reconcile: %s\n", line.c_str()); });
  // The lock that rpm takes for a transaction.
  const std::unique_ptr<rpmtxn_s, decltype(&rpmtxnEnd)> lock(rpmtxnBegin(transaction.get(), RPMTXN_WRITE), rpmtxnEnd);
  if (!lock) return incomplete;
  if (only_if_interrupted && !lists.was_interrupted()) return done;
  return lists.recover(transaction.get()) ? done : incomplete;
}

}  // namespace

int main(int argc, char** argv) {
  const option options[] = {{"root", required_argument, nullptr, 'r'},
                            {"dbpath", required_argument, nullptr, 'd'},
                            {"define", required_argument, nullptr, 'D'},
                            {"if-interrupted", no_argument, nullptr, 'i'},
                            {"help", no_argument, nullptr, 'h'},
                            {nullptr, 0, nullptr, 0}};
  const char* root = nullptr;
  bool only_if_interrupted = false;
  if (rpmReadConfigFiles(nullptr, nullptr) != 0) return incomplete;
  for (int option; (option = ::getopt_long(argc, argv, "r:D:", options, nullptr)) != -1;) {
    switch (option) {
      case 'r': root = optarg; break;
      case 'd': rpmDefineMacro(nullptr, (std::string("_dbpath ") + optarg).c_str(), 0); break;
      case 'D': rpmDefineMacro(nullptr, optarg, 0); break;
      case 'i': only_if_interrupted = true; break;
      case 'h': std::fputs(usage, stdout); return done;
      default: std::fputs(usage, stderr); return bad_use;
    }
  }
  if (optind != argc) {
    std::fputs(usage, stderr);
    return bad_use;
  }
  return reconcile(root, only_if_interrupted);
}
