// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/codec.h"

#include <fmt/format.h>

#include <charconv>

namespace diglab {

Action GuestCommand::to_action() const {
  Action action;
  if (uid != 0 || gid != 0) action.calls.emplace_back(call::Become{uid, gid, {}});
  action.calls.emplace_back(call::ChangeDirectory{directory});
  action.calls.emplace_back(call::Exec{argv.empty() ? std::string() : argv.front(), argv, environment});
  action.input = input;
  action.timeout = timeout;
  return action;
}

namespace codec {
namespace {

using wire::Json;

std::string text(std::string_view bytes) { return wire::to_json_text(bytes); }

Json environment(const std::map<std::string, std::string>& variables) {
  auto array = Json::array();
  for (const auto& [name, value] : variables) array.push_back(text(fmt::format("{}={}", name, value)));
  return array;
}

/// {"call": name, fields…, and the file if there is one}.
Json with_file(const char* name, const GuestFile& file, Json fields) {
  fields["call"] = name;
  if (file.handle.empty()) fields["path"] = text(file.path);
  else fields["handle"] = text(file.handle);
  return fields;
}

struct ToJson {
  Json operator()(const call::Become& c) const { return {{"call", "become"}, {"uid", c.uid}, {"gid", c.gid}, {"groups", c.groups}}; }
  Json operator()(const call::Unshare& c) const { return {{"call", "unshare"}, {"flags", c.flags}}; }
  Json operator()(const call::ChangeDirectory& c) const { return {{"call", "chdir"}, {"path", text(c.path)}}; }
  Json operator()(const call::ChangeRoot& c) const { return {{"call", "chroot"}, {"path", text(c.path)}}; }
  Json operator()(const call::Open& c) const {
    return {{"call", "open"}, {"path", text(c.path)}, {"flags", c.flags}, {"mode", c.mode}, {"keep_as", text(c.keep_as)}};
  }
  Json operator()(const call::Exec& c) const {
    return {{"call", "exec"}, {"path", text(c.path)}, {"argv", wire::to_json_texts(c.argv)}, {"env", environment(c.environment)}};
  }
  Json operator()(const call::ExecDescriptor& c) const {
    return with_file("fexec", c.file, {{"argv", wire::to_json_texts(c.argv)}, {"env", environment(c.environment)}, {"open_flags", c.open_flags}});
  }
  Json operator()(const call::Map& c) const {
    return with_file("mmap", c.file, {{"prot", c.protection}, {"flags", c.flags}, {"open_flags", c.open_flags}});
  }
  Json operator()(const call::Protect& c) const {
    return with_file("mprotect", c.file, {{"first", c.first}, {"then", c.then}, {"flags", c.flags}});
  }
  Json operator()(const call::LoadModule& c) const {
    return with_file("finit_module", c.file, {{"parameters", text(c.parameters)}, {"flags", c.flags}});
  }
  Json operator()(const call::UnloadModule& c) const { return {{"call", "delete_module"}, {"name", text(c.name)}, {"flags", c.flags}}; }
  Json operator()(const call::Write& c) const {
    return with_file("write", c.file, {{"content", text(c.content)}, {"open_flags", c.open_flags}, {"mode", c.mode}});
  }
  Json operator()(const call::Read& c) const { return with_file("read", c.file, Json::object()); }
  Json operator()(const call::Unlink& c) const { return {{"call", "unlink"}, {"path", text(c.path)}}; }
  Json operator()(const call::Rename& c) const {
    return {{"call", "rename"}, {"path", text(c.from)}, {"to", text(c.to)}, {"flags", c.flags}};
  }
  Json operator()(const call::Link& c) const { return {{"call", "link"}, {"path", text(c.from)}, {"to", text(c.to)}}; }
  Json operator()(const call::Symlink& c) const { return {{"call", "symlink"}, {"target", text(c.target)}, {"path", text(c.path)}}; }
  Json operator()(const call::MakeDirectory& c) const { return {{"call", "mkdir"}, {"path", text(c.path)}, {"mode", c.mode}}; }
  Json operator()(const call::ChangeMode& c) const { return {{"call", "chmod"}, {"path", text(c.path)}, {"mode", c.mode}}; }
  Json operator()(const call::ChangeOwner& c) const {
    return {{"call", "chown"}, {"path", text(c.path)}, {"uid", c.uid}, {"gid", c.gid}};
  }
  Json operator()(const call::Mount& c) const {
    return {{"call", "mount"}, {"source", text(c.source)}, {"target", text(c.target)}, {"type", text(c.type)},
            {"flags", c.flags}, {"data", text(c.data)}};
  }
  Json operator()(const call::Unmount& c) const { return {{"call", "umount"}, {"target", text(c.target)}, {"flags", c.flags}}; }
  Json operator()(const call::SetXattr& c) const { return with_file("setxattr", c.file, {{"name", text(c.name)}, {"value", text(c.value)}}); }
  Json operator()(const call::GetXattr& c) const { return with_file("getxattr", c.file, {{"name", text(c.name)}}); }
  Json operator()(const call::RemoveXattr& c) const { return with_file("removexattr", c.file, {{"name", text(c.name)}}); }
  Json operator()(const call::AddKey& c) const {
    return {{"call", "add_key"}, {"type", text(c.type)}, {"description", text(c.description)}, {"payload", text(c.payload)},
            {"keyring", c.keyring}, {"keyring_name", text(c.keyring_name)}};
  }
  Json operator()(const call::Trace& c) const { return {{"call", "ptrace"}, {"pid", c.pid}}; }
  Json operator()(const call::Kill& c) const { return {{"call", "kill"}, {"pid", c.pid}, {"signal", c.signal}}; }
};

std::map<std::size_t, std::string> by_call(const Json& json, const char* name) {
  std::map<std::size_t, std::string> result;
  auto found = json.find(name);
  if (found == json.end() || !found->is_object()) return result;
  for (const auto& [key, value] : found->items()) {
    std::size_t index = 0;
    auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
    if (error == std::errc() && end == key.data() + key.size() && value.is_string())
      result[index] = wire::from_json_text(value.get_ref<const std::string&>());
  }
  return result;
}

}  // namespace

Json encode(const Action& action) {
  auto calls = Json::array();
  for (const auto& call : action.calls) calls.push_back(std::visit(ToJson{}, call));
  return {{"calls", std::move(calls)}, {"timeout_ms", action.timeout.count()}, {"output_limit", action.output_limit},
          {"digests", action.want_digests}, {"input", text(action.input)}};
}

GuestErrno decode_errno(const Json& json) {
  GuestErrno result{static_cast<int>(wire::number_at(json, "errno")), wire::text_at(json, "errno_name")};
  if (result.number != 0 && result.name.empty()) result.name = "errno " + std::to_string(result.number);
  return result;
}

Result<ActionOutcome> decode_outcome(const Json& json) {
  ActionOutcome outcome;
  auto how = wire::text_at(json, "how");
  auto nonsense = [&] { return fail(ErrorKind::guest_lost, "the guest agent sent an outcome that makes no sense: " + wire::to_payload(json).substr(0, 200)); };
  if (how == "done") {
    outcome.ending = Done{};
  } else if (how == "failed") {
    Failed failed{static_cast<std::size_t>(wire::number_at(json, "call")), wire::text_at(json, "stage"), decode_errno(json)};
    if (failed.error.ok()) return nonsense();
    outcome.ending = std::move(failed);
  } else if (how == "exited") {
    auto status = wire::number_at(json, "status", -1);
    if (status < 0 || status > 255) return nonsense();
    outcome.ending = Exited{static_cast<int>(status)};
  } else if (how == "killed") {
    auto signal = wire::number_at(json, "signal");
    if (signal <= 0 || signal > 127) return nonsense();
    outcome.ending = Killed{static_cast<int>(signal), wire::text_at(json, "signal_name")};
  } else if (how == "deadline") {
    outcome.ending = DeadlinePassed{};
  } else {
    return nonsense();
  }
  outcome.truncated = wire::flag_at(json, "truncated");
  outcome.digests = by_call(json, "digests");
  outcome.values = by_call(json, "values");
  return outcome;
}

Result<KernelLogRecord> decode_kernel_record(std::string_view raw) {
  // "<priority>,<sequence>,<microseconds>,<flags>[,…];<text>\n<continuation lines>"
  KernelLogRecord record;
  auto semicolon = raw.find(';');
  std::uint64_t fields[3] = {};
  std::size_t at = 0;
  for (auto& field : fields) {
    auto [end, error] = std::from_chars(raw.data() + at, raw.data() + std::min(semicolon, raw.size()), field);
    auto next = static_cast<std::size_t>(end - raw.data());
    if (error != std::errc() || semicolon == std::string_view::npos || (next != semicolon && raw[next] != ','))
      return fail(ErrorKind::bad_input, fmt::format("not a kernel log record: \"{}\"", raw.substr(0, 60)));
    at = std::min(next + 1, semicolon);
  }
  record.level = static_cast<int>(fields[0] & 7);
  record.sequence = fields[1];
  record.microseconds = fields[2];
  auto body = raw.substr(semicolon + 1);
  record.text = body.substr(0, body.find('\n'));  // what follows are key=value pairs about the device
  return record;
}

Result<TreeEntry> decode_tree_entry(std::string_view line) {
  auto json = wire::parse_payload(line);
  if (!json) return fail(ErrorKind::guest_lost, fmt::format("not an entry of a file tree: \"{}\"", line.substr(0, 60)));
  TreeEntry entry;
  entry.path = wire::text_at(*json, "path");
  auto type = wire::text_at(*json, "type");
  entry.type = type.empty() ? '?' : type.front();
  entry.mode = static_cast<unsigned>(wire::number_at(*json, "mode"));
  entry.uid = static_cast<unsigned>(wire::number_at(*json, "uid"));
  entry.gid = static_cast<unsigned>(wire::number_at(*json, "gid"));
  entry.size = static_cast<std::uint64_t>(wire::number_at(*json, "size"));
  entry.target = wire::text_at(*json, "target");
  entry.sha256 = wire::text_at(*json, "sha256");
  if (auto found = json->find("xattrs"); found != json->end() && found->is_object())
    for (const auto& [name, value] : found->items())
      if (value.is_string()) entry.xattrs[wire::from_json_text(name)] = wire::from_json_text(value.get_ref<const std::string&>());
  return entry;
}

}  // namespace codec
}  // namespace diglab
