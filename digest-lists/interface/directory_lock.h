// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <string>

namespace diglim {

/// The right to bring the kernel and a directory of rpm's lists into step: a lock (flock) on DIRECTORY/.rpm/lock. A process that is given its
/// descriptor shares it, and holds it up to its own end; so a parser does whose rpm was killed.
///
/// It is not for as long as scriptlets run: these may want it, too.
class DirectoryLock {
 public:
  /// Holds nothing.
  DirectoryLock() = default;
  /// Waits until nobody else has it; `waits` is called once if somebody has. Where DIRECTORY/.rpm is not there, or its file cannot be opened,
  /// nothing is held, and errno tells why.
  explicit DirectoryLock(const std::string& directory, const std::function<void()>& waits = [] {});
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  ~DirectoryLock() { release(); }

  /// Held meanwhile by those who were given the descriptor.
  void release();
  /// Gives up what it holds, and takes what the other does.
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;

  /// Nothing is held: -1.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

}  // namespace diglim
