// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <nlohmann/json.hpp>

#include "guest/frame.h"

/// What the frames between harness and agent say. The only header of the harness that the agent includes.
///
/// ## Epochs: why a reply is never lost or stale over a snapshot
///
/// The epoch is a number that the host draws at random once and then counts up. It lives in the harness, outside every
/// snapshot. The host announces it with `hello`; the agent keeps the last one it was told, stamps every frame with
/// the epoch of the request it belongs to, and ignores requests of another epoch. The host believes
/// nothing between sending `hello` and the `hello_reply` that carries the same epoch, and afterwards only frames of that epoch.
///
/// *Guest to host.* After a restore the host may first read (a) bytes of the abandoned timeline, still in the socket,
/// cut anywhere; (b) the rest of a buffer that QEMU had half sent when the snapshot was taken: the device
/// state holds the offset; (c) frames that the agent had in its queue, or writes on, in the epoch of the snapshot. All of it stands
/// before the answer to the new hello, because the port is ordered; all of it has another epoch or is no frame. The zero that
/// begins the reply cuts off the rest of (b).
///
/// *Host to guest.* QEMU takes bytes from the socket only as the guest has room, so after a restore the agent may read
/// (a) the rest of what the snapshot's queues held, (b) what the abandoned timeline had left in the socket, beginning anywhere,
/// and then the hello. Whole frames of (b) are requests of the abandoned timeline, and must not be performed. They are not, because
/// *no epoch is used on both sides of a save*: the host says hello again after saving, too. So whatever
/// is sent after a save has an epoch that the saved agent does not have.
///
/// A hello with `keep` (after a save: the timeline continues) lets running requests go on under the new epoch; without it
/// (after a restore) the agent kills the processes that it had running for requests of earlier epochs.
/// A hello with the epoch the agent already has changes nothing and is answered.
///
/// ## Payloads
///
/// announce, hello, hello_reply, request and reply carry JSON. Texts in it are bytes (paths, arguments), each byte
/// above 127 written as the code point of the same number, so that any byte travels and ASCII stays readable. `data` carries raw bytes.
///
///     announce, hello_reply   {"protocol":1,"pid":1,"instance":"9f…","release":"6.12.117","machine":"x86_64","cpus":2}
///     hello                   {"keep":false}
///     request                 {"do":<verb>, …}, and if it has "content_size": that many bytes in data frames after it
///     reply                   {"errno":0,"errno_name":"","stage":"", …}; a verb that the agent does not know: ENOSYS
///
/// | verb | request | data from the agent (stream) | reply |
/// |---|---|---|---|
/// | run | commands: [{calls, timeout_ms, output_limit, digests, input}] | stdout (2i), stderr (2i+1) of command i | outcomes: [outcome] |
/// | read | path | content (0) | size |
/// | write | path, mode, uid, gid, append, whole (one write call), content_size | | written |
/// | tree | path, digests | one JSON line per entry (0) | entries |
/// | pcrs | | | banks: {"sha256": ["00…", …]} |
/// | policy_load | rules, path | | results: [{errno, errno_name}], close_errno |
/// | policy_probe | rules, path | | results |
/// | kernel_log | since | raw /dev/kmsg records, each followed by a zero byte (0) | next, lost |
/// | audit_log | since | one record per line (0) | next, lost |
/// | release | handle | | |
/// | shutdown | how: poweroff, reboot; orderly | | before it happens |
///
/// The commands of one request are started together. Each is a list of calls (guest/action.h) performed in order in one
/// new process: {"call":"open","path":…,"flags":…}.
///
///     outcome   {"how":"done"|"failed"|"exited"|"killed"|"deadline", "call":2, "stage":"execve",
///                "errno":13, "errno_name":"EACCES", "status":0, "signal":9, "signal_name":"SIGKILL",
///                "digests":{"1":"<sha256>"}, "values":{"1":"…"}, "truncated":false}
namespace diglab::wire {

using Json = nlohmann::json;

inline constexpr int protocol_version = 1;

/// Bytes as they stand in a JSON payload.
[[nodiscard]] inline std::string to_json_text(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (char c : bytes) {
    auto byte = static_cast<std::uint8_t>(c);
    if (byte < 0x80) {
      text.push_back(c);
    } else {
      text.push_back(static_cast<char>(0xc0 | (byte >> 6)));
      text.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  return text;
}

/// The inverse. A code point above 255 stands for no byte and becomes '?'.
[[nodiscard]] inline std::string from_json_text(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto lead = static_cast<std::uint8_t>(text[i]);
    if (lead < 0x80) {
      bytes.push_back(text[i]);
    } else if ((lead & 0xfc) == 0xc0 && i + 1 < text.size()) {
      bytes.push_back(static_cast<char>(((lead & 3) << 6) | (static_cast<std::uint8_t>(text[++i]) & 0x3f)));
    } else {
      bytes.push_back('?');
      while (i + 1 < text.size() && (static_cast<std::uint8_t>(text[i + 1]) & 0xc0) == 0x80) ++i;
    }
  }
  return bytes;
}

/// An object, or nothing: what came from the other side is never trusted to be well formed.
[[nodiscard]] inline std::optional<Json> parse_payload(std::string_view payload) {
  auto json = Json::parse(payload.begin(), payload.end(), nullptr, false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

[[nodiscard]] inline std::string to_payload(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Members with a default for "absent or of another type".
[[nodiscard]] inline std::string text_at(const Json& object, const char* name) {
  auto found = object.find(name);
  return found != object.end() && found->is_string() ? from_json_text(found->get_ref<const std::string&>()) : "";
}
[[nodiscard]] inline std::int64_t number_at(const Json& object, const char* name, std::int64_t otherwise = 0) {
  auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : otherwise;
}
[[nodiscard]] inline bool flag_at(const Json& object, const char* name) {
  auto found = object.find(name);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}
/// An array, empty when there is none.
[[nodiscard]] inline const Json& array_at(const Json& object, const char* name) {
  static const Json empty = Json::array();
  auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : empty;
}
/// The strings of an array; other members count as empty strings.
[[nodiscard]] inline std::vector<std::string> texts_at(const Json& object, const char* name) {
  std::vector<std::string> texts;
  for (const auto& item : array_at(object, name))
    texts.push_back(item.is_string() ? from_json_text(item.get_ref<const std::string&>()) : "");
  return texts;
}
[[nodiscard]] inline Json to_json_texts(const std::vector<std::string>& texts) {
  auto array = Json::array();
  for (const auto& text : texts) array.push_back(to_json_text(text));
  return array;
}

}  // namespace diglab::wire
