// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/client.h"

#include <fmt/format.h>

#include <algorithm>

#include "guest/codec.h"
#include "guest/connection.h"

namespace diglab {
namespace {

using wire::Json;

constexpr const char* ima_policy = "/sys/kernel/security/ima/policy";

/// The pieces of content or the records that a reply is preceded by.
struct Collected {
  std::string bytes;
  auto receiver() {
    return [this](std::uint16_t, std::string_view piece) { bytes += piece; };
  }
  std::vector<std::string_view> split(char end) const {
    std::vector<std::string_view> pieces;
    for (std::string_view rest = bytes; !rest.empty();) {
      auto at = std::min(rest.find(end), rest.size());
      pieces.push_back(rest.substr(0, at));
      rest.remove_prefix(std::min(at + 1, rest.size()));
    }
    return pieces;
  }
};

PolicyOutcome policy_outcome(const Json& reply, std::size_t asked) {
  PolicyOutcome outcome{codec::decode_errno(reply), {}, false};
  for (const auto& result : wire::array_at(reply, "results")) outcome.rules.push_back(codec::decode_errno(result));
  outcome.accepted = outcome.open_error.ok() && outcome.rules.size() == asked && std::ranges::all_of(outcome.rules, &GuestErrno::ok);
  return outcome;
}

std::string describe(const Action& action) {
  for (const auto& call : action.calls) {
    if (const auto* exec = std::get_if<call::Exec>(&call)) return "run " + exec->path;
    if (const auto* exec = std::get_if<call::ExecDescriptor>(&call)) return "fexecve " + exec->file.path + exec->file.handle;
  }
  return fmt::format("action of {} calls", action.calls.size());
}

}  // namespace

AgentClient::AgentClient(ByteStream& stream) : connection_(std::make_unique<Connection>(stream)) {}
AgentClient::~AgentClient() = default;

Result<AgentInfo> AgentClient::hello(const Deadline& deadline) {
  return connection_->hello(Connection::Outstanding::diverge, deadline);
}
Result<AgentInfo> AgentClient::after_save(const Deadline& deadline) {
  return connection_->hello(Connection::Outstanding::keep, deadline);
}
void AgentClient::before_restore() { connection_->end_epoch(); }
Result<AgentInfo> AgentClient::after_restore(const Deadline& deadline) {
  return connection_->hello(Connection::Outstanding::diverge, deadline);
}

Result<std::vector<ActionOutcome>> AgentClient::act_together(const std::vector<Action>& actions, const Deadline& deadline,
                                                             const OnOutput& on_output) {
  if (actions.empty()) return std::vector<ActionOutcome>{};
  if (actions.size() > 1000) return fail(ErrorKind::usage, "more than 1000 processes in one request");
  auto commands = Json::array();
  for (const auto& action : actions) commands.push_back(codec::encode(action));
  auto what = describe(actions.front());
  if (actions.size() > 1) what += fmt::format(" and {} more", actions.size() - 1);

  std::vector<std::pair<std::string, std::string>> outputs(actions.size());
  auto on_data = [&](std::uint16_t stream, std::string_view bytes) {
    if (stream / 2U >= outputs.size()) return;
    auto& [out, err] = outputs[stream / 2];
    (stream % 2 == 0 ? out : err) += bytes;
    if (on_output) on_output({stream / 2U, stream % 2 != 0, bytes});
  };
  auto reply = TRY(connection_->request({{"do", "run"}, {"commands", std::move(commands)}}, {}, what, deadline, on_data));
  const auto& outcomes = wire::array_at(reply, "outcomes");
  if (outcomes.size() != actions.size())
    return fail(ErrorKind::guest_lost, fmt::format("{}: the guest agent sent {} outcomes: {} {}", what, outcomes.size(),
                                                   wire::text_at(reply, "stage"), codec::decode_errno(reply).to_string()));
  std::vector<ActionOutcome> result;
  for (std::size_t i = 0; i < actions.size(); ++i) {
    auto outcome = TRY(codec::decode_outcome(outcomes[i]), what);
    outcome.out = std::move(outputs[i].first);
    outcome.err = std::move(outputs[i].second);
    result.push_back(std::move(outcome));
  }
  return result;
}

Result<ActionOutcome> AgentClient::act(const Action& action, const Deadline& deadline, const OnOutput& on_output) {
  return std::move(TRY(act_together({action}, deadline, on_output)).front());
}

Result<CommandOutcome> AgentClient::run(const GuestCommand& command, const Deadline& deadline, const OnOutput& on_output) {
  return act(command.to_action(), deadline, on_output);
}

Result<std::vector<CommandOutcome>> AgentClient::run_parallel(const std::vector<GuestCommand>& commands,
                                                              const Deadline& deadline, const OnOutput& on_output) {
  std::vector<Action> actions;
  for (const auto& command : commands) actions.push_back(command.to_action());
  return act_together(actions, deadline, on_output);
}

Result<bool> AgentClient::release(const std::string& handle, const Deadline& deadline) {
  auto reply = TRY(connection_->request({{"do", "release"}, {"handle", wire::to_json_text(handle)}}, {}, "release " + handle, deadline, {}));
  return codec::decode_errno(reply).ok();
}

Result<FileContent> AgentClient::read_file(const std::string& path, const Deadline& deadline) {
  Collected content;
  auto reply = TRY(connection_->request({{"do", "read"}, {"path", wire::to_json_text(path)}}, {}, "read " + path, deadline, content.receiver()));
  auto size = wire::number_at(reply, "size", -1);
  if (size < 0 || static_cast<std::uint64_t>(size) != content.bytes.size())
    return fail(ErrorKind::guest_lost, fmt::format("read {}: the guest agent read {} bytes, {} arrived: {} {}", path, size, content.bytes.size(),
                                                   wire::text_at(reply, "stage"), codec::decode_errno(reply).to_string()));
  return FileContent{codec::decode_errno(reply), wire::text_at(reply, "stage"), std::move(content.bytes)};
}

Result<WriteOutcome> AgentClient::write_file(const std::string& path, std::string_view content, mode_t mode,
                                             const Deadline& deadline, uid_t uid, gid_t gid) {
  auto reply = TRY(connection_->request({{"do", "write"}, {"path", wire::to_json_text(path)}, {"mode", mode}, {"uid", uid}, {"gid", gid}},
                                        content, "write " + path, deadline, {}));
  return WriteOutcome{codec::decode_errno(reply), wire::text_at(reply, "stage"), static_cast<std::uint64_t>(wire::number_at(reply, "written"))};
}

Result<WriteOutcome> AgentClient::write_once(const std::string& path, std::string_view content, const Deadline& deadline) {
  auto reply = TRY(connection_->request({{"do", "write"}, {"path", wire::to_json_text(path)}, {"whole", true}}, content,
                                        "write " + path, deadline, {}));
  return WriteOutcome{codec::decode_errno(reply), wire::text_at(reply, "stage"), static_cast<std::uint64_t>(wire::number_at(reply, "written"))};
}

Result<std::vector<TreeEntry>> AgentClient::tree(const std::string& root, bool digests, const Deadline& deadline) {
  Collected lines;
  auto what = "list " + root;
  auto reply = TRY(connection_->request({{"do", "tree"}, {"path", wire::to_json_text(root)}, {"digests", digests}}, {}, what, deadline, lines.receiver()));
  if (auto error = codec::decode_errno(reply); !error.ok()) return fail(ErrorKind::bad_input, what + ": " + error.name);
  std::vector<TreeEntry> entries;
  for (auto line : lines.split('\n')) entries.push_back(TRY(codec::decode_tree_entry(line), what));
  if (wire::number_at(reply, "entries", -1) != static_cast<std::int64_t>(entries.size()))
    return fail(ErrorKind::guest_lost, what + ": entries are missing");
  std::ranges::sort(entries, {}, &TreeEntry::path);
  return entries;
}

Result<PolicyOutcome> AgentClient::load_policy(const std::vector<std::string>& rules, const Deadline& deadline) {
  auto reply = TRY(connection_->request({{"do", "policy_load"}, {"rules", wire::to_json_texts(rules)}, {"path", ima_policy}}, {},
                                        "load the policy", deadline, {}));
  return policy_outcome(reply, rules.size());
}

Result<PolicyOutcome> AgentClient::probe_policy_rules(const std::vector<std::string>& rules, const Deadline& deadline) {
  auto reply = TRY(connection_->request({{"do", "policy_probe"}, {"rules", wire::to_json_texts(rules)}, {"path", ima_policy}}, {},
                                        "probe policy rules", deadline, {}));
  return policy_outcome(reply, rules.size());
}

Result<GuestPcrs> AgentClient::pcrs(const Deadline& deadline) {
  auto reply = TRY(connection_->request({{"do", "pcrs"}}, {}, "read the PCRs", deadline, {}));
  GuestPcrs pcrs;
  if (auto found = reply.find("banks"); found != reply.end() && found->is_object())
    for (const auto& [bank, values] : found->items()) pcrs.banks[bank] = wire::texts_at(*found, bank.c_str());
  return pcrs;
}

Result<KernelLog> AgentClient::kernel_log(std::uint64_t since, const Deadline& deadline) {
  Collected records;
  auto reply = TRY(connection_->request({{"do", "kernel_log"}, {"since", since}}, {}, "read the kernel log", deadline, records.receiver()));
  if (auto error = codec::decode_errno(reply); !error.ok())
    return fail(ErrorKind::infra, "the guest agent cannot read /dev/kmsg: " + error.name);
  KernelLog log;
  log.next = static_cast<std::uint64_t>(wire::number_at(reply, "next"));
  log.lost = wire::flag_at(reply, "lost");
  for (auto raw : records.split('\0')) log.records.push_back(TRY(codec::decode_kernel_record(raw), "read the kernel log"));
  return log;
}

Result<AuditLog> AgentClient::audit_log(std::uint64_t since, const Deadline& deadline) {
  Collected records;
  auto reply = TRY(connection_->request({{"do", "audit_log"}, {"since", since}}, {}, "read the audit log", deadline, records.receiver()));
  AuditLog log;
  log.next = static_cast<std::uint64_t>(wire::number_at(reply, "next"));
  log.lost = wire::flag_at(reply, "lost");
  log.error = codec::decode_errno(reply);
  for (auto line : records.split('\n')) log.records.emplace_back(line);
  return log;
}

namespace {

Json shutdown_request(const char* how, bool orderly) { return {{"do", "shutdown"}, {"how", how}, {"orderly", orderly}}; }

Result<void> agreed(const Json& reply, const char* how) {
  if (auto error = codec::decode_errno(reply); !error.ok()) return fail(ErrorKind::infra, fmt::format("{}: {}", how, error.name));
  return {};
}

}  // namespace

Result<void> AgentClient::power_off(bool orderly, const Deadline& deadline) {
  return agreed(TRY(connection_->request(shutdown_request("poweroff", orderly), {}, "power off", deadline, {})), "power off");
}

Result<void> AgentClient::reboot(bool orderly, const Deadline& deadline) {
  return agreed(TRY(connection_->request(shutdown_request("reboot", orderly), {}, "reboot", deadline, {})), "reboot");
}

AgentClient::Statistics AgentClient::statistics() const { return connection_->statistics(); }

}  // namespace diglab
