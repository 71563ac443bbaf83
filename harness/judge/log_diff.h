// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace diglab {

/// One measurement, as far as comparing needs it.
struct Measurement {
  std::string key;     ///< Equal keys extend a PCR by the same value.
  std::string path;    ///< What was measured, for people.
  std::string digest;  ///< Of the file, for people: "sha256:12ab...".
};

/// Where two measurement lists part, by the fewest moves: what must be taken out of one and put back elsewhere
/// (or dropped, or added) to get the other. Positions count from 1; 0 where a list does not have the measurement.
struct LogDiff {
  enum class Kind {
    moved,    ///< The same measurement at another position, others overtaking it.
    changed,  ///< The same path with other content.
    removed,  ///< Only in the first list.
    added,    ///< Only in the second.
  };
  struct Change {
    Kind kind = Kind::moved;
    std::string path;
    std::size_t from = 0;
    std::size_t to = 0;
    std::string note;  ///< changed: "sha256:12ab... -> sha256:34cd..."
    bool operator==(const Change&) const = default;
  };
  /// One row of the neighbourhood in which they part first.
  struct Row {
    std::size_t position = 0;
    std::string left;  ///< Path in the first list at this position; empty past its end.
    std::string right;
    bool same = false;
  };

  std::string left;  ///< What the lists are: "round 1".
  std::string right;
  std::size_t left_size = 0;
  std::size_t right_size = 0;
  std::optional<std::size_t> first;  ///< Position from which they differ; none: they are equal.
  std::vector<Change> changes;       ///< In order of position in the second list; at most `limit` kept.
  std::size_t omitted = 0;           ///< Changes beyond the limit.
  std::vector<Row> rows;             ///< Around the first difference.

  /// "first difference at entry 87: /usr/bin/a / /usr/bin/b", then one line per change.
  [[nodiscard]] std::string to_string() const;
};

[[nodiscard]] std::string_view to_string(LogDiff::Kind kind);

/// Compares two lists in O(n log n).
[[nodiscard]] LogDiff compare_logs(std::string left_name, std::span<const Measurement> left, std::string right_name,
                                   std::span<const Measurement> right, std::size_t limit = 50);

}  // namespace diglab
