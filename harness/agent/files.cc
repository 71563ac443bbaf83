// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "agent/digest.h"

namespace diglab::agent {
namespace {

using wire::Json;
using wire::number_at;
using wire::text_at;

std::string buffer(wire::chunk_size, '\0');

/// read(2), repeated when interrupted.
ssize_t read_piece(int fd) {
  while (true) {
    auto count = ::read(fd, buffer.data(), buffer.size());
    if (count >= 0 || errno != EINTR) return count;
  }
}

void reply_error(const Channel& channel, const char* stage, Json more = Json::object()) {
  more.update(error_json(errno, stage));
  channel.send_json(Message::reply, more);
}

void read_file(const Json& request, const Channel& channel) {
  std::uint64_t size = 0;
  int fd = ::open(text_at(request, "path").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return reply_error(channel, "open", {{"size", 0}});
  ssize_t count = 0;
  while ((count = read_piece(fd)) > 0) {
    channel.send_data(std::string_view(buffer).substr(0, static_cast<std::size_t>(count)));
    size += static_cast<std::uint64_t>(count);
  }
  if (count < 0) return reply_error(channel, "read", {{"size", size}});
  errno = 0;
  reply_error(channel, "", {{"size", size}});
}

void write_file(const Json& request, std::string_view content, const Channel& channel) {
  bool whole = wire::flag_at(request, "whole");
  auto mode = static_cast<mode_t>(number_at(request, "mode", 0644));
  int fd = ::open(text_at(request, "path").c_str(), O_CLOEXEC | O_WRONLY | (whole ? 0 : O_CREAT | O_TRUNC), mode);
  std::uint64_t written = 0;
  if (fd < 0) return reply_error(channel, "open", {{"written", 0}});
  do {
    auto count = ::write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR && !whole) continue;
    if (count < 0) return reply_error(channel, "write", {{"written", written}});
    written += static_cast<std::uint64_t>(count);
    content.remove_prefix(static_cast<std::size_t>(count));
  } while (!content.empty() && !whole);
  if (!whole) {
    if (::fchown(fd, static_cast<uid_t>(number_at(request, "uid")), static_cast<gid_t>(number_at(request, "gid"))) < 0)
      return reply_error(channel, "fchown", {{"written", written}});
    // Creation was subject to the umask, and changing the owner clears set-id bits.
    if (::fchmod(fd, mode) < 0) return reply_error(channel, "fchmod", {{"written", written}});
  }
  if (::close(fd) < 0) return reply_error(channel, "close", {{"written", written}});
  errno = 0;
  reply_error(channel, "", {{"written", written}});
}

Json xattrs_of(const std::string& path) {
  auto result = Json::object();
  std::string names(65536, '\0');
  auto size = ::llistxattr(path.c_str(), names.data(), names.size());
  for (ssize_t at = 0; at < size;) {
    std::string name(names.c_str() + at);
    at += static_cast<ssize_t>(name.size()) + 1;
    std::string value(65536, '\0');
    auto length = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    if (length >= 0) result[wire::to_json_text(name)] = wire::to_json_text(std::string_view(value).substr(0, static_cast<std::size_t>(length)));
  }
  return result;
}

char type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return 'f';
    case S_IFDIR: return 'd';
    case S_IFLNK: return 'l';
    case S_IFCHR: return 'c';
    case S_IFBLK: return 'b';
    case S_IFIFO: return 'p';
    default: return 's';
  }
}

/// Sends one line per file, depth first; what vanishes meanwhile is left out.
class TreeWalk {
 public:
  TreeWalk(const Channel& channel, bool digests) : channel_(channel), digests_(digests) {}

  /// False, with errno, when the root cannot be seen.
  bool walk(const std::string& root) {
    struct stat status {};
    if (::lstat(root.c_str(), &status) < 0) return false;
    device_ = status.st_dev;
    std::vector<std::string> todo{root};
    while (!todo.empty()) {
      auto path = std::move(todo.back());
      todo.pop_back();
      if (::lstat(path.c_str(), &status) < 0) continue;
      emit(path, status);
      if (!S_ISDIR(status.st_mode) || status.st_dev != device_) continue;
      auto* directory = ::opendir(path.c_str());
      if (directory == nullptr) continue;
      while (auto* entry = ::readdir(directory)) {
        std::string_view name(entry->d_name);
        if (name != "." && name != "..") todo.push_back((path == "/" ? "" : path) + "/" + entry->d_name);
      }
      ::closedir(directory);
    }
    channel_.send_data(lines_);
    return true;
  }
  [[nodiscard]] std::uint64_t entries() const { return entries_; }

 private:
  void emit(const std::string& path, const struct stat& status) {
    Json line{{"path", wire::to_json_text(path)}, {"type", std::string(1, type_of(status.st_mode))}, {"mode", status.st_mode & 07777U},
              {"uid", status.st_uid}, {"gid", status.st_gid}};
    if (S_ISREG(status.st_mode)) {
      line["size"] = status.st_size;
      if (digests_)
        if (auto digest = sha256_of_path(path)) line["sha256"] = *digest;
    }
    if (S_ISLNK(status.st_mode)) {
      auto count = ::readlink(path.c_str(), buffer.data(), buffer.size());
      line["target"] = wire::to_json_text(std::string_view(buffer).substr(0, static_cast<std::size_t>(std::max<ssize_t>(count, 0))));
    }
    if (auto xattrs = xattrs_of(path); !xattrs.empty()) line["xattrs"] = std::move(xattrs);
    lines_ += wire::to_payload(line) + "\n";
    ++entries_;
    if (lines_.size() >= wire::chunk_size) {
      channel_.send_data(lines_);
      lines_.clear();
    }
  }

