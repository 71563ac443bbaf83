// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/debian_control.h"

#include <gmock/gmock.h>

namespace diglab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(DebianControl, reads_the_fields_an_rpm_header_has_room_for) {
  const auto control = parse_debian_control(
      "Package: rpm\nVersion: 4.18.0+dfsg-1\nArchitecture: amd64\nPre-Depends: a\nDepends: b,\n c\n"
      "Provides: d\nDescription: package manager\n for RPM\n .\n more\n\nPackage: next\n");
  ASSERT_TRUE(control) << control.error().to_string();
  EXPECT_EQ(control->name, "rpm");
  EXPECT_EQ(control->version, "4.18.0+dfsg-1");
  EXPECT_EQ(control->architecture, "amd64");
  EXPECT_EQ(control->summary, "package manager");
  EXPECT_EQ(control->depends, "a, b,\nc");
  EXPECT_EQ(control->provides, "d");
}

TEST(DebianControl, names_the_line_that_is_no_field) {
  const auto control = parse_debian_control("Package: rpm\nnonsense\n");
  ASSERT_FALSE(control);
  EXPECT_EQ(control.error().kind(), ErrorKind::bad_input);
  EXPECT_THAT(control.error().to_string(), HasSubstr("line 2"));
}

TEST(DebianControl, refuses_a_continuation_of_nothing_and_a_stanza_without_version) {
  EXPECT_FALSE(parse_debian_control(" continued\n"));
  EXPECT_FALSE(parse_debian_control("Package: rpm\n"));
  EXPECT_FALSE(parse_debian_control(""));
}

TEST(DebianDependencies, become_requirements_of_a_spec_file) {
  const auto list = rpm_dependencies_of("libc6 (>= 2.34), perl:any, debugedit (>= 1:5), a (<< 2-1) | b (>> 3) | c, rpm-common (= 4.18.0+dfsg-1)");
  ASSERT_TRUE(list) << list.error().to_string();
  EXPECT_THAT(*list, ElementsAre("libc6 >= 2.34", "perl", "debugedit >= 1:5", "(a < 2-1 or b >= 3 or c)",
                                 "rpm-common = 4.18.0+dfsg-1"));
}

TEST(DebianDependencies, may_be_none_and_must_be_well_formed) {
  EXPECT_THAT(*rpm_dependencies_of(""), IsEmpty());
  EXPECT_FALSE(rpm_dependencies_of("a (2)"));
  EXPECT_FALSE(rpm_dependencies_of("a (>= )"));
  EXPECT_FALSE(rpm_dependencies_of("a (>= 1"));
  EXPECT_FALSE(rpm_dependencies_of("(>= 1)"));
  EXPECT_FALSE(rpm_dependencies_of("a (=> 1)"));
}

TEST(DebianVersion, falls_into_epoch_version_and_release) {
  const auto version = rpm_version_of("2:6.2.1+dfsg1-1.1");
  ASSERT_TRUE(version);
  EXPECT_EQ(version->epoch, "2");
  EXPECT_EQ(version->version, "6.2.1+dfsg1");
  EXPECT_EQ(version->release, "1.1");
  EXPECT_EQ(version->to_string(), "2:6.2.1+dfsg1-1.1");
  EXPECT_EQ(rpm_version_of("30-3-1")->version, "30.3");
  EXPECT_EQ(rpm_version_of("0.6")->to_string(), "0.6");
  EXPECT_FALSE(rpm_version_of("1 2"));
  EXPECT_FALSE(rpm_version_of("x:1"));
  EXPECT_FALSE(rpm_version_of(""));
}

}  // namespace
}  // namespace diglab
