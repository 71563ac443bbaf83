// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "format/compact.h"
#include "format/header_builder.h"
#include "format/rpm_list.h"
#include "format/signature.h"
#include "parser/fakes.h"
#include "parser/list_file.h"

namespace diglim {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string digest_a(64, 'a'), digest_b(64, 'b');

std::string package_with(const std::string& digest) { return sample_package({{"/usr/bin/tool", digest, 0100755}, {"/usr/share/data", digest_b}}).header(); }

class TheLoader : public testing::Test {
 protected:
  LoadCounts load(const std::vector<std::string>& names, LoadOptions options = {}) {
    std::vector<FoundList> lists;
    for (const auto& name : names) lists.push_back({scratch.path.string(), name});
    return load_lists(lists, options, repository, log);
  }
  std::string put(const std::string& content, const std::string& name = "0-file_list-rpm-a") {
    scratch.put(name, content);
    return name;
  }
  /// The one list that is loaded.
  std::vector<Block> loaded() const {
    EXPECT_EQ(repository.loaded.size(), 1u);
    return decode(repository.loaded.begin()->first.second).value();
  }

  ScratchDirectory scratch;
  FakeRepository repository;
  FakeLog log;
};

TEST_F(TheLoader, uploads_a_package_as_one_list_with_the_name_of_the_file) {
  EXPECT_EQ(load({put(package_with(digest_a))}).done, 1u);
  EXPECT_THAT(repository.uploads, ElementsAre("0-file_list-rpm-a"));
  ASSERT_EQ(loaded().size(), 2u);
  EXPECT_EQ(to_hex(loaded()[0].digests.at(0)), digest_b);
  EXPECT_EQ(to_hex(loaded()[1].digests.at(0)), digest_a);
  EXPECT_EQ(loaded()[1].modifiers, immutable);
  EXPECT_THAT(log.errors, IsEmpty());
}

TEST_F(TheLoader, takes_a_signature_off_and_leaves_it_to_the_kernel) {
  for (const auto kind : {SignatureKind::pgp, SignatureKind::pkcs7}) {
    repository.loaded.clear();
    EXPECT_EQ(load({put(append_signature(package_with(digest_a), std::string("\x89\0\x13\3\5\0\0\0\0\0\1\2\3\4\5\6\7\x8\1\x8\x12\x34", 22), kind))}).done, 1u);
    EXPECT_EQ(repository.loaded.size(), 1u);
    EXPECT_THAT(log.errors, IsEmpty());
  }
}

TEST_F(TheLoader, names_a_signature_that_the_kernel_cannot_verify) {
  load({put(append_signature(package_with(digest_a), std::string("\x89\0\x13\3\5\0\0\0\0\0\1\2\3\4\5\6\7\x8\x11\x2\x12\x34", 22), SignatureKind::pgp))});
  EXPECT_THAT(log.errors, ElementsAre(EndsWith("the kernel cannot verify this: DSA signature, version 3, sha1, by key 0102030405060708")));
  EXPECT_EQ(repository.loaded.size(), 1u) << "whether it counts is the kernel's to say";
  log.errors.clear();
  load({put(append_signature(package_with(digest_a), "junk", SignatureKind::pgp))});
  EXPECT_THAT(log.errors, ElementsAre(HasSubstr("expected an OpenPGP packet")));
}

TEST_F(TheLoader, deletes_what_it_added) {
  put(package_with(digest_a));
  load({"0-file_list-rpm-a"});
  EXPECT_EQ(load({"0-file_list-rpm-a"}, {.operation = Operation::remove}).done, 1u);
  EXPECT_THAT(repository.loaded, IsEmpty());
}

TEST_F(TheLoader, is_content_when_everything_is_as_wished_already) {
  put(package_with(digest_a));
  EXPECT_EQ(load({"0-file_list-rpm-a", "0-file_list-rpm-a"}).done, 2u) << "EEXIST";
  EXPECT_EQ(load({"0-file_list-rpm-a", "0-file_list-rpm-a"}, {.operation = Operation::remove}).done, 2u) << "ENOENT";
  EXPECT_THAT(log.errors, IsEmpty());
}

TEST_F(TheLoader, uploads_nothing_for_a_package_without_digests) {
  EXPECT_EQ(load({put(HeaderBuilder().text(1000, "meta").header())}).done, 1u);
  EXPECT_THAT(repository.uploads, IsEmpty());
}

TEST_F(TheLoader, takes_only_what_is_immutable_where_that_is_wished) {
  put(package_with(digest_a));
  load({"0-file_list-rpm-a"}, {.only_immutable = true});
  EXPECT_EQ(loaded().size(), 1u);
  repository.loaded.clear();
  scratch.put(".immutable", "");
  load({"0-file_list-rpm-a"});
  ASSERT_EQ(loaded().size(), 1u);
  EXPECT_EQ(loaded()[0].modifiers, immutable);
}

TEST_F(TheLoader, takes_more_directories_for_immutable) {
  put(package_with(digest_a));
  load({"0-file_list-rpm-a"}, {.immutable_directories = {"/usr/share/"}});
  ASSERT_EQ(loaded().size(), 1u);
  EXPECT_EQ(loaded()[0].digests.size(), 2u);
}

TEST_F(TheLoader, says_what_is_wrong_and_goes_on) {
  auto cut = package_with(digest_a);
  cut.pop_back();
  const auto bad = put(cut, "0-file_list-rpm-bad"), good = put(package_with(digest_a), "0-file_list-rpm-good");
  const auto counts = load({bad, "0-file_list-rpm-absent", good});
  EXPECT_EQ(counts.done, 1u);
  EXPECT_EQ(counts.refused, 2u);
  EXPECT_THAT(repository.uploads, ElementsAre("0-file_list-rpm-good"));
  EXPECT_THAT(log.errors, ElementsAre(HasSubstr("rpm-bad: offset " + std::to_string(cut.size()) + ": expected a header of"), EndsWith("rpm-absent: No such file or directory")));
}

TEST_F(TheLoader, uploads_nothing_of_a_header_whose_last_digest_is_wrong) {
  EXPECT_EQ(load({put(sample_package({{"/a", digest_a}, {"/b", digest_a.substr(1)}}).header())}).refused, 1u);
  EXPECT_THAT(repository.uploads, IsEmpty());
}

TEST_F(TheLoader, says_what_the_kernel_refused) {
  repository.refuse_with = EPERM;
  EXPECT_EQ(load({put(package_with(digest_a))}).refused, 1u);
  EXPECT_THAT(log.errors, ElementsAre(HasSubstr("the kernel refused its 96 bytes: Operation not permitted")));
}

TEST_F(TheLoader, refuses_what_is_no_regular_file_without_waiting) {
  ASSERT_EQ(::mkfifo((scratch.path / "0-file_list-rpm-fifo").c_str(), 0600), 0);
  std::filesystem::create_directory(scratch.path / "0-file_list-rpm-directory");
  std::filesystem::create_symlink("/dev/zero", scratch.path / "0-file_list-rpm-device");
  std::filesystem::create_symlink("nowhere", scratch.path / "0-file_list-rpm-dangling");
  EXPECT_EQ(load({"0-file_list-rpm-fifo", "0-file_list-rpm-directory", "0-file_list-rpm-device", "0-file_list-rpm-dangling"}).refused, 4u);
  EXPECT_THAT(log.errors, ElementsAre(EndsWith("not a regular file"), EndsWith("not a regular file"), EndsWith("not a regular file"), EndsWith("No such file or directory")));
}

TEST_F(TheLoader, refuses_a_file_that_is_larger_than_a_list_can_be) {
  put("");
  std::filesystem::resize_file(scratch.path / "0-file_list-rpm-a", std::uintmax_t{1} << 40);
  EXPECT_EQ(load({"0-file_list-rpm-a"}).refused, 1u);
  EXPECT_THAT(log.errors, ElementsAre(HasSubstr("expected at most 67108863 bytes, found 1099511627776")));
}

TEST_F(TheLoader, needs_less_memory_than_twice_the_file) {
  const auto header = distribution_like_header(1, 5'000);
  const auto read = RpmHeader::read(bytes_of(header));
  std::vector<std::uint8_t> list;
  ASSERT_TRUE(read && convert(*read, {}, list));
  EXPECT_LT(list.capacity() + std::size_t{4} * 100, header.size() / 2);
}

class AListFile : public TheLoader {
 protected:
  /// What reading says when `change` happens after the file was opened.
  std::string read_after(const auto& change) {
    const auto path = scratch.put("list", "0123456789");
    const auto opened = ListFile::open(path);
    EXPECT_TRUE(opened) << opened.error();
    change(path);
    std::vector<std::uint8_t> bytes;
    const auto read = opened->read(bytes);
    return read ? std::string(text_of(bytes)) : read.error();
  }
};

TEST_F(AListFile, that_changes_while_it_is_read_is_refused) {
  EXPECT_EQ(read_after([](const std::string&) {}), "0123456789");
  const std::string refused = "it was changed while it was read";
  EXPECT_EQ(read_after([](const std::string& path) { std::filesystem::resize_file(path, 3); }), refused);
  EXPECT_EQ(read_after([](const std::string& path) { std::filesystem::resize_file(path, 0); }), refused);
  EXPECT_EQ(read_after([](const std::string& path) { std::ofstream(path, std::ios::app) << "more"; }), refused);
  EXPECT_EQ(read_after([](const std::string& path) {
              const timespec later[2] = {{}, {.tv_sec = 1, .tv_nsec = 0}};
              std::fstream(path) << "other";
              ::utimensat(AT_FDCWD, path.c_str(), later, 0);
            }), refused);
}

TEST_F(AListFile, that_is_replaced_while_it_is_read_is_the_one_that_was_opened) {
  EXPECT_EQ(read_after([](const std::string& path) {
              std::ofstream(path + ".new") << "other";
              std::filesystem::rename(path + ".new", path);
            }), "0123456789");
}

}  // namespace
}  // namespace diglim
