// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace diglim {

/// How a file is used, as far as appraisal is concerned.
enum class Access { exec, fexecve, map };
[[nodiscard]] std::string_view to_string(Access access);

/// What came of one use of a file.
struct Attempt {
  std::string digest = {};  ///< SHA-256, hexadecimal, of the file that was used; empty: another one took its place meanwhile, or there is none.
  int error = 0;       ///< errno; 0: allowed. ENOENT: there is no file.
};

/// Uses the file that `path` names now.
[[nodiscard]] Attempt attempt(Access access, const std::string& path);
/// Uses an open file, for reading, under whatever name it had.
[[nodiscard]] Attempt attempt(Access access, int file);

/// One file and kind of use, that must be allowed, or must never be.
struct Row {
  Access access;
  std::string path;
  bool never = false;
  [[nodiscard]] bool is_violated_by(int error) const;
};
/// All kinds of use of all files.
[[nodiscard]] std::vector<Row> rows_of(const std::vector<std::string>& paths, const std::vector<std::string>& never);

/// "allowed", "absent", or the name of the errno.
[[nodiscard]] std::string result_name(int error);

}  // namespace diglim
