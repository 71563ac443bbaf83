// SPDX-License-Identifier: GPL-2.0-or-later
//
// hex_parser: the smallest converter of digest lists there is, to show what the kernel does for and to converters.
//
//   hex_parser add|del FILE [WAY]
//   hex_parser add|del FILE exec PROGRAM
//   hex_parser print FILE
//
// FILE has one SHA-256 digest in hexadecimal on each line; what stands after it on the line does not count, so that the output of
// sha256sum will do. The digests become one compact list of type file, uploaded under the name of FILE. With linger as the WAY it keeps
// FILE open afterwards, until SIGTERM comes; ways.cc has the others: the list comes from elsewhere, or something is done before it is uploaded. With
// exec it reads its standard input for nothing, and then executes PROGRAM to do the same with FILE. With print the list goes to
// the standard output instead, in one write. Exit status: 0 uploaded, 1 refused by the kernel (the errno's name is printed), 2 bad use
// or input.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "exercise/parser/ways.h"
#include "format/compact.h"

namespace {

using namespace diglim;

constexpr std::size_t digest_digits = 64;

int refused(const char* what, const char* path) {
  std::fprintf(stderr, "hex_parser: %s %s: %s\n", what, path, ::strerrorname_np(errno));
  return 1;
}

std::optional<std::string> digest_of(std::string_view line) {
  if (line.size() < digest_digits) return std::nullopt;
  std::string digest;
  for (std::size_t i = 0; i < digest_digits; i += 2) {
    unsigned value = 0;
    for (const char c : line.substr(i, 2)) {
      const auto digit = std::string_view("0123456789abcdef").find(c);
      if (digit == std::string_view::npos) return std::nullopt;
      value = value << 4 | static_cast<unsigned>(digit);
    }
    digest += static_cast<char>(value);
  }
  return digest;
}

/// One write call, as the kernel wants it.
int upload(const char* file, std::string_view bytes) {
  const auto path = std::string("/sys/kernel/security/integrity/diglim/") + file;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return refused("open", path.c_str());
  if (::write(fd, bytes.data(), bytes.size()) < 0) return refused("write", path.c_str());
  ::close(fd);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const bool adding = argc >= 3 && std::strcmp(argv[1], "add") == 0;
  const bool printing = argc == 3 && std::strcmp(argv[1], "print") == 0;
  const std::string_view word = argc >= 4 ? argv[3] : "";
  const bool executing = argc == 5 && word == "exec";
  const Way* way = argc == 5 ? nullptr : find_way(word);
  if (argc < 3 || (!adding && !printing && std::strcmp(argv[1], "del") != 0) || (way == nullptr && !executing)) {
    std::fputs("Usage: hex_parser add|del FILE [WAY]\n       hex_parser add|del FILE exec PROGRAM\n       hex_parser print FILE\n", stderr);
    return 2;
  }
  if (executing) {
    if (!read_all_of(STDIN_FILENO)) return refused("read", "standard input");
    ::execl(argv[4], argv[4], argv[1], argv[2], nullptr);
    return refused("execute", argv[4]);
  }
  const bool lingering = word == "linger";
  sigset_t last;
  ::sigemptyset(&last);
  ::sigaddset(&last, SIGTERM);
  if (lingering) ::sigprocmask(SIG_BLOCK, &last, nullptr);  // before anything shows that there is somebody to end
  const auto text = way->read(argv[2]);
  if (!text) return refused("read", argv[2]);
  Block block;
  for (std::string_view rest = *text; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const auto digest = digest_of(line);
    if (!digest) {
      std::fprintf(stderr, "hex_parser: %s: no SHA-256 digest in '%.80s'\n", argv[2], std::string(line).c_str());
      return 2;
    }
    block.digests.push_back(*digest);
  }
  if (printing) {
    const auto bytes = encode({block});
    return ::write(STDOUT_FILENO, bytes.data(), bytes.size()) < 0 ? refused("write", "standard output") : 0;
  }
  if ((errno = way->then()) != 0) return refused(argv[3], argv[2]);
  const char* slash = std::strrchr(argv[2], '/');
  if (const int error = upload("digest_list_label", slash ? slash + 1 : argv[2]); error != 0) return error;
  if (const int error = upload(adding ? "digest_list_add" : "digest_list_del", encode({block})); error != 0) return error;
  if (int signal = 0; lingering) ::sigwait(&last, &signal);
  return 0;
}
