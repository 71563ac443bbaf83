// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

#include "format/bytes.h"

namespace diglim {

enum class Operation { add, remove };

/// Where lists are uploaded to.
class Repository {
 public:
  virtual ~Repository() = default;
  /// Adds or deletes one list, whole or not at all. Returns an errno; 0: done.
  virtual int upload(Operation operation, std::string_view label, ByteView list) = 0;
};

/// The kernel's: /sys/kernel/security/integrity/diglim, or, where securityfs is not mounted, the same in a mount of its own.
class KernelRepository final : public Repository {
 public:
  /// `security`: a descriptor of securityfs, which it closes.
  explicit KernelRepository(int security) : security_(security) {}
  KernelRepository(const KernelRepository&) = delete;
  KernelRepository& operator=(const KernelRepository&) = delete;
  ~KernelRepository() override;

  /// Opens securityfs and looks for DIGLIM in it. -1 with errno if there is none.
  static int open();

  int upload(Operation operation, std::string_view label, ByteView list) override;

 private:
  int write(const char* file, ByteView bytes) const;

  int security_;
};

}  // namespace diglim