  const Channel& channel_;
  bool digests_;
  dev_t device_ = 0;
  std::string lines_;
  std::uint64_t entries_ = 0;
};

void list_tree(const Json& request, const Channel& channel) {
  TreeWalk walk(channel, wire::flag_at(request, "digests"));
  if (!walk.walk(text_at(request, "path"))) return reply_error(channel, "lstat");
  errno = 0;
  reply_error(channel, "", {{"entries", walk.entries()}});
}

std::string first_word_of(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  auto count = read_piece(fd);
  ::close(fd);
  auto text = std::string_view(buffer).substr(0, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return std::string(text.substr(0, text.find_first_of(" \n")));
}

void read_pcrs(const Channel& channel) {
  const std::string tpm = "/sys/class/tpm/tpm0";
  auto banks = Json::object();
  if (auto* directory = ::opendir(tpm.c_str())) {
    while (auto* entry = ::readdir(directory)) {
      std::string name(entry->d_name);
      if (!name.starts_with("pcr-")) continue;
      auto bank = tpm;
      bank.append("/").append(name).append("/");
      auto values = Json::array();
      for (int i = 0; i < 24; ++i) {
        auto value = first_word_of(bank + std::to_string(i));
        std::ranges::transform(value, value.begin(), [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
        values.push_back(wire::to_json_text(value));
      }
      banks[name.substr(4)] = std::move(values);
    }
    ::closedir(directory);
  }
  errno = 0;
  reply_error(channel, "", {{"banks", std::move(banks)}});
}

/// Writes a rule as the kernel wants it: one per write call, always from the file's beginning.
int write_rule(int fd, const std::string& rule) {
  auto line = rule + "\n";
  return ::write(fd, line.data(), line.size()) < 0 ? errno : 0;
}

void load_policy(const Json& request, const Channel& channel) {
  auto results = Json::array();
  int fd = ::open(text_at(request, "path").c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return reply_error(channel, "open", {{"results", results}});
  for (const auto& rule : wire::texts_at(request, "rules")) {
    int error = write_rule(fd, rule);
    results.push_back(error_json(error, "write"));
    if (error != 0) break;
  }
  int closed = ::close(fd) < 0 ? errno : 0;
  errno = 0;
  reply_error(channel, "", {{"results", results}, {"close_errno", closed}});
}

void probe_policy(const Json& request, const Channel& channel) {
  auto results = Json::array();
  for (const auto& rule : wire::texts_at(request, "rules")) {
    int fd = ::open(text_at(request, "path").c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return reply_error(channel, "open", {{"results", results}});
    int error = write_rule(fd, rule);
    // After a rejected rule the kernel discards on close all that this open had added. Should it accept this one, it
    // would commit: say so instead of going on, since a policy cannot be taken back.
    bool discarded = write_rule(fd, "diglab-probe is not a rule") != 0;
    ::close(fd);
    results.push_back(error_json(error, "write"));
    if (!discarded) {
      errno = ENOTRECOVERABLE;
      return reply_error(channel, "probe", {{"results", results}});
    }
  }
  errno = 0;
  reply_error(channel, "", {{"results", results}});
}

/// The kernel's log from the beginning of its buffer. Opened anew each time: reading takes nothing away from others.
void read_kernel_log(const Json& request, const Channel& channel) {
  auto since = static_cast<std::uint64_t>(number_at(request, "since"));
  auto next = since;
  bool first = true;
  bool lost = false;
  int fd = ::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return reply_error(channel, "open", {{"next", since}});
  std::string records;
  while (true) {
    auto count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EPIPE) {
      lost = true;  // overwritten while being read
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN) return reply_error(channel, "read", {{"next", next}});
    if (count <= 0) break;
    auto record = std::string_view(buffer).substr(0, static_cast<std::size_t>(count));
    auto comma = record.find(',');
    auto sequence = comma == std::string_view::npos ? 0 : std::strtoull(record.data() + comma + 1, nullptr, 10);
    if (first && sequence > since) lost = true;
    first = false;
    if (sequence < since) continue;
    next = sequence + 1;
    records.append(record).push_back('\0');
    if (records.size() >= wire::chunk_size) {
      channel.send_data(records);
      records.clear();
    }
  }
  channel.send_data(records);
  errno = 0;
  reply_error(channel, "", {{"next", next}, {"lost", lost}});
}

}  // namespace

bool perform_file_verb(const Json& request, const std::string& content, const Channel& channel) {
  auto verb = text_at(request, "do");
  if (verb == "read") read_file(request, channel);
  else if (verb == "write") write_file(request, content, channel);
  else if (verb == "tree") list_tree(request, channel);
  else if (verb == "pcrs") read_pcrs(channel);
  else if (verb == "policy_load") load_policy(request, channel);
  else if (verb == "policy_probe") probe_policy(request, channel);
  else if (verb == "kernel_log") read_kernel_log(request, channel);
  else return false;
  return true;
}

}  // namespace diglab::agent
