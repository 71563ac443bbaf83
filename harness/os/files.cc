// SPDX-License-Identifier: GPL-2.0-or-later
#include "os/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <thread>
#include <tuple>
#include <utility>

namespace diglab {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> fail_errno(const fs::path& path, std::string_view doing, int error) {
  return fail(ErrorKind::infra, fmt::format("{}: cannot {}: {}", path.string(), doing, ::strerror(error)));
}

/// Closes on scope exit; close() reports errors where they matter.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool ok() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

/// While this lives, what a person ends a program with waits: a temporary file is renamed or removed before. Of the calling thread; a
/// program with others has these signals blocked there.
class SignalsHeld {
 public:
  SignalsHeld() {
    ::sigset_t signals;
    ::sigemptyset(&signals);
    for (const int each : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&signals, each);
    ::pthread_sigmask(SIG_BLOCK, &signals, &before_);
  }
  ~SignalsHeld() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  ::sigset_t before_{};
};

Result<void> sync_path(const fs::path& path, int flags) {
  Fd fd(::open(path.c_str(), flags | O_CLOEXEC));
  if (!fd.ok()) return fail_errno(path, "open", errno);
  if (::fsync(fd.get()) != 0) return fail_errno(path, "sync", errno);
  return {};
}

template <typename Buffer>
Result<Buffer> read_whole(const fs::path& path, std::size_t limit) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return fail_errno(path, "open", errno);
  Buffer content;
  std::array<char, 65536> chunk;
  for (;;) {
    ssize_t count = ::read(fd.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(path, "read", errno);
    if (count == 0) return content;
    if (content.size() + static_cast<std::size_t>(count) > limit)
      return fail(ErrorKind::bad_input, fmt::format("{}: larger than {} bytes", path.string(), limit));
    content.insert(content.end(), chunk.data(), chunk.data() + count);
  }
}

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void update(const void* data, std::size_t size) { EVP_DigestUpdate(context_.get(), data, size); }
  std::string finish() {
    std::array<std::uint8_t, 32> digest{};
    EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
    return to_hex(digest);
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

Result<std::string> read_file(const fs::path& path, std::size_t limit) {
  return read_whole<std::string>(path, limit);
}
Result<Bytes> read_bytes(const fs::path& path, std::size_t limit) {
  return read_whole<Bytes>(path, limit);
}

Result<void> write_file(const fs::path& path, std::string_view content) {
  if (path.has_parent_path()) TRY_VOID(make_directories(path.parent_path()));
  // Begins with a dot: where a directory is read for files of some name, what a power cut left in it must not look like one.
  std::string temporary = (path.parent_path() / fmt::format(".{}.XXXXXX", path.filename().string())).string();
  const SignalsHeld held;
  Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd.ok()) return fail_errno(path, "create a temporary file beside it", errno);
  auto give_up = [&](std::string_view doing, int error) {
    ::unlink(temporary.c_str());
    return fail_errno(path, doing, error);
  };
  for (std::string_view rest = content; !rest.empty();) {
    ssize_t count = ::write(fd.get(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return give_up("write", errno);
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  ::fchmod(fd.get(), 0644);
  if (::fsync(fd.get()) != 0) return give_up("sync", errno);
  if (::close(fd.release()) != 0) return give_up("close", errno);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return give_up("rename into place", errno);
  return sync_path(path.has_parent_path() ? path.parent_path() : ".", O_RDONLY | O_DIRECTORY);
}

Result<std::string> sha256_of_file(const fs::path& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return fail_errno(path, "open", errno);
  Sha256 hash;
  std::array<char, 1 << 16> chunk;
  for (;;) {
    ssize_t count = ::read(fd.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(path, "read", errno);
    if (count == 0) return hash.finish();
    hash.update(chunk.data(), static_cast<std::size_t>(count));
  }
}

std::string sha256_of(std::string_view text) {
  Sha256 hash;
  hash.update(text.data(), text.size());
  return hash.finish();
}

Result<void> publish_directory(const fs::path& from, const fs::path& to) {
  TRY_VOID(make_directories(to.parent_path()));
  Fd directory(::open(from.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.ok()) return fail_errno(from, "open", errno);
  if (::syncfs(directory.get()) != 0) return fail_errno(from, "sync", errno);
  if (::rename(from.c_str(), to.c_str()) != 0) {
    if (errno == ENOTEMPTY || errno == EEXIST) return remove_tree(from);
    return fail_errno(to, "rename into place", errno);
  }
  return sync_path(to.parent_path(), O_RDONLY | O_DIRECTORY);
}

Result<void> make_directories(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return fail_errno(path, "create directory", error.value());
  return {};
}

std::error_code remove_whatever_is_there(const fs::path& path) {
  std::error_code error;
  do fs::remove_all(path, error);
  while (error == std::errc::no_such_file_or_directory);
  return error;
}

Result<void> remove_tree(const fs::path& path) {
  if (const auto error = remove_whatever_is_there(path)) return fail_errno(path, "remove", error.value());
  return {};
}

Result<std::uintmax_t> free_space(const fs::path& path) {
  std::error_code error;
  fs::path existing = fs::absolute(path, error);
  while (!fs::exists(existing, error) && existing.has_relative_path()) existing = existing.parent_path();
  fs::space_info space = fs::space(existing, error);
  if (error) return fail_errno(existing, "ask for free space", error.value());
  return space.available;
}

Result<TempDir> TempDir::make(const fs::path& parent, std::string_view prefix) {
  std::error_code error;
  fs::path where = parent.empty() ? fs::temp_directory_path(error) : parent;
  if (error) where = "/tmp";
  TRY_VOID(make_directories(where));
  std::string name = (where / fmt::format("{}.XXXXXX", prefix)).string();
  if (::mkdtemp(name.data()) == nullptr) return fail_errno(where, "create a temporary directory in it", errno);
  return TempDir(name);
}

TempDir::TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
TempDir& TempDir::operator=(TempDir&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}
TempDir::~TempDir() {
  if (!path_.empty()) std::ignore = remove_whatever_is_there(path_);
}
fs::path TempDir::release() {
  return std::exchange(path_, {});
}

Result<std::unique_ptr<FileLock>> FileLock::try_acquire(const fs::path& path) {
  if (path.has_parent_path()) TRY_VOID(make_directories(path.parent_path()));
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd.ok()) return fail_errno(path, "open", errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::unique_ptr<FileLock>();
    return fail_errno(path, "lock", errno);
  }
  return std::unique_ptr<FileLock>(new FileLock(fd.release()));
}

Result<FileLock> FileLock::acquire(const fs::path& path, const Deadline& deadline) {
  // flock() knows no deadline; a helper thread would outlive one. Other holders keep the lock for minutes
  // (a kernel build), so asking again five times a second costs nothing and is the one poll in this folder.
  for (;;) {
    if (auto lock = TRY(try_acquire(path))) return std::move(*lock);
    if (deadline.stop.stop_requested()) return fail(ErrorKind::interrupted, fmt::format("{}: interrupted while waiting for the lock", path.string()));
    if (deadline.expired()) return fail(ErrorKind::timeout, fmt::format("{}: another process holds this lock", path.string()));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace diglab
