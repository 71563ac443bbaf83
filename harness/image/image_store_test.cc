// SPDX-License-Identifier: GPL-2.0-or-later
//
// The whole path from a tree of files to a disk, with a toy package instead of a distribution: no network is used.
#include "image/image_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>

#include "image/image_manifest.h"
#include "image/initramfs.h"
#include "image/install.h"
#include "image/keys.h"
#include "image/recipes.h"
#include "os/files.h"
#include "packages/package_set.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::SizeIs;

Deadline soon() { return Deadline::in(std::chrono::seconds(110)); }
constexpr auto nothing_to_fetch = [](const std::vector<std::size_t>&) -> Result<void> { return {}; };

class ImageStoreTest : public testing::Test {
 protected:
  /// One laboratory whose packages are the "distribution", made once for all tests.
  struct Vendor {
    TempDir directory = *TempDir::make({}, "diglab-vendor");
    SystemProcesses processes;
    LabKeys keys;
    std::vector<BuiltRpm> rpms;
    Vendor() {
      keys = *LabKeys::provide(directory.path() / "cache", processes, soon());
      const auto tree = directory.path() / "tree";
      EXPECT_TRUE(write_file(tree / "usr/bin/toy", "#!/bin/sh\necho toy\n"));
      EXPECT_TRUE(write_file(tree / "usr/share/toy/empty", ""));
      EXPECT_TRUE(write_file(tree / "usr/share/toy/[odd]", "odd"));
      EXPECT_TRUE(write_file(tree / "usr/share/toy/100% of it", "odd"));
      fs::create_symlink("toy", tree / "usr/bin/alias");
      fs::permissions(tree / "usr/bin/toy", fs::perms(04755));
      RpmBuilder builder(directory.path() / "cache", keys, processes);
      const auto built = builder.build({*recipe_for(OwnPackage{"toy", "1.0-2", tree, {}})}, nothing_to_fetch, {}, soon());
      if (!built) throw std::runtime_error(built.error().to_string());
      rpms = *built;
      const auto made = make_repository(rpms, directory.path() / "repository", processes, soon());
      EXPECT_TRUE(made) << made.error().to_string();
    }
  };
  static void SetUpTestSuite() { vendor_ = new Vendor; }
  static void TearDownTestSuite() { delete vendor_; }

  void SetUp() override {
    ASSERT_TRUE(write_file(home_.path() / "sets/toy.yaml", "packages: [toy]\ndisk_mib: 16\n"));
    // The keys are the slowest part of an empty cache.
    fs::create_directories(cache());
    fs::copy(vendor_->keys.directory, cache() / "keys", fs::copy_options::recursive);
    request_.set = "toy";
    request_.repository = Repository{vendor_->directory.path() / "repository", vendor_->keys.rpm_public_key, {}};
  }
  fs::path cache() const { return home_.path() / "cache"; }
  ImageStore store() { return ImageStore(cache(), home_.path(), processes_); }

  static inline Vendor* vendor_ = nullptr;
  TempDir home_ = *TempDir::make({}, "diglab-image");
  SystemProcesses processes_;
  ImageRequest request_;
};

TEST_F(ImageStoreTest, reads_back_from_a_package_what_was_put_in) {
  const auto set = PackageSet::from_directory(vendor_->directory.path() / "repository");
  ASSERT_TRUE(set) << set.error().to_string();
  ASSERT_THAT(set->packages(), SizeIs(1));
  const auto& package = set->packages().front();
  EXPECT_EQ(package.nevra(), "toy-1.0-2.x86_64");
  EXPECT_THAT(vendor_->keys.rpm_fingerprint, testing::EndsWith([&] {
                auto id = package.signing_key;
                for (auto& c : id) c = static_cast<char>(std::toupper(c));
                return id;
              }()));
  const auto* file = set->find("/usr/bin/toy");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(file->algorithm, "sha256");
  EXPECT_EQ(file->digest, sha256_of("#!/bin/sh\necho toy\n"));
  EXPECT_EQ(file->mode, 0104755u);
  EXPECT_NE(set->find("/usr/share/toy/[odd]"), nullptr);
  EXPECT_NE(set->find("/usr/share/toy/100% of it"), nullptr);
  EXPECT_EQ(set->find("/usr/bin/alias"), nullptr);
  EXPECT_EQ(set->owners("/usr/bin/alias").at(0).file->link_target, "toy");
  EXPECT_THAT(set->digests(), SizeIs(2)) << "a file of no content counts for nothing";
}

TEST_F(ImageStoreTest, refuses_what_is_no_package_by_name) {
  ASSERT_TRUE(write_file(home_.path() / "bad.rpm", std::string(500, 'x')));
  const auto set = PackageSet::from_directory(home_.path());
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().kind(), ErrorKind::bad_input);
  EXPECT_THAT(set.error().to_string(), HasSubstr("bad.rpm"));
}

