// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "base/bytes.h"
#include "base/deadline.h"

namespace diglab {

/// The whole file. ErrorKind::infra with path and reason; ::bad_input if it is larger than `limit` bytes.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = std::size_t{1} << 32);
Result<Bytes> read_bytes(const std::filesystem::path& path, std::size_t limit = std::size_t{1} << 32);

/// Replaces `path` so that readers, also after a power cut, see the old content or the new, never a part:
/// temporary name in the same directory, fsync, rename, fsync of the directory; SIGINT, SIGTERM, SIGHUP wait. Parent directories are made.
Result<void> write_file(const std::filesystem::path& path, std::string_view content);

/// SHA-256 of a file's content, as lower-case hexadecimal.
Result<std::string> sha256_of_file(const std::filesystem::path& path);
[[nodiscard]] std::string sha256_of(std::string_view text);

/// Moves a finished directory tree into its final place in a cache: syncs it, then renames it.
/// When another process was faster its result stays and `from` is removed: both are made from the same inputs.
Result<void> publish_directory(const std::filesystem::path& from, const std::filesystem::path& to);

/// std::filesystem's operations as Results.
Result<void> make_directories(const std::filesystem::path& path);
Result<void> remove_tree(const std::filesystem::path& path);
/// std::filesystem::remove_all() that goes on where what it found is gone by itself meanwhile (a socket of a daemon that ends); that
/// of libstdc++ 12 gives up there and leaves the rest.
std::error_code remove_whatever_is_there(const std::filesystem::path& path);

/// Free bytes for an ordinary user on the file system that holds `path` or its nearest existing parent.
Result<std::uintmax_t> free_space(const std::filesystem::path& path);

/// A directory of its own that is gone, with what is in it, when this object is.
class TempDir {
 public:
  /// `parent` empty: the system's directory for temporary files.
  static Result<TempDir> make(const std::filesystem::path& parent = {}, std::string_view prefix = "diglab");
  TempDir(TempDir&& other) noexcept;
  TempDir& operator=(TempDir&& other) noexcept;
  ~TempDir();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Gives up ownership: the directory stays.
  std::filesystem::path release();

 private:
  explicit TempDir(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

/// An advisory lock (flock) on a file, held by this process until destroyed; gone with the process.
class FileLock {
 public:
  /// Waits until the lock is free. The lock file is made, and stays.
  static Result<FileLock> acquire(const std::filesystem::path& path, const Deadline& deadline);
  /// An empty result when another process holds it.
  static Result<std::unique_ptr<FileLock>> try_acquire(const std::filesystem::path& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace diglab
