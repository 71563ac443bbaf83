// SPDX-License-Identifier: GPL-2.0-or-later
#include "exercise/parser/ways.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "exercise/parser/neighbour.h"

namespace diglim {
namespace {

std::optional<std::string> open_file(const char* file) {
  const int descriptor = ::open(file, O_RDONLY | O_CLOEXEC);  // It stays open, so that others see what the kernel does about it.
  if (descriptor < 0) return std::nullopt;
  return read_all_of(descriptor);
}

std::optional<std::string> read_input(const char*) { return read_all_of(STDIN_FILENO); }

/// The standard input is a socket, which is not read like a file.
std::optional<std::string> receive_input(const char*) {
  std::array<char, 4096> buffer;
  const auto length = ::recv(STDIN_FILENO, buffer.data(), buffer.size(), 0);
  if (length < 0) return std::nullopt;
  return std::string(buffer.data(), static_cast<std::size_t>(length));
}

std::optional<std::string> map_input(const char*) {
  struct stat status{};
  if (::fstat(STDIN_FILENO, &status) != 0) return std::nullopt;
  const auto size = static_cast<std::size_t>(status.st_size);
  void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0);
  if (mapped == MAP_FAILED) return std::nullopt;
  return std::string(static_cast<const char*>(mapped), size);
}

/// The standard input is a socket by which a descriptor comes. The message comes in any case, without the descriptor if that is refused.
std::optional<std::string> receive_descriptor(const char*) {
  char byte = 0;
  ::iovec data{.iov_base = &byte, .iov_len = 1};
  alignas(::cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  ::msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(STDIN_FILENO, &message, MSG_CMSG_CLOEXEC) < 0) return std::nullopt;
  const ::cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_len < CMSG_LEN(sizeof(int))) {
    errno = EBADF;
    return std::nullopt;
  }
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  return read_all_of(descriptor);
}

std::optional<std::string> receive_message(const char*) {
  QueueMessage message{};
  const auto length = ::msgrcv(::msgget(queue_key, 0), &message, sizeof message.text, 0, IPC_NOWAIT);
  if (length < 0) return std::nullopt;
  return std::string(message.text.data(), static_cast<std::size_t>(length));
}

/// 0 if it ended with status 0.
int wait_for(pid_t child) {
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) < 0) return errno;
  return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

/// A child reads, and its parent, which has not read anything, finds the bytes in memory that they share.
std::optional<std::string> let_child_read(const char* file) {
  struct Shared {
    std::size_t size;
    std::array<char, 4096> bytes;
  };
  void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return std::nullopt;
  auto* shared = static_cast<Shared*>(memory);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto text = open_file(file);
    if (!text || text->size() > shared->bytes.size()) ::_exit(text ? EFBIG : errno);
    std::memcpy(shared->bytes.data(), text->data(), text->size());
    shared->size = text->size();
    ::_exit(0);
  }
  if (const int error = wait_for(child); error != 0) {
    errno = error;
    return std::nullopt;
  }
  return std::string(shared->bytes.data(), shared->size);
}

int go_on() { return 0; }

/// The parent ends as the child does, which goes on.
int go_on_in_child() {
  const pid_t child = ::fork();
  if (child == 0) return 0;
  ::_exit(wait_for(child));
}

/// A child gives its parent the session keyring that it has made, and with it new credentials.
int take_session_of_child() {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0) ::_exit(errno);
    ::_exit(::syscall(SYS_keyctl, KEYCTL_SESSION_TO_PARENT) < 0 ? errno : 0);
  }
  return wait_for(child);
}

int set_up_ring() {
  ::io_uring_params parameters{};
  return ::syscall(SYS_io_uring_setup, 1, &parameters) < 0 ? errno : 0;
}

/// The standard input is somebody's ring, who can then ask for what these credentials may do.
int register_with_ring() { return ::syscall(SYS_io_uring_register, STDIN_FILENO, IORING_REGISTER_PERSONALITY, nullptr, 0) < 0 ? errno : 0; }

int have_oneself_traced() { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) < 0 ? errno : 0; }

constexpr Way ways[] = {
    {"", open_file, go_on},
    {"linger", open_file, go_on},
    {"input", read_input, go_on},
    {"receive", receive_input, go_on},
    {"map", map_input, go_on},
    {"descriptor", receive_descriptor, go_on},
    {"message", receive_message, go_on},
    {"child-reads", let_child_read, go_on},
    {"child-uploads", open_file, go_on_in_child},
    {"session", open_file, take_session_of_child},
    {"ring", open_file, set_up_ring},
    {"register", open_file, register_with_ring},
    {"traced", open_file, have_oneself_traced},
};

}  // namespace

std::optional<std::string> read_all_of(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t count = 0; (count = ::read(descriptor, buffer.data(), buffer.size())) != 0;) {
    if (count < 0) return std::nullopt;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

const Way* find_way(std::string_view name) {
  for (const Way& way : ways)
    if (way.name == name) return &way;
  return nullptr;
}

}  // namespace diglim
