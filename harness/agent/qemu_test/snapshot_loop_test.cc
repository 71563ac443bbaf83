// SPDX-License-Identifier: GPL-2.0-or-later
// The agent and its client over DIGLAB_SNAPSHOT_LOOPS (1000) restores: no reply is lost, none is stale.
#include <fcntl.h>

#include <future>
#include <thread>

#include "agent/qemu_test/guest_machine_test.h"

namespace diglab {
namespace {

int loops() {
  const char* given = std::getenv("DIGLAB_SNAPSHOT_LOOPS");
  return given != nullptr ? std::atoi(given) : 1000;
}

class SnapshotLoopTest : public GuestMachineTest {
 protected:
  Result<std::string> content_of(const std::string& path) { return std::move(TRY(client_->read_file(path, patience())).content); }

  /// Prints without end under `tag` until the machine is restored. Says when `enough` bytes have come.
  std::future<Result<CommandOutcome>> print(const std::string& tag, std::size_t enough, std::promise<void>& begun, std::string& seen) {
    return std::async(std::launch::async, [this, tag, enough, &begun, &seen] {
      return client_->run(GuestCommand{{"/printer", tag}}, patience(), [&](const AgentClient::Output& output) {
        bool was_enough = seen.size() >= enough;
        seen += output.bytes;
        if (!was_enough && seen.size() >= enough) begun.set_value();
      });
    });
  }

