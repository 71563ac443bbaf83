// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/run.h"

#include <gmock/gmock.h>

#include "format/header_builder.h"
#include "parser/fakes.h"

namespace diglim {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ARun : public testing::Test {
 protected:
  Status add(const std::vector<std::string>& paths) { return run({.options = {}, .paths = paths}, repository, log); }
  std::string put_good(const std::string& name) { return scratch.put(name, sample_package({{"/usr/bin/tool", std::string(64, 'a'), 0100755}}).header()); }

  ScratchDirectory scratch;
  FakeRepository repository;
  FakeLog log;
};

TEST_F(ARun, is_done_when_everything_is_as_wished) {
  const auto good = put_good("0-file_list-rpm-good");
  EXPECT_EQ(add({good}), Status::done);
  EXPECT_EQ(add({good}), Status::done) << "it is loaded already";
  EXPECT_THAT(log.errors, IsEmpty());
}

TEST_F(ARun, ends_with_a_status_and_a_line_for_each_list_that_was_refused) {
  const auto good = put_good("0-file_list-rpm-good"), bad = scratch.put("0-file_list-rpm-bad", "bad");
  EXPECT_EQ(add({bad, good}), Status::refused) << "by its content";
  EXPECT_EQ(repository.loaded.size(), 1u);
  EXPECT_EQ(add({scratch.put("name", "")}), Status::refused) << "by its name";
  EXPECT_EQ(add({(scratch.path / "absent").string()}), Status::refused) << "since it is not there";
  repository.loaded.clear();
  repository.refuse_with = EACCES;
  EXPECT_EQ(add({good}), Status::refused) << "by the kernel";
  EXPECT_THAT(log.errors, SizeIs(4));
  EXPECT_THAT(log.errors.back(), HasSubstr("Permission denied"));
}

}  // namespace
}  // namespace diglim