TEST_F(ImageStoreTest, makes_an_initramfs_of_what_packages_have) {
  const auto repository = vendor_->directory.path() / "repository";
  const InitramfsRequest request{.init = "/usr/bin/alias", .files = {"/usr/share/toy/[odd]"}, .lists = InitramfsLists::none};
  const auto first = make_initramfs(repository, request);
  ASSERT_TRUE(first) << first.error().to_string();
  for (const char* there : {"usr/bin/toy", "echo toy", "usr/bin/alias", "usr/share/toy/[odd]"}) EXPECT_THAT(*first, HasSubstr(there));
  EXPECT_EQ(first->find("100%"), std::string::npos);
  EXPECT_EQ(*first, *make_initramfs(repository, request));

  const auto all = make_initramfs(repository, {.init = "/usr/bin/toy", .files = {"/usr/share/*"}});
  ASSERT_TRUE(all) << all.error().to_string();
  EXPECT_THAT(*all, HasSubstr("usr/share/toy/100% of it"));
  const auto missing = make_initramfs(repository, {.init = "/usr/bin/toy", .files = {"/usr/bin/nobody"}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::bad_input);
  EXPECT_THAT(missing.error().message(), HasSubstr("/usr/bin/nobody"));
  EXPECT_EQ(make_initramfs(repository, {.init = "/usr/bin", .files = {}}).error().kind(), ErrorKind::bad_input);
  EXPECT_EQ(make_initramfs(repository, {.init = "/usr/bin/toy", .files = {}, .lists = InitramfsLists::all}).error().kind(), ErrorKind::bad_input);
}

TEST_F(ImageStoreTest, builds_the_same_package_from_the_same_tree) {
  RpmBuilder builder(home_.path() / "other", vendor_->keys, processes_);
  const auto recipe = recipe_for(OwnPackage{"toy", "1.0-2", vendor_->directory.path() / "tree", {}});
  const auto again = builder.build({*recipe}, nothing_to_fetch, {}, soon());
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(again->front().sha256, vendor_->rpms.front().sha256);

  std::ofstream(again->front().file, std::ios::app) << "x";
  const auto third = builder.build({*recipe}, nothing_to_fetch, {}, soon());
  ASSERT_TRUE(third) << third.error().to_string();
  EXPECT_EQ(*sha256_of_file(third->front().file), vendor_->rpms.front().sha256) << "the damaged one must not be used";
}

TEST_F(ImageStoreTest, makes_a_disk_and_finds_it_again_until_it_is_damaged) {
  const auto first = store().provide(request_, {}, soon());
  ASSERT_TRUE(first) << first.error().to_string();
  EXPECT_FALSE(first->from_cache);
  const auto manifest = parse_image_manifest(*read_file(first->manifest));
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->files.at("disk.img"), *sha256_of_file(first->disk));
  EXPECT_THAT(manifest->packages, SizeIs(2)) << "toy and the laboratory's keys";

  const auto second = store().provide(request_, {}, soon());
  ASSERT_TRUE(second) << second.error().to_string();
  EXPECT_TRUE(second->from_cache);
  request_.refresh = true;
  const auto nothing_new = store().provide(request_, {}, soon());
  ASSERT_TRUE(nothing_new) << nothing_new.error().to_string();
  EXPECT_TRUE(nothing_new->from_cache) << "a run may be using the disk";

  fs::permissions(first->disk, fs::perms::owner_write, fs::perm_options::add);
  std::fstream damage(first->disk, std::ios::in | std::ios::out);
  damage.seekp(5000).put('\x5a');
  damage.close();
  const auto third = store().provide(request_, {}, soon());
  ASSERT_TRUE(third) << third.error().to_string();
  EXPECT_FALSE(third->from_cache);
  EXPECT_EQ(*sha256_of_file(third->disk), manifest->files.at("disk.img")) << "same inputs, same bytes";
  EXPECT_THAT(*store().list(), SizeIs(1));
  EXPECT_TRUE(store().remove(first->id));
  EXPECT_THAT(*store().list(), SizeIs(0));
}

TEST(Intact, are_files_with_their_digests_and_memory_is_of_what_was_read) {
  const auto home = *TempDir::make({}, "diglab-image");
  const std::map<std::string, std::string> files{{"disk.img", sha256_of("disk")}, {"initramfs-dracut.img", sha256_of("initramfs")}};
  ASSERT_TRUE(write_file(home.path() / "disk.img", "disk") && write_file(home.path() / "initramfs-dracut.img", "initramfs"));
  const auto intact = [&] { return *are_intact(home.path(), files, home.path() / "verified"); };
  EXPECT_TRUE(intact());
  EXPECT_TRUE(intact());
  for (const char* name : {"disk.img", "initramfs-dracut.img"}) {
    const auto good = *read_file(home.path() / name);
    ASSERT_TRUE(write_file(home.path() / name, "damaged"));
    EXPECT_FALSE(intact()) << name;
    fs::remove(home.path() / name);
    EXPECT_FALSE(intact()) << name << " is missing";
    ASSERT_TRUE(write_file(home.path() / name, good));
    EXPECT_TRUE(intact()) << name;
  }
}

