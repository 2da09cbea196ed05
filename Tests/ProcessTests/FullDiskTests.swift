import Base
import Foundation
import Testing

/// A small file system in memory, mounted while the object lives.
private final class SmallDisk {
    let path: String
    /// Must not go before the disk does.
    private let directory: TemporaryDirectory

    /// Mounting needs a privilege that tests seldom have.
    static let isPermitted: Bool = {
        guard let directory = try? TemporaryDirectory() else { return false }
        return (try? SmallDisk(megabytes: 1, in: directory)) != nil
    }()

    init(megabytes: Int, in directory: TemporaryDirectory) throws {
        self.directory = directory
        path = directory.path + "/disk"
        mkdir(path, 0o755)
        guard mount("none", path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
            throw Trouble("cannot mount: \(String(cString: strerror(errno)))")
        }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }

    private var ballast: String { path + "/ballast" }

    /// Takes the space that is left, but for so much.
    func fill(leavingMegabytes megabytes: Int = 0) throws {
        let file = open(ballast, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw Trouble("cannot fill the disk: \(String(cString: strerror(errno)))") }
        defer { close(file) }
        let block = [UInt8](repeating: 1, count: 4_096)
        while write(file, block, block.count) > 0 {}
        var status = stat()
        guard fstat(file, &status) == 0, ftruncate(file, status.st_size - off_t(megabytes << 20)) == 0 else {
            throw Trouble("cannot leave \(megabytes) MB of the disk: \(String(cString: strerror(errno)))")
        }
    }

    /// Takes all space, also what the store gives back meanwhile, until it gives none any more.
    func fillForGood() throws {
        var quietTurns = 0, taken = off_t(0)
        while quietTurns < 10 {
            try fill()
            var status = stat()
            guard stat(ballast, &status) == 0 else { throw Trouble("the ballast is gone: \(String(cString: strerror(errno)))") }
            quietTurns = status.st_size == taken ? quietTurns + 1 : 0
            taken = status.st_size
            _ = poll(nil, 0, 100)
        }
    }

    func free() { unlink(ballast) }
}

extension ProcessTests {
    @Suite(.enabled(if: SmallDisk.isPermitted, "needs the privilege to mount a small file system"))
    struct FullDiskTests {
        /// What was acknowledged before, and what is tried meanwhile, is there in the end, each once. The more space is left at
        /// first, the more the store writes before it is over: tables and blobs, not only its log.
        @Test(arguments: [0, 24])
        func `an engine on a full disk says so, and goes on once there is space`(megabytesLeft: Int) throws {
            let directory = try TemporaryDirectory(), disk = try SmallDisk(megabytes: 64, in: directory)
            let engine = try EngineProcess(in: directory, data: disk.path + "/data")
            try engine.start()
            let events = EventFile(count: 20_000, seed: 5)
            let client = AppendClient(events, port: engine.port, seed: 5)
            client.start()
            defer { client.cancel() }
            client.allow(events.batches.count / 4)
            try wait(upTo: 60, for: "the first batches") { client.acknowledged == events.batches.count / 4 ? () : nil }
            try disk.fill(leavingMegabytes: megabytesLeft)

            // The write-ahead log has some space set aside; text that cannot be packed uses it up.
            var random = SeededRandom(seed: 5)
            let refused = try wait(upTo: 60, for: "an append that is refused") { () -> HTTPExchange.Answer? in
                let noise = (0..<40_000).map { _ in String(random.next(), radix: 36) }.joined()
                let answer = try engine.append("{ noise \(noise)\n")
                return answer.status == 200 ? nil : answer
            }
            #expect(refused.status == 503, "\(refused.text)")
            #expect(refused.text.contains("disk_full"), "\(refused.text)")
            // A store that has written its log to tables drops it and would go on by itself: that space is taken too.
            try disk.fillForGood()
            client.allow(events.batches.count)
            pause(milliseconds: 1_500)
            #expect(engine.isRunning)
            #expect(try engine.get("/health").status == 200)
            try client.check()
            #expect(client.acknowledged < events.batches.count)

            disk.free()
            try engine.reporting { try client.finish() }
            try engine.waitUntilSettled()
            let noise = "\"value_text\":\"{ noise "
            let letters = try engine.records(of: EngineProcess.deadLetters).filter { !$0.contains(noise) }
            #expect(letters.count == events.poisonCount)
            #expect(try engine.stop() == .exited(0))
        }

        @Test func `an engine that finds the disk full says so, and starts once there is space`() throws {
            let directory = try TemporaryDirectory(), disk = try SmallDisk(megabytes: 64, in: directory)
            let engine = try EngineProcess(in: directory, data: disk.path + "/data")
            try engine.start()
            #expect(try engine.append("{ not json\n").status == 200)
            try engine.waitUntilSettled()
            try engine.kill()
            try disk.fill()
            let (ending, words) = try engine.refusal()
            #expect(ending == .exited(3))
            #expect(words.contains("disk_full") && words.contains(engine.data), "\(words.prefix(1_000))")
            disk.free()
            try engine.start()
            try engine.waitUntilSettled()
            #expect(try engine.records(of: EngineProcess.deadLetters).count == 1)
        }
    }
}
