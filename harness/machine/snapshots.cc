// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/snapshots.h"

#include <fmt/format.h>

#include <cctype>

#include "machine/machine.h"

namespace diglab {
namespace {

/// QEMU's monitor splits at spaces, and its snapshot commands say nothing when all is well.
Result<void> run_monitor(Machine& machine, const std::string& command, const Deadline& deadline) {
  std::string answer = TRY(machine.monitor(command, deadline));
  while (!answer.empty() && std::isspace(static_cast<unsigned char>(answer.back())) != 0) answer.pop_back();
  if (!answer.empty()) return fail(ErrorKind::infra, fmt::format("{}: {}", command, answer));
  return {};
}

std::string safe(std::string_view label) {
  std::string text;
  for (char c : label.substr(0, 40)) text += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '-';
  return text;
}

}  // namespace

void SnapshotTree::set_tpm_digest(TpmDigest digest) { digest_ = std::move(digest); }

void SnapshotTree::on_restore(std::function<void()> before, std::function<Result<void>(const Deadline&)> after) {
  before_restore_ = std::move(before);
  after_restore_ = std::move(after);
}

Result<SnapshotId> SnapshotTree::save(std::string_view label, const Deadline& deadline) {
  SnapshotId id(fmt::format("s{}-{}", next_++, safe(label)));
  std::string tpm = digest_ ? TRY(digest_(deadline), "the TPM before a snapshot") : std::string();
  TRY_VOID(run_monitor(machine_, "savevm " + id.str(), deadline));
  machine_.console().mark("saved " + id.str());
  nodes_[id] = {.parent = current_, .tpm = tpm};
  current_ = id;
  return id;
}

Result<void> SnapshotTree::restore(const SnapshotId& id, const Deadline& deadline) {
  auto node = nodes_.find(id);
  if (node == nodes_.end()) return fail(ErrorKind::usage, fmt::format("there is no snapshot \"{}\" of this boot", id.str()));
  if (before_restore_) before_restore_();
  TRY_VOID(run_monitor(machine_, "loadvm " + id.str(), deadline));
  machine_.agent_restored();
  machine_.console().mark("restored " + id.str());
  current_ = id;
  if (after_restore_) TRY_VOID(after_restore_(deadline), "after a restore");
  if (!digest_ || node->second.tpm.empty()) return {};
  std::string tpm = TRY(digest_(deadline), "the TPM after a restore");
  if (tpm != node->second.tpm)
    return fail(ErrorKind::diverged, fmt::format("restored {}: the TPM is at {} and was at {} when it was saved", id.str(), tpm, node->second.tpm));
  return {};
}

Result<void> SnapshotTree::remove(const SnapshotId& id, const Deadline& deadline) {
  auto node = nodes_.find(id);
  if (node == nodes_.end()) return fail(ErrorKind::usage, fmt::format("there is no snapshot \"{}\" of this boot", id.str()));
  TRY_VOID(run_monitor(machine_, "delvm " + id.str(), deadline));
  SnapshotId parent = node->second.parent;
  nodes_.erase(node);
  for (auto& [other, its] : nodes_)
    if (its.parent == id) its.parent = parent;
  if (current_ == id) current_ = parent;
  return {};
}

std::vector<SnapshotId> SnapshotTree::list() const {
  std::vector<SnapshotId> ids;
  for (const auto& [id, node] : nodes_) ids.push_back(id);
  return ids;
}

SnapshotId SnapshotTree::parent(const SnapshotId& id) const {
  auto node = nodes_.find(id);
  return node == nodes_.end() ? SnapshotId() : node->second.parent;
}

void SnapshotTree::forget() {
  nodes_.clear();
  current_ = SnapshotId();
}

}  // namespace diglab
