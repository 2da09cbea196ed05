import Testing

@testable import Agents

// Texts as kernels write them, shortened; the odd ones made by hand.

private let stat = """
    cpu  1000 20 300 8000 100 5 15 60 7 0
    cpu0 500 10 150 4000 50 5 5 30 7 0
    cpu1 500 10 150 4000 50 0 10 30 0 0
    intr 489409 0 0
    ctxt 583297
    btime 1767571200
    """

@Test func `processor times count waiting for disks as idle and guests once`() {
    let times = ProcessorTimes.parse(stat)
    #expect(times.keys.sorted() == [-1, 0, 1])
    #expect(times[0] == ProcessorTimes(busy: 700, total: 4_750))
    #expect(times[-1] == ProcessorTimes(busy: 1_400, total: 9_500))
}

@Test func `processor utilization is the busy share of the time passed`() {
    let later = ProcessorTimes.parse("cpu0 530 10 150 4070 50 5 5 30\ncpu1 500 10 150 4100 50 0 10 30")
    #expect(ProcessorTimes.utilization(from: ProcessorTimes.parse(stat), to: later) == 30.0 / 200.0)
}

@Test func `a processor plugged in, out, or with counters gone backwards is left out of the utilization`() {
    let earlier = ProcessorTimes.parse("cpu  1 1 1 1\ncpu0 100 0 0 100 0 0 0 0\ncpu1 900 0 0 900 0 0 0 0\ncpu2 50 0 0 50 0 0 0 0")
    let later = ProcessorTimes.parse("cpu  9 9 9 9\ncpu0 150 0 0 150 0 0 0 0\ncpu1 3 0 0 1 0 0 0 0\ncpu3 70 0 0 0 0 0 0 0")
    #expect(ProcessorTimes.utilization(from: earlier, to: later) == 0.5)
    #expect(ProcessorTimes.utilization(from: later, to: later) == nil)
    #expect(ProcessorTimes.utilization(from: [:], to: later) == nil)
}

@Test func `a kernel that lists no single processors is measured by its sum`() {
    let earlier = ProcessorTimes.parse("cpu  10 0 0 10"), later = ProcessorTimes.parse("cpu  20 0 0 40")
    #expect(ProcessorTimes.utilization(from: earlier, to: later) == 0.25)
    #expect(ProcessorTimes.parse("").isEmpty)
    #expect(ProcessorTimes.parse("cpu 1 2\ngarbage").isEmpty)
}

@Test func `the load average is the first three numbers, or nothing`() {
    #expect(LoadAverage(parsing: "2.88 1.32 0.91 6/118 17341\n")?.fiveMinutes == 1.32)
    #expect(LoadAverage(parsing: "") == nil)
    #expect(LoadAverage(parsing: "1.0 x 2.0 3/4 5") == nil)
}

@Test func `used memory is what is not available`() {
    let memory = MemoryFigures(parsing: "MemTotal:       1000 kB\nMemFree:        100 kB\nMemAvailable:   600 kB\nHugePages_Total:   0\n")
    #expect(memory == MemoryFigures(total: 1_024_000, used: 409_600))
    #expect(memory?.utilization == 0.4)
}

@Test func `an old kernel's available memory is free, buffers and cache, never more than all`() {
    #expect(MemoryFigures(parsing: "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 50 kB\nCached: 250 kB\n")?.utilization == 0.6)
    #expect(MemoryFigures(parsing: "MemTotal: 1000 kB\nMemAvailable: 2000 kB\n")?.used == 0)
    #expect(MemoryFigures(parsing: "MemFree: 100 kB\n") == nil)
}

private let diskstats = """
       7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
     254       0 vda 57209 10241 9469698 84729 21443 55513 4065288 66096 0 26296 155147 4653 0 518936 4154 2828 166
     254       1 vda1 50000 10241 9000000 84729 21443 55513 4065288 66096 0 26296 155147
     259       0 nvme0n1 1 0 8 0 2 0 16 0 0 0 0
     259       1 nvme0n1p1 1 0 8 0 2 0 16 0 0 0 0
     253       0 dm-0 5 0 40 0 0 0 0 0 0 0 0
    broken line
    """

