// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image_set.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "image/recipes.h"
#include "os/files.h"

namespace diglab {
namespace {

using testing::SizeIs;

TEST(TreePackageTest, copies_differ_in_a_number_of_their_names_and_of_their_files) {
  const auto work = TempDir::make(std::filesystem::temp_directory_path(), "image-set-test");
  ASSERT_TRUE(work);
  const auto tree = work->path() / "many";
  ASSERT_TRUE(make_directories(tree / "root/usr/bin"));
  ASSERT_TRUE(write_file(tree / "package.yaml", "name: many\nversion: \"2\"\narchitecture: noarch\nobsoletes: [few]\ncopies: 3\n"));
  ASSERT_TRUE(write_file(tree / "root/usr/bin/tool", "content\n"));
  const auto loaded = load_tree_package(tree);
  ASSERT_TRUE(loaded) << loaded.error().to_string();
  const auto copies = copies_of(*loaded);
  ASSERT_THAT(copies, SizeIs(3));
  const auto& last = copies.back();
  EXPECT_EQ(last.description.file_name(), "many-3-2-1.noarch.rpm");
  EXPECT_EQ(last.description.obsoletes, std::vector<std::string>{"few"});
  ASSERT_THAT(last.description.paths, SizeIs(1));
  EXPECT_EQ(last.description.paths[0].path, "/usr/bin/tool-3");

  const auto first = recipe_for(copies[0]), third = recipe_for(copies[2]);
  ASSERT_TRUE(first && third);
  EXPECT_NE(first->content, third->content) << "or the cache would take one for the other";
  const auto root = work->path() / "laid-out";
  ASSERT_TRUE(make_directories(root));
  ASSERT_TRUE(third->lay_out(root));
  EXPECT_EQ(*read_file(root / "usr/bin/tool-3"), "content\n# 3\n");
  EXPECT_FALSE(std::filesystem::exists(root / "usr/bin/tool"));
}

TEST(TreePackageTest, copies_can_have_files_of_any_number_and_size) {
  const auto work = TempDir::make(std::filesystem::temp_directory_path(), "image-set-test");
  ASSERT_TRUE(work);
  const auto tree = work->path() / "spread";
  ASSERT_TRUE(make_directories(tree / "root/usr/share"));
  ASSERT_TRUE(write_file(tree / "package.yaml", "architecture: noarch\nlinks: {/usr/share/link: file}\ncopies: [1, 3]\nfile_size: 20\n"));
  ASSERT_TRUE(write_file(tree / "root/usr/share/file", "content\n"));
  const auto loaded = load_tree_package(tree);
  ASSERT_TRUE(loaded) << loaded.error().to_string();
  const auto copies = copies_of(*loaded);
  ASSERT_THAT(copies, SizeIs(2));
  EXPECT_THAT(copies[0].description.paths, SizeIs(2));
  EXPECT_THAT(copies[1].description.paths, SizeIs(4)) << "the link is there once";
  const auto second = recipe_for(copies[1]);
  const auto root = work->path() / "laid-out";
  ASSERT_TRUE(second && make_directories(root) && second->lay_out(root));
  EXPECT_EQ(*read_file(root / "usr/share/file-2"), std::string("content\n# 2\n") + std::string(8, '\0'));
  EXPECT_EQ(*read_file(root / "usr/share/file-2.2"), std::string("content\n# 2.2\n") + std::string(6, '\0')) << "or both would have one digest";
  EXPECT_FALSE(std::filesystem::exists(root / "usr/share/file"));
}

TEST(TreePackageTest, a_package_without_copies_is_itself) {
  TreePackage tree;
  tree.description.name = "one";
  ASSERT_THAT(copies_of(tree), SizeIs(1));
  EXPECT_EQ(copies_of(tree)[0].description.name, "one");
}

}  // namespace
}  // namespace diglab
