// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "scenario/fields.h"
#include "scenario/ids.h"
#include "scenario/policy.h"
#include "scenario/scenario.h"

namespace diglab {

/// Reads lists of steps. One reader serves a whole file, so that steps are numbered through.
class StepReader {
 public:
  StepReader(std::string_view source, PolicyDialect dialect, Ids& ids, Problems& problems)
      : source_(source), dialect_(std::move(dialect)), ids_(ids), problems_(problems) {}

  /// Steps without an id become "<prefix>-N", N counted from 1 in the order of the file.
  std::vector<Step> read(const YamlNode& list, std::string_view what, std::string_view prefix);
  Step read_one(const YamlNode& node, std::string_view prefix);

  /// Policies that steps load and that must be right, with the nodes they stand in.
  [[nodiscard]] const std::vector<const YamlNode*>& policies() const { return policies_; }

 private:
  step::Body read_body(std::string_view kind, const YamlNode& node, std::string_view prefix);
  step::Run read_run(const YamlNode& node);
  step::Start read_start(const YamlNode& node);
  step::Act read_act(const YamlNode& node);
  step::Write read_write(const YamlNode& node);
  step::SignList read_sign_list(const YamlNode& node);
  step::Parallel read_parallel(const YamlNode& node, std::string_view prefix);
  step::Repeat read_repeat(const YamlNode& node, std::string_view prefix);

  std::string_view source_;
  PolicyDialect dialect_;
  Ids& ids_;
  Problems& problems_;
  std::vector<const YamlNode*> policies_;
  int counted_ = 0;
};

}  // namespace diglab
