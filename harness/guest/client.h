// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/deadline.h"
#include "base/result.h"
#include "guest/action.h"
#include "guest/outcome.h"
#include "os/byte_stream.h"

namespace diglab {

/// Asks the agent of one guest to do things, and waits for its answers.
///
/// Every method may be called from any thread, also while others wait: requests run in the guest at the same time. A thread of
/// the client's own is the only reader of the stream. Callbacks run in the thread that called.
///
/// Errors, besides usage: boot (no answer before the first hello), timeout (the agent did not answer; the request was
/// cancelled), guest_lost (stream closed, garbage, the agent was started anew), diverged (the machine was restored while the
/// request was outstanding). What the guest did or refused to do is never an Error but an outcome.
///
/// Around a snapshot: machine.save(); client.after_save(deadline). Requests outstanding go on.
/// Around a restore: client.before_restore(); machine.restore(); client.after_restore(deadline). Requests outstanding end with `diverged`;
/// half a frame of the timeline that is left is expected in between, and garbage at any other time.
/// Whoever sends a request between two of the calls cannot tell whose timeline an answer is of; without one it ends like the others.
class AgentClient {
 public:
  /// Which output of which command of a request, and a piece of it.
  struct Output {
    std::size_t command = 0;
    bool is_stderr = false;
    std::string_view bytes;
  };
  using OnOutput = std::function<void(const Output&)>;

  /// The stream must outlive the client.
  explicit AgentClient(ByteStream& stream);
  ~AgentClient();
  AgentClient(const AgentClient&) = delete;
  AgentClient& operator=(const AgentClient&) = delete;

  /// Waits until the agent has answered. It may start later than the client: it announces itself. Call it again after a reboot of the guest.
  Result<AgentInfo> hello(const Deadline& deadline);
  Result<AgentInfo> after_save(const Deadline& deadline);
  void before_restore();
  Result<AgentInfo> after_restore(const Deadline& deadline);

  Result<CommandOutcome> run(const GuestCommand& command, const Deadline& deadline, const OnOutput& on_output = {});
  Result<ActionOutcome> act(const Action& action, const Deadline& deadline, const OnOutput& on_output = {});
  /// All processes are made first and released together; outcomes are in the order of the actions.
  Result<std::vector<ActionOutcome>> act_together(const std::vector<Action>& actions, const Deadline& deadline,
                                                  const OnOutput& on_output = {});
  Result<std::vector<CommandOutcome>> run_parallel(const std::vector<GuestCommand>& commands, const Deadline& deadline,
                                                   const OnOutput& on_output = {});
  /// Closes what call::Open kept. False when there was no such handle.
  Result<bool> release(const std::string& handle, const Deadline& deadline);

  /// Any file, also of securityfs or proc, whose size nobody knows before.
  Result<FileContent> read_file(const std::string& path, const Deadline& deadline);
  /// As root, replacing the content; not atomically. Up to 1 GiB.
  Result<WriteOutcome> write_file(const std::string& path, std::string_view content, mode_t mode, const Deadline& deadline,
                                  uid_t uid = 0, gid_t gid = 0);
  /// O_WRONLY and one write call: for securityfs, sysfs, proc.
  Result<WriteOutcome> write_once(const std::string& path, std::string_view content, const Deadline& deadline);
  /// The whole tree below `root` on one file system, sorted by path.
  Result<std::vector<TreeEntry>> tree(const std::string& root, bool digests, const Deadline& deadline);

  /// Writes the rules, one write call each, and closes: the policy takes effect if all were accepted.
  Result<PolicyOutcome> load_policy(const std::vector<std::string>& rules, const Deadline& deadline);
  /// What the kernel says to each rule by itself. Nothing is ever committed: each rule is followed by an invalid
  /// one before the file is closed, which makes the kernel throw both away.
  Result<PolicyOutcome> probe_policy_rules(const std::vector<std::string>& rules, const Deadline& deadline);

  /// As the kernel reads them (sysfs), not quoted. No banks: no TPM.
  Result<GuestPcrs> pcrs(const Deadline& deadline);
  Result<KernelLog> kernel_log(std::uint64_t since, const Deadline& deadline);
  /// Records since the agent started, complete as long as `lost` is false: from the audit multicast group, not from the rate-limited log.
  Result<AuditLog> audit_log(std::uint64_t since, const Deadline& deadline);

  /// Returns when the agent has agreed. `orderly`: by the init of the guest; otherwise at once, without sync.
  Result<void> power_off(bool orderly, const Deadline& deadline);
  Result<void> reboot(bool orderly, const Deadline& deadline);

  /// Frames of other epochs and bytes that were no frames, so far. For diagnosis and tests.
  struct Statistics {
    std::uint64_t frames = 0;
    std::uint64_t stale_frames = 0;
    std::uint64_t discarded_bytes = 0;
  };
  [[nodiscard]] Statistics statistics() const;

 private:
  class Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace diglab