TEST_F(ImageStoreTest, makes_another_disk_when_the_repository_has_other_packages) {
  const auto place = home_.path() / "moving";
  ASSERT_TRUE(make_repository(vendor_->rpms, place, processes_, soon()));
  request_.repository->url = place;
  const auto first = store().provide(request_, {}, soon());
  ASSERT_TRUE(first) << first.error().to_string();

  const auto tree = home_.path() / "newer";
  ASSERT_TRUE(write_file(tree / "usr/bin/toy", "#!/bin/sh\necho newer toy\n"));
  RpmBuilder builder(vendor_->directory.path() / "cache", vendor_->keys, processes_);
  const auto newer = builder.build({*recipe_for(OwnPackage{"toy", "1.1-1", tree, {}})}, nothing_to_fetch, {}, soon());
  ASSERT_TRUE(newer) << newer.error().to_string();
  fs::remove_all(place);
  ASSERT_TRUE(make_repository(*newer, place, processes_, soon()));
  const auto second = store().provide(request_, {}, soon());
  ASSERT_TRUE(second) << second.error().to_string();
  EXPECT_FALSE(second->from_cache);
  EXPECT_NE(second->id, first->id);
  EXPECT_TRUE(fs::exists(first->disk));

  // Of three that were not used for long, this one is asked for, the next has another name, and one goes when a disk is built.
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::days(15);
  const auto other = cache() / "images/toy-signed-0123456789abcdef";
  ASSERT_TRUE(write_file(other / "verified", ""));
  for (const auto& image : {first->disk.parent_path(), second->disk.parent_path(), other}) fs::last_write_time(image / "verified", long_ago);
  const auto asked = store().provide(request_, {}, soon());
  ASSERT_TRUE(asked && asked->from_cache);
  EXPECT_GT(fs::last_write_time(second->disk.parent_path() / "verified"), long_ago);
  EXPECT_TRUE(fs::exists(first->disk));
  fs::remove(second->disk.parent_path() / "manifest.json");  // to be built again
  ASSERT_TRUE(store().provide(request_, {}, soon()));
  EXPECT_TRUE(fs::exists(second->disk));
  EXPECT_TRUE(fs::exists(other));
  EXPECT_FALSE(fs::exists(first->disk.parent_path()));
}

TEST_F(ImageStoreTest, refuses_a_repository_that_is_not_there) {
  request_.repository->url = home_.path() / "nowhere";
  const auto image = store().provide(request_, {}, soon());
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().kind(), ErrorKind::bad_input);
  EXPECT_THAT(image.error().to_string(), HasSubstr("nowhere"));
}

TEST_F(ImageStoreTest, refuses_packages_that_another_key_signed) {
  // A laboratory of other keys, given the public half of one that signed nothing in the repository.
  fs::remove_all(cache() / "keys");
  const auto other = LabKeys::provide(cache(), processes_, soon());
  ASSERT_TRUE(other) << other.error().to_string();
  request_.repository->key = other->rpm_public_key;
  const auto image = store().provide(request_, {}, soon());
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().kind(), ErrorKind::bad_input);
  EXPECT_THAT(image.error().to_string(), HasSubstr("toy"));
  EXPECT_THAT(*store().list(), SizeIs(0));
}

TEST_F(ImageStoreTest, says_who_is_at_fault) {
  request_.set = "nonesuch";
  auto image = store().provide(request_, {}, soon());
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().kind(), ErrorKind::bad_input);

  ASSERT_TRUE(write_file(home_.path() / "sets/wrong.yaml", "packages: [toy]\nwhat: 1\n"));
  request_.set = "wrong";
  image = store().provide(request_, {}, soon());
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().kind(), ErrorKind::bad_input);
  EXPECT_THAT(image.error().to_string(), HasSubstr("wrong.yaml:2"));

  ASSERT_TRUE(write_file(home_.path() / "sets/demanding.yaml", "packages: [toy]\nown: [agent]\n"));
  request_.set = "demanding";
  image = store().provide(request_, {}, soon());
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().kind(), ErrorKind::infra);
}

TEST_F(ImageStoreTest, stops_when_asked_and_leaves_nothing_half_made) {
  std::stop_source stop;
  const auto stop_at_install = [&](std::optional<double>, std::string_view what) {
    if (what.starts_with("installing")) stop.request_stop();
  };
  const auto image = store().provide(request_, stop_at_install, Deadline::in(std::chrono::seconds(60), stop.get_token()));
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().kind(), ErrorKind::interrupted);
  EXPECT_THAT(*store().list(), SizeIs(0));
  EXPECT_TRUE(!fs::exists(cache() / "building") || fs::is_empty(cache() / "building"));
}

}  // namespace
}  // namespace diglab
