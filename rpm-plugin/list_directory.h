// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "interface/directory_lock.h"

namespace diglim {

/// Errors are in words, for the administrator: what could not be done to which file, and why.
using Outcome = std::expected<void, std::string>;

/// At most 64 MiB; links are followed.
[[nodiscard]] std::expected<std::string, std::string> read_file(const std::string& path);

using Names = std::expected<std::vector<std::string>, std::string>;
/// Sorted. In a directory that is not there are none; one that cannot be listed is an error, since anything can be in it.
[[nodiscard]] Names names_in(const std::string& directory);

/// The vendor's directory of lists, in which there is one list for each installed package, and beside it what an interrupted
/// transaction leaves to be repaired:
///
///     /usr/lib/diglim/0-file_list-rpm-<name-version-release.arch>   what the kernel loads at boot
///                    /.rpm/journal                                  there from before the first change until after the last one
///                    /.rpm/new/<list>                               not complete; nobody reads it
///                    /.rpm/old/<n>/<list>                           gone from the directory, but the kernel may have it
///                    /.rpm/database                                 the path of the database whose packages these are
///                    /.rpm/lock                                     of whoever brings the kernel and the directory into step
///
/// A list has its final name only when its content is on disk, and loses it before it goes out of the kernel, to be in old/ until it is
/// out: so what the kernel has is always in a file, which is what deleting it from there needs, and nobody loads again what is being
/// deleted. In old/ it has the base name under which the kernel knows it.
class ListDirectory {
 public:
  explicit ListDirectory(std::string path) : path_(std::move(path)) {}

  static constexpr std::string_view prefix = "0-file_list-rpm-";
  /// A list that gave way to another of its name and is in old/<n> stays in the directory with this and <n> at the end of its name,
  /// for a boot in between.
  static constexpr std::string_view replaced = ".replaced.";

  [[nodiscard]] std::string path_of(std::string_view list) const { return path_ + "/" + std::string(list); }
  /// Those that are an rpm package's by their name, sorted.
  [[nodiscard]] Names lists() const;
  /// With a file `.immutable`: of its lists the parser loads only digests of immutable files. Those in old/ have no mark.
  [[nodiscard]] bool is_marked() const;
  [[nodiscard]] bool has(const std::string& list) const;
  [[nodiscard]] bool has(const std::string& list, std::string_view content) const;

  /// Writes a list to where nobody reads it.
  Outcome stage(const std::string& list, std::string_view content);
  /// Gives all staged lists their names, each at once and only when all of them are on disk. One that had the name is in old/ after
  /// that, and beside it as `replaced` says.
  Outcome publish();
  Outcome discard_staged();

  /// For a list that was never in the kernel.
  Outcome remove(const std::string& list);
  /// For one that is not to be loaded any more, but may be in the kernel.
  struct Old {
    std::string path, number, list;
  };
  std::expected<Old, std::string> move_to_old(const std::string& list);
  [[nodiscard]] std::expected<std::vector<Old>, std::string> old_lists() const;
  Outcome remove_old(const Old& old);

  /// Waits for others; `waits` is called if there are. What was held before is not held any more.
  Outcome take(DirectoryLock& lock, const std::function<void()>& waits) const;

  /// Empty: nothing says so.
  [[nodiscard]] std::string database() const;
  Outcome write_database(const std::string& path);

  [[nodiscard]] bool has_journal() const;
  [[nodiscard]] std::string journal() const { return read_file(state("journal")).value_or(""); }
  Outcome write_journal(std::string_view text);
  /// The end of a transaction: makes the changes durable, then removes the journal.
  Outcome close_journal();

 private:
  [[nodiscard]] std::string state(std::string_view name) const { return path_ + "/.rpm/" + std::string(name); }
  /// At once, and on disk when it returns.
  Outcome write_state(const std::string& name, std::string_view text);
  /// The number of a directory in old/ that has no list of this name.
  std::expected<std::string, std::string> room_in_old(const std::string& list);

  std::string path_;
  std::vector<std::string> staged_;
};

}  // namespace diglim
