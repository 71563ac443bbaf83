// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/prediction.h"

#include <gtest/gtest.h>

#include "attest/replay.h"

namespace diglab {
namespace {

const std::vector<FileToMeasure> two_lists{{"/usr/lib/diglim/0-file_list-compact-a", "sha256", Bytes(32, 0xaa)},
                                           {"/usr/lib/diglim/0-file_list-compact-b", "sha256", Bytes(32, 0xbb)}};

TEST(APrediction, is_the_pre_image_of_its_pcr_in_every_bank) {
  const ImaLog log = predict_log(two_lists, 11);
  const PcrBanks pcrs = predict_pcrs(log, 11);
  EXPECT_EQ(pcrs.banks().size(), all_hash_algorithms.size());
  for (const HashAlgorithm bank : all_hash_algorithms) EXPECT_TRUE(check_replay(log, bank, 11, *pcrs.find(bank, 11)).agrees());
}

/// Worked out by hand: sha256(pcr || sha256(template data)), the template data being each field behind its length.
TEST(APrediction, of_one_file_is_the_hash_of_its_entry_extended) {
  const FileToMeasure file{"/a", "sha256", Bytes(32, 0x11)};
  Bytes data{40, 0, 0, 0};
  for (const char c : std::string("sha256:")) data.push_back(static_cast<std::uint8_t>(c));
  data.push_back(0);
  data.insert(data.end(), 32, 0x11);
  const Bytes name{3, 0, 0, 0, '/', 'a', 0};
  data.insert(data.end(), name.begin(), name.end());
  const Bytes entry = hash(HashAlgorithm::sha256, {data});
  EXPECT_EQ(*predict_pcrs(predict_log({{file}}, 11), 11).find(HashAlgorithm::sha256, 11), hash(HashAlgorithm::sha256, {Bytes(32, 0), entry}));
}

TEST(APrediction, depends_on_order_content_and_name) {
  const auto value = [](std::vector<FileToMeasure> files) { return *predict_pcrs(predict_log(files, 11), 11).find(HashAlgorithm::sha256, 11); };
  const Bytes good = value(two_lists);
  EXPECT_NE(value({two_lists[1], two_lists[0]}), good);
  EXPECT_NE(value({two_lists[0]}), good);
  auto changed = two_lists;
  changed[1].digest[31] ^= 1;
  EXPECT_NE(value(changed), good);
  changed = two_lists;
  changed[1].path += "-";
  EXPECT_NE(value(changed), good);
}

TEST(APrediction, of_nothing_is_a_pcr_after_reset) {
  EXPECT_EQ(*predict_pcrs(predict_log({}, 11), 11).find(HashAlgorithm::sha1, 11), Bytes(20, 0));
}

}  // namespace
}  // namespace diglab
