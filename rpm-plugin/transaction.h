// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <rpm/rpmts.h>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "interface/parser_run.h"
#include "list_directory.h"
#include "loaded_lists.h"
#include "native_lists.h"
#include "packages.h"

namespace diglim {

/// Where things are; macros of rpm, see rpm-plugin-diglim(8).
struct Settings {
  std::string root;                                     ///< Of the transaction, without a slash at the end; empty: "/".
  std::string directory = "/usr/lib/diglim";            ///< %_diglim_lists, below the transaction's root.
  std::string administrator = "/etc/diglim";            ///< %_diglim_administrator, likewise.
  std::string interface = "/sys/kernel/security/integrity/diglim";  ///< %_diglim_interface
  std::string parser = "/usr/libexec/diglim/diglim-parser";  ///< %_diglim_parser
  std::string database;                                 ///< %_dbpath, of rpm itself; below the root.
  bool uses_kernel = true;  ///< %_diglim_kernel: auto (for the root of process 1 only, if the interface can be seen), always, never.
};
[[nodiscard]] Settings read_settings(rpmts transaction);

/// Digest lists while packages are on the move. The states of a transaction, what holds in each, and what a crash leaves, are in
/// README.md; in short:
///
///     prepare   before anything is changed: all new lists are written, on disk, and in the kernel; or the transaction is refused
///     (rpm)     scriptlets, files, database: the kernel has old and new
///     settle    after all of it: what the database does not have goes out of the kernel, and then out of the directory
///     recover   the same for all packages, if a journal tells that a transaction did not come to its end
///
/// It must be done under rpm's lock of the database. Nothing relies on hooks of single packages or files, whose order and number
/// differ between releases of rpm; that of files only has native lists loaded earlier than `settle` would.
class Transaction {
 public:
  /// `complain` gets lines for the administrator.
  Transaction(Settings settings, std::function<void(const std::string&)> complain);

  /// The lists are those of the packages of another database: this one has no part in them, as a message said.
  [[nodiscard]] bool is_of_another_database();
  /// Refused: nothing has changed, and a message said why.
  [[nodiscard]] bool prepare(rpmts transaction);
  /// Whatever became of the transaction. False: not all could be done; the journal stays for the next one to try.
  bool settle(rpmts transaction);
  /// Brings directory and kernel to what the database says, from any state.
  bool recover(rpmts transaction);
  /// A file of a package has its name now.
  void file_in_place(const std::string& path);
  [[nodiscard]] bool was_interrupted() const { return directory_.has_journal(); }

 private:
  struct Leaving;
  /// The lock of the directory for as long as one of these lives. Scriptlets run between two.
  class Locked {
   public:
    explicit Locked(Transaction& transaction);
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;
    ~Locked();
    explicit operator bool() const { return static_cast<bool>(transaction_.lock_); }

   private:
    Transaction& transaction_;
    bool is_first_;
  };

  bool complain(const auto& outcome) {
    if (!outcome) complain_(outcome.error());
    return outcome.has_value();
  }
  bool publish_and_load(const std::vector<std::string>& lists);
  bool drop(std::vector<std::string> unwanted);
  [[nodiscard]] std::set<std::string> half_installed(const std::vector<std::string>& lists, std::vector<std::string>& unwanted);
  void find_uploads(Leaving& one, const std::optional<LoadedLists>& loaded) const;
  void find_twins(const std::optional<LoadedLists>& loaded, const std::vector<std::string>& lists,
                  const std::vector<std::string>& administrators, std::vector<Leaving>& leaving) const;
  bool unload(std::vector<Leaving>& leaving, const std::set<std::string>& staying);
  bool run(ParserOperation operation, const std::vector<std::string>& paths);
  [[nodiscard]] bool is_masked(const std::string& list) const;
  [[nodiscard]] Outcome check_parser(const PackageList& list) const;
  Outcome keep_database();
  Outcome write_journal(rpmts transaction);

  Settings settings_;
  std::function<void(const std::string&)> complain_;
  ListDirectory directory_;
  DirectoryLock lock_;
  NativeLists native_;
  std::vector<Change> changes_;
  std::set<std::string> added_;  ///< Names of lists, of this transaction and of earlier ones that are not settled.
  bool recovered_ = true;  ///< False: an earlier transaction is still not settled.
};

}  // namespace diglim