  /// Until `count` more frames have come, whatever they are. The client tells nobody of frames that it does not believe.
  void wait_for_frames(std::uint64_t count) {
    auto until = client_->statistics().frames + count;
    for (auto deadline = patience(); client_->statistics().frames < until;) {
      ASSERT_FALSE(deadline.expired()) << "the guest has fallen silent";
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  /// Lines "<tag> 0", "<tag> 1", … and at most half of one more.
  static void expect_consecutive(const std::string& seen, const std::string& tag) {
    std::size_t at = 0;
    for (std::size_t number = 0; at < seen.size(); ++number) {
      auto line = tag + " " + std::to_string(number) + "\n";
      auto there = seen.substr(at, line.size());
      ASSERT_EQ(there, line.substr(0, there.size())) << "output " << number;
      at += there.size();
    }
  }
};

TEST_F(SnapshotLoopTest, NoReplyIsLostOrStaleOverAThousandRestores) {
  make_initrd({{"init", DIGLAB_AGENT}, {"printer", DIGLAB_PRINTER}});
  ASSERT_NO_FATAL_FAILURE(start());
  auto info = greet();
  ASSERT_OK(info);
  EXPECT_EQ(info->pid, 1);
  ASSERT_OK(client_->write_file("/run/counter", "saved", 0600, patience()));

  // Two states to return to: one at rest, and one in the middle of a flood of output, its queues full.
  auto at_rest = machine_->snapshots().save("rest", patience());
  ASSERT_OK(at_rest);
  ASSERT_OK(client_->after_save(patience()));
  std::promise<void> flooding;
  std::string flood;
  auto flooded = print("flood", 1, flooding, flood);
  flooding.get_future().wait();
  auto in_flood = machine_->snapshots().save("flood", patience());
  ASSERT_OK(in_flood);
  ASSERT_OK(client_->after_save(patience()));
  auto size_at_save = client_->statistics().frames;
  ASSERT_OK(content_of("/run/counter"));
  EXPECT_GT(client_->statistics().frames, size_at_save) << "the flood goes on after the save";

  int diverged = 0;
  int answered = 0;
  double load_time = 0;
  double restore_time = 0;
  auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < loops(); ++i) {
    SCOPED_TRACE("restore " + std::to_string(i));
    auto tag = "t" + std::to_string(i);
    std::promise<void> begun;
    std::string seen;
    std::future<Result<CommandOutcome>> printing;
    std::future<Result<FileContent>> reading;
    if (i % 2 == 0) {
      printing = print(tag, 1 + static_cast<std::size_t>(i) * 37 % 1500, begun, seen);
      begun.get_future().wait();
    } else if (i % 4 == 1) {
      // Frames larger than the device's buffers: a restore cuts them.
      reading = std::async(std::launch::async, [&] { return client_->read_file("/dev/zero", patience()); });
      ASSERT_NO_FATAL_FAILURE(wait_for_frames(3));
    }
    // A request that may be anywhere when the machine is restored: unsent, in the socket, half read, performed, answered.
    std::promise<void> about_to_ask;
    auto asked = std::async(std::launch::async, [&] {
      about_to_ask.set_value();
      return client_->act({{call::Write{GuestFile::at("/run/trace-" + tag), tag}}}, patience());
    });
    about_to_ask.get_future().wait();

    auto restoring = std::chrono::steady_clock::now();
    client_->before_restore();
    ASSERT_OK(machine_->snapshots().restore(i % 3 == 0 ? *in_flood : *at_rest, patience()));
    if (i % 6 == 0) {
      ASSERT_NO_FATAL_FAILURE(wait_for_frames(1));  // of the saved flood, in its epoch
    }
    load_time += std::chrono::duration<double>(std::chrono::steady_clock::now() - restoring).count();
    ASSERT_OK(client_->after_restore(patience()));
    restore_time += std::chrono::duration<double>(std::chrono::steady_clock::now() - restoring).count();

    auto asked_outcome = asked.get();
    if (asked_outcome) {
      EXPECT_TRUE(asked_outcome->ok()) << to_string(asked_outcome->ending);
      ++answered;
    } else {
      EXPECT_EQ(asked_outcome.error().kind(), ErrorKind::diverged) << asked_outcome.error().to_string();
      ++diverged;
    }
    if (printing.valid()) {
      auto outcome = printing.get();
      ASSERT_FALSE(outcome);
      EXPECT_EQ(outcome.error().kind(), ErrorKind::diverged) << outcome.error().to_string();
      ASSERT_NO_FATAL_FAILURE(expect_consecutive(seen, tag));
    }

    if (reading.valid()) {
      auto content = reading.get();
      ASSERT_FALSE(content);
      EXPECT_EQ(content.error().kind(), ErrorKind::diverged) << content.error().to_string();
    }

    // The guest is what it was when it was saved, and the answers are about it.
    auto counter = content_of("/run/counter");
    ASSERT_OK(counter);
    ASSERT_EQ(*counter, "saved");
    auto trace = client_->read_file("/run/trace-" + tag, patience());
    ASSERT_OK(trace);
    if (!asked_outcome) {
      ASSERT_EQ(trace->error.name, "ENOENT") << "a request of the abandoned timeline was performed after the restore";
    }
    ASSERT_OK(client_->write_file("/run/counter", tag, 0600, patience()));
    counter = content_of("/run/counter");
    ASSERT_OK(counter);
    ASSERT_EQ(*counter, tag);
    if (i % 100 == 99) std::fprintf(stderr, "%d restores\n", i + 1);
  }
  auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  auto outcome = flooded.get();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::diverged);
  ASSERT_NO_FATAL_FAILURE(expect_consecutive(flood, "flood"));
  auto statistics = client_->statistics();
  std::printf("%d restores, %.3f s each, of which %.3f s to restore and %.3f s until the agent had answered; requests in flight: %d diverged, %d answered; "
              "%lu frames, %lu stale, %lu bytes of cut frames\n",
              loops(), seconds / loops(), load_time / loops(), (restore_time - load_time) / loops(), diverged, answered, statistics.frames, statistics.stale_frames,
              statistics.discarded_bytes);
  EXPECT_GT(diverged, 0);
  if (loops() >= 100) {
    EXPECT_GT(statistics.stale_frames, 0U) << "the loop never met what it is there for";
  }
}

}  // namespace
}  // namespace diglab