@Test func `whole disks are counted once, in bytes, and unused devices not at all`() {
    let known = DiskCounters.parse(diskstats, wholeDisks: ["loop0", "vda", "nvme0n1"])
    #expect(known.keys.sorted() == ["nvme0n1", "vda"])
    #expect(known["vda"] == DiskCounters(readBytes: 9_469_698 * 512, writtenBytes: 4_065_288 * 512, reads: 57_209, writes: 21_443))
    #expect(DiskCounters.parse(diskstats, wholeDisks: nil).keys.sorted() == ["dm-0", "nvme0n1", "vda"])
}

@Test func `network interfaces are read with names that touch their numbers, loopback and idle ones left out`() {
    let text = """
        Inter-|   Receive                                                |  Transmit
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
            lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0
          ifb0:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
          eth0:23738662     521    0    0    0     0          0         0    25066     313    0    0    0     0       0          0
        """
    #expect(NetworkCounters.parse(text) == ["eth0": NetworkCounters(receivedBytes: 23_738_662, sentBytes: 25_066)])
}

@Test func `mounts are real filesystems, one a device, with their names unescaped`() {
    let text = #"""
        22 27 0:21 / /proc rw,relatime - proc proc rw
        27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw
        40 27 254:0 /var/lib /mnt/bind rw,relatime - ext4 /dev/vda rw
        41 27 8:17 / /media/My\040Disk\134x rw,relatime - vfat /dev/sdb1 rw
        42 27 0:50 / /home rw,relatime - nfs4 server:/home rw
        43 27 0:51
        """#
    #expect(Mount.parse(text).map(\.point) == ["/", #"/media/My Disk\x"#])
}

@Test func `a filesystem's utilization is of what programs may use`() {
    #expect(FilesystemUsage(used: 30, available: 60).utilization == 1.0 / 3)
    #expect(FilesystemUsage(used: 0, available: 0).utilization == nil)
}

/// A line of `/proc/PID/stat` with the fields that are read.
func process(_ number: Int, _ name: String, ticks: UInt64, pages: UInt64, start: UInt64 = 7, flags: UInt64 = 4_194_560) -> String {
    "\(number) (\(name)) S 0 0 0 0 -1 \(flags) 39548 0 0 0 \(ticks) 0 83071 8922 10 -10 13 0 \(start) 48680960 \(pages) 18446744073709551615"
}

@Test func `a process may be named with spaces and parentheses`() throws {
    let read = try #require(ProcessFigures(parsing: process(42, "tmux: (server) x", ticks: 64, pages: 4_184, start: 25)))
    #expect(read.name == "tmux: (server) x")
    #expect(read.identity == .init(number: 42, startTicks: 25))
    #expect(read.ticks == 64)
    #expect(read.residentPages == 4_184)
    #expect(ProcessFigures(parsing: "") == nil)
    #expect(ProcessFigures(parsing: "12 (gone") == nil)
    #expect(ProcessFigures(parsing: "12 (short) S 1 2") == nil)
}

@Test func `the kernel's threads share one name`() {
    #expect(ProcessFigures(parsing: process(9, "kworker/0:1-events", ticks: 1, pages: 0, flags: 0x0420_8060))?.name == "kernel")
}

@Test func `the busiest names come first, by time used between the readings, then by memory`() {
    func all(_ lines: String...) -> [ProcessFigures] { lines.compactMap { ProcessFigures(parsing: $0) } }
    let earlier = all(
        process(1, "init", ticks: 900, pages: 10), process(2, "web", ticks: 100, pages: 50), process(3, "web", ticks: 10, pages: 50),
        process(4, "old", ticks: 500, pages: 5))
    let later = all(
        process(1, "init", ticks: 900, pages: 10), process(2, "web", ticks: 120, pages: 60), process(3, "web", ticks: 15, pages: 50),
        // Number 4 was given to another program, number 5 is new.
        process(4, "fresh", ticks: 30, pages: 1, start: 99), process(5, "idle", ticks: 0, pages: 900))
    let busiest = ProcessFigures.busiest(3, from: earlier, to: later)
    #expect(
        busiest == [
            .init(name: "fresh", ticks: 30, residentPages: 1), .init(name: "web", ticks: 25, residentPages: 110),
            .init(name: "idle", ticks: 0, residentPages: 900),
        ])
}
